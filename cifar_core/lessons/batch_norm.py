"""Batch normalisation of feature maps, in train and in eval mode."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True, eq=False)
class BatchNormed:
    """One channel of a batch, before and after.

    Attributes:
        before: float32 (N, H, W).
        after: likewise.
        batch_mean: over all values of ``before``.
        batch_var: likewise, the mean squared distance from it.
        running_mean: what the layer remembers of the batches before this one.
        running_var: likewise.
        mean: the one that was subtracted.
        var: the one by whose root was divided, after ``eps`` was added.
        eps: keeps the root away from zero.
    """

    before: Tensor
    after: Tensor
    batch_mean: float
    batch_var: float
    running_mean: float
    running_var: float
    mean: float
    var: float
    eps: float


@torch.no_grad()
def normalise_batch(
    maps: Tensor, channel: int, *, training: bool, seen: Sequence[Tensor] = ()
) -> BatchNormed:
    """Send a batch through a fresh ``BatchNorm2d``.

    Args:
        maps: float32 (N, channels, H, W).
        channel: the one to look at.
        training: the layer's mode.
        seen: batches that the layer trained on before, each shaped like ``maps`` but for N.
    """
    layer = nn.BatchNorm2d(maps.shape[1])
    layer.train()
    for batch in seen:
        layer(batch)
    assert layer.running_mean is not None and layer.running_var is not None
    running = layer.running_mean[channel].item(), layer.running_var[channel].item()
    layer.train(training)
    after = layer(maps)[:, channel]
    before = maps[:, channel]
    own = before.mean().item(), before.var(correction=0).item()
    used = own if training else running
    return BatchNormed(before, after, *own, *running, *used, layer.eps)
