import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cifar_core.config import TrainConfig
from cifar_core.rate_curve import (
    RatePoint,
    RunningMean,
    advise_rate,
    find_steepest,
    find_valley,
    longest_descent,
    suggest_rates,
)

RATES = [10 ** (-6 + i / 20) for i in range(121)]


def curve(rate: float, *, fall: float = 1.5) -> list[float]:
    """A loss that stays, falls fastest at ``rate``, and rises steeply two decades later."""
    place = math.log10(rate)
    return [
        2.3 - fall / (1 + math.exp(-6 * (math.log10(r) - place)))
        + 0.5 * math.exp(4 * (math.log10(r) - place - 2))
        for r in RATES
    ]  # fmt: skip


@pytest.mark.parametrize("rate", [1e-4, 1e-3, 1e-2])
def test_the_steepest_place_is_found(rate):
    assert find_steepest(RATES, curve(rate)) == pytest.approx(rate, rel=0.2)


def test_a_fall_after_a_divergence_is_not_the_steepest():
    losses = curve(1e-3)
    losses[-10:] = [50.0 - 4.5 * i for i in range(10)]
    assert find_steepest(RATES, losses) == pytest.approx(1e-3, rel=0.2)


def test_the_valley_lies_in_the_middle_of_the_descent():
    losses = [2.3] * 40 + [2.3 - 0.02 * i for i in range(1, 41)] + [3.0] * 41
    assert find_valley(RATES, losses) == RATES[59]


def test_a_bump_does_not_end_the_descent():
    assert longest_descent([5, 4, 9, 3, 2, 2.5, 1]) == [0, 1, 3, 4, 6]


@pytest.mark.parametrize("losses", [[], [2.3], [2.3, 2.4, 2.5, 2.6]])
def test_a_curve_that_never_falls_suggests_nothing(losses):
    rates = RATES[: len(losses)]
    assert find_steepest(rates, losses) is None
    assert find_valley(rates, losses) is None


@given(st.lists(st.floats(0, 100), max_size=30))
def test_the_descent_falls_and_none_of_its_neighbours_makes_it_longer(losses):
    found = longest_descent(losses)
    assert all(losses[a] > losses[b] and a < b for a, b in itertools.pairwise(found))
    best = [1] * len(losses)
    for i in range(len(losses)):
        best[i] += max((best[j] for j in range(i) if losses[j] > losses[i]), default=0)
    assert len(found) == max(best, default=0)


@given(st.lists(st.floats(0, 10), min_size=2, max_size=40))
def test_what_is_read_off_are_rates_of_the_curve(losses):
    points = [RatePoint(r, y, y) for r, y in zip(RATES, losses, strict=False)]
    found = suggest_rates(points, TrainConfig())
    assert found.steepest is None or found.steepest in RATES
    assert found.valley is None or found.valley in RATES
    assert (found.advised is None) == (found.steepest is None)


@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
def test_adam_is_advised_a_little_more_than_the_steepest_rate(optimizer):
    config = TrainConfig(optimizer=optimizer)
    assert advise_rate(1e-3, RATES, config) == pytest.approx(1.5e-3)


@pytest.mark.parametrize(
    ("momentum", "steps_late"), [(0.0, 0.0), (0.5, 1.0), (0.8, 3.1063), (0.9, 6.5788), (0.99, 10.0)]
)
def test_what_momentum_shows_too_late_is_taken_back(momentum, steps_late):
    config = TrainConfig(optimizer="sgd", momentum=momentum)
    advised = advise_rate(1e-2, RATES, config)
    assert math.log10(1e-2 / advised) * 20 == pytest.approx(steps_late, abs=1e-3)


def test_the_running_mean_is_right_from_the_first_value_on():
    mean = RunningMean(0.9)
    assert mean.after(4.0) == pytest.approx(4.0)
    assert mean.after(2.0) == pytest.approx((0.9 * 4 + 2) / 1.9)
    for _ in range(200):
        last = mean.after(1.0)
    assert last == pytest.approx(1.0)
