"""What the doctor says: a finding names an illness, its evidence, and the one change to try."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What can be found; each has its words in ``texts``."""

    NOT_FINITE = "not_finite"
    EXPLODING = "exploding"
    STUCK_AT_CHANCE = "stuck_at_chance"
    RATE_TOO_HIGH = "rate_too_high"
    RATE_TOO_LOW = "rate_too_low"
    DEAD_RELUS = "dead_relus"
    OVERFITTING = "overfitting"
    UNDERFITTING = "underfitting"
    VALIDATION_BETTER = "validation_better"
    TINY_BATCHES = "tiny_batches"
    CLASS_NEVER_PREDICTED = "class_never_predicted"
    STILL_LEARNING = "still_learning"


class Severity(StrEnum):
    """How much it matters."""

    SERIOUS = "serious"
    """The run learns nothing, or no more."""
    WARNING = "warning"
    """It learns, but less well than it could."""
    NOTE = "note"
    """Nothing is wrong: it only looks odd, or could go on."""


@dataclass(frozen=True)
class Finding:
    """Something that the doctor has found.

    Attributes:
        kind: what.
        severity: how much it matters.
        numbers: the evidence, by the names that the sentence in ``texts`` uses.
        change: the settings to try instead, as for ``TrainConfig.replace``; empty where there is
            nothing to change.
    """

    kind: Kind
    severity: Severity
    numbers: Mapping[str, float] = field(default_factory=dict)
    change: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_alarm(self) -> bool:
        """Whether something is wrong."""
        return self.severity != Severity.NOTE
