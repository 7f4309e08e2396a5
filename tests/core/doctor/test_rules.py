"""Each rule as a table: evidence made up for it, and evidence that only looks like it."""

import math
import random

import pytest

from cifar_core.config import OPTIMIZERS, TrainConfig
from cifar_core.doctor.evidence import Evidence
from cifar_core.doctor.examination import EXPLAINED_BY, RULES, examine
from cifar_core.doctor.findings import Kind, Severity
from cifar_core.doctor.texts import TEXTS, written
from cifar_core.health import HealthRecord, LayerHealth
from cifar_core.records import EpochRecord, StepRecord
from cifar_core.usual_rates import USUAL_RATES, rate_after_overflow, usual_rate

CHANCE = math.log(10)


def steps(losses, *, rate=1e-3):
    return tuple(StepRecord(n, 1, loss, rate, 500.0) for n, loss in enumerate(losses, 1))


def noisy(mean, count=200, seed=0):
    """Losses that scatter around ``mean(share of the run)``."""
    draw = random.Random(seed)
    return [mean(n / count) + draw.gauss(0, 0.02) for n in range(count)]


def falling(share):
    return 2.3 - 1.3 * share


def epochs(train, val, *, train_accuracy=None, val_accuracy=None):
    """One epoch a pair of losses; accuracies rise with falling losses unless they are given."""
    found = []
    for n, (t, v) in enumerate(zip(train, val, strict=True)):
        ta = (train_accuracy or [max(0.0, 1 - x / 3) for x in train])[n]
        va = (val_accuracy or [max(0.0, 1 - x / 3) for x in val])[n]
        found.append(EpochRecord(n + 1, 100 * (n + 1), t, ta, v, va, 1e-3, 5.0, 0.0))
    return tuple(found)


def health(epoch=1, *, predicted=(10,) * 10, dead=(0, 64), accuracy=0.6):
    layers = (LayerHealth("relu1", 18, 0), LayerHealth("relu2", dead[1], dead[0]))
    return HealthRecord(epoch, 1.0, accuracy, (10,) * 10, tuple(predicted), layers)


def evidence(losses=None, *, settings=None, **facts):
    config = TrainConfig(**(settings or {}))
    facts = {"epochs": epochs([1.5], [1.6]), **facts}
    return Evidence(config, 10, steps(losses or noisy(falling)), **facts)


def missing(label):
    answers = [11] * 10
    answers[label] = 0
    return tuple(health(n, predicted=answers) for n in (1, 2, 3))


ILL = {
    "overflow": (Kind.NOT_FINITE, evidence([2.3, 9.0, math.nan])),
    "overflow told by the run": (Kind.NOT_FINITE, evidence([2.3], ended_not_finite=True)),
    "exploding": (Kind.EXPLODING, evidence(noisy(lambda s: 2.3 + 400 * s))),
    "never came back": (
        Kind.EXPLODING, evidence([2.3] * 10 + [900.0] * 10 + noisy(lambda s: CHANCE)),
    ),
    "stuck": (Kind.STUCK_AT_CHANCE, evidence(noisy(lambda s: CHANCE))),
    "jumped up": (
        Kind.RATE_TOO_HIGH, evidence([2.3] * 5 + [6.0] * 12 + noisy(lambda s: 2.0)),
    ),
    "large rate": (
        Kind.RATE_TOO_HIGH, evidence(noisy(lambda s: 1.9), settings={"learning_rate": 0.02}),
    ),
    "slow": (
        Kind.RATE_TOO_LOW,
        evidence(noisy(lambda s: 2.3 - 0.2 * s), settings={"learning_rate": 1e-5}),
    ),
    "dead": (Kind.DEAD_RELUS, evidence(health=(health(dead=(60, 64)),))),
    "by heart": (
        Kind.OVERFITTING,
        evidence(epochs=epochs([1.5, 1.0, 0.6, 0.3, 0.1], [1.6, 1.4, 1.5, 1.8, 2.2])),
    ),
    "cannot": (
        Kind.UNDERFITTING,
        evidence(epochs=epochs([1.9, 1.82, 1.81, 1.8], [1.9, 1.8, 1.8, 1.8]), has_ended=True),
    ),
    "tiny": (Kind.TINY_BATCHES, evidence(settings={"model": "vgg", "batch_size": 2})),
    "no cats": (Kind.CLASS_NEVER_PREDICTED, evidence(health=missing(3))),
    "dropout": (
        Kind.VALIDATION_BETTER,
        evidence(settings={"model": "vgg"}, epochs=epochs([1.5], [1.2])),
    ),
    "too short": (
        Kind.STILL_LEARNING,
        evidence(epochs=epochs([2.1, 1.9, 1.7], [2.1, 1.9, 1.7]), has_ended=True),
    ),
}  # fmt: skip

HEALTHY = {
    "falling": evidence(),
    "just begun": evidence(noisy(lambda s: CHANCE, count=30), epochs=()),
    "slow but falling, usual rate": evidence(noisy(lambda s: 2.3 - 0.3 * s)),
    "some dead units": evidence(health=(health(dead=(40, 64)),)),
    "one bad epoch": evidence(
        epochs=epochs([1.5, 1.0, 0.8, 0.7], [1.6, 1.4, 1.3, 1.6]), has_ended=True
    ),
    "a small gap": evidence(
        epochs=epochs([1.0, 0.9, 0.8, 0.7, 0.6], [1.0, 0.9, 0.9, 0.95, 1.0]), has_ended=True
    ),
    "a class is missing once": evidence(health=(health(1), health(2), *missing(3)[2:])),
    "small batches without batch norm": evidence(settings={"batch_size": 2}),
    "a jump that healed": evidence([2.3] * 5 + [4.0] * 12 + noisy(falling)),
    "no validation": evidence(epochs=(EpochRecord(1, 9, 1.5, 0.4, None, None, 1e-3, 1, 0),) * 4),
    "nothing yet": evidence([2.3], epochs=()),
    "a large batch at a large rate": evidence(
        settings={"optimizer": "sgd", "learning_rate": 0.4, "batch_size": 512}
    ),
}


@pytest.mark.parametrize("name", ILL)
def test_an_illness_is_found_and_has_words_and_a_change(name):
    kind, facts = ILL[name]
    finding = next(f for f in examine(facts) if f.kind == kind)
    text = TEXTS[kind].sentence.format(
        **written(finding, ["airplane", "automobile", "bird", "cat"])
    )
    assert "{" not in text and "nan" not in text
    assert kind == Kind.VALIDATION_BETTER or finding.change
    facts.config.replace(**finding.change)


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_run_raises_no_alarm(name):
    assert not [f.kind for f in examine(HEALTHY[name]) if f.is_alarm]


def test_every_kind_has_a_rule_words_and_a_case():
    assert set(RULES) == set(Kind) == set(TEXTS) == {kind for kind, _ in ILL.values()}
    assert set(EXPLAINED_BY) <= set(Kind)


def test_the_most_serious_comes_first_and_nothing_is_said_twice():
    facts = evidence(
        noisy(lambda s: CHANCE), settings={"learning_rate": 0.1}, has_ended=True,
        health=(health(dead=(64, 64), accuracy=0.1),),
        epochs=epochs([2.31, 2.3, 2.3], [2.3, 2.3, 2.3]),
    )  # fmt: skip
    found = examine(facts)
    assert [f.kind for f in found] == [Kind.STUCK_AT_CHANCE, Kind.RATE_TOO_HIGH, Kind.DEAD_RELUS]
    assert [f.severity for f in found] == [Severity.SERIOUS, Severity.WARNING, Severity.WARNING]
    assert {tuple(f.change.items()) for f in found} == {(("learning_rate", 0.001),)}


def test_what_is_stuck_at_a_tiny_rate_needs_a_larger_one():
    facts = evidence(noisy(lambda s: CHANCE), settings={"learning_rate": 1e-7})
    [finding] = examine(facts)
    assert (finding.kind, finding.change) == (Kind.STUCK_AT_CHANCE, {"learning_rate": 0.001})


@pytest.mark.parametrize(
    ("settings", "available", "change"),
    [
        ({"train_size": 300}, 10_000, {"train_size": None}),
        ({}, 10_000, {"flip": True, "shift": 4}),
        ({"flip": True}, 0, {"early_stopping": 3}),
        ({"flip": True, "early_stopping": 3}, 0, {"weight_decay": 5e-4}),
    ],
)
def test_against_overfitting_comes_what_is_not_done_yet(settings, available, change):
    course = epochs([1.5, 1.0, 0.6, 0.3, 0.1], [1.6, 1.4, 1.5, 1.8, 2.2])
    facts = evidence(settings=settings, epochs=course, num_train_available=available)
    assert next(f for f in examine(facts) if f.kind == Kind.OVERFITTING).change == change


@pytest.mark.parametrize(
    ("settings", "change"),
    [
        ({"weight_decay": 0.1}, {"weight_decay": 0.0}),
        ({"cutout": 30, "shift": 12}, {"cutout": 0, "shift": 2}),
        ({"label_smoothing": 0.5}, {"label_smoothing": 0.0}),
        ({"model": "simple_cnn"}, {"model": "vgg"}),
        ({"model": "vgg"}, {"epochs": 16}),
    ],
)
def test_against_underfitting_comes_what_holds_it_back(settings, change):
    course = epochs([1.9, 1.82, 1.81, 1.8], [1.9, 1.8, 1.8, 1.8])
    facts = evidence(settings=settings, epochs=course, has_ended=True)
    assert next(f for f in examine(facts) if f.kind == Kind.UNDERFITTING).change == change


def test_every_optimiser_has_a_usual_rate():
    assert set(USUAL_RATES) == set(OPTIMIZERS)
    plain = TrainConfig(optimizer="sgd", momentum=0.0)
    assert usual_rate(plain) > usual_rate(TrainConfig(optimizer="sgd"))
    assert rate_after_overflow(1e-3, TrainConfig()) == 1e-4
    assert rate_after_overflow(5.0, TrainConfig()) == 1e-3
