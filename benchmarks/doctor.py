"""Does the training doctor find each illness, and leave healthy runs alone?

    python benchmarks/doctor.py [--seeds 2] [--only too_low_adam,healthy_sgd]

Each line is a tiny seeded training on the built-in drawings, made ill on purpose or healthy. The
doctor is asked after every epoch, as on the Train page, and at the end. Printed: for each illness
in how many of its runs it was found, and for each healthy kind of run how many had an alarm, both
at any time. About two minutes on two cores.
"""

import argparse
import dataclasses
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cifar_core.process import prepare_to_compute  # noqa: E402

prepare_to_compute()

import torch  # noqa: E402

from cifar_core.config import TrainConfig  # noqa: E402
from cifar_core.data.image_set import ImageSet, Subset  # noqa: E402
from cifar_core.data.sources import open_data  # noqa: E402
from cifar_core.data.splits import Splits, split_images  # noqa: E402
from cifar_core.doctor.evidence import Evidence  # noqa: E402
from cifar_core.doctor.examination import examine  # noqa: E402
from cifar_core.doctor.findings import Finding, Kind  # noqa: E402
from cifar_core.errors import TrainingError  # noqa: E402
from cifar_core.health import HealthRecord  # noqa: E402
from cifar_core.health_probe import look_at, take_sample  # noqa: E402
from cifar_core.records import EpochRecord, StepRecord  # noqa: E402
from cifar_core.training import start_training, train  # noqa: E402
from cifar_core.workspace import Workspace  # noqa: E402

BASE: dict[str, Any] = {
    "epochs": 4, "train_size": 2_000, "val_size": 500, "test_size": 10, "batch_size": 32,
    "device": "cpu",
}  # fmt: skip
RARE_CLASS, RARE_SHARE = 3, 0.06


@dataclass(frozen=True)
class Case:
    """A kind of run.

    Attributes:
        name: in the table.
        settings: beside ``BASE``.
        illness: what is to be found; None is a healthy run.
        or_else: what is as right: whether a loss overflows or only explodes is chance.
        rare: whether one class has hardly any images.
    """

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    illness: Kind | None = None
    or_else: Kind | None = None
    rare: bool = False


CASES = (
    Case("rate_huge_sgd", {"optimizer": "sgd", "learning_rate": 10.0, "momentum": 0.99},
         Kind.NOT_FINITE, or_else=Kind.EXPLODING),
    Case("rate_huge_adam", {"learning_rate": 3.0, "epochs": 2}, Kind.EXPLODING,
         or_else=Kind.NOT_FINITE),
    Case("dead_from_start", {"learning_rate": 0.06}, Kind.STUCK_AT_CHANCE),
    Case("rate_tiny", {"optimizer": "sgd", "learning_rate": 1e-6, "epochs": 2},
         Kind.STUCK_AT_CHANCE),
    Case("too_high_adam", {"learning_rate": 0.02}, Kind.RATE_TOO_HIGH),
    Case("too_high_sgd", {"optimizer": "sgd", "learning_rate": 0.3}, Kind.RATE_TOO_HIGH),
    Case("too_low_adam", {"learning_rate": 1e-5}, Kind.RATE_TOO_LOW),
    Case("too_low_sgd", {"optimizer": "sgd", "learning_rate": 5e-4}, Kind.RATE_TOO_LOW),
    Case("dead_relus", {"learning_rate": 0.05}, Kind.DEAD_RELUS),
    Case("overfitting", {"train_size": 300, "epochs": 25, "batch_size": 16}, Kind.OVERFITTING),
    Case("decay_too_strong", {"weight_decay": 0.1, "epochs": 6}, Kind.UNDERFITTING),
    Case("blanked_too_much", {"cutout": 32, "shift": 16, "epochs": 6}, Kind.UNDERFITTING),
    Case("augmented", {"cutout": 14, "shift": 4, "flip": True, "epochs": 6},
         Kind.VALIDATION_BETTER),
    Case("dropout", {"model": "vgg", "dropout": 0.9, "train_size": 300, "val_size": 100,
                     "epochs": 2, "learning_rate": 5e-4}, Kind.VALIDATION_BETTER),
    Case("tiny_batches", {"model": "vgg", "batch_size": 2, "train_size": 40, "val_size": 20,
                          "epochs": 1}, Kind.TINY_BATCHES),
    Case("rare_class", {"epochs": 5}, Kind.CLASS_NEVER_PREDICTED, rare=True),
    Case("healthy_adam"),
    Case("healthy_sgd", {"optimizer": "sgd", "learning_rate": 0.02}),
    Case("healthy_one_cycle", {"optimizer": "adamw", "learning_rate": 3e-3, "weight_decay": 0.01,
                               "schedule": "one_cycle"}),
    Case("healthy_cosine", {"optimizer": "sgd", "learning_rate": 0.05, "schedule": "cosine",
                            "warmup_epochs": 0.5}),
    Case("healthy_smoothed", {"label_smoothing": 0.1, "normalization": "dataset"}),
    Case("healthy_shifted", {"flip": True, "shift": 2, "epochs": 6}),
    Case("healthy_large_batch", {"batch_size": 128, "learning_rate": 2e-3, "epochs": 6}),
    Case("healthy_short", {"epochs": 1}),
    Case("healthy_vgg", {"model": "vgg", "train_size": 300, "val_size": 100, "epochs": 3,
                         "learning_rate": 3e-4}),
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What the doctor said of one run: at each epoch, and at the end."""

    during: tuple[tuple[Finding, ...], ...]
    end: tuple[Finding, ...]

    @property
    def kinds(self) -> set[Kind]:
        """What it found at any time."""
        return {f.kind for findings in (*self.during, self.end) for f in findings}

    @property
    def alarms(self) -> set[Kind]:
        """What it took for an illness at any time."""
        return {f.kind for findings in (*self.during, self.end) for f in findings if f.is_alarm}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--only", default="", help="names of cases, with commas")
    parser.add_argument("--data", default="builtin")
    options = parser.parse_args()
    data = open_data(options.data, Workspace.default())
    wanted = set(filter(None, options.only.split(",")))
    began, seeds = time.perf_counter(), range(options.seeds)
    rows = [
        (case, [examine_case(case, data, seed) for seed in seeds])
        for case in CASES
        if not wanted or case.name in wanted
    ]
    report(rows)
    print(f"{time.perf_counter() - began:.0f} s on {torch.get_num_threads()} threads")


def examine_case(case: Case, data: ImageSet, seed: int) -> Outcome:
    """Train a case with a seed and return what the doctor says of it."""
    config = TrainConfig(**{**BASE, **case.settings, "seed": seed})
    splits = split_images(data, config)
    if case.rare:
        splits = dataclasses.replace(splits, train=with_rare_class(splits.train))
    *during, end = list(evidences(config, data, splits))
    return Outcome(tuple(examine(evidence) for evidence in during), examine(end))


def evidences(config: TrainConfig, data: ImageSet, splits: Splits) -> Iterator[Evidence]:
    """Train, and yield what the doctor would see after each epoch and when the run has ended."""
    training = start_training(config, data)
    sample = take_sample(splits.train)
    evidence = Evidence(config, data.num_classes, (), num_train_available=data.num_train)
    steps: list[StepRecord] = []
    epochs: list[EpochRecord] = []
    health: list[HealthRecord] = []
    broken = False
    try:
        for record in train(training, splits):
            if isinstance(record, StepRecord):
                steps.append(record)
            elif isinstance(record, EpochRecord):
                epochs.append(record)
                health.append(look_at(training, sample, record.epoch))
                yield dataclasses.replace(
                    evidence, steps=tuple(steps), epochs=tuple(epochs), health=tuple(health)
                )
    except TrainingError:
        broken = True
    yield dataclasses.replace(
        evidence, steps=steps, epochs=epochs, health=health, has_ended=True, ended_not_finite=broken
    )


def with_rare_class(train_set: Subset) -> Subset:
    """Return a training set in which one class keeps only a few of its images."""
    is_rare = train_set.labels == RARE_CLASS
    left = is_rare.sum() - is_rare.cumsum(0)  # the last ones: the first come first in the sample
    kept = ~is_rare | (left < round(int(is_rare.sum()) * RARE_SHARE))
    return Subset(train_set.source, train_set.indices[kept])


def report(rows: list[tuple[Case, list[Outcome]]]) -> None:
    print(f"{'ill on purpose':<20} {'to be found':<24} found  also said")
    for case, outcomes in rows:
        if case.illness is not None:
            found = sum(bool({case.illness, case.or_else} & o.kinds) for o in outcomes)
            others = {f.kind.value for o in outcomes for f in o.end} - {case.illness.value}
            print(f"{case.name:<20} {case.illness.value:<24} {found}/{len(outcomes)}    "
                  f"{', '.join(sorted(others))}")  # fmt: skip
    print(f"\n{'healthy':<20} alarms")
    for case, outcomes in rows:
        if case.illness is None:
            alarms = [o.alarms for o in outcomes]
            kinds = sorted({kind.value for found in alarms for kind in found})
            print(f"{case.name:<20} {sum(map(bool, alarms))}/{len(alarms)}    {', '.join(kinds)}")


if __name__ == "__main__":
    main()
