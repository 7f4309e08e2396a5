"""As much training as fits into a time: how many epochs, of how many images. Imports no torch.

The schedule then runs to its end within the time, which is worth far more than a longer run that is
cut off. Whole epochs of all images where they fill the time well; else some images are left out.
"""

import math

from cifar_core.config import FIELDS, TrainConfig
from cifar_core.cost import estimate_seconds
from cifar_core.data.split_sizes import SplitSizes
from cifar_core.errors import ConfigError

_WASTED = 0.05
"""Share of the time that may be left over before images are left out to fill it."""


def fit_into(
    seconds: float, config: TrainConfig, sizes: SplitSizes, images_per_s: float
) -> TrainConfig:
    """Return the config with as many epochs as end within the time, its test included.

    Args:
        seconds: from the start to the test result.
        config: all other settings; its epochs do not matter.
        sizes: of the run's three parts, with all the training images that may be used.
        images_per_s: training images a second, as ``cost.find_speed`` gives it.

    Raises:
        ConfigError: not even a single batch fits; the sentence says what does.
    """
    config = config.replace(epochs=1, warmup_epochs=0)
    fixed = estimate_seconds(config, SplitSizes(0, 0, sizes.test), images_per_s)
    least = SplitSizes(min(10 * config.batch_size, sizes.train), sizes.val, sizes.test)
    needed = estimate_seconds(config, least, images_per_s)
    if seconds < needed:
        raise ConfigError(
            f"{seconds:.0f} seconds are too few for these settings here: start, ten steps and the "
            f"test take about {needed:.0f}. Give it more time, or use fewer test images."
        )
    epoch_s = estimate_seconds(config, sizes, images_per_s) - fixed
    epochs = int((seconds - fixed) / epoch_s)
    if epochs and (seconds - fixed - epochs * epoch_s) <= _WASTED * seconds:
        return config.replace(epochs=min(epochs, _most("epochs")))
    epochs = min(epochs + 1, _most("epochs"))
    return config.replace(epochs=epochs, train_size=_train_size(
        (seconds - fixed) / epochs, config, sizes, images_per_s
    ))  # fmt: skip


def _train_size(epoch_s: float, config: TrainConfig, sizes: SplitSizes, images_per_s: float) -> int:
    """Return how many training images an epoch of so many seconds has, validation included."""
    at_most = SplitSizes(0, sizes.val, 0)
    validation_s = estimate_seconds(config, at_most, images_per_s) - estimate_seconds(
        config, SplitSizes(0, 0, 0), images_per_s
    )
    size = math.floor((epoch_s - validation_s) * images_per_s)
    return max(min(size, sizes.train), min(config.batch_size, sizes.train))


def _most(name: str) -> int:
    high = FIELDS[name].high
    assert high is not None
    return int(high)
