"""Whole-batch transforms: from stored pixels to what the network sees.

One ``Preprocessing`` object serves training, evaluation, preview and uploaded pictures. All
functions are pure: tensor in, tensor out, every draw from the generator given.
"""

import functools
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from cifar_core.config import PLAIN, TrainConfig

Triple = tuple[float, float, float]

HALF: Triple = (0.5, 0.5, 0.5)
"""Mean and standard deviation of the tutorial's ``Normalize``."""


@dataclass(frozen=True)
class Normalization:
    """Per-channel mean and standard deviation, on pixels scaled to 0..1."""

    mean: Triple = HALF
    std: Triple = HALF

    def apply(self, images: Tensor) -> Tensor:
        """Turn stored pixels into inputs.

        Args:
            images: uint8 (N, H, W, 3).

        Returns:
            float32 (N, 3, H, W) in channels_last memory order: the stored order, so no copy.
        """
        _, height, width, _ = images.shape
        scale, offset = _scale_and_offset(self, height * width, images.device)
        rows = images.flatten(1).float().mul_(scale).add_(offset)
        return rows.view(images.shape).permute(0, 3, 1, 2)

    def undo(self, inputs: Tensor) -> Tensor:
        """Turn inputs float (N, 3, H, W) back into pixels uint8 (N, H, W, 3), for showing."""
        mean = torch.tensor(self.mean, device=inputs.device)
        std = torch.tensor(self.std, device=inputs.device)
        pixels = (inputs.float().permute(0, 2, 3, 1) * std + mean) * 255
        return pixels.round().clamp(0, 255).to(torch.uint8)


@functools.lru_cache(maxsize=16)
def _scale_and_offset(
    normalization: Normalization, num_pixels: int, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Return what each stored byte of an image is multiplied with, and what is added.

    One factor a byte: multiplying along whole rows is three times as fast as broadcasting over the
    three channels. Nobody may write to the answer: it is kept.
    """
    mean, std = normalization.mean, normalization.std
    scale = torch.tensor([1 / (255 * s) for s in std])
    offset = torch.tensor([-m / s for m, s in zip(mean, std, strict=True)])
    return scale.repeat(num_pixels).to(device), offset.repeat(num_pixels).to(device)


@dataclass(frozen=True)
class Augmentation:
    """Random changes to training images: mirror, shift, blank a square."""

    flip: bool = False
    shift: int = 0
    cutout: int = 0

    def apply(self, images: Tensor, generator: Generator, mirrored: Tensor | None = None) -> Tensor:
        """Change each image by draws of its own.

        Args:
            images: uint8 (N, H, W, 3).
            generator: source of every draw, on the CPU.
            mirrored: bool (N,), which images to mirror where ``flip`` is on; None draws half.

        Returns:
            uint8 (N, H, W, 3), a new tensor where anything is switched on.
        """
        if self.flip or self.shift:
            images = shift_and_flip(
                images, self.shift, flip=self.flip, generator=generator, mirrored=mirrored
            )
        if self.cutout:
            images = cut_out(images, self.cutout, generator=generator)
        return images


@dataclass(frozen=True)
class Preprocessing:
    """The way of every picture to the network; only training adds the augmentation.

    Attributes:
        normalization: of the pixels.
        augmentation: in training.
        views: of ``config.VIEWS``, what a finished network is asked; see ``views``.
    """

    normalization: Normalization = Normalization()
    augmentation: Augmentation = Augmentation()
    views: str = PLAIN

    def __call__(self, images: Tensor) -> Tensor:
        """Return what the network sees: uint8 (N, 32, 32, 3) to float32 (N, 3, 32, 32)."""
        return self.normalization.apply(images)

    def for_training(
        self, images: Tensor, generator: Generator, mirrored: Tensor | None = None
    ) -> Tensor:
        """Return what the network sees while training; arguments as ``Augmentation.apply``."""
        return self.normalization.apply(self.augmentation.apply(images, generator, mirrored))


def build_preprocessing(config: TrainConfig, mean: Triple, std: Triple) -> Preprocessing:
    """Return the transforms that a config asks for.

    Args:
        config: which normalisation and augmentation.
        mean: the data set's own, used where ``config.normalization`` is "dataset".
        std: likewise.
    """
    own = config.normalization == "dataset"
    return Preprocessing(
        Normalization(mean, std) if own else Normalization(),
        Augmentation(config.flip, config.shift, config.cutout),
    )


def shift_and_flip(
    images: Tensor,
    shift: int,
    *,
    flip: bool,
    generator: Generator,
    mirrored: Tensor | None = None,
) -> Tensor:
    """Move each image by up to ``shift`` pixels each way and mirror half of them.

    What moves in at the border is the image mirrored there, which leaves no false edge.

    Args:
        images: uint8 (N, H, W, 3).
        shift: largest move in pixels, below H and W.
        flip: whether to mirror.
        generator: source of the draws, on the CPU.
        mirrored: bool (N,), which to mirror; None draws half.

    Returns:
        uint8 (N, H, W, 3).
    """
    count, height, width, _ = images.shape
    rows = _moved(height, torch.randint(-shift, shift + 1, (count, 1), generator=generator))
    columns = _moved(width, torch.randint(-shift, shift + 1, (count, 1), generator=generator))
    if flip:
        if mirrored is None:
            mirrored = torch.rand(count, generator=generator) < 0.5
        columns = torch.where(mirrored[:, None], columns.flip(1), columns)
    starts = ((torch.arange(count)[:, None] * height + rows) * width).int()
    pixels = (starts[:, :, None] + columns.int()[:, None, :]).reshape(-1)
    # index_select over rows of three bytes: several times faster than indexing with three tensors
    return images.reshape(-1, 3).index_select(0, pixels.to(images.device)).view(images.shape)


def _moved(size: int, offsets: Tensor) -> Tensor:
    """Return int64 (N, size): positions shifted by (N, 1) offsets, reflected at both ends."""
    positions = (torch.arange(size) + offsets).abs()
    return torch.where(positions >= size, 2 * (size - 1) - positions, positions)


def cut_out(images: Tensor, side: int, *, generator: Generator) -> Tensor:
    """Paint one square of mid-grey over each image (DeVries and Taylor 2017, arXiv 1708.04552).

    Args:
        images: uint8 (N, H, W, 3).
        side: of the square, in pixels; its centre is anywhere, so that it may be cut by the border.
        generator: source of the draws, on the CPU.

    Returns:
        uint8 (N, H, W, 3), a new tensor.
    """
    count, height, width, _ = images.shape
    top = torch.randint(0, height, (count, 1), generator=generator) - side // 2
    left = torch.randint(0, width, (count, 1), generator=generator) - side // 2
    rows, columns = torch.arange(height), torch.arange(width)
    in_rows = (rows >= top) & (rows < top + side)
    in_columns = (columns >= left) & (columns < left + side)
    square = (in_rows[:, :, None] & in_columns[:, None, :]).to(images.device)
    return images.masked_fill(square[..., None], 128)
