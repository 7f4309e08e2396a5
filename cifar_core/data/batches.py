"""Training batches: shuffled, augmented and normalised as whole batches.

The order of an epoch is a permutation drawn from (seed, epoch), the augmentation of a few batches
from (seed, epoch, which few): a loader can start in the middle of an epoch and gives the same
batches.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from cifar_core.data.image_set import Subset
from cifar_core.data.randomness import Purpose, generator_for, shuffled
from cifar_core.data.transforms import Preprocessing

GROUP_SIZE = 512
"""Images that are prepared together, where batches are smaller: each tensor operation costs some
microseconds however small it is, and for a batch of 64 that was half of all preparation."""


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
        # Each image is mirrored in every second epoch, not at random: it is then seen from both
        # sides more evenly (Jordan 2024, arXiv 2404.00498).
        sides = torch.rand(len(self.subset), generator=generator_for(self.seed, Purpose.MIRRORING))
        mirrored = (sides < 0.5) ^ bool(epoch % 2)
        order = shuffled(len(self.subset), self.seed, Purpose.ORDER, epoch)
        together = max(1, GROUP_SIZE // self.batch_size)
        for first in range(start - start % together, len(self), together):
            positions = order[first * self.batch_size : (first + together) * self.batch_size]
            images, labels = self.subset.take(positions)
            generator = generator_for(self.seed, Purpose.AUGMENTATION, epoch, first)
            inputs = self.preprocessing.for_training(images, generator, mirrored[positions])
            inputs, labels = inputs.to(self.device), labels.to(self.device)
            pairs = zip(*(torch.split(t, self.batch_size) for t in (inputs, labels)), strict=True)
            for number, (some_inputs, some_labels) in enumerate(pairs, first):
                if number >= start:
                    yield Batch(number, some_inputs, some_labels)
