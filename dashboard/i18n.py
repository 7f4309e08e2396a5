"""What is said, in the visitor's language: gettext over the catalogues in ``locale/``.

The English sentence is the message id: ``_("{count} images").format(count=count(n))``. A session's
language is, in this order: ``?lang=zh`` in the link it came by, the switch, the cookie that the
switch left, the browser's locale, English.
"""

import gettext
import io
from functools import cache
from pathlib import Path

import streamlit as st
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from streamlit.runtime.scriptrunner import get_script_run_ctx

LOCALE_DIR = Path(__file__).resolve().parent / "locale"

LANGUAGES = {"en": "English", "zh": "中文"}
"""What the switch offers, each in its own words."""

_FOLDERS = {"zh": "zh_CN"}
_HTML_LANGUAGES = {"en": "en", "zh": "zh-CN"}

COOKIE = "cifar_language"
_STATE, _LINK_STATE = "frame_language", "frame_language_link"


def _(message: str) -> str:
    """Return the message in the visitor's language; English where it has no translation."""
    return catalogue(language()).gettext(message)


def ngettext(singular: str, plural: str, number: int) -> str:
    """Return the form of the message that fits the number, in the visitor's language."""
    return catalogue(language()).ngettext(singular, plural, number)


def language() -> str:
    """Return the visitor's language, a key of ``LANGUAGES``; English outside a session."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return "en"
    asked = st.query_params.get("lang", "")[:2]
    if asked in LANGUAGES and st.session_state.get(_LINK_STATE) != asked:
        st.session_state[_LINK_STATE] = st.session_state[_STATE] = asked
    return str(st.session_state.get(_STATE) or _remembered() or _from_browser())


def choose_language(name: str) -> None:
    """Show everything in this language from now on, in this session and in later ones."""
    st.session_state[_STATE] = name


def html_language() -> str:
    """Return the visitor's language as browsers and screen readers name it."""
    return _HTML_LANGUAGES[language()]


def chosen_language() -> str | None:
    """Return the language that the visitor chose in this session, or None."""
    chosen = st.session_state.get(_STATE)
    return chosen if chosen in LANGUAGES else None


@cache
def catalogue(name: str) -> gettext.NullTranslations:
    """Return the translations to a language: all of its catalogues as one."""
    if name not in _FOLDERS:
        return gettext.NullTranslations()
    merged = Catalog(locale=_FOLDERS[name])
    for path in catalogue_files(name):
        with path.open("rb") as file:
            for message in read_po(file, locale=_FOLDERS[name]):
                if message.id and message.string and not message.fuzzy:
                    merged[message.id] = message
    compiled = io.BytesIO()
    write_mo(compiled, merged)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def catalogue_files(name: str) -> list[Path]:
    """Return the catalogues of a language, one an owner."""
    return sorted((LOCALE_DIR / _FOLDERS[name] / "LC_MESSAGES").glob("*.po"))


def _remembered() -> str | None:
    kept = st.context.cookies.get(COOKIE)
    return kept if kept in LANGUAGES else None


def _from_browser() -> str:
    return "zh" if (st.context.locale or "").lower().startswith("zh") else "en"
