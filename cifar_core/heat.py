"""Heat maps as pictures: scaling, and colours that everybody can tell apart."""

import torch
from torch import Tensor

from cifar_core.errors import ConfigError, ImageError

HEAT_COLOURS = ((10, 20, 74), (58, 64, 128), (152, 104, 132), (238, 148, 84), (255, 228, 120))
"""From cold to hot, evenly spaced, RGB 0 to 255. Dark blue over mauve to light yellow: lightness
rises evenly, so that the map reads the same in grey and to eyes that confuse red and green."""


def scale_heat(heat: Tensor) -> Tensor:
    """Return the positive part of each map scaled to its own largest value.

    Args:
        heat: float (..., H, W).

    Returns:
        The same shape, 0 to 1; all zeros where nothing is positive.
    """
    positive = heat.clamp(min=0)
    peak = positive.amax((-2, -1), keepdim=True)
    return positive / peak.clamp(min=torch.finfo(heat.dtype).tiny)


def colour_heat(heat: Tensor) -> Tensor:
    """Return the colour of each value.

    Args:
        heat: float (...), taken as 0 where it is below and as 1 where it is above.

    Returns:
        float32 (..., 3), RGB 0 to 255, between the neighbours in ``HEAT_COLOURS``.
    """
    colours = torch.tensor(HEAT_COLOURS, dtype=torch.float32)
    place = heat.float().clamp(0, 1) * (len(colours) - 1)
    below = place.long().clamp(max=len(colours) - 2)
    return colours[below].lerp(colours[below + 1], (place - below)[..., None])


def overlay(image: Tensor, heat: Tensor, strength: float) -> Tensor:
    """Lay a heat map over an image.

    Args:
        image: uint8 (H, W, 3).
        heat: float (H, W), 0 is cold and 1 is hot.
        strength: 0 shows the image alone, 1 the heat map alone.

    Returns:
        uint8 (H, W, 3).

    Raises:
        ImageError: image and heat map differ in size, or the image is not uint8 (H, W, 3).
        ConfigError: ``strength`` is out of range.
    """
    if image.dtype != torch.uint8 or image.shape != (*heat.shape, 3) or heat.dim() != 2:
        raise ImageError(
            f"The image is {image.dtype} {tuple(image.shape)} and its heat map "
            f"{tuple(heat.shape)}; expected torch.uint8 (H, W, 3) and (H, W)."
        )
    if not 0 <= strength <= 1:
        raise ConfigError(f"strength is {strength}; expected from 0 to 1.")
    return image.float().lerp(colour_heat(heat), strength).round().to(torch.uint8)
