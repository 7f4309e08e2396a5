"""How a model is named and described. No torch: a list of models is light."""

from cifar_core.library import ModelEntry
from cifar_core.models.texts import MODEL_TEXTS
from dashboard.i18n import _, ngettext
from dashboard.markdown import plain
from dashboard.numbers import ago, megabytes, percent

NO_BREAK = "\N{NO-BREAK SPACE}"


def network_title(name: str) -> str:
    """Return what a person calls a network."""
    return _(MODEL_TEXTS[name].title) if name in MODEL_TEXTS else _("Unknown network")


def data_title(entry: ModelEntry) -> str:
    """Return what a person calls the images; empty where the file does not say."""
    return _("Built-in drawings") if entry.drawn else entry.data_name


def model_title(entry: ModelEntry) -> str:
    """Return the model's name, or what describes it where nobody named it; not for Markdown."""
    if entry.name:
        return entry.name
    network = network_title(entry.network)
    if not entry.epoch:
        return network
    text = ngettext("{network}, {count} epoch", "{network}, {count} epochs", entry.epoch)
    return text.format(network=network, count=entry.epoch)


def model_option(entry: ModelEntry) -> str:
    """Return a line that tells the model from others in a list to choose from."""
    parts = [model_title(entry)]
    if entry.damage:
        parts.append(_("damaged"))
    if entry.accuracy is not None:
        parts.append(percent(entry.accuracy))
    return " · ".join([*parts, age_or_source(entry)])


def age_or_source(entry: ModelEntry) -> str:
    """Return since when a person has the model, or that it was there from the first."""
    if entry.source == "shipped":
        return _("comes with the program")
    return ago(entry.created_at)


def accuracy_label(entry: ModelEntry) -> str:
    """Return on which images the model's accuracy was measured."""
    if entry.accuracy_of == "test":
        return _("Test accuracy")
    return _("Validation accuracy") if entry.accuracy_of else _("Accuracy")


def accuracy_interval(entry: ModelEntry) -> str:
    """Return the 95 % interval of the accuracy as a phrase; empty where it is not known."""
    if entry.accuracy_low is None or entry.accuracy_high is None:
        return ""
    return _("95 % interval {low} to {high}").format(
        low=percent(entry.accuracy_low), high=percent(entry.accuracy_high)
    )


def kind_words(entry: ModelEntry, *, drawn: bool) -> str:
    """Warn where a model for photos is asked about drawings, or the other way round; else empty.

    Args:
        entry: the model; where its file says nothing of its data, nothing is said here.
        drawn: whether the images are drawings of the program.
    """
    if not entry.data_name or entry.drawn == drawn:
        return ""
    if drawn:
        return _(
            "These are drawings, and this model was trained on photos: it does far worse here than "
            "on photos."
        )
    return _(
        "These are photos, and this model was trained on drawings: it does far worse here than on "
        "drawings."
    )


def facts_line(entry: ModelEntry) -> str:
    """Return network, data, source, age and size in one line of Markdown; no fact is broken up."""
    source = _("uploaded") if entry.source == "upload" else ""
    network = "" if entry.damage else network_title(entry.network)
    age, size = age_or_source(entry), megabytes(entry.size_bytes)
    parts = (network, data_title(entry), source, age, size)
    return " · ".join(plain(part).replace(" ", NO_BREAK) for part in parts if part)
