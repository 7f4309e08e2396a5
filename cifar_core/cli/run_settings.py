"""Settings of a new run that depend on its images and this machine: presets, and a time to fit."""

import time
from typing import Any

from cifar_core.config import TrainConfig
from cifar_core.cost import measure_speed
from cifar_core.data.image_set import ImageSet
from cifar_core.data.split_sizes import split_sizes
from cifar_core.data.summary import SetSummary
from cifar_core.devices import resolve_device
from cifar_core.errors import ConfigError
from cifar_core.presets import apply_preset, presets
from cifar_core.time_budget import fit_into
from cifar_core.tuning import tuned
from cifar_core.workspace import Workspace

MOST_MINUTES = 100_000
CALIBRATION_S = 4.0
"""Longer than a form measures: an error here is an error of the whole run's end."""


def preset_settings(name: str, config: TrainConfig, data: ImageSet) -> TrainConfig:
    """Return a preset's settings for these images, with the config's images, seed and device."""
    has_gpu = resolve_device(config.device).type != "cpu"
    preset = next(preset for preset in presets(has_gpu=has_gpu) if preset.name == name)
    images = SetSummary(data.name, data.num_train, data.num_test, data.classes)
    return apply_preset(preset, config, images)


def fit_into_minutes(
    minutes: float,
    values: dict[str, Any],
    config: TrainConfig,
    data: ImageSet,
    workspace: Workspace,
) -> TrainConfig:
    """Return the config with as many epochs as end in time, after measuring for some seconds.

    Raises:
        ConfigError: the epochs are among the ``values`` given, or the time is too short.
    """
    if "epochs" in values:
        raise ConfigError("--minutes chooses the epochs; leave --epochs out.")
    if not 0 < minutes <= MOST_MINUTES:
        raise ConfigError(f"--minutes is {minutes:g}; expected above 0, at most {MOST_MINUTES}.")
    began = time.monotonic()
    speed = measure_speed(
        tuned(config, workspace), seconds=CALIBRATION_S, largest_batch=config.batch_size
    )
    left = 60 * minutes - (time.monotonic() - began)
    return fit_into(left, config, split_sizes(data.num_train, data.num_test, config), speed)
