"""Save and restore a ``Training``, so that it continues to the same numbers, bit for bit.

One safetensors file holds the weights, the optimiser's state and, as JSON in its header, the
settings and the progress: a single file is replaced as a whole, so weights and optimiser can never
be of different steps.
"""

import dataclasses
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from cifar_core.checkpoint import portable_weights, read_header, read_tensors, write_tensors
from cifar_core.config import TrainConfig
from cifar_core.data.image_set import ImageSet
from cifar_core.errors import CheckpointError, TrainingError
from cifar_core.training import Progress, Training, start_training

HEADER_KEY = "cifar_core_training"
_MODEL, _OPTIMIZER = "model.", "optimizer."


@dataclass(frozen=True)
class StateHeader:
    """What the header of a training state says."""

    config: TrainConfig
    progress: Progress
    run_id: str
    data_fingerprint: str
    num_threads: int
    versions: dict[str, str]


def save_training(training: Training, path: Path, header: StateHeader) -> None:
    """Write a training between two steps.

    Args:
        training: its weights and optimiser are copied to the CPU and written.
        path: replaced atomically.
        header: see ``describe_training``.

    Raises:
        CheckpointError: the disk refuses.
    """
    tensors = {_MODEL + name: t for name, t in portable_weights(training.model).items()}
    for index, state in training.optimizer.state_dict()["state"].items():
        for name, value in state.items():
            if isinstance(value, Tensor):  # a momentum buffer is None before the first step
                copied = value.detach().to("cpu", copy=True).contiguous()
                tensors[f"{_OPTIMIZER}{index}.{name}"] = copied
    write_tensors(tensors, {HEADER_KEY: _header_to_json(header)}, path)


def describe_training(
    training: Training, *, run_id: str, data: ImageSet, versions: dict[str, str]
) -> StateHeader:
    """Return the header for a training as it stands."""
    training.count_answers()
    # The clock of the epoch goes on from here after a resume.
    so_far = training.progress.epoch_seconds + training.speed.elapsed()
    return StateHeader(
        config=training.config,
        progress=dataclasses.replace(training.progress, epoch_seconds=so_far),
        run_id=run_id,
        data_fingerprint=data.fingerprint,
        num_threads=torch.get_num_threads(),
        versions=versions,
    )


def read_state_header(path: Path) -> StateHeader | None:
    """Return the header of a training state, or None where the file is something else.

    Raises:
        CheckpointError: the file is damaged, or from a version that wrote something else.
    """
    header = read_header(path)
    if HEADER_KEY not in header:
        return None
    try:
        values = json.loads(header[HEADER_KEY])
        progress = values["progress"]
        if progress["best_loss"] is None:  # JSON has no infinity
            progress["best_loss"] = math.inf
        return StateHeader(
            config=TrainConfig.from_dict(values["config"]),
            progress=Progress(**progress),
            run_id=str(values["run_id"]),
            data_fingerprint=str(values["data_fingerprint"]),
            num_threads=int(values["num_threads"]),
            versions=dict(values["versions"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path.name} is not a whole training state: {error}.") from error


def restore_training(path: Path, header: StateHeader, data: ImageSet) -> Training:
    """Rebuild the training that was saved.

    Args:
        path: as given to ``save_training``.
        header: as read from it.
        data: the same images, checked by their fingerprint.

    Raises:
        TrainingError: the images have changed since.
        CheckpointError: the file is damaged.
    """
    if data.fingerprint != header.data_fingerprint:
        raise TrainingError(
            f"The images of {data.name} have changed since this run was saved, so it cannot be "
            "continued exactly. Start a new run."
        )
    training = start_training(header.config, data)
    tensors, _ = read_tensors(path)
    weights = _without_prefix(tensors, _MODEL)
    try:
        training.model.load_state_dict(weights, strict=True)
        _restore_optimizer(training, _without_prefix(tensors, _OPTIMIZER))
    except (RuntimeError, KeyError, ValueError, IndexError) as error:
        raise CheckpointError(f"{path.name} does not fit the network: {error}.") from error
    training.progress = header.progress
    return training


def _restore_optimizer(training: Training, tensors: dict[str, Tensor]) -> None:
    parameters = [p for group in training.optimizer.param_groups for p in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        index, name = key.split(".", 1)
        parameter = parameters[int(index)]
        if value.shape == parameter.shape:
            # In the parameter's own memory order: the fused kernels walk both side by side.
            value = torch.empty_like(parameter).copy_(value)
        state.setdefault(int(index), {})[name] = value
    fresh = training.optimizer.state_dict()
    training.optimizer.load_state_dict({**fresh, "state": state})


def _without_prefix(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}


def _header_to_json(header: StateHeader) -> str:
    values: dict[str, Any] = dataclasses.asdict(header)
    if math.isinf(values["progress"]["best_loss"]):
        values["progress"]["best_loss"] = None
    return json.dumps(values)
