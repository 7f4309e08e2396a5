"""The words of the Train page for settings, choices, sources and states."""

from cifar_core.config import BUILTIN, CIFAR10, TrainConfig
from cifar_core.models.texts import MODEL_TEXTS
from cifar_core.run_state import RunState
from cifar_core.store import RunRow
from dashboard.dataset_sources import own_name
from dashboard.i18n import _, ngettext
from dashboard.numbers import count, duration
from dashboard.services import get_workspace
from dashboard.states import state_word


def field_label(field: str) -> str:
    """Return what a setting is called."""
    return {
        "data": _("Images"),
        "fit": _("To a square"),
        "model": _("Network"),
        "epochs": _("Epochs"),
        "learning_rate": _("Learning rate"),
        "batch_size": _("Batch size"),
        "optimizer": _("Optimiser"),
        "momentum": _("Momentum"),
        "nesterov": _("Nesterov momentum"),
        "weight_decay": _("Weight decay"),
        "schedule": _("Schedule"),
        "warmup_epochs": _("Warm-up, in epochs"),
        "step_epochs": _("Epochs between drops"),
        "step_factor": _("Factor of a drop"),
        "label_smoothing": _("Label smoothing"),
        "dropout": _("Dropout"),
        "flip": _("Mirror"),
        "shift": _("Shift, in pixels"),
        "cutout": _("Blank square, in pixels"),
        "normalization": _("Normalisation"),
        "clip_norm": _("Longest gradient"),
        "early_stopping": _("Early stopping, in epochs"),
        "keep_weights": _("Weights to keep"),
        "keep_epochs_mb": _("Room for past epochs, in MB"),
        "views": _("Asked about each picture"),
        "train_size": _("Training images"),
        "val_size": _("Validation images"),
        "test_size": _("Test images"),
        "seed": _("Seed"),
        "device": _("Device"),
        "processes": _("Processes"),
        "precision": _("Precision"),
        "layout": _("Order in memory"),
    }[field]


def none_label(field: str) -> str:
    """Return what an empty field means."""
    return {
        "clip_norm": _("any length"),
        "early_stopping": _("never"),
        "train_size": _("all that are left"),
        "val_size": _("a tenth"),
        "test_size": _("all"),
    }[field]


def choice_label(choice: str) -> str:
    """Return what a person calls one of the values that a setting can be chosen from."""
    if choice in MODEL_TEXTS:
        return _(MODEL_TEXTS[choice].title)
    return {
        "adam": "Adam",
        "adamw": "AdamW",
        "sgd": "SGD",
        "muon": "Muon",
        "constant": _("Constant"),
        "step": _("Steps"),
        "linear": _("Linear decay"),
        "cosine": _("Cosine"),
        "one_cycle": _("One cycle"),
        "crop": _("Crop"),
        "letterbox": _("Letterbox"),
        "stretch": _("Stretch"),
        "half": _("By one half, as in the tutorial"),
        "dataset": _("By the images' own mean"),
        "float32": "float32",
        "bfloat16": "bfloat16",
        "auto": _("Measured here"),
        "channels_last": _("Channels last"),
        "contiguous": _("Channels first"),
        "best": _("Best epoch"),
        "last": _("Last epoch"),
        "plain": _("The picture alone"),
        "mirror": _("Its mirror image, too"),
        "mirror_shift": _("Mirrored and moved, too"),
    }[choice]


def data_label(data: str) -> str:
    """Return what a source is called; an own one by its file name."""
    named = {BUILTIN: _("Built-in drawings"), CIFAR10: "CIFAR-10"}
    return named.get(data) or own_name(data, get_workspace())


def run_label(run: RunRow) -> str:
    """Return a run's name, or what it trains on what."""
    return run.name or settings_label(run.config)


def settings_label(config: TrainConfig) -> str:
    """Return the settings in a few words: "VGG · 15 epochs · CIFAR-10"."""
    epochs = ngettext("{epochs} epoch", "{epochs} epochs", config.epochs)
    words = (
        choice_label(config.model),
        epochs.format(epochs=count(config.epochs)),
        data_label(config.data),
    )
    return " · ".join(words)


def state_label(state: RunState, phase: str) -> str:
    """Return the state of a run in a word or two; of a running one, what it is doing."""
    doing = {
        "preparing data": _("Preparing the images"),
        "training": _("Training"),
        "testing": _("Testing"),
    }
    return doing.get(phase, state_word(state)) if state == RunState.RUNNING else state_word(state)


def about(seconds: float) -> str:
    """Return a span of time no more exact than it is known: "1 min 20 s", "25 min", "2 h 10 min".

    Args:
        seconds: rounded to 5 s below two minutes, to a minute below an hour, else to ten minutes.
    """
    unit = 5 if seconds < 120 else 60 if seconds < 3600 else 600
    return duration(max(unit, round(seconds / unit) * unit))
