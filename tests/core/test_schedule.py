import math
import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, OneCycleLR, StepLR

from cifar_core.config import SCHEDULES, TrainConfig
from cifar_core.data.splits import split_images
from cifar_core.records import StepRecord
from cifar_core.schedule import learning_rates, schedule_factor
from cifar_core.training import start_training, train

RATE = 0.8


def config(schedule, epochs=6, **changes) -> TrainConfig:
    return TrainConfig(schedule=schedule, epochs=epochs, learning_rate=RATE, **changes)


def rates_of_torch(build, steps) -> list[float]:
    """The rate before each step, as torch's own scheduler sets it."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=RATE)
    scheduler = build(optimizer)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize("steps_per_epoch", [1, 7, 50])
def test_constant_and_step_equal_torchs(steps_per_epoch):
    steps = 6 * steps_per_epoch
    expected = rates_of_torch(lambda o: LambdaLR(o, lambda step: 1.0), steps)
    assert learning_rates(config("constant"), steps_per_epoch) == expected
    expected = rates_of_torch(lambda o: StepLR(o, 2 * steps_per_epoch, 0.3), steps)
    rates = learning_rates(config("step", step_epochs=2, step_factor=0.3), steps_per_epoch)
    assert rates == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("steps_per_epoch", [1, 7, 50])
def test_cosine_equals_torchs(steps_per_epoch):
    steps = 6 * steps_per_epoch
    expected = rates_of_torch(lambda o: CosineAnnealingLR(o, steps), steps)
    rates = learning_rates(config("cosine"), steps_per_epoch)
    assert rates == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("steps_per_epoch", [2, 7, 50])
@pytest.mark.parametrize("warmup_epochs", [0.0, 1.5, 3.0, 5.0])
def test_one_cycle_equals_torchs(steps_per_epoch, warmup_epochs):
    steps, rise = 6 * steps_per_epoch, warmup_epochs / 6 or 0.3
    expected = rates_of_torch(
        lambda o: OneCycleLR(o, RATE, total_steps=steps, pct_start=rise, cycle_momentum=False),
        steps,
    )
    rates = learning_rates(config("one_cycle", warmup_epochs=warmup_epochs), steps_per_epoch)
    assert rates == pytest.approx(expected, rel=1e-9)


def test_one_cycle_where_torchs_divides_by_zero():
    top_first = learning_rates(config("one_cycle", warmup_epochs=0.5), 2)
    assert top_first[0] == RATE and top_first == sorted(top_first, reverse=True)
    top_last = learning_rates(config("one_cycle", warmup_epochs=6.0), 2)
    assert top_last[-1] == RATE and top_last == sorted(top_last)


@pytest.mark.parametrize("schedule", ["constant", "step", "cosine"])
def test_warmup_rises_in_equal_parts_to_the_full_rate(schedule):
    rates = learning_rates(config(schedule, warmup_epochs=2.0, step_epochs=5), 10)
    assert rates[:20] == pytest.approx([RATE * (i + 1) / 21 for i in range(20)])
    assert rates[20] == RATE


def test_cosine_after_warmup_falls_over_the_rest():
    rates = learning_rates(config("cosine", warmup_epochs=2.0), 10)
    expected = rates_of_torch(lambda o: CosineAnnealingLR(o, 40), 40)
    assert rates[20:] == pytest.approx(expected, rel=1e-9)


def test_the_steps_of_the_step_schedule_count_from_the_start_of_the_run():
    rates = learning_rates(config("step", warmup_epochs=1.5, step_epochs=2, step_factor=0.5), 2)
    assert rates == pytest.approx(
        [RATE * f for f in (0.25, 0.5, 0.75, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25)]
    )


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(SCHEDULES), st.integers(1, 40), st.integers(1, 60), st.floats(0, 1),
    st.integers(1, 1000), st.floats(0, 1, exclude_min=True),
)  # fmt: skip
def test_the_factor_stays_within_0_and_1(
    schedule, epochs, steps_per_epoch, warmup_share, step_epochs, step_factor
):
    chosen = config(
        schedule, epochs, warmup_epochs=warmup_share * epochs,
        step_epochs=step_epochs, step_factor=step_factor,
    )  # fmt: skip
    factors = [schedule_factor(chosen, s, steps_per_epoch) for s in range(epochs * steps_per_epoch)]
    assert all(0 <= factor <= 1 for factor in factors)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("warmup_epochs", [0.0, 0.25, 0.5, 1.0])
@pytest.mark.parametrize("steps_per_epoch", [1, 2, 4])
def test_the_shortest_runs_have_rates_too(schedule, warmup_epochs, steps_per_epoch):
    rates = learning_rates(config(schedule, 1, warmup_epochs=warmup_epochs), steps_per_epoch)
    assert len(rates) == steps_per_epoch
    assert all(0 < rate <= RATE for rate in rates)


def test_a_tiny_step_factor_fades_to_nothing_without_an_error():
    fading = config("step", 1000, step_epochs=1, step_factor=1e-300)
    assert learning_rates(fading, 1)[999] == 0.0


def test_a_long_run_at_its_bounds():
    longest = config("one_cycle", 1000, warmup_epochs=1000.0)
    assert schedule_factor(longest, 1000 * 100_000 - 1, 100_000) == pytest.approx(1.0)
    assert math.isfinite(schedule_factor(config("cosine", 1000), 10**8 - 1, 10**5))


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_training_takes_its_steps_with_the_rates_that_are_shown_before(tiny_set, schedule):
    chosen = TrainConfig(
        schedule=schedule, epochs=3, batch_size=32, val_size=24, warmup_epochs=0.5, step_epochs=1
    )
    training, splits = start_training(chosen, tiny_set), split_images(tiny_set, chosen)
    used, told = [], []
    for record in train(training, splits):
        if isinstance(record, StepRecord):
            used.append(training.optimizer.param_groups[0]["lr"])
            told.append(record.learning_rate)
    assert used == told == learning_rates(chosen, 3)


def test_the_form_can_draw_a_schedule_without_torch():
    code = "import sys, cifar_core.schedule; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
