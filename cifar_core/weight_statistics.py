"""How the weights of each layer are spread: numbers for histograms."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

NUM_BINS = 41
"""Odd, so that the middle one lies around zero."""


@dataclass(frozen=True)
class WeightHistogram:
    """The values of one tensor that training adjusts.

    Attributes:
        name: as in the ``state_dict``, for example "conv1.weight".
        kind: class of its layer, for example "Conv2d".
        shape: of the tensor.
        count: how many values there are.
        mean: of the values.
        std: their standard deviation; 0 for a single value.
        reach: the bins go from minus this to plus this.
        counts: values in each of the bins, which are equally wide.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    count: int
    mean: float
    std: float
    reach: float
    counts: tuple[int, ...]


def weight_histograms(
    model: nn.Module, *, reaches: dict[str, float] | None = None, num_bins: int = NUM_BINS
) -> list[WeightHistogram]:
    """Return a histogram of each weight and bias, in the network's order.

    Args:
        model: stays as it is.
        reaches: of the bins by name, so that two networks can be compared; values beyond fall into
            the outermost bins. Without it, as far as the farthest value.
        num_bins: how many bins, odd.
    """
    layers = dict(model.named_modules())
    return [
        _histogram(
            name, type(layers[name.rpartition(".")[0]]).__name__, tensor.detach(),
            (reaches or {}).get(name), num_bins,
        )
        for name, tensor in model.named_parameters()
    ]  # fmt: skip


def _histogram(
    name: str, kind: str, tensor: Tensor, reach: float | None, num_bins: int
) -> WeightHistogram:
    values = tensor.double().cpu().reshape(-1)
    if reach is None:
        reach = float(values.abs().max()) or 1.0
    counts = torch.histc(values.clamp(-reach, reach), num_bins, -reach, reach)
    return WeightHistogram(
        name=name,
        kind=kind,
        shape=tuple(tensor.shape),
        count=values.numel(),
        mean=float(values.mean()),
        std=float(values.std(correction=0)),
        reach=reach,
        counts=tuple(int(count) for count in counts),
    )
