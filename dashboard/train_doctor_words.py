"""The doctor's findings in the visitor's language."""

from typing import Any

from cifar_core.doctor.findings import Finding, Severity
from cifar_core.doctor.texts import TEXTS, written
from cifar_core.store import RunRow
from dashboard.class_names import class_name
from dashboard.i18n import _
from dashboard.markdown import plain
from dashboard.train_labels import choice_label

LOOKS = {
    Severity.SERIOUS: ("red", ":material/error:"),
    Severity.WARNING: ("orange", ":material/warning:"),
    Severity.NOTE: ("gray", ":material/info:"),
}
"""Colour and icon of a finding."""


def finding_words(finding: Finding, run: RunRow) -> str:
    """Return a finding as markdown: its title, and what was seen."""
    text, (colour, icon) = TEXTS[finding.kind], LOOKS[finding.severity]
    classes = [class_name(name) for name in run.about.get("data", {}).get("classes", [])]
    numbers = {name: plain(word) for name, word in written(finding, classes).items()}
    return f":{colour}[{icon}] **{_(text.title)}**  \n" + _(text.sentence).format(**numbers)


def change_words(change: dict[str, Any]) -> str:
    """Return what the button says that starts a run with a change: "Try with 16 epochs"."""
    name, value = next(iter(change.items()))
    words = {
        "learning_rate": _("Try with learning rate {value}"),
        "clip_norm": _("Try with gradients no longer than {value}"),
        "batch_size": _("Try with batches of {value}"),
        "epochs": _("Try with {value} epochs"),
        "flip": _("Try with mirrored and shifted pictures"),
        "cutout": _("Try with pictures that are changed less"),
        "train_size": _("Try with all training images"),
        "early_stopping": _("Try with early stopping after {value} epochs"),
        "weight_decay": _("Try with weight decay {value}"),
        "label_smoothing": _("Try without label smoothing"),
        "model": _("Try with {value}"),
    }[name]
    shown = choice_label(value) if name == "model" else f"{value:g}" if value is not None else ""
    return words.format(value=shown)
