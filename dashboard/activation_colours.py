"""One blue from dark to light, for what layers answer: equal steps of a value look equally large.

Lightness rises evenly in OKLab while the hue stays, so that the map reads the same in grey and to
every kind of eye. Pure: no Streamlit.

Source of the colour space: B. Ottosson, "A perceptual color space for image processing", 2020,
https://bottosson.github.io/posts/oklab/.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

HUE_DEGREES = 262.0
LIGHTNESS = (0.13, 0.98)
_CHROMA = 0.115
"""At middle lightness; towards both ends it fades, as sRGB has no saturated black or white."""
_LEVELS = 256
_LMS_FROM_LAB = np.array([
    [1.0, 0.3963377774, 0.2158037573],
    [1.0, -0.1055613458, -0.0638541728],
    [1.0, -0.0894841775, -1.2914855480],
])  # fmt: skip
_RGB_FROM_LMS = np.array([
    [4.0767416621, -3.3077115913, 0.2309699292],
    [-1.2684380046, 2.6097574011, -0.3413193965],
    [-0.0041960863, -0.7034186147, 1.7076147010],
])  # fmt: skip


@cache
def palette() -> NDArray[np.uint8]:
    """Return the colours from dark to light, uint8 (256, 3), RGB."""
    share = np.linspace(0, 1, _LEVELS)
    lightness = LIGHTNESS[0] + share * (LIGHTNESS[1] - LIGHTNESS[0])
    chroma = _CHROMA * np.sin(np.pi * (0.06 + 0.90 * share))
    angle = np.deg2rad(HUE_DEGREES)
    lab = np.stack([lightness, chroma * np.cos(angle), chroma * np.sin(angle)], axis=1)
    linear = ((lab @ _LMS_FROM_LAB.T) ** 3 @ _RGB_FROM_LMS.T).clip(0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(encoded * 255), np.uint8)


def colour_values(values: NDArray[np.float32], low: float, high: float) -> NDArray[np.uint8]:
    """Return each value's colour.

    Args:
        values: float (...).
        low: the value of the darkest colour; what is below has it too.
        high: the value of the lightest one; not below ``low``.

    Returns:
        uint8 (..., 3). All darkest where ``low`` equals ``high``.
    """
    span = (high - low) or 1.0
    places = np.rint((values - low) / span * (_LEVELS - 1)).clip(0, _LEVELS - 1)
    return np.asarray(palette()[places.astype(np.uint8)])


def css_gradient() -> str:
    """Return the colours as a CSS gradient from left to right."""
    stops = palette()[:: (_LEVELS - 1) // 15]
    return f"linear-gradient(to right, {', '.join(f'rgb({r}, {g}, {b})' for r, g, b in stops)})"
