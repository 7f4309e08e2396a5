"""The filters of the first convolution as small colour pictures."""

import torch
from torch import Tensor, nn

from cifar_core.errors import ConfigError


def first_layer_weights(model: nn.Module) -> Tensor:
    """Return the weights of the first convolution over colours.

    Args:
        model: stays as it is.

    Returns:
        float32 (filters, 3, k, k) on the CPU.

    Raises:
        ConfigError: the network has no convolution over three channels.
    """
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d) and layer.in_channels == 3:
            return layer.weight.detach().to("cpu", torch.float32, copy=True)
    raise ConfigError("The network has no convolution over three colour channels to show.")


def first_layer_filters(model: nn.Module) -> Tensor:
    """Return the filters of the first convolution as pictures, each stretched on its own.

    Args:
        model: stays as it is.

    Returns:
        As ``filter_pictures``.

    Raises:
        ConfigError: the network has no convolution over three channels.
    """
    return filter_pictures(first_layer_weights(model))


def filter_pictures(weights: Tensor, *, peaks: Tensor | None = None) -> Tensor:
    """Return filters as pictures in which mid-grey is a weight of zero.

    Args:
        weights: float (filters, 3, k, k).
        peaks: the weight that is shown as full colour, in a shape that spreads over ``weights``:
            one number compares all filters with each other. Without it each filter's own largest
            one, which shows the pattern of weak filters too.

    Returns:
        float32 of the same shape, 0 to 1.
    """
    if peaks is None:
        peaks = weights.abs().amax((1, 2, 3), keepdim=True)
    scaled = weights / peaks.clamp(min=torch.finfo(torch.float32).tiny)
    return (0.5 + 0.5 * scaled).clamp(0, 1).float()
