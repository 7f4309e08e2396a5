"""Images to try a network on: never from the test part, which only evaluations may read."""

from enum import StrEnum

import torch
from torch import Tensor

from cifar_core.config import TrainConfig
from cifar_core.data.image_set import ImageSet
from cifar_core.data.splits import split_images, training_part
from cifar_core.errors import ConfigError, DatasetError


class Origin(StrEnum):
    """Where images to try come from."""

    VALIDATION = "validation"
    """The run's own validation part: it looked at them, but took no step on them."""
    UNUSED = "unused"
    """Images that the run left out of training: it has never seen them."""
    TRAINING = "training"
    """The run trained on everything there is."""
    OTHER_SET = "other set"
    """The training part of a set that the network was not trained on."""


def images_to_try(data: ImageSet, config: TrainConfig | None) -> tuple[Origin, Tensor]:
    """Return images that say something of a network, and no test image.

    Args:
        data: the set to draw from.
        config: the settings of the network's training where it was trained on this very set;
            otherwise None.

    Returns:
        What they are, and their positions in ``data``: int64 (n,), n at least 1.
    """
    if config is None:
        return Origin.OTHER_SET, _training_part(data, 0)
    try:
        splits = split_images(data, config)
    except (ConfigError, DatasetError):  # settings from a file that do not belong to this set
        return Origin.OTHER_SET, _training_part(data, 0)
    if len(splits.val):
        return Origin.VALIDATION, splits.val.indices
    part = _training_part(data, config.seed)
    unused = part[~torch.isin(part, splits.train.indices)]
    return (Origin.UNUSED, unused) if len(unused) else (Origin.TRAINING, splits.train.indices)


def _training_part(data: ImageSet, seed: int) -> Tensor:
    """Return all images that are not for tests; all there are where a set is too small for one."""
    try:
        return training_part(data, seed)
    except DatasetError:
        return torch.arange(len(data))
