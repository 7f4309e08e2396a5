"""What fits into a time ends in it, and fills it."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cifar_core.config import VIEWS, TrainConfig
from cifar_core.cost import START_S, estimate_seconds
from cifar_core.data.split_sizes import SplitSizes
from cifar_core.errors import ConfigError
from cifar_core.time_budget import fit_into

SIZES = SplitSizes(train=50_000, val=0, test=10_000)


def time_of(config, sizes, speed):
    train = sizes.train if config.train_size is None else config.train_size
    return estimate_seconds(config, SplitSizes(train, sizes.val, sizes.test), speed)


@given(
    seconds=st.floats(20, 40_000),
    speed=st.floats(20, 20_000),
    val=st.sampled_from([0, 1_000, 5_000]),
    views=st.sampled_from(VIEWS),
    batch_size=st.sampled_from([64, 500]),
)
def test_a_run_ends_in_time_and_wastes_less_than_a_tenth(seconds, speed, val, views, batch_size):
    sizes = SplitSizes(50_000 - val, val, 10_000)
    try:
        fitted = fit_into(seconds, TrainConfig(views=views, batch_size=batch_size), sizes, speed)
    except ConfigError:
        assume(False)
    taken = time_of(fitted, sizes, speed)
    assert taken <= seconds + 1
    assert taken >= 0.9 * seconds or fitted.epochs == 1000


def test_time_for_whole_epochs_uses_all_images():
    fitted = fit_into(START_S + 0.35 * 10 + 5 * 50 + 1, TrainConfig(), SIZES, 1_000)
    assert (fitted.epochs, fitted.train_size) == (5, None)


def test_time_for_one_and_a_half_epochs_is_two_of_three_quarters():
    fitted = fit_into(START_S + 0.35 * 10 + 75, TrainConfig(), SIZES, 1_000)
    assert fitted.epochs == 2
    assert fitted.train_size == pytest.approx(37_500, rel=0.01)


def test_a_warm_up_stays_and_is_never_longer_than_the_run():
    long = fit_into(START_S + 0.35 * 10 + 5 * 50 + 1, TrainConfig(warmup_epochs=2), SIZES, 1_000)
    short = fit_into(START_S + 0.35 * 10 + 51, TrainConfig(warmup_epochs=2), SIZES, 1_000)
    assert (long.epochs, long.warmup_epochs) == (5, 2)
    assert (short.epochs, short.warmup_epochs) == (1, 1)


def test_a_minute_less_than_the_test_takes_is_refused_with_what_is_needed():
    with pytest.raises(ConfigError, match=r"60 seconds are too few .* take about 4\d\d"):
        fit_into(60, TrainConfig(), SIZES, 10)
