"""Flatten and linear layers: where 4608 comes from, and what one unit computes."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cifar_core.models.simple_cnn import SimpleCNN


@dataclass(frozen=True)
class LayerSize:
    """A layer of a network like the tutorial's.

    Attributes:
        name: as in ``SimpleCNN``.
        shape: of what it hands on.
        parameters: numbers that training adjusts.
        sum: how they are counted, for example "3 × 3 × 3 × 18 + 18"; empty where there are none.
    """

    name: str
    shape: tuple[int, ...]
    parameters: int = 0
    sum: str = ""


@dataclass(frozen=True, eq=False)
class Unit:
    """One unit of a linear layer.

    Attributes:
        inputs: float32 (n,).
        weight: likewise.
        products: of the two.
        bias: added to their sum.
        output: the sum plus the bias.
    """

    inputs: Tensor
    weight: Tensor
    products: Tensor
    bias: float
    output: float


def layer_sizes(
    filters: int = 18, hidden: int = 64, classes: int = 10, *, side: int = 32, pooling: int = 2
) -> list[LayerSize]:
    """Return what every layer hands on, and its parameters; ReLU changes neither.

    Args:
        filters: of the 3 × 3 convolution with padding 1.
        hidden: units of the first linear layer.
        classes: units of the second one.
        side: of the picture, in pixels.
        pooling: side of the pooling window, and its stride.
    """
    small = side // pooling
    flat = filters * small * small
    return [
        LayerSize(
            "conv1", (filters, side, side), 27 * filters + filters,
            f"3 × 3 × 3 × {filters} + {filters}",
        ),
        LayerSize("pool", (filters, small, small)),
        LayerSize("flatten", (flat,)),
        LayerSize("fc1", (hidden,), flat * hidden + hidden, f"{flat} × {hidden} + {hidden}"),
        LayerSize(
            "fc2", (classes,), hidden * classes + classes, f"{hidden} × {classes} + {classes}"
        ),
    ]  # fmt: skip


@torch.no_grad()
def look_at_unit(layer: nn.Linear, inputs: Tensor, unit: int) -> Unit:
    """Return what one unit of a linear layer computes.

    Args:
        layer: stays as it is.
        inputs: float32 (n,), what the layer gets.
        unit: its number, from 0.
    """
    weight = layer.weight[unit].clone()
    output = layer(inputs)[unit].item()
    return Unit(inputs, weight, inputs * weight, layer.bias[unit].item(), output)


def maps_side_by_side(maps: Tensor, columns: int) -> Tensor:
    """Return maps (n, H, W) as one (rows * H, columns * W); n is a multiple of ``columns``."""
    count, height, width = maps.shape
    grid = maps.reshape(count // columns, columns, height, width)
    return grid.permute(0, 2, 1, 3).reshape(-1, columns * width)


def fresh_network(seed: int = 0, classes: int = 10) -> SimpleCNN:
    """Return the tutorial's network with random weights; draws nothing from the global generator.

    Args:
        seed: of the weights.
        classes: length of the answer.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return SimpleCNN(classes).eval()
