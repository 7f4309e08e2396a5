import numpy as np
import pytest

from dashboard.activation_colours import colour_values, css_gradient, palette

RGB_TO_LMS = np.array([
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
])  # fmt: skip
LMS_TO_LAB = np.array([
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
])  # fmt: skip


def oklab(colours: np.ndarray) -> np.ndarray:
    encoded = colours / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    return np.cbrt(linear @ RGB_TO_LMS.T) @ LMS_TO_LAB.T


def test_equal_steps_look_equally_large_and_the_hue_stays():
    lab = oklab(palette()[::5].astype(float))  # five levels: more than the rounding to bytes
    steps = np.linalg.norm(np.diff(lab, axis=0), axis=1)
    assert (np.diff(lab[:, 0]) > 0).all()
    assert steps.max() / steps.min() < 1.35
    coloured = lab[np.hypot(lab[:, 1], lab[:, 2]) > 0.04]
    hues = np.rad2deg(np.arctan2(coloured[:, 2], coloured[:, 1]))
    assert len(coloured) > 30 and np.ptp(hues) < 8


def test_values_get_their_colours_and_those_outside_the_ends():
    values = np.array([[-5.0, 0.0], [0.5, 9.0]], np.float32)
    found = colour_values(values, 0.0, 1.0)
    assert found.dtype == np.uint8 and found.shape == (2, 2, 3)
    assert (found[0] == palette()[0]).all() and (found[1, 1] == palette()[-1]).all()
    assert (found[1, 0] == palette()[128]).all()


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_a_silent_map_is_dark(value):
    assert (colour_values(np.full((2, 2), value), value, value) == palette()[0]).all()


def test_the_gradient_goes_from_end_to_end():
    first, last = (tuple(map(int, palette()[place])) for place in (0, -1))
    assert css_gradient().startswith(f"linear-gradient(to right, rgb{first}")
    assert css_gradient().endswith(f"rgb{last})")
