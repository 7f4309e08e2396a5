"""Seeded, stratified splits: training, validation and test images are three sets.

How many each part gets is in ``split_sizes``. The test images depend on the seed and the set alone,
so that runs with other training sizes are tested on the same images.
"""

from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np
import torch
from torch import Tensor

from cifar_core.config import TrainConfig
from cifar_core.data.image_set import ImageSet, Subset
from cifar_core.data.randomness import Purpose, shuffled
from cifar_core.data.split_sizes import part_sizes, split_sizes
from cifar_core.errors import DatasetError


@dataclass(frozen=True)
class Splits:
    """The three parts of a run's images; no image is in two of them."""

    train: Subset
    val: Subset
    test: Subset


def split_images(data: ImageSet, config: TrainConfig) -> Splits:
    """Draw a run's training, validation and test images.

    Args:
        data: the whole set.
        config: sizes, batch size and seed.

    Raises:
        ConfigError: a size is above what the set holds, or a batch above the training images.
        DatasetError: the set is too small for three parts with images in them.
    """
    train_part, test_part = _parts(data, config.seed)
    sizes = split_sizes(data.num_train, data.num_test, config)
    order = _stratified_order(data.labels[train_part], config.seed)
    test_order = _stratified_order(data.labels[test_part], config.seed)
    chosen = train_part[order]
    return Splits(
        train=Subset(data, chosen[sizes.val : sizes.val + sizes.train]),
        val=Subset(data, chosen[: sizes.val]),
        test=Subset(data, test_part[test_order[: sizes.test]]),
    )


def training_part(data: ImageSet, seed: int) -> Tensor:
    """Return the positions of all images that are not for tests, int64 (n,).

    Args:
        data: the whole set.
        seed: of the run; where a set has no test part of its own, each seed draws another one.

    Raises:
        DatasetError: the set is too small to have a test part.
    """
    return _parts(data, seed)[0]


def _parts(data: ImageSet, seed: int) -> tuple[Tensor, Tensor]:
    """Return the positions of the training and of the test part, int64."""
    positions = torch.arange(len(data))
    if data.num_test:
        return positions[: data.num_train], positions[data.num_train :]
    order = _stratified_order(data.labels, seed)
    num_test = part_sizes(data.num_train, 0)[1]
    if len(data) < 3:
        raise DatasetError(
            f"{data.name} has {len(data)} images and no test part; expected at least 3 images."
        )
    return order[num_test:], order[:num_test]


def _stratified_order(labels: Tensor, seed: int) -> Tensor:
    """Return an order in which any first n images are a stratified sample.

    Each class is shuffled; then the classes take turns.

    Args:
        labels: int64 (N,).
        seed: of the shuffles.

    Returns:
        int64 (N,), a permutation of 0..N-1.
    """
    counts = labels.bincount().numpy()
    # A pattern for counts without their common divisor, repeated: ten turns for CIFAR-10.
    common = int(np.gcd.reduce(counts))
    turns = torch.tensor(_take_turns(counts // common)).repeat(common)
    order = torch.empty_like(labels)
    for label in counts.nonzero()[0].tolist():
        members = (labels == label).nonzero().squeeze(1)
        order[turns == label] = members[shuffled(len(members), seed, Purpose.SPLIT, label)]
    return order


def _take_turns(counts: np.ndarray) -> list[int]:
    """Return labels in an order whose any first n hold each class within one of its share.

    For each image there is a first and a last turn that keep its class within the bounds. Of those
    whose first turn has come, the most urgent is next; this always works out.

    Args:
        counts: images of each class, int64 (C,), not all 0.

    Source: Tijdeman 1980, The chairman assignment problem, Discrete Mathematics 32.
    """
    total, parts = int(counts.sum()), 2 * max(2, len(counts)) - 2
    labels = np.repeat(np.arange(len(counts)), counts)
    nth = np.arange(total) - np.repeat(counts.cumsum() - counts, counts)  # of its class, from 0
    first = -(-(nth * parts + 1) * total // (counts[labels] * parts))  # rounded up
    last = ((nth + 1) * parts - 1) * total // (counts[labels] * parts)
    coming = sorted(zip(first.tolist(), last.tolist(), labels.tolist(), strict=True), reverse=True)
    urgent: list[tuple[int, int]] = []
    turns = []
    for turn in range(1, total + 1):
        while coming and coming[-1][0] <= turn:
            heappush(urgent, coming.pop()[1:])
        turns.append(heappop(urgent)[1])
    return turns
