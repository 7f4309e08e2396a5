"""The files that a visitor takes home: their names, and their content once somebody asks for it."""

import importlib.util
import re
import threading
from functools import lru_cache
from pathlib import Path

from cifar_core.errors import CheckpointError
from cifar_core.library import ModelEntry

FORMATS = ("pt", "safetensors", "onnx")
"""The same as ``export.EXPORT_FORMATS``, without torch."""
ONNX_PACKAGES = ("onnx", "onnxscript", "onnxruntime")
"""The same as ``export.ONNX_PACKAGES``."""
MIME = "application/octet-stream"
SNIPPET_NAME = "classify.py"

_KEPT_FILES = 4
_LETTERS_OF_NAME = 40
_one_at_a_time = threading.Lock()


def file_name(entry: ModelEntry, format: str) -> str:
    """Return a file name that any system accepts, from what the model is called."""
    name = entry.name.rsplit(".", 1)[0] if entry.source == "upload" else entry.name
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:_LETTERS_OF_NAME].strip("-")
    return f"{slug or entry.network or 'model'}.{format}"


def missing_packages(format: str) -> tuple[str, ...]:
    """Return what must be installed before this format can be written; usually nothing."""
    if format != "onnx":
        return ()
    return tuple(name for name in ONNX_PACKAGES if importlib.util.find_spec(name) is None)


def file_content(path: Path, format: str) -> bytes:
    """Return a model as a file of this format; the last few are kept. Any thread may call it.

    Args:
        path: of the model.
        format: one of ``FORMATS``, or any text.

    Raises:
        CheckpointError: the model cannot be read or exported.
    """
    if format not in FORMATS:
        raise CheckpointError(f"The format is {format[:20]!r}; expected {', '.join(FORMATS)}.")
    with _one_at_a_time:  # who clicks twice waits for the same file
        return _file_content(*_key(path, format))


def _key(path: Path, format: str) -> tuple[Path, int, str]:
    if not path.is_file():
        raise CheckpointError("The model is no longer there; it may have been deleted.")
    return path, path.stat().st_mtime_ns, format


@lru_cache(maxsize=_KEPT_FILES)
def _file_content(path: Path, mtime_ns: int, format: str) -> bytes:
    from cifar_core.checkpoint import load_model
    from cifar_core.export import export_bytes
    from cifar_core.model_info import HEADER_KEY

    model = load_model(path)
    return export_bytes(model.network, format=format, metadata={HEADER_KEY: model.info.to_json()})
