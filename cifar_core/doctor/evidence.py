"""What the doctor looks at: a run's settings and records, and a few numbers drawn from them."""

import itertools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from cifar_core.config import TrainConfig
from cifar_core.health import HealthRecord
from cifar_core.records import EpochRecord, StepRecord
from cifar_core.usual_rates import usual_rate

MODELS_WITH_BATCH_NORM = frozenset({"vgg", "resnet18", "speed_cnn", "wide_speed_cnn"})
MODELS_WITH_DROPOUT = frozenset({"vgg"})
SHORT = 10
"""Steps of the means at the start and at the end of a run."""
NUM_WINDOWS = 10
MIN_STEPS, MANY_STEPS = 60, 300
"""Before so many steps the course of a loss says nothing; from the second on it does without a
finished epoch."""


@dataclass(frozen=True)
class Evidence:
    """A run at one moment, as far as the doctor is concerned.

    Attributes:
        config: its settings.
        num_classes: of its images.
        steps: its optimiser steps, in order; may be thinned evenly.
        epochs: its finished epochs, in order.
        health: looks at its network, in order of epochs; may be missing.
        has_ended: whether it will change no more.
        ended_not_finite: whether it was ended because its loss was no finite number.
        learning_rate: the full rate that its schedule scales now; it may have been changed.
        num_train_available: training images that its set offers; 0 where not known.
    """

    config: TrainConfig
    num_classes: int
    steps: Sequence[StepRecord]
    epochs: Sequence[EpochRecord] = ()
    health: Sequence[HealthRecord] = ()
    has_ended: bool = False
    ended_not_finite: bool = False
    learning_rate: float = 0.0
    num_train_available: int = 0

    @property
    def rate(self) -> float:
        """The full learning rate."""
        return self.learning_rate or self.config.learning_rate

    @cached_property
    def chance_loss(self) -> float:
        """The loss of a network that thinks every class as likely as the other: ln(classes)."""
        return math.log(self.num_classes)

    @cached_property
    def losses(self) -> list[float]:
        """The training loss of each step that is a number, in nats."""
        return [s.loss for s in self.steps if math.isfinite(s.loss)]

    @cached_property
    def windows(self) -> list[float]:
        """Means of the training loss over ``NUM_WINDOWS`` equal parts of the run, or none."""
        if len(self.losses) < 2 * NUM_WINDOWS:
            return []
        ends = [len(self.losses) * i // NUM_WINDOWS for i in range(NUM_WINDOWS + 1)]
        return [statistics.fmean(self.losses[a:b]) for a, b in itertools.pairwise(ends)]

    @cached_property
    def recent_loss(self) -> float:
        """Mean training loss over the last tenth of the run, at least ``SHORT`` steps."""
        return statistics.fmean(self.losses[-max(SHORT, len(self.losses) // 10) :])

    @cached_property
    def peak_loss(self) -> float:
        """Largest mean over ``SHORT`` steps in a row."""
        starts = range(0, max(1, len(self.losses) - SHORT + 1))
        return max(statistics.fmean(self.losses[i : i + SHORT]) for i in starts)

    @property
    def has_settled(self) -> bool:
        """Whether there are enough steps for the course of the loss to mean something."""
        enough = bool(self.epochs) or bool(self.steps and self.steps[-1].step >= MANY_STEPS)
        return enough and len(self.losses) >= MIN_STEPS

    @cached_property
    def trend(self) -> float:
        """How clearly the loss falls over the last two thirds of the steps: below -4 it does.

        It is Student's t of the correlation between loss and step; noise alone gives -2 to 2.
        """
        losses = self.losses[len(self.losses) // 3 :]
        if len(losses) < SHORT or max(losses) == min(losses):
            return 0.0
        correlation = statistics.correlation(range(len(losses)), losses)
        rest = max(1 - correlation**2, 1e-12)
        return float(correlation * math.sqrt((len(losses) - 2) / rest))

    @property
    def usual_rate(self) -> float:
        """A rate that suits most networks with its settings."""
        return usual_rate(self.config)

    @property
    def last_health(self) -> HealthRecord | None:
        """The newest look at the network."""
        return self.health[-1] if self.health else None

    @property
    def last_epoch(self) -> EpochRecord | None:
        """The newest finished epoch."""
        return self.epochs[-1] if self.epochs else None
