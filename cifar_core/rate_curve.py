"""What a range test found, and which learning rates it suggests. Pure: no torch, no files.

The test and its stopping rule are in ``lr_finder``.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cifar_core.config import TrainConfig

SMOOTHING = 0.96
"""Share of the mean that each step keeps: a memory of about 25 steps. The mean lags behind the
rate by as much, and that is wanted: a loss shows the steps before it, too."""
SLOPE_WIDTH = 0.25
"""Decades: how near a point must be to count for a slope, as a Gaussian's standard deviation. The
slope from one step to the next is mostly noise."""
ADAM_FACTOR = 1.5
"""In sweeps Adam did best at one to two times the rate at which the loss falls fastest
(``benchmarks/lr_finder.py``)."""
_MOST_STEPS_LATE = 10.0
"""The test is too short to show the memory of a larger momentum than about 0.93."""


@dataclass(frozen=True)
class RatePoint:
    """One step of a range test.

    Attributes:
        rate: the learning rate that the step was taken with.
        loss: mean training loss over its batch before the step, in nats.
        smoothed: the running mean of the losses up to here.
    """

    rate: float
    loss: float
    smoothed: float


@dataclass(frozen=True)
class Suggestion:
    """Learning rates read off a curve; None where it has no slope to read one off.

    Attributes:
        advised: the one to take, see ``advise_rate``.
        steepest: see ``find_steepest``.
        valley: see ``find_valley``; careful.
    """

    advised: float | None
    steepest: float | None
    valley: float | None


class RunningMean:
    """An exponential mean that is right from its first value on.

    The plain recursion starts at zero and is too small at first; divided by the weight that it has
    gathered, it is a weighted mean at any time (Kingma and Ba 2014, arXiv 1412.6980, section 3).
    """

    def __init__(self, smoothing: float = SMOOTHING) -> None:
        """Begin with nothing; ``smoothing`` is from 0 (no memory) to below 1."""
        self._smoothing, self._sum, self._weight = smoothing, 0.0, 0.0

    def after(self, value: float) -> float:
        """Take in a value and return the mean."""
        kept = self._smoothing
        self._sum = kept * self._sum + (1 - kept) * value
        self._weight = kept * self._weight + (1 - kept)
        return self._sum / self._weight


def suggest_rates(points: Sequence[RatePoint], config: TrainConfig) -> Suggestion:
    """Return what a curve suggests.

    Args:
        points: of the range test.
        config: what was tested; its optimiser and momentum matter.
    """
    rates, losses = [p.rate for p in points], [p.smoothed for p in points]
    steepest = find_steepest(rates, losses)
    advised = advise_rate(steepest, rates, config) if steepest else None
    return Suggestion(advised, steepest, find_valley(rates, losses))


def advise_rate(steepest: float, rates: Sequence[float], config: TrainConfig) -> float:
    """Return the rate to train with, given where the loss falls fastest.

    Momentum answers late: of what a step contributes, half has moved the weights only some steps
    later, and meanwhile the rate has grown. With a momentum of 0.9 these are 6.6 steps; with 120
    steps over six decades, the loss then falls fastest 2.1 times too far up, and so much is taken
    back. Muon's momentum is shorter, and is treated alike. For Adam see ``ADAM_FACTOR``.

    Args:
        steepest: of ``find_steepest``.
        rates: of the whole test, each the same factor above the one before; at least 2.
        config: gives optimiser and momentum.
    """
    if config.optimizer in ("adam", "adamw"):
        return steepest * ADAM_FACTOR
    if not config.momentum:
        return steepest
    steps_late = min(math.log(0.5) / math.log(config.momentum), _MOST_STEPS_LATE)
    return float(steepest / (rates[1] / rates[0]) ** steps_late)


def find_steepest(rates: Sequence[float], losses: Sequence[float]) -> float | None:
    """Return the rate at which the loss falls fastest for a growth of the rate.

    Looked at are the rates up to the smallest loss: after a peak of divergence the loss may fall
    again, and fastest of all, without meaning that such a rate is any good.

    Args:
        rates: rising, above 0.
        losses: smoothed, one a rate.

    Returns:
        The rate with the smallest slope over the logarithm of the rate; None where it never falls.

    Source: the slope as the criterion is in Smith 2015, arXiv 1506.01186, and in fastai's
    ``lr_find`` under the name "steep".
    """
    end = list(losses).index(min(losses)) + 1 if losses else 0
    slopes = _slopes([math.log10(rate) for rate in rates], losses)[:end]
    return rates[slopes.index(min(slopes))] if slopes and min(slopes) < 0 else None


def _slopes(places: Sequence[float], losses: Sequence[float]) -> list[float]:
    """Return the slope at each place of the line that fits the losses near it best.

    Args:
        places: logarithms of the rates, base 10; at least 2 different ones.
        losses: one a place.
    """
    found = []
    for here in places:
        near = [math.exp(-(((place - here) / SLOPE_WIDTH) ** 2) / 2) for place in places]
        total = sum(near)
        middle = sum(w * x for w, x in zip(near, places, strict=True)) / total
        level = sum(w * y for w, y in zip(near, losses, strict=True)) / total
        pairs = list(zip(near, places, losses, strict=True))
        spread = sum(w * (x - middle) ** 2 for w, x, _ in pairs)
        found.append(sum(w * (x - middle) * (y - level) for w, x, y in pairs) / max(spread, 1e-12))
    return found


def find_valley(rates: Sequence[float], losses: Sequence[float]) -> float | None:
    """Return the rate in the middle of the longest descent.

    The descent is the longest sequence of ever smaller losses, in which others may be left out, so
    that a bump of the noise does not end it.

    Args:
        rates: rising, above 0.
        losses: smoothed, one a rate.

    Returns:
        The rate, or None where the loss never falls.

    Source: the criterion is fastai's default, "valley" (fastai/callback/schedule.py).
    """
    descent = longest_descent(losses)
    return rates[descent[len(descent) // 2]] if len(descent) > 1 else None


def longest_descent(losses: Sequence[float]) -> list[int]:
    """Return the positions of the longest sequence of ever smaller losses; the earliest of equals.

    Args:
        losses: in order; at most some hundreds, for the time grows with their square.
    """
    lengths, before = [1] * len(losses), [-1] * len(losses)
    for i in range(len(losses)):
        for j in range(i):
            if losses[j] > losses[i] and lengths[j] + 1 > lengths[i]:
                lengths[i], before[i] = lengths[j] + 1, j
    place = lengths.index(max(lengths)) if lengths else -1
    found = []
    while place >= 0:
        found.append(place)
        place = before[place]
    return found[::-1]
