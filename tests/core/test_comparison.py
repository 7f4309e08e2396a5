import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from cifar_core.comparison import (
    _T_95,
    accuracy_difference,
    difference_over_seeds,
    differing_settings,
    mean_over_seeds,
    seed_groups,
)
from cifar_core.config import TrainConfig

SHARES = st.integers(1000, 9000).map(lambda right: right / 10_000)
ACCURACIES = st.lists(SHARES, min_size=2, max_size=12, unique=True)


def test_only_the_setting_that_differs_is_named():
    configs = [TrainConfig(), TrainConfig(learning_rate=0.01), TrainConfig()]
    assert differing_settings(configs) == {"learning_rate": [0.001, 0.01, 0.001]}
    assert differing_settings(configs[::2]) == {}


def test_quantiles_are_students():
    expected = [stats.t.ppf(0.975, freedom) for freedom in range(1, len(_T_95) + 1)]
    assert list(_T_95) == pytest.approx(expected, abs=6e-4)


@settings(max_examples=50, deadline=None)
@given(ACCURACIES)
def test_the_mean_over_seeds_has_students_interval(values):
    found = mean_over_seeds(values)
    low, high = stats.t.interval(0.95, len(values) - 1, stats.tmean(values), stats.sem(values))
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-3)


@settings(max_examples=50, deadline=None)
@given(ACCURACIES, ACCURACIES)
def test_the_difference_over_seeds_is_welchs(first, second):
    found = difference_over_seeds(first, second)
    exact = stats.ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
    # Degrees of freedom are rounded down: never narrower, and wider by little.
    assert found.low <= exact.low + 1e-3 and found.high >= exact.high - 1e-3
    assert found.estimate == pytest.approx(stats.tmean(first) - stats.tmean(second))


def test_the_difference_of_two_runs_is_newcombes():
    # Newcombe 1998, table II, contrast (a): 56/70 against 48/80, method 10.
    found = accuracy_difference(56 / 70, 70, 48 / 80, 80)
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    close = accuracy_difference(0.6, 100, 0.59, 100)
    assert close.low < 0 < close.high


def test_runs_that_differ_in_their_seed_alone_are_a_group():
    one = TrainConfig(epochs=3)
    configs = [one, one.replace(epochs=4), one.replace(seed=1), one.replace(seed=1), one]
    assert seed_groups(configs) == [[0, 2, 3, 4]]
    assert seed_groups([one, one]) == []
