import pytest
import torch

from cifar_core.errors import ConfigError, ImageError
from cifar_core.heat import HEAT_COLOURS, colour_heat, overlay, scale_heat


def lightness(colours):
    """CIE L* of RGB 0..255, (..., 3): how bright a person finds them, 0 to 100."""
    scaled = colours.double() / 255
    linear = torch.where(scaled <= 0.04045, scaled / 12.92, ((scaled + 0.055) / 1.055) ** 2.4)
    luminance = linear @ torch.tensor([0.2126, 0.7152, 0.0722], dtype=torch.float64)
    return 116 * luminance ** (1 / 3) - 16


def test_scaling_keeps_zero_and_brings_each_map_to_one():
    heat = torch.tensor([[[-2.0, 0.0], [1.0, 4.0]], [[0.0, 1e-20], [5e-21, 0.0]]])
    expected = torch.tensor([[[0.0, 0.0], [0.25, 1.0]], [[0.0, 1.0], [0.5, 0.0]]])
    torch.testing.assert_close(scale_heat(heat), expected)


def test_scaling_leaves_a_map_without_anything_positive_at_zero():
    assert torch.equal(scale_heat(torch.tensor([[-1.0, 0.0]])), torch.zeros(1, 2))


def test_colours_run_through_their_anchors_and_stop_at_the_ends():
    heat = torch.tensor([-1.0, 0.0, 0.25, 0.375, 1.0, 7.0])
    anchors = torch.tensor(HEAT_COLOURS, dtype=torch.float32)
    halfway = (anchors[1] + anchors[2]) / 2
    expected = torch.stack([anchors[0], anchors[0], anchors[1], halfway, anchors[-1], anchors[-1]])
    torch.testing.assert_close(colour_heat(heat), expected)


def test_lightness_rises_evenly_so_that_nobody_needs_the_hue():
    steps = lightness(colour_heat(torch.linspace(0, 1, 65))).diff()
    assert steps.min() > 0.75 * steps.mean()
    assert steps.max() < 1.25 * steps.mean()


def test_overlay_mixes_image_and_colours():
    image = torch.full((32, 32, 3), 100, dtype=torch.uint8)
    image[0, 0] = torch.tensor([0, 128, 255])
    heat = torch.linspace(0, 1, 32).expand(32, 32)
    assert torch.equal(overlay(image, heat, 0), image)
    assert torch.equal(overlay(image, heat, 1), colour_heat(heat).round().to(torch.uint8))
    half = overlay(image, heat, 0.5)
    assert half.dtype == torch.uint8
    assert half[5, 31].tolist() == [178, 164, 110]  # 100 and the hottest, 255 228 120
    assert half[0, 0].tolist() == [5, 74, 164]  # 164.5 is rounded to the even number


def test_overlay_refuses_what_does_not_fit():
    image = torch.zeros(32, 32, 3, dtype=torch.uint8)
    with pytest.raises(ImageError, match=r"\(16, 16\)"):
        overlay(image, torch.zeros(16, 16), 0.5)
    with pytest.raises(ImageError, match="float32"):
        overlay(image.float(), torch.zeros(32, 32), 0.5)
    with pytest.raises(ConfigError, match=r"strength is 1\.5"):
        overlay(image, torch.zeros(32, 32), 1.5)
