"""The one place that imports torchvision; use ``from cifar_core.torchvision_compat import ...``.

The registry's torchvision wheel is built for CUDA. Beside a CPU build of torch its native library
does not load, and torchvision then fails on import with "operator torchvision::nms does not exist",
because it registers fake kernels for two operators that nobody has defined. Defining their schemas
first is enough for everything that we use. Where the native library loads, nothing is done.

A ``Library(..., "DEF")`` would not do: it may exist once a process, and Streamlit re-executes
modules. ``torch.library.define`` adds a fragment and keeps it alive.
"""

import importlib.util
from pathlib import Path

import torch

_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def _native_library_loads() -> bool:
    spec = importlib.util.find_spec("torchvision")  # finds, does not import
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("torchvision is not installed", name="torchvision")
    root = Path(next(iter(spec.submodule_search_locations)))
    for library in sorted([*root.glob("_C*.so"), *root.glob("_C*.pyd")]):
        try:
            torch.ops.load_library(str(library))  # type: ignore[no-untyped-call]
            return True
        except (OSError, ImportError):
            continue
    return False


def _define_missing_operators() -> None:
    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):  # safe to execute twice
            torch.library.define(f"torchvision::{name}", _SCHEMA)


if not _native_library_loads():
    _define_missing_operators()

import torchvision  # noqa: E402, TID251

datasets = torchvision.datasets
models = torchvision.models
transforms = torchvision.transforms
