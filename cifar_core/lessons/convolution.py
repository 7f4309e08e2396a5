"""One filter of a convolution over one picture, with all that its arithmetic needs."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

CLASSIC_KERNELS: dict[str, tuple[tuple[float, ...], ...]] = {
    "vertical_edges": ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)),
    "horizontal_edges": ((-1, -2, -1), (0, 0, 0), (1, 2, 1)),
    "blur": ((1 / 9,) * 3,) * 3,
    "wide_blur": ((1 / 25,) * 5,) * 5,
    "sharpen": ((0, -1, 0), (-1, 5, -1), (0, -1, 0)),
}
"""Filters that people designed before networks learned their own; the first two are Sobel's."""


@dataclass(frozen=True)
class Slide:
    """How a window moves over a picture.

    Attributes:
        stride: pixels from one place to the next, at least 1.
        padding: rows of zeros around the picture, at least 0.
        dilation: distance of the window's cells, at least 1; 2 leaves every second pixel out.
    """

    stride: int = 1
    padding: int = 0
    dilation: int = 1


@dataclass(frozen=True, eq=False)
class Convolution:
    """What one filter does.

    Attributes:
        padded: the picture with its border of zeros, float32 (channels, H + 2p, W + 2p).
        weight: float32 (channels, k, k).
        bias: added to every sum.
        output: float32 (H', W'). At (row, column) it is the sum over ``weight`` times the window of
            ``padded`` that begins at (row * stride, column * stride), plus ``bias``.
        slide: how the window moves.
    """

    padded: Tensor
    weight: Tensor
    bias: float
    output: Tensor
    slide: Slide


def output_size(size: int, kernel: int, slide: Slide) -> int:
    """Return how many places a window has along a side.

    Args:
        size: pixels of the picture's side.
        kernel: cells of the window's side.
        slide: how it moves.

    Source: the formula in the documentation of ``torch.nn.Conv2d``.
    """
    reach = slide.dilation * (kernel - 1) + 1
    return (size + 2 * slide.padding - reach) // slide.stride + 1


def classic_weight(name: str, channels: int = 3) -> Tensor:
    """Return a classic kernel that looks at the mean of the channels: float32 (channels, k, k)."""
    kernel = torch.tensor(CLASSIC_KERNELS[name], dtype=torch.float32)
    return kernel.expand(channels, -1, -1) / channels


@torch.no_grad()
def convolve(inputs: Tensor, weight: Tensor, bias: float, slide: Slide) -> Convolution:
    """Slide one filter over a picture.

    Args:
        inputs: float32 (channels, H, W).
        weight: float32 (channels, k, k); the window must fit into the padded picture.
        bias: added to every sum.
        slide: how the window moves.
    """
    output = F.conv2d(
        inputs[None],
        weight[None],
        torch.tensor([bias]),
        stride=slide.stride,
        padding=slide.padding,
        dilation=slide.dilation,
    )
    padded = F.pad(inputs, (slide.padding,) * 4)
    return Convolution(padded, weight, bias, output[0, 0], slide)
