"""Settings to begin with, adapted to the images that there are.

A preset keeps what is not its business: the images, the seed, the device and the
processes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cifar_core.config import TUTORIAL, TrainConfig
from cifar_core.data.split_sizes import part_sizes
from cifar_core.data.summary import SetSummary


@dataclass(frozen=True)
class Preset:
    """Settings by name.

    Attributes:
        name: in addresses and keys.
        title: on its button.
        description: one sentence on what it does and what that costs.
        settings: what it changes, for a set of which so many images are for training and
            validation, and so many for the test.
    """

    name: str
    title: str
    description: str
    settings: Callable[[int, int], TrainConfig]


def apply_preset(preset: Preset, config: TrainConfig, images: SetSummary) -> TrainConfig:
    """Return the preset's settings for these images.

    Args:
        preset: one of ``PRESETS``.
        config: gives images and their fit, seed and device.
        images: what ``config.data`` holds.

    Raises:
        ConfigError: the images are too few to train on.
    """
    settings = preset.settings(*part_sizes(images.num_train, images.num_test))
    return settings.replace(
        data=config.data,
        fit=config.fit,
        seed=config.seed,
        device=config.device,
        processes=config.processes,
    )


def _tutorial(num_train: int, num_test: int) -> TrainConfig:
    """Return the tutorial's settings; of a smaller set, the same shares."""
    assert TUTORIAL.train_size and TUTORIAL.val_size and TUTORIAL.test_size
    asked = TUTORIAL.train_size + TUTORIAL.val_size
    share = min(1.0, num_train / asked)
    val_size = int(TUTORIAL.val_size * share)
    train_size = min(TUTORIAL.train_size, num_train - val_size)
    return TUTORIAL.replace(
        train_size=train_size,
        val_size=val_size,
        test_size=min(TUTORIAL.test_size, num_test),
        batch_size=min(TUTORIAL.batch_size, train_size),
    )


def _quick_look(num_train: int, num_test: int) -> TrainConfig:
    val_size = min(1_000, num_train // 5)
    train_size = min(10_000, num_train - val_size)
    return TrainConfig(
        epochs=4,
        train_size=train_size,
        val_size=val_size,
        test_size=min(2_000, num_test),
        batch_size=min(64, train_size),
    )


def _best_on_processor(num_train: int, num_test: int) -> TrainConfig:
    """Return the recipe of airbench94 with Muon, for smaller batches and so more, shorter steps.

    Source: Jordan 2024, arXiv 2404.00498. Rate and decay were chosen by short runs on CIFAR-10.
    """
    return TrainConfig(
        model="speed_cnn",
        epochs=12,
        learning_rate=0.18,
        batch_size=_batch_size(500, num_train),
        optimizer="muon",
        momentum=0.6,
        weight_decay=0.01,
        schedule="linear",
        label_smoothing=0.2,
        flip=True,
        shift=2,
        normalization="dataset",
        precision="auto",
        layout="auto",
        keep_weights="last",
        views="mirror_shift",
    )


def _thorough_on_processor(num_train: int, num_test: int) -> TrainConfig:
    """Return the same for a wider network, with squares blanked.

    As many epochs as two cores manage in half an hour; the rest was chosen beforehand, not by
    search. ``benchmarks/README.md`` says what it reached.
    """
    return _best_on_processor(num_train, num_test).replace(
        model="wide_speed_cnn", epochs=27, cutout=8
    )


def _thorough_on_gpu(num_train: int, num_test: int) -> TrainConfig:
    return _best_on_gpu(num_train, num_test).replace(epochs=100)


def _best_on_gpu(num_train: int, num_test: int) -> TrainConfig:
    return TrainConfig(
        model="resnet18",
        epochs=30,
        learning_rate=0.1,
        batch_size=_batch_size(256, num_train),
        optimizer="sgd",
        weight_decay=5e-4,
        label_smoothing=0.1,
        cutout=8,
        **_RECIPE,
    )


_RECIPE: dict[str, Any] = {
    "schedule": "one_cycle",
    "flip": True,
    "shift": 4,
    "normalization": "dataset",
}
"""Augmentation and schedule of nearly every recipe that reaches above 90 % on CIFAR-10.

Source: KellerJordan/cifar10-airbench and kuangliu/pytorch-cifar agree on mirror, shift by 4, and a
rate that rises and falls to zero; one-cycle is Smith and Topin 2018, arXiv 1708.07120.
"""


def _batch_size(wanted: int, num_train: int) -> int:
    """Return at most a tenth of the images, so that an epoch has a few steps."""
    return max(1, min(wanted, num_train // 10))


_TUTORIAL = Preset(
    "tutorial",
    "Tutorial",
    "The settings of the tutorial: Simple CNN on 20,000 images, eight epochs. A minute or two on a "
    "laptop.",
    _tutorial,
)
_QUICK_LOOK = Preset(
    "quick_look",
    "Quick look",
    "Simple CNN on 10,000 images, four epochs: a curve that falls, in about half a minute.",
    _quick_look,
)
_BEST_ON_PROCESSOR = Preset(
    "best",
    "Best on this machine",
    "Speed CNN on all images, twelve epochs with mirrored and shifted copies, asked about six "
    "views of each test image. By far the most accurate for its time: ten minutes to an hour.",
    _best_on_processor,
)
_BEST_ON_GPU = Preset(
    "best",
    "Best on this machine",
    "ResNet-18 on all images, thirty epochs with mirrored, shifted and partly blanked copies and a "
    "one-cycle rate. The most accurate; minutes on this machine's GPU.",
    _best_on_gpu,
)


_THOROUGH_ON_PROCESSOR = Preset(
    "thorough",
    "Most accurate",
    "Wide Speed CNN on all images, twenty-seven epochs with mirrored, shifted and partly blanked "
    "copies, asked about six views of each test image. Half an hour to several hours.",
    _thorough_on_processor,
)
_THOROUGH_ON_GPU = Preset(
    "thorough",
    "Most accurate",
    "ResNet-18 on all images, a hundred epochs with mirrored, shifted and partly blanked copies "
    "and a one-cycle rate, on this machine's GPU.",
    _thorough_on_gpu,
)

PRESET_NAMES = ("tutorial", "quick_look", "best", "thorough")


def presets(*, has_gpu: bool) -> tuple[Preset, ...]:
    """Return what there is to begin with, the simplest first.

    Args:
        has_gpu: whether this machine computes on one.
    """
    if has_gpu:
        return (_TUTORIAL, _QUICK_LOOK, _BEST_ON_GPU, _THOROUGH_ON_GPU)
    return (_TUTORIAL, _QUICK_LOOK, _BEST_ON_PROCESSOR, _THOROUGH_ON_PROCESSOR)
