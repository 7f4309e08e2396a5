"""How many images training, validation and test get: plain numbers, no torch and no images.

Validation images come from the set's training part, test images from its test part; where a set
has no test part, a sixth of the training part becomes one.
"""

from dataclasses import dataclass

from cifar_core.config import TrainConfig
from cifar_core.errors import ConfigError

VALIDATION_SHARE = 0.1
"""Of the training part, where the config leaves val_size open."""
TEST_SHARE = 1 / 6
"""Of the training part, where the set has no test part; as in CIFAR-10."""


@dataclass(frozen=True)
class SplitSizes:
    """The numbers of images in a run's three parts."""

    train: int
    val: int
    test: int


def part_sizes(num_train: int, num_test: int) -> tuple[int, int]:
    """Return how many images there are for training and validation, and for the test.

    Args:
        num_train: images in the set's own training part.
        num_test: images in its test part; 0 where it has none.
    """
    if num_test:
        return num_train, num_test
    taken = max(1, round(num_train * TEST_SHARE))
    return num_train - taken, taken


def split_sizes(num_train: int, num_test: int, config: TrainConfig) -> SplitSizes:
    """Return how many images each part of a run gets.

    Args:
        num_train: images in the set's own training part.
        num_test: images in its test part; 0 where it has none.
        config: sizes, batch size and early stopping.

    Raises:
        ConfigError: a size is above what the set holds, or a batch above the training images.
    """
    train_part, test_part = part_sizes(num_train, num_test)
    val_size, train_size = _train_and_val(train_part, config)
    test_size = _bounded("test_size", config.test_size, test_part, "the test part")
    return SplitSizes(train_size, val_size, test_size)


def _train_and_val(available: int, config: TrainConfig) -> tuple[int, int]:
    """Return the validation and training sizes, checked against the images there are."""
    val_size = config.val_size
    if val_size is None:
        left = available - (config.train_size or 1)
        val_size = min(max(1, round(available * VALIDATION_SHARE)), max(left, 0))
    if val_size >= available:
        raise ConfigError(
            f"val_size is {val_size}, but the training part has only {available} images; expected "
            "fewer, so that some are left to train on."
        )
    if config.early_stopping is not None and val_size == 0:
        raise ConfigError(
            "early_stopping needs validation images, but training takes them all; lower "
            "train_size or leave early stopping out."
        )
    where = f"the training part after {val_size} images for validation"
    train_size = _bounded("train_size", config.train_size, available - val_size, where)
    if config.batch_size > train_size:
        raise ConfigError(
            f"batch_size is {config.batch_size}, but there are only {train_size} training images; "
            "expected at most that many."
        )
    return val_size, train_size


def _bounded(name: str, asked: int | None, available: int, where: str) -> int:
    if asked is None:
        return available
    if asked > available:
        raise ConfigError(
            f"{name} is {asked}, but {where} has only {available} images; expected at most that "
            "many."
        )
    return asked
