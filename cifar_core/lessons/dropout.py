"""Dropout in train and in eval mode: today's, and that of the first papers."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

NUM_DRAWS = 1000


@dataclass(frozen=True, eq=False)
class Dropped:
    """Some values after dropout.

    Attributes:
        values: float32 (n,), as they came.
        kept: bool (n,); all of them in eval mode.
        after: float32 (n,).
        factor: what the kept values were multiplied with.
    """

    values: Tensor
    kept: Tensor
    after: Tensor
    factor: float


def drop(values: Tensor, rate: float, *, training: bool, seed: int) -> Dropped:
    """Send values through ``torch.nn.Dropout``: kept ones grow in training, eval changes nothing.

    Args:
        values: float32 (n,).
        rate: share to drop, 0 to below 1.
        training: the layer's mode.
        seed: of the draw; the global generator stays as it is.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        after = F.dropout(values, rate, training)
        torch.manual_seed(seed)
        kept = F.dropout(torch.ones_like(values), rate, training) > 0
    return Dropped(values, kept, after, 1 / (1 - rate) if training else 1.0)


def drop_as_first_published(values: Tensor, rate: float, *, training: bool, seed: int) -> Dropped:
    """Drop without growing the rest; in eval mode everything shrinks instead.

    Args:
        values: float32 (n,).
        rate: share to drop, 0 to below 1.
        training: the mode.
        seed: of the draw; the same as for ``drop`` drops the same.

    Source: N. Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from
    Overfitting", 2014, section 4 and figure 2.
    """
    kept = drop(values, rate, training=training, seed=seed).kept
    if training:
        return Dropped(values, kept, torch.where(kept, values, 0.0), 1.0)
    return Dropped(values, kept, values * (1 - rate), 1 - rate)


def mean_over_draws(values: Tensor, rate: float, *, inverted: bool, seed: int = 0) -> float:
    """Return the mean of the values over ``NUM_DRAWS`` draws in train mode.

    Args:
        values: float32 (n,).
        rate: share to drop, 0 to below 1.
        inverted: as ``torch.nn.Dropout`` does it; otherwise as first published.
        seed: of the draws.
    """
    many = values.expand(NUM_DRAWS, -1)
    work = drop if inverted else drop_as_first_published
    return work(many, rate, training=True, seed=seed).after.double().mean().item()
