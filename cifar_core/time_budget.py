"""As much training as fits into a time: how many epochs, of how many images. Imports no torch.

The schedule then runs to its end within the time, which is worth far more than a longer run that is
cut off. Whole epochs of all images where they fill the time well; else some images are left out.
"""

import math

from cifar_core.config import FIELDS, TrainConfig
from cifar_core.cost import EVALUATION_SHARE, estimate_seconds
from cifar_core.data.split_sizes import SplitSizes
from cifar_core.errors import ConfigError

_WASTED = 0.05
"""Share of the time that may be left over before images are left out to fill it."""
_MOST_EPOCHS = int(FIELDS["epochs"].high or 1)


def fit_into(
    seconds: float, config: TrainConfig, sizes: SplitSizes, images_per_s: float
) -> TrainConfig:
    """Return the config with as many epochs as end within the time, its test included.

    Args:
        seconds: from the start to the test result.
        config: all other settings; its epochs do not matter, a warm-up is cut to the run's length.
        sizes: of the run's three parts, with all the training images that may be used.
        images_per_s: training images a second, as ``cost.find_speed`` gives it.

    Raises:
        ConfigError: not even ten steps fit; the sentence says what does.
    """
    warmup_epochs, config = config.warmup_epochs, config.replace(epochs=1, warmup_epochs=0)
    fixed = estimate_seconds(config, SplitSizes(0, 0, sizes.test), images_per_s)
    least = SplitSizes(min(10 * config.batch_size, sizes.train), sizes.val, sizes.test)
    needed = estimate_seconds(config, least, images_per_s)
    if seconds < needed:
        raise ConfigError(
            f"{seconds:.0f} seconds are too few for these settings here: start, ten steps and the "
            f"test take about {needed:.0f}. Give it more time, or use fewer test images."
        )
    left = seconds - fixed
    epoch_s = estimate_seconds(config, sizes, images_per_s) - fixed
    epochs, train_size = int(left / epoch_s), config.train_size
    if not epochs or left - epochs * epoch_s > _WASTED * seconds:
        epochs = min(epochs + 1, _MOST_EPOCHS)
        images = left / epochs * images_per_s - EVALUATION_SHARE * sizes.val
        smallest = min(config.batch_size, sizes.train)
        train_size = max(smallest, min(math.floor(images), sizes.train))
    epochs = min(epochs, _MOST_EPOCHS)
    return config.replace(
        epochs=epochs, train_size=train_size, warmup_epochs=min(warmup_epochs, epochs)
    )
