"""Training batches: shuffled, augmented and normalised as whole batches.

The order of an epoch is a permutation drawn from (seed, epoch), the augmentation of a few batches
from (seed, epoch, which few): a loader can start in the middle of an epoch and gives the same
batches. Pixels are moved for many of them at a time.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from cifar_core.data.image_set import Subset
from cifar_core.data.randomness import Purpose, generator_for, shuffled
from cifar_core.data.transforms import Draws, Preprocessing, join

GROUP_SIZE = 512
"""Images whose augmentation comes from one generator, where batches are smaller. Part of every run:
another size gives other draws."""
MOVED_TOGETHER = 8192
"""Images that are mirrored and shifted together, 25 MB: each tensor operation costs some
microseconds however small it is, more so right after a step, when the processor's caches hold other
things."""


@dataclass(frozen=True)
class Batch:
    """What one optimiser step sees.

    Attributes:
        number: position in the epoch, from 0.
        inputs: float32 (b, 3, 32, 32) in channels_last order, on the run's device.
        labels: int64 (b,), on the run's device.
    """

    number: int
    inputs: Tensor
    labels: Tensor


@dataclass(frozen=True)
class BatchLoader:
    """Batches of a training set; the last one of an epoch may be smaller."""

    subset: Subset
    preprocessing: Preprocessing
    batch_size: int
    seed: int
    device: torch.device

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return -(-len(self.subset) // self.batch_size)

    def batches(self, epoch: int, *, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch.

        Args:
            epoch: from 1.
            start: the first batch to yield; those before it are not computed.
        """
        size, (all_images, all_labels) = self.batch_size, self._on_device
        group = max(1, GROUP_SIZE // size)
        number = start - start % group
        for draws in self._draw(epoch, range(number, len(self), group)):
            images = self.preprocessing.augmentation.take(all_images, draws)
            labels = all_labels[draws.places.to(self.device)]
            parts = zip(images.split(size), labels.split(size), strict=True)  # type: ignore[no-untyped-call]
            for some_images, some_labels in parts:
                if number >= start:
                    yield Batch(number, self.preprocessing(some_images), some_labels)
                number += 1

    @functools.cached_property
    def _on_device(self) -> tuple[Tensor, Tensor]:
        """All images and labels of the set: on a GPU once and for all, 3 kB an image."""
        source = self.subset.source
        return source.images.to(self.device), source.labels.to(self.device)

    def _draw(self, epoch: int, firsts: range) -> Iterator[Draws]:
        """Yield which images come next, and what becomes of them, for many at a time.

        Args:
            epoch: from 1.
            firsts: the first batch of each group.
        """
        # Each image is mirrored in every second epoch, not at random: it is then seen from both
        # sides more evenly (Jordan 2024, arXiv 2404.00498).
        sides = torch.rand(len(self.subset), generator=generator_for(self.seed, Purpose.MIRRORING))
        mirrored = (sides < 0.5) ^ bool(epoch % 2)
        order = shuffled(len(self.subset), self.seed, Purpose.ORDER, epoch)
        size = firsts.step * self.batch_size

        def draw(first: int) -> Draws:
            positions = order[first * self.batch_size :][:size]
            generator = generator_for(self.seed, Purpose.AUGMENTATION, epoch, first)
            return self.preprocessing.augmentation.draw(
                self.subset.source.images.shape,
                self.subset.indices[positions],
                generator,
                mirrored[positions],
            )

        together = max(1, MOVED_TOGETHER // size)
        for ahead in range(0, len(firsts), together):
            yield join([draw(first) for first in firsts[ahead : ahead + together]])
