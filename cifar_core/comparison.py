"""Runs side by side: which settings differ, and whether a difference is larger than the noise.

Pure functions on settings and accuracies. Imports no torch.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cifar_core.config import FIELDS, TrainConfig
from cifar_core.scores import Z_95, wilson_interval

_T_95 = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
"""Quantile 0.975 of Student's t by degrees of freedom from 1; a test computes them again."""


@dataclass(frozen=True)
class Interval:
    """An estimate and the 95 % interval around it."""

    estimate: float
    low: float
    high: float


def differing_settings(configs: Sequence[TrainConfig]) -> dict[str, list[Any]]:
    """Return the settings that are not the same in all configs, with the value in each."""
    values = {name: [getattr(config, name) for config in configs] for name in FIELDS}
    return {name: row for name, row in values.items() if any(v != row[0] for v in row)}


def accuracy_difference(
    first: float, first_images: int, second: float, second_images: int
) -> Interval:
    """Return by how much the first accuracy is above the second, as another draw might give it.

    The images count as independent draws. Where both networks were tested on the same images the
    true interval is narrower; McNemar's test (Evaluate) uses that.

    Args:
        first: share of right answers, 0 to 1.
        first_images: over how many images, at least 1.
        second: likewise.
        second_images: likewise.

    Source: R. G. Newcombe, "Interval estimation for the difference between independent
    proportions", Statistics in Medicine 17 (1998), method 10.
    """
    low1, high1 = wilson_interval(round(first * first_images), first_images, Z_95)
    low2, high2 = wilson_interval(round(second * second_images), second_images, Z_95)
    gap = first - second
    below = math.hypot(first - low1, high2 - second)
    above = math.hypot(high1 - first, second - low2)
    return Interval(gap, gap - below, gap + above)


def mean_over_seeds(accuracies: Sequence[float]) -> Interval:
    """Return the mean of runs that differ in their seed alone, with Student's interval.

    Args:
        accuracies: at least two.

    Source: Student, "The probable error of a mean", Biometrika 6 (1908).
    """
    mean = statistics.fmean(accuracies)
    reach = _t_95(len(accuracies) - 1) * _error_of_mean(accuracies)
    return Interval(mean, mean - reach, mean + reach)


def difference_over_seeds(first: Sequence[float], second: Sequence[float]) -> Interval:
    """Return by how much the first group's mean is above the second's.

    Args:
        first: accuracies of runs that differ in their seed alone, at least two.
        second: likewise.

    Source: B. L. Welch, "The generalization of 'Student's' problem when several different
    population variances are involved", Biometrika 34 (1947).
    """
    one, two = _error_of_mean(first) ** 2, _error_of_mean(second) ** 2
    gap = statistics.fmean(first) - statistics.fmean(second)
    if one + two == 0:
        return Interval(gap, gap, gap)
    freedom = (one + two) ** 2 / (one**2 / (len(first) - 1) + two**2 / (len(second) - 1))
    reach = _t_95(freedom) * math.sqrt(one + two)
    return Interval(gap, gap - reach, gap + reach)


def seed_groups(configs: Sequence[TrainConfig]) -> list[list[int]]:
    """Return positions of configs that differ in their seed alone, groups of at least two."""
    groups: dict[str, list[int]] = {}
    for place, config in enumerate(configs):
        groups.setdefault(repr(config.replace(seed=0)), []).append(place)
    return [
        places for places in groups.values() if len({configs[place].seed for place in places}) > 1
    ]


def _error_of_mean(values: Sequence[float]) -> float:
    return statistics.stdev(values) / math.sqrt(len(values))


def _t_95(freedom: float) -> float:
    """Return the quantile, for fewer degrees of freedom where they are no whole number."""
    whole = max(1, math.floor(freedom))
    return _T_95[whole - 1] if whole <= len(_T_95) else Z_95 + 2.4 / whole
