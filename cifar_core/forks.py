"""Runs that start from the weights of another model instead of from random ones.

The model is copied into the new run's folder, so that the run stands on its own: deleting the other
one changes nothing, and the run can be resumed like any other.
"""

import shutil
from pathlib import Path
from typing import Any

import torch

from cifar_core.checkpoint import Model, hash_weights, load_model, portable_weights
from cifar_core.data.image_set import ImageSet
from cifar_core.errors import CheckpointError
from cifar_core.files import write_file_atomically
from cifar_core.run_paths import START_FILE
from cifar_core.training import Training


def keep_start_model(source: Path, run_dir: Path) -> None:
    """Copy the model that a run is to start from into the run's folder.

    Raises:
        CheckpointError: it cannot be read or written.
    """
    try:
        write_file_atomically(run_dir / START_FILE, lambda file: shutil.copyfile(source, file))
    except OSError as error:
        raise CheckpointError(f"{source} cannot be copied: {error.strerror}.") from error


def check_start_model(model: Model, network: str, data: ImageSet) -> None:
    """Refuse weights that a run cannot start from.

    Args:
        model: whose weights they are.
        network: that the run trains.
        data: that it trains on.

    Raises:
        CheckpointError: the network is another one, or its classes are.
    """
    info = model.info
    if info.model != network:
        raise CheckpointError(
            f"The model to start from is the network {info.model}; the run trains {network}."
        )
    same = len(info.classes) == data.num_classes
    if info.config is not None:  # a bare state_dict carries no class names
        same = info.classes == data.classes
    if not same:
        raise CheckpointError(
            f"The model to start from tells {', '.join(info.classes)[:200]} apart; {data.name} has "
            f"{', '.join(data.classes)[:200]}. Expected the same classes in the same order."
        )


def take_start_weights(training: Training, run_dir: Path, data: ImageSet) -> None:
    """Put the weights that a run is to start from into its network; without any, do nothing.

    Raises:
        CheckpointError: they do not fit.
    """
    path = run_dir / START_FILE
    if path.is_file():
        model = load_model(path)
        check_start_model(model, training.config.model, data)
        with torch.no_grad():
            training.model.load_state_dict(model.network.state_dict())


def describe_start(run_dir: Path) -> dict[str, Any]:
    """Return what a run's row says of its start: empty where that was at random."""
    path = run_dir / START_FILE
    if not path.is_file():
        return {}
    model = load_model(path)
    info = model.info
    return {
        "origin": {
            "run_id": info.run_id,
            "epoch": info.epoch,
            "weights_sha256": info.weights_sha256 or hash_weights(portable_weights(model.network)),
        }
    }
