"""Whole-batch transforms: from stored pixels to what the network sees.

One ``Preprocessing`` object serves training, evaluation, preview and uploaded pictures. All
functions are pure: tensor in, tensor out, every draw from the generator given.
"""

import functools
import math
from collections.abc import Sequence
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
class Draws:
    """Which images of a larger set are taken, and what chance decided about each.

    Attributes:
        places: int64 (N,), which images.
        starts: integers (N, H), the pixel with which the row of the set begins that each row comes
            from, counted through all images; None where nothing is shifted or mirrored.
        columns: integers (N, W), which pixel of that row stands in each column; likewise.
        squares: int64 (N, 2), row and column of what is blanked, see ``cut_out``; None for nothing.
    """

    places: Tensor
    starts: Tensor | None = None
    columns: Tensor | None = None
    squares: Tensor | None = None


def join(draws: Sequence[Draws]) -> Draws:
    """Return several draws of one augmentation, at least one, as one."""

    def end_to_end(parts: list[Tensor | None]) -> Tensor | None:
        there = [part for part in parts if part is not None]
        return torch.cat(there) if there else None

    return Draws(
        torch.cat([d.places for d in draws]),
        end_to_end([d.starts for d in draws]),
        end_to_end([d.columns for d in draws]),
        end_to_end([d.squares for d in draws]),
    )


@dataclass(frozen=True)
class Augmentation:
    """Random changes to training images: mirror, shift, blank a square.

    Chance is asked first and pixels are moved afterwards: draws are quicker for many images at a
    time, pixels when they are needed, while they are then still in the processor's cache.
    """

    flip: bool = False
    shift: int = 0
    cutout: int = 0

    def draw(
        self,
        shape: Sequence[int],
        places: Tensor,
        generator: Generator,
        mirrored: Tensor | None = None,
    ) -> Draws:
        """Decide what becomes of some images, without looking at them.

        Args:
            shape: of the set, (M, H, W, 3).
            places: int64 (N,), which of its images.
            generator: source of every draw, on the CPU.
            mirrored: bool (N,), which images to mirror where ``flip`` is on; None draws half.
        """
        starts = columns = squares = None
        if self.flip or self.shift:
            starts, columns = self._draw_moves(shape, places, generator, mirrored)
        if self.cutout:
            size = (len(places),)
            top = torch.randint(0, shape[1], size, generator=generator)
            left = torch.randint(0, shape[2], size, generator=generator)
            squares = torch.stack([top, left], dim=1) - self.cutout // 2
        return Draws(places, starts, columns, squares)

    def _draw_moves(
        self, shape: Sequence[int], places: Tensor, generator: Generator, mirrored: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Return starts and columns of ``Draws``; arguments as of ``draw``."""
        count, height, width = len(places), *shape[1:3]
        num_shifts = 2 * self.shift + 1
        down = torch.randint(0, num_shifts, (count,), generator=generator)
        right = torch.randint(0, num_shifts, (count,), generator=generator)
        if self.flip:
            if mirrored is None:
                mirrored = torch.rand(count, generator=generator) < 0.5
            right += mirrored * num_shifts
        dtype = torch.int32 if math.prod(shape) < 2**31 else torch.int64
        rows = _shifted(height, self.shift, dtype).index_select(0, down)
        starts = rows.add_((places * height)[:, None]).mul_(width)
        return starts, _shifted(width, self.shift, dtype).index_select(0, right)

    def take(self, images: Tensor, draws: Draws) -> Tensor:
        """Return images of a larger set, changed as was drawn.

        Args:
            images: uint8 (M, H, W, 3), on any device.
            draws: of ``draw``, for N of them, on the CPU.

        Returns:
            uint8 (N, H, W, 3), a new tensor.
        """
        if draws.starts is None or draws.columns is None:
            taken = images.index_select(0, draws.places.to(images.device))
        else:
            taken = take_pixels(images, draws.starts, draws.columns)
        return taken if draws.squares is None else cut_out(taken, self.cutout, draws.squares)


@dataclass(frozen=True)
class Preprocessing:
    """The way of every picture to the network; only training adds the augmentation before it.

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


@functools.lru_cache(maxsize=16)
def _shifted(size: int, shift: int, dtype: torch.dtype) -> Tensor:
    """Return positions shifted by -shift to shift; after them the same of the mirrored image.

    What moves in at the border is the image mirrored there, which leaves no false edge.

    Returns:
        (2 (2 shift + 1), size); kept, so nobody may write to it.
    """
    offsets = torch.arange(-shift, shift + 1)
    positions = (torch.arange(size) + offsets[:, None]).abs()
    positions = torch.where(positions >= size, 2 * (size - 1) - positions, positions)
    return torch.cat([positions, positions.flip(1)]).to(dtype)


def take_pixels(images: Tensor, starts: Tensor, columns: Tensor) -> Tensor:
    """Return images whose pixel (n, y, x) is ``starts[n, y] + columns[n, x]`` of those given.

    Args:
        images: uint8 (M, H, W, 3); their pixels are counted through all of them.
        starts: integers (N, H).
        columns: integers (N, W).

    Returns:
        uint8 (N, H, W, 3).
    """
    starts, columns = starts.to(images.device), columns.to(images.device)
    pixels = (starts[:, :, None] + columns[:, None, :]).view(-1)
    # index_select over rows of three bytes: several times faster than indexing with three tensors
    return images.reshape(-1, 3).index_select(0, pixels).view(len(starts), *images.shape[1:])


def cut_out(images: Tensor, side: int, squares: Tensor) -> Tensor:
    """Paint one square of mid-grey over each image (DeVries and Taylor 2017, arXiv 1708.04552).

    Args:
        images: uint8 (N, H, W, 3).
        side: of the square, in pixels.
        squares: int64 (N, 2), the first row and column of each; it may be cut by the border.

    Returns:
        uint8 (N, H, W, 3), a new tensor.
    """
    top, left = squares.to(images.device).split(1, dim=1)  # type: ignore[no-untyped-call]
    rows = torch.arange(images.shape[1], device=images.device)
    columns = torch.arange(images.shape[2], device=images.device)
    in_rows = (rows >= top) & (rows < top + side)
    in_columns = (columns >= left) & (columns < left + side)
    square = in_rows[:, :, None] & in_columns[:, None, :]
    return images.masked_fill(square[..., None], 128)
