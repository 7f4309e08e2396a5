"""Rules about the network itself: dead units, classes that it never names, tiny batches."""

from typing import Any

from cifar_core.doctor.evidence import MODELS_WITH_BATCH_NORM, Evidence
from cifar_core.doctor.findings import Finding, Kind, Severity
from cifar_core.doctor.rules_loss import gentler
from cifar_core.health import HealthRecord, LayerHealth

DEAD = 0.85
"""Share of a layer's units, from which on too few are left. Half of VGG's hidden units are 0 for a
few hundred images, and it learns well."""
MIN_BATCH = 8
"""Below it, mean and deviation of a batch say little about those of all images."""
MIN_EPOCHS = 3
"""For so many epochs in a row a class must be missing from the answers: at first some often are."""
MIN_SHOWN = 3
"""Images of a class in the sample, below which its absence says nothing."""
MIN_LEARNED = 0.25
"""Share of the way from guessing to perfect, from which on a network should know all classes."""


def find_dead_relus(evidence: Evidence) -> Finding | None:
    """Find a layer most of whose units are 0 for every image, and so can learn no more."""
    health = evidence.last_health
    if health is None or not health.layers:
        return None
    worst = max(health.layers, key=_dead_share)
    if _dead_share(worst) < DEAD:
        return None
    numbers = {"dead": worst.num_dead, "units": worst.num_units, "share": _dead_share(worst)}
    return Finding(Kind.DEAD_RELUS, Severity.WARNING, numbers, gentler(evidence))


def _dead_share(layer: LayerHealth) -> float:
    return layer.num_dead / layer.num_units


def find_tiny_batches(evidence: Evidence) -> Finding | None:
    """Find batches too small for batch normalisation."""
    size = evidence.config.batch_size
    if evidence.config.model not in MODELS_WITH_BATCH_NORM or size >= MIN_BATCH:
        return None
    return Finding(Kind.TINY_BATCHES, Severity.WARNING, {"batch": size}, {"batch_size": 32})


def find_class_never_predicted(evidence: Evidence) -> Finding | None:
    """Find a class that a network which has learned something never answers with."""
    if len(evidence.health) < MIN_EPOCHS:
        return None
    last, guessing = evidence.health[-1], 1 / evidence.num_classes
    missing = frozenset.intersection(*(_missing(h) for h in evidence.health[-MIN_EPOCHS:]))
    if not missing or last.accuracy < guessing + MIN_LEARNED * (1 - guessing):
        return None  # one that has learned nothing at all has another illness
    first = min(missing)
    numbers = {
        "class": first, "count": len(missing), "shown": last.actual[first],
        "sample": sum(last.actual),
    }  # fmt: skip
    change: dict[str, Any] = {"epochs": min(2 * evidence.config.epochs, 1000)}
    size = evidence.config.train_size
    if size is not None and evidence.num_train_available > size:
        change = {"train_size": None}
    return Finding(Kind.CLASS_NEVER_PREDICTED, Severity.WARNING, numbers, change)


def _missing(health: HealthRecord) -> frozenset[int]:
    """Return the classes that are in the sample and not among the answers."""
    pairs = enumerate(zip(health.actual, health.predicted, strict=True))
    return frozenset(label for label, (shown, named) in pairs if shown >= MIN_SHOWN and not named)
