"""``ImageSet``: one data set in memory, and ``Subset``: some of its images.

Knows nothing of where the images came from (``sources``) or of how they are split (``splits``).
Importing this module does not import torch, so that pages can ask what there is without waiting.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

IMAGE_SIZE = 32
"""Height and width of every image, in pixels."""

FEW_IMAGES = 20
"""With fewer of a class a network learns little, and validation and test take their share."""

CIFAR10_CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip


@dataclass(frozen=True)
class RawImages:
    """Images as a source delivers them, before they are prepared.

    Attributes:
        images: uint8 (N, 32, 32, 3), RGB; the training part first, then the test part.
        labels: int64 (N,), indices into ``classes``.
        num_train: how many of the images are the training part; the test part may be empty.
        classes: class names in label order.
        name: what a person calls the set, for example "CIFAR-10".
        drawn: True where the program drew the images itself.
        notes: sentences about what was skipped and why.
    """

    images: np.ndarray
    labels: np.ndarray
    num_train: int
    classes: tuple[str, ...]
    name: str
    drawn: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class ImageSet:
    """A prepared data set, mapped from disk.

    Attributes:
        images: uint8 (N, 32, 32, 3), RGB; the training part first. Its memory is shared with every
            process that opens the same set.
        labels: int64 (N,), indices into ``classes``.
        num_train: how many of the images are the training part.
        classes: class names in label order.
        name: what a person calls the set.
        drawn: True where the program drew the images itself.
        fingerprint: sha256 over images, labels, split and classes, in hex.
        mean: per channel, over the training part, pixels scaled to 0..1.
        std: likewise.
        notes: sentences about what was skipped and why.
    """

    images: Tensor
    labels: Tensor
    num_train: int
    classes: tuple[str, ...]
    name: str
    drawn: bool
    fingerprint: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of images, both parts together."""
        return len(self.labels)

    @property
    def num_test(self) -> int:
        """How many of the images are the test part."""
        return len(self) - self.num_train

    @property
    def num_classes(self) -> int:
        """How many classes there are."""
        return len(self.classes)


@dataclass(frozen=True, eq=False)
class Subset:
    """Some images of a set: the training, validation or test images of a run.

    Attributes:
        source: the whole set.
        indices: int64 (n,), positions in ``source``; no copy of the images is made.
    """

    source: ImageSet
    indices: Tensor

    def __len__(self) -> int:
        """Return the number of images in the subset."""
        return len(self.indices)

    @property
    def labels(self) -> Tensor:
        """The labels in the subset's order, int64 (n,)."""
        return self.source.labels[self.indices]

    def take(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Return images uint8 (b, 32, 32, 3) and labels int64 (b,) at positions of the subset."""
        chosen = self.indices[positions]
        # index_select: ten times as fast as images[chosen] on rows of three bytes
        return self.source.images.index_select(0, chosen), self.source.labels[chosen]

    def first(self, count: int) -> Subset:
        """Return the first ``count`` images as a subset of its own."""
        return Subset(self.source, self.indices[:count])


def scarce_classes(data: ImageSet) -> dict[str, int]:
    """Return the classes with fewer than ``FEW_IMAGES`` training images, and how many they have."""
    counts = data.labels[: data.num_train].bincount(minlength=data.num_classes).tolist()
    pairs = zip(data.classes, counts, strict=True)
    return {name: count for name, count in pairs if count < FEW_IMAGES}


def whole(data: ImageSet) -> Subset:
    """Return every image of a set as a subset."""
    import torch

    return Subset(data, torch.arange(len(data)))
