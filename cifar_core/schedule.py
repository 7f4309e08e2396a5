"""The learning rate at every step, as a pure function of the step. Imports no torch.

There is no scheduler object whose state would have to be saved, and the plot shown before a run is
computed by the very function that the run uses.
"""

import math

from cifar_core.config import TrainConfig

ONE_CYCLE_RISE = 0.3
"""Share of a one-cycle run in which the rate rises, as in torch's OneCycleLR."""
ONE_CYCLE_START = 1 / 25
"""Where a one-cycle run starts, as a share of the full rate, as in torch's OneCycleLR."""
ONE_CYCLE_END = ONE_CYCLE_START / 1e4


def schedule_factor(config: TrainConfig, step: int, steps_per_epoch: int) -> float:
    """Return what the full learning rate is multiplied with at a step.

    Args:
        config: schedule, warm-up and number of epochs.
        step: steps taken before this one, from 0.
        steps_per_epoch: at least 1.

    Returns:
        A factor from 0 to 1.

    Source: cosine is SGDR without restarts (Loshchilov and Hutter 2017, arXiv 1608.03983);
    one-cycle is Smith and Topin 2018, arXiv 1708.07120, with torch's default constants.
    """
    total = config.epochs * steps_per_epoch
    rise = config.warmup_epochs * steps_per_epoch
    if config.schedule == "one_cycle":
        return _one_cycle(step, total, rise or ONE_CYCLE_RISE * total)
    if step < rise:
        return (step + 1) / (rise + 1)
    if config.schedule == "linear":
        return 1.0 - (step - rise) / max(1.0, total - rise)
    if config.schedule == "cosine":
        return _cosine(1.0, 0.0, (step - rise) / max(1.0, total - rise))
    if config.schedule == "step":
        return float(config.step_factor ** (step // (config.step_epochs * steps_per_epoch)))
    return 1.0


def learning_rates(config: TrainConfig, steps_per_epoch: int) -> list[float]:
    """Return the rate of every step of a run, in order."""
    return [
        config.learning_rate * schedule_factor(config, step, steps_per_epoch)
        for step in range(config.epochs * steps_per_epoch)
    ]


def _one_cycle(step: int, total: int, rise: float) -> float:
    top = rise - 1  # the step with the full rate, counted as torch's OneCycleLR does
    if step < top:
        return _cosine(ONE_CYCLE_START, 1.0, step / top)
    return _cosine(1.0, ONE_CYCLE_END, (step - top) / max(1.0, total - 1 - top))


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * min(share, 1.0)))
