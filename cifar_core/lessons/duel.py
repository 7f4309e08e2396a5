"""A person and a network look at the same twenty pictures. No torch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cifar_core.scores import wilson_interval

NUM_PICTURES = 20
HUMAN_ACCURACY = 0.94
"""Of one trained person on CIFAR-10 test images.

Source: A. Karpathy, "Lessons learned from manually classifying CIFAR-10", 2011,
https://karpathy.github.io/2011/04/27/manually-classifying-cifar10/
"""


@dataclass(frozen=True)
class Score:
    """Right answers, with the 95 % interval of their share."""

    right: int
    total: int
    low: float
    high: float

    @property
    def accuracy(self) -> float:
        """Share of right answers, 0 to 1."""
        return self.right / self.total


def score_answers(answers: Sequence[int], labels: Sequence[int]) -> Score:
    """Count right answers.

    Args:
        answers: class numbers.
        labels: the true ones, at least one.
    """
    right = sum(a == b for a, b in zip(answers, labels, strict=True))
    return Score(right, len(labels), *wilson_interval(right, len(labels)))


def draw_places(total: int, draw: int, count: int = NUM_PICTURES) -> list[int]:
    """Return different numbers below ``total``, fewer where there are not enough.

    Args:
        total: how many there are to choose from.
        draw: another number gives other places; the same gives the same.
        count: how many to choose.
    """
    order = np.random.default_rng(draw).permutation(total)
    return [int(place) for place in order[:count]]
