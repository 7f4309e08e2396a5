"""Set a first layer so that what it passes on is uncorrelated and of equal size.

Source: Page 2018, "How to train your ResNet 8: Bag of tricks"; with filters in both signs as in
Jordan 2024, arXiv 2404.00498.
"""

import torch
from torch import Tensor, nn

EPSILON = 5e-4
"""Added to each variance: patterns that hardly occur are not blown up."""
NUM_IMAGES = 5_000
"""Enough for a covariance of twelve numbers; a few milliseconds."""


@torch.no_grad()
def whiten(layer: nn.Conv2d, inputs: Tensor) -> None:
    """Set the filters of a convolution to the scaled principal components of its patches.

    Args:
        layer: float (2k, c, h, w) weights with k = c * h * w; each component is there in both
            signs, so that a one-sided activation loses nothing. Its bias becomes zero.
        inputs: float (N, c, H, W), what the layer will see.

    Raises:
        ValueError: the layer has another number of filters.
    """
    filters, channels, height, width = layer.weight.shape
    size = channels * height * width
    if filters != 2 * size:
        raise ValueError(f"The layer has {filters} filters; expected {2 * size}.")
    patches = nn.functional.unfold(inputs.float(), (height, width))  # (N, size, places)
    patches = patches.transpose(1, 2).reshape(-1, size).double()
    variances, components = torch.linalg.eigh(torch.cov(patches.T))
    rows = (components / torch.sqrt(variances + EPSILON)).T.flip(0)  # the strongest first
    weights = rows.reshape(size, channels, height, width)
    layer.weight.copy_(torch.cat([weights, -weights]))
    if layer.bias is not None:
        layer.bias.zero_()
