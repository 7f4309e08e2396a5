"""Rules about training against validation: overfitting, underfitting, and what only looks odd."""

from typing import Any

from cifar_core.doctor.evidence import MODELS_WITH_DROPOUT, Evidence
from cifar_core.doctor.findings import Finding, Kind, Severity
from cifar_core.records import EpochRecord

MIN_EPOCHS = 3
RISE = 1.08
"""Validation loss of the last two epochs, as a multiple of its best, that is no noise."""
GAP = 0.1
"""Accuracy that the training images have ahead of validation, from which on it is memory."""
LOW_ACCURACY = 0.55
"""Training accuracy, as a share of the way from guessing to perfect, that is little for a run."""
SMALL_GAP = 0.08
STILL_FALLING = 0.02
"""Share by which the training loss fell in the last epoch, from which on it was not done."""
BETTER = 0.98
"""Validation loss as a share of the training loss, below which it is clearly better."""


def find_overfitting(evidence: Evidence) -> Finding | None:
    """Find a validation loss that rises while the training images are known better and better."""
    judged = [e for e in evidence.epochs if e.val_loss is not None]
    if len(judged) < MIN_EPOCHS:
        return None
    best = min(judged, key=lambda e: e.val_loss or 0.0)
    last = judged[-1]
    assert last.val_loss is not None and best.val_loss is not None
    assert last.val_accuracy is not None
    gap = _train_accuracy(evidence, last) - last.val_accuracy
    # Two epochs in a row: a single one may be bad by chance.
    rises = min(e.val_loss or 0.0 for e in judged[-2:]) > RISE * best.val_loss
    rises = rises and last.train_loss < best.train_loss
    if not rises or gap < GAP:
        return None
    numbers = {
        "best": best.val_loss, "last": last.val_loss, "epoch": best.epoch, "gap": gap,
        "train": _train_accuracy(evidence, last), "val": last.val_accuracy,
    }  # fmt: skip
    return Finding(Kind.OVERFITTING, Severity.WARNING, numbers, _against_overfitting(evidence))


def _against_overfitting(evidence: Evidence) -> dict[str, Any]:
    """Return what is not yet done against it: more images, changed images, an end in time."""
    config = evidence.config
    if config.train_size is not None and evidence.num_train_available >= 2 * config.train_size:
        return {"train_size": None}
    if not (config.flip or config.shift):
        return {"flip": True, "shift": 4}
    if config.early_stopping is None and config.val_size != 0:
        return {"early_stopping": 3}
    return {"weight_decay": max(5e-4, min(1.0, 10 * config.weight_decay))}


def find_underfitting(evidence: Evidence) -> Finding | None:
    """Find a run that has ended and knows not even its training images."""
    last = evidence.last_epoch
    if not _ended_low(evidence) or last is None or _last_fall(evidence) > STILL_FALLING:
        return None
    numbers = {
        "train": _train_accuracy(evidence, last), "epochs": len(evidence.epochs),
        "loss": last.train_loss,
    }  # fmt: skip
    return Finding(Kind.UNDERFITTING, Severity.WARNING, numbers, _against_underfitting(evidence))


def find_still_learning(evidence: Evidence) -> Finding | None:
    """Find a run that has ended while its training loss still fell, far from its possibilities."""
    if not _ended_low(evidence) or _last_fall(evidence) <= STILL_FALLING:
        return None
    numbers = {"fall": _last_fall(evidence), "epochs": len(evidence.epochs)}
    change = {"epochs": min(1000, 2 * evidence.config.epochs)}
    return Finding(Kind.STILL_LEARNING, Severity.NOTE, numbers, change)


def _ended_low(evidence: Evidence) -> bool:
    """Whether a run has ended and knows not even its training images, and validation no less."""
    last = evidence.last_epoch
    if not evidence.has_ended or last is None or len(evidence.epochs) < MIN_EPOCHS:
        return False
    accuracy, guessing = _train_accuracy(evidence, last), 1 / evidence.num_classes
    gap = 0.0 if last.val_accuracy is None else accuracy - last.val_accuracy
    return (accuracy - guessing) / (1 - guessing) <= LOW_ACCURACY and gap <= SMALL_GAP


def _last_fall(evidence: Evidence) -> float:
    """Return the share by which the training loss fell in the last epoch."""
    before, last = evidence.epochs[-2], evidence.epochs[-1]
    return 1 - last.train_loss / before.train_loss


def _against_underfitting(evidence: Evidence) -> dict[str, Any]:
    """Return what holds the network back most: decay, blanked or shifted images, its size."""
    config = evidence.config
    if config.weight_decay > 0.02:
        return {"weight_decay": 0.0}
    if config.cutout > 12 or config.shift > 6:
        return {"cutout": 0, "shift": min(config.shift, 2)}
    if config.label_smoothing > 0.3:
        return {"label_smoothing": 0.0}
    if config.model == "simple_cnn":
        return {"model": "vgg"}
    return {"epochs": min(1000, 2 * config.epochs)}


def find_validation_better(evidence: Evidence) -> Finding | None:
    """Explain a validation that is better than training where something makes training harder.

    Dropout, augmentation and label smoothing act on training alone.
    """
    last = evidence.last_epoch
    if last is None or last.val_loss is None:
        return None
    if last.val_loss > BETTER * last.train_loss or not _training_is_harder(evidence):
        return None
    numbers = {"train": last.train_loss, "val": last.val_loss}
    return Finding(Kind.VALIDATION_BETTER, Severity.NOTE, numbers)


def _training_is_harder(evidence: Evidence) -> bool:
    config = evidence.config
    has_dropout = config.model in MODELS_WITH_DROPOUT and config.dropout > 0
    changed = config.flip or config.shift > 0 or config.cutout > 0
    return has_dropout or changed or config.label_smoothing > 0


def _train_accuracy(evidence: Evidence, epoch: EpochRecord) -> float:
    """Return the accuracy on training images as in evaluation, else as measured while learning."""
    health = evidence.last_health
    if health is not None and health.epoch == epoch.epoch:
        return health.accuracy
    return epoch.train_accuracy
