"""What a list of models shows of each: read from the header of its file, in a fraction of a second.

No torch: a safetensors file begins with the length of a JSON text, and that text says where the
tensors lie and holds our ``ModelInfo``. Of the weights, only the first filters are ever read.
``checkpoint.load_model`` remains the judge of whether a model can be used; here nothing is raised,
and damage is told in a sentence.

Source of the format: https://github.com/huggingface/safetensors#format.
"""

import json
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cifar_core.config import FITS

HEADER_KEY = "cifar_core"
"""Where our JSON stands in the header; the same as ``model_info.HEADER_KEY``."""
_MAX_HEADER_BYTES = 20_000_000
_MAX_CLASSES = 1000
_MAX_TEXT = 200


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """What a model file says of itself; what it does not say is empty.

    Attributes:
        network: name in the registry.
        data_name: what it was trained on, as a person calls it.
        data: the same as ``TrainConfig.data``.
        fit: the same as ``TrainConfig.fit``: how its pictures came to a square.
        drawn: whether the program drew those images.
        classes: class names in the order of the answers.
        accuracy: 0 to 1, on the images that ``accuracy_of`` names.
        accuracy_low: lower end of its 95 % interval, known for the test images only.
        accuracy_high: upper end, likewise.
        accuracy_of: "test" or "validation".
        epoch: the epoch it is from; 0 if unknown.
        trained_at: seconds since 1970, UTC; 0 if unknown.
        trained_run: the run it comes from, which may be one of another machine.
        damage: why the file cannot be used, in a sentence.
    """

    network: str = ""
    data_name: str = ""
    data: str = ""
    fit: str = "crop"
    drawn: bool = False
    classes: tuple[str, ...] = ()
    accuracy: float | None = None
    accuracy_low: float | None = None
    accuracy_high: float | None = None
    accuracy_of: str = ""
    epoch: int = 0
    trained_at: float = 0.0
    trained_run: str = ""
    damage: str = ""


def read_facts(path: Path) -> ModelFacts:
    """Return what a safetensors file says of itself; read again only when the file changes."""
    try:
        state = path.stat()
    except OSError as error:
        return ModelFacts(damage=f"The file cannot be read: {error.strerror}.")
    return _read_facts(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=1024)
def _read_facts(path: Path, mtime_ns: int, size: int) -> ModelFacts:
    try:
        header = _read_header(path, size)
        metadata = header.get("__metadata__", {})
        text = metadata.get(HEADER_KEY) if isinstance(metadata, dict) else None
        return _facts(json.loads(text)) if isinstance(text, str) else ModelFacts()
    except OSError as error:
        return ModelFacts(damage=f"The file cannot be read: {error.strerror}.")
    except (ValueError, RecursionError):  # also JSON's and Unicode's
        return ModelFacts(
            damage="The file is damaged or incomplete; copy or download it again, or delete it."
        )


def read_first_filters(path: Path, limit: int) -> NDArray[np.float32] | None:
    """Return the first filters over three colours in a safetensors file, or None.

    Args:
        path: of the file.
        limit: return at most so many of them.

    Returns:
        float32 (n, k, k, 3), 0 to 1, scaled as by ``explanation.first_layer_filters``; None where
        the file is damaged or has no such filters.
    """
    try:
        header = _read_header(path, path.stat().st_size)
        with path.open("rb") as file:
            start = 8 + int.from_bytes(file.read(8), "little")
        entry = next(filter(_is_filters, header.values()), None)
        if entry is None:
            return None
        shape = (min(limit, entry["shape"][0]), *entry["shape"][1:])
        values = np.fromfile(
            path, "<f4", math.prod(shape), offset=start + entry["data_offsets"][0]
        ).reshape(shape)
    except (OSError, ValueError, RecursionError):
        return None
    peaks = np.abs(values).max((1, 2, 3), keepdims=True)
    pictures = 0.5 + 0.5 * values / np.maximum(peaks, np.finfo(np.float32).tiny)
    return np.asarray(np.nan_to_num(pictures, nan=0.5).transpose(0, 2, 3, 1), np.float32)


def _is_filters(entry: Any) -> bool:
    shape = entry.get("shape") if isinstance(entry, dict) else None
    return (
        isinstance(shape, list)
        and len(shape) == 4
        and all(type(size) is int and 0 < size <= 4096 for size in shape)
        and shape[1] == 3
        and shape[2] == shape[3] <= 11
        and entry.get("dtype") == "F32"
    )


def _read_header(path: Path, size: int) -> dict[str, Any]:
    """Return the header of a whole safetensors file.

    Raises:
        ValueError: it is none, or its end is missing.
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 0 < length <= min(size - 8, _MAX_HEADER_BYTES):
            raise ValueError("no header")
        header = json.loads(file.read(length))
    if not isinstance(header, dict):
        raise ValueError("the header is no table")
    ends = [_end(entry) for name, entry in header.items() if name != "__metadata__"]
    if max(ends, default=0) != size - 8 - length:
        raise ValueError("the tensors end elsewhere")
    return header


def _end(entry: Any) -> int:
    offsets = entry.get("data_offsets") if isinstance(entry, dict) else None
    if not isinstance(offsets, list) or len(offsets) != 2 or type(offsets[1]) is not int:
        raise ValueError("a tensor has no place")
    return offsets[1]


def _facts(info: Any) -> ModelFacts:
    """Return the facts in a ``ModelInfo`` as JSON, which may hold anything."""
    info = _table(info)
    data, config = _table(info.get("data")), _table(info.get("config"))
    accuracy, low, high, of = _accuracy(_table(info.get("metrics")))
    return ModelFacts(
        network=_text(info.get("model")),
        data_name=_text(data.get("name")),
        data=_text(config.get("data")),
        fit=config["fit"] if config.get("fit") in FITS else FITS[0],
        drawn=data.get("drawn") is True,
        classes=_names(info.get("classes")),
        accuracy=accuracy,
        accuracy_low=low,
        accuracy_high=high,
        accuracy_of=of,
        epoch=info["epoch"] if type(info.get("epoch")) is int else 0,
        trained_at=_number(info.get("created_at")) or 0.0,
        trained_run=_text(info.get("run_id")),
    )


def _accuracy(
    metrics: dict[str, Any],
) -> tuple[float | None, float | None, float | None, str]:
    test = _table(metrics.get("test"))
    share = _share(test.get("accuracy"))
    if share is not None:
        return share, _share(test.get("accuracy_low")), _share(test.get("accuracy_high")), "test"
    share = _share(metrics.get("val_accuracy"))
    return share, None, None, "" if share is None else "validation"


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value[:_MAX_TEXT] if isinstance(value, str) else ""


def _names(value: Any) -> tuple[str, ...]:
    return tuple(_text(name) for name in value[:_MAX_CLASSES]) if isinstance(value, list) else ()


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and abs(value) < 1e18 and math.isfinite(value) else None


def _share(value: Any) -> float | None:
    number = _number(value)
    return number if number is not None and 0 <= number <= 1 else None
