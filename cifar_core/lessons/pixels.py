"""From stored pixels to the numbers that a network sees, and back."""

from dataclasses import dataclass

from torch import Tensor

from cifar_core.data.transforms import Normalization, Triple

SCALED_ONLY = Normalization((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
"""``ToTensor`` alone: pixels from 0 to 1, not normalised."""


@dataclass(frozen=True, eq=False)
class PixelSteps:
    """The same picture after every step.

    Attributes:
        stored: uint8 (32, 32, 3), as in the file.
        scaled: float32 (3, 32, 32), 0 to 1, after ``ToTensor``.
        normalised: float32 (3, 32, 32), after ``Normalize``.
        restored: uint8 (32, 32, 3), the way back.
        mean: of each channel, as subtracted.
        std: of each channel, as divided by.
    """

    stored: Tensor
    scaled: Tensor
    normalised: Tensor
    restored: Tensor
    mean: Triple
    std: Triple


def follow_pixels(image: Tensor, normalization: Normalization) -> PixelSteps:
    """Take a picture through ``ToTensor`` and ``Normalize``, and back.

    Args:
        image: uint8 (32, 32, 3).
        normalization: what the network was trained with, or another one.
    """
    scaled = image.permute(2, 0, 1).float() / 255
    normalised = normalization.apply(image[None])
    return PixelSteps(
        stored=image,
        scaled=scaled,
        normalised=normalised[0].contiguous(),
        restored=normalization.undo(normalised)[0],
        mean=normalization.mean,
        std=normalization.std,
    )
