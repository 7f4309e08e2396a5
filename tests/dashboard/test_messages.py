"""Every visible text goes through gettext, and every catalogue has it."""

import ast
import re
import string
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

from cifar_core.config import FIELDS
from cifar_core.doctor.texts import TEXTS
from cifar_core.models.texts import MODEL_TEXTS
from dashboard.i18n import LANGUAGES, LOCALE_DIR, catalogue, catalogue_files

ROOT = Path(__file__).parent.parent.parent
SOURCES = sorted([*(ROOT / "dashboard").glob("**/*.py"), *(ROOT / "pages").glob("*.py")])
TRANSLATED = [name for name in LANGUAGES if name != "en"]

KEYWORDS = {"_": None, "ngettext": (1, 2)}
"""What Babel looks for: our functions and which of their arguments are messages."""

SHOWN_FIRST = {
    "title", "header", "subheader", "markdown", "write", "caption", "text", "button",
    "download_button", "link_button", "form_submit_button", "badge", "metric", "info", "warning",
    "error", "success", "toast", "checkbox", "toggle", "radio", "selectbox", "multiselect",
    "slider", "select_slider", "segmented_control", "pills", "text_input", "text_area",
    "number_input", "file_uploader", "camera_input", "expander", "popover", "dialog", "status",
    "spinner", "tabs", "menu_button", "open_page", "page_link", "progress",
}  # fmt: skip
"""Functions whose first argument a visitor reads; ``progress`` shows its ``text``."""
SHOWN_KEYWORDS = {
    "label", "help", "placeholder", "caption", "alt", "body", "text", "title", "x_title",
    "y_title", "page_title", "off_label",
}  # fmt: skip
"""Arguments that a visitor reads, of whatever function."""
SAME_EVERYWHERE = {"CIFAR-10", "ONNX", "PyTorch", "Grad-CAM", "RGB", "safetensors", "state_dict"}
"""Names that are not translated."""


def messages() -> dict[str, list[str]]:
    """Return each message of the sources, and where it stands."""
    found: dict[str, list[str]] = {}
    for path in SOURCES:
        for line, message, _, _ in extract_from_file("python", path, keywords=KEYWORDS):
            forms = message if isinstance(message, tuple) else (message,)
            for form in forms:
                found.setdefault(form, []).append(f"{path.relative_to(ROOT)}:{line}")
    for name, field in FIELDS.items():
        found.setdefault(field.help, []).append(f"the help of {name}")
    for name, text in MODEL_TEXTS.items():
        found.setdefault(text.title, []).append(f"the title of {name}")
        found.setdefault(text.description, []).append(f"the description of {name}")
    for kind, finding in TEXTS.items():
        found.setdefault(finding.title, []).append(f"the title of {kind}")
        found.setdefault(finding.sentence, []).append(f"the sentence of {kind}")
    return found


def entries_of(language: str) -> dict[str, list[Message]]:
    """Return the entries of each catalogue of a language, by the catalogue's name."""
    found = {}
    for path in catalogue_files(language):
        with path.open("rb") as file:
            found[path.name] = list(read_po(file))
    return found


def translation(language: str, message: str) -> str:
    """Return what a visitor reads; the message itself where it has no translation."""
    translations = catalogue(language)
    plain = translations.gettext(message)
    return plain if plain != message else translations.ngettext(message, message, 2)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_is_translated(language):
    known = {
        form
        for entries in entries_of(language).values()
        for entry in entries
        if entry.string and not entry.fuzzy
        for form in (entry.id if isinstance(entry.id, tuple) else (entry.id,))
    }
    missing = {m: where for m, where in messages().items() if m not in known}
    assert not missing, "\n".join(f"{m!r}: {', '.join(w)}" for m, w in missing.items())


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_keep_the_placeholders(language):
    wrong = {
        message: translation(language, message)
        for message in messages()
        if placeholders(message) != placeholders(translation(language, message))
    }
    assert not wrong


@pytest.mark.parametrize("language", TRANSLATED)
def test_catalogues_do_not_contradict_each_other(language):
    said: dict[str, dict[str, str]] = {}
    for name, entries in entries_of(language).items():
        for entry in entries:
            if entry.id:
                said.setdefault(str(entry.id), {})[name] = str(entry.string)
    assert not {m: s for m, s in said.items() if len(set(s.values())) > 1}


def test_every_catalogue_can_be_read():
    files = list(LOCALE_DIR.glob("**/*.po"))
    assert files
    assert not list(LOCALE_DIR.glob("**/*.mo")), "catalogues are compiled in memory"


def bare_text(node: ast.expr) -> str:
    """Return the words of a literal that a visitor would read untranslated, or an empty text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        text = node.value
    elif isinstance(node, ast.JoinedStr):
        text = " ".join(
            part.value for part in node.values
            if isinstance(part, ast.Constant) and isinstance(part.value, str)
        )  # fmt: skip
    elif isinstance(node, ast.List | ast.Tuple):
        return " ".join(filter(None, map(bare_text, node.elts)))
    elif isinstance(node, ast.IfExp):
        return bare_text(node.body) or bare_text(node.orelse)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return bare_text(node.left) or bare_text(node.right)
    else:
        return ""
    text = re.sub(r":[a-z]+(-[a-z]+)?\[|:material/\w+:|%\{[^}]*\}|<[^>]*>|&\w+;", " ", text)
    for name in SAME_EVERYWHERE:
        text = text.replace(name, " ")
    return text if re.search(r"[^\W\d_]{2,}", text) else ""


def untranslated(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if ast.unparse(node.func).startswith("log."):
            continue  # the log is in English
        shown = [k.value for k in node.keywords if k.arg in SHOWN_KEYWORDS]
        if name in SHOWN_FIRST:
            shown += node.args[:1]
        found += [f"{path.name}:{node.lineno}: {bare_text(s)!r}" for s in shown if bare_text(s)]
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_visible_text_goes_past_gettext(path):
    assert not untranslated(path)


def test_text_that_goes_past_gettext_is_found(tmp_path):
    page = tmp_path / "page.py"
    page.write_text(
        'st.title("Hello")\n'
        'st.button(_("Right"), help="Wrong")\n'
        'st.image(x, caption=f"{label} seen")\n'
        'st.markdown(f":green[:material/check:] {label}")\n'
        'st.tabs([_("One"), "Two"])\n'
    )
    assert [found.split(": ")[0] for found in untranslated(page)] == [
        "page.py:1", "page.py:2", "page.py:3", "page.py:5",
    ]  # fmt: skip
