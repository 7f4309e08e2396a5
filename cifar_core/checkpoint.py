"""Read and write model files; refuse what is damaged, unsafe or unknown.

Our own format is safetensors with a ``ModelInfo`` in its header and the same JSON beside it. Bare
``state_dict`` files (``.pt``, ``.pth``, ``.safetensors``) are read too and recognised by their keys
and shapes. No file that is read here can run code: see ``unpickling``.
"""

import hashlib
import platform
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

import cifar_core
from cifar_core.errors import CheckpointError
from cifar_core.files import write_atomically, write_file_atomically
from cifar_core.model_info import HEADER_KEY, ModelInfo, info_for_bare_weights
from cifar_core.models.recognition import load_weights, recognise, strip_prefixes
from cifar_core.unpickling import PICKLE_STARTS, read_pickled_tensors

MAX_BYTES = 2 * 1024**3
"""Larger model files are refused before they are read."""


@dataclass(frozen=True, eq=False)
class Model:
    """A network in eval mode on the CPU, and its paper."""

    network: nn.Module
    info: ModelInfo


def save_model(network: nn.Module, info: ModelInfo, path: Path) -> ModelInfo:
    """Write a model file and its readable JSON, each atomically.

    Args:
        network: its weights are written as they are, from any device.
        info: ``versions``, ``created_at`` and ``weights_sha256`` are filled in here.
        path: ends in ``.safetensors``.

    Returns:
        The info as written.

    Raises:
        CheckpointError: the disk refuses.
    """
    info = write_model(network, info, path)
    try:
        write_atomically(path.with_suffix(".json"), info.to_json().encode())
    except OSError as error:
        raise _unwritable(path, error) from error
    return info


def write_model(network: nn.Module, info: ModelInfo, path: Path) -> ModelInfo:
    """Write a model file as ``save_model`` does, without the readable JSON beside it."""
    weights = portable_weights(network)
    info = replace(
        info,
        versions=current_versions(),
        created_at=time.time(),
        weights_sha256=hash_weights(weights),
    )
    write_tensors(weights, {HEADER_KEY: info.to_json()}, path)
    return info


def load_model(path: Path, *, model: str | None = None) -> Model:
    """Read a model file of ours, or a bare ``state_dict`` that is recognised.

    Args:
        path: ``.safetensors``, ``.pt`` or ``.pth``; what it is, is told by its content.
        model: force this network instead of recognising it.

    Raises:
        CheckpointError: the file is missing, damaged, unsafe, or holds something else, or its
            weights are not those of its receipt; the sentence says what was found and expected.
    """
    tensors, header = read_tensors(path)
    if HEADER_KEY in header:
        return _model_with_info(path, tensors, ModelInfo.from_json(header[HEADER_KEY]), model)
    try:
        tensors = strip_prefixes(tensors)
        found = recognise(tensors, model=model)
        network = load_weights(found.model, found.num_classes, tensors)
    except CheckpointError as error:
        raise CheckpointError(f"{path.name}: {error}") from error
    return Model(network, info_for_bare_weights(found.model, found.num_classes))


def load_info(path: Path) -> ModelInfo | None:
    """Return the paper of a model file of ours without reading its weights, or None.

    Raises:
        CheckpointError: the file is missing or damaged.
    """
    if not _is_safetensors(path):
        return None
    header = read_header(path)
    return ModelInfo.from_json(header[HEADER_KEY]) if HEADER_KEY in header else None


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors of a file by name, and its header's texts (empty for pickles).

    Raises:
        CheckpointError: as ``load_model``.
    """
    if not _is_safetensors(path):
        return read_pickled_tensors(path), {}
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return tensors, file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise _damaged(path, error) from error


def read_header(path: Path) -> dict[str, str]:
    """Return the texts in the header of a safetensors file.

    Raises:
        CheckpointError: the file is damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise _damaged(path, error) from error


def write_tensors(tensors: Mapping[str, Tensor], header: dict[str, str], path: Path) -> None:
    """Write a safetensors file atomically.

    Raises:
        CheckpointError: the disk refuses.
    """
    try:
        write_file_atomically(path, lambda file: save_file(dict(tensors), file, metadata=header))
    except (OSError, SafetensorError) as error:
        raise _unwritable(path, error) from error


def portable_weights(network: nn.Module) -> dict[str, Tensor]:
    """Return the weights as tensors that any program can read: contiguous, on the CPU, copied."""
    return {
        name: tensor.detach().to("cpu", copy=True).contiguous()
        for name, tensor in network.state_dict().items()
    }


def hash_weights(weights: Mapping[str, Tensor]) -> str:
    """Return a sha256 in hex over names, types, shapes and bytes of contiguous CPU tensors."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        tensor = weights[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def current_versions() -> dict[str, str]:
    """Return the versions that a model's numbers depend on."""
    return {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "cifar_core": cifar_core.__version__,
    }


def _model_with_info(
    path: Path, tensors: dict[str, Tensor], info: ModelInfo, forced: str | None
) -> Model:
    if forced not in (None, info.model):
        raise CheckpointError(f"{path.name} holds the network {info.model}, not {forced}.")
    try:
        network = load_weights(info.model, len(info.classes), tensors, dropout=info.dropout)
    except CheckpointError as error:
        raise CheckpointError(f"{path.name}: {error}") from error
    _check_receipt(path, info.weights_sha256, hash_weights(tensors))
    return Model(network, info)


def _check_receipt(path: Path, expected: str, found: str) -> None:
    """Refuse weights that are not those that the description was written for."""
    if expected and expected != found:
        raise CheckpointError(
            f"The weights in {path.name} are not those that its description was written for: their "
            f"sha256 is {found[:12]}…, expected {expected[:12]}…. Copy or download it again; "
            "weights that were changed on purpose can be saved as a plain state_dict."
        )


def _is_safetensors(path: Path) -> bool:
    """Whether the file, once checked, begins as safetensors do: a length, then a JSON header.

    Where it begins like neither kind, the ending decides which sentence tells what is wrong.
    """
    try:
        _check_file(path)
        with path.open("rb") as file:
            start = file.read(9)
    except OSError as error:
        raise CheckpointError(f"{path!s:.200} cannot be read: {error.strerror}.") from error
    if start[8:] == b"{" or start.startswith(PICKLE_STARTS):
        return start[8:] == b"{"
    return path.suffix == ".safetensors"


def _check_file(path: Path) -> None:
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise CheckpointError(f"{path} {what}; expected a model file (.safetensors, .pt, .pth).")
    size = path.stat().st_size
    if size == 0:
        raise CheckpointError(f"{path.name} is empty; expected a model file.")
    if size > MAX_BYTES:
        raise CheckpointError(
            f"{path.name} has {size / 1e6:,.0f} MB; model files of up to {MAX_BYTES / 1e6:,.0f} MB "
            "are read."
        )


def _unwritable(path: Path, error: Exception) -> CheckpointError:
    return CheckpointError(f"The model cannot be written to {path}: {error}.")


def _damaged(path: Path, error: Exception) -> CheckpointError:
    return CheckpointError(
        f"{path.name} is not a whole safetensors file: {error}. Copy or download it again."
    )
