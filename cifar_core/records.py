"""What training says as it goes.

Measurements of time take no part in comparisons: two runs with the same seed give *equal* records
although no two machines, or minutes, are equally fast.
"""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class StepRecord:
    """One optimiser step."""

    step: int
    """Steps taken so far in the whole run; the first is 1."""
    epoch: int
    """The epoch that this step belongs to; the first is 1."""
    loss: float
    """Mean training loss over this batch, in nats."""
    learning_rate: float
    """The rate that this step was taken with."""
    images_per_s: float = field(compare=False)
    """Training images a second over about the last second."""


@dataclass(frozen=True)
class EpochRecord:
    """One pass over the training set, and the look at the validation set that follows it."""

    epoch: int
    step: int
    """Steps taken in the whole run when the epoch ended."""
    train_loss: float
    """Mean over the epoch's images, each seen with the weights and augmentation of its moment."""
    train_accuracy: float
    """Share of right answers over the same images, 0 to 1."""
    val_loss: float | None
    """None where the run has no validation set."""
    val_accuracy: float | None
    learning_rate: float
    """The rate of the epoch's last step."""
    seconds: float = field(compare=False)
    """Time for the epoch, validation included."""
    eta_s: float = field(compare=False)
    """Estimated time until the last epoch ends."""


@dataclass(frozen=True)
class Pulse:
    """A sign of life from inside something long; nothing to keep."""

    epoch: int
    done: int
    total: int


Record = StepRecord | EpochRecord | Pulse
Metric = StepRecord | EpochRecord
"""The records that are kept."""


def record_to_dict(record: Metric) -> dict[str, Any]:
    """Return the record as plain JSON types, with its kind under ``"type"``."""
    kind = "step" if isinstance(record, StepRecord) else "epoch"
    return {"type": kind, **asdict(record)}
