import torch
from PIL import Image

from cifar_core.data.transforms import Normalization
from cifar_core.lessons.pixels import SCALED_ONLY, follow_pixels
from cifar_core.torchvision_compat import torchvision

OWN = Normalization((0.49, 0.48, 0.44), (0.25, 0.24, 0.26))


def image() -> torch.Tensor:
    return torch.randint(0, 256, (32, 32, 3), dtype=torch.uint8)


def test_every_step_is_what_torchvision_computes():
    transforms = torchvision.transforms
    stored = image()
    scaled = transforms.ToTensor()(Image.fromarray(stored.numpy()))
    normalised = transforms.Normalize(OWN.mean, OWN.std)(scaled)
    steps = follow_pixels(stored, OWN)
    torch.testing.assert_close(steps.scaled, scaled, atol=1e-6, rtol=0)
    torch.testing.assert_close(steps.normalised, normalised, atol=1e-6, rtol=0)


def test_the_way_back_gives_every_pixel_back():
    for normalization in (Normalization(), OWN, SCALED_ONLY):
        stored = image()
        assert torch.equal(follow_pixels(stored, normalization).restored, stored)


def test_without_normalize_the_numbers_are_those_of_to_tensor():
    steps = follow_pixels(image(), SCALED_ONLY)
    torch.testing.assert_close(steps.normalised, steps.scaled, atol=1e-6, rtol=0)
