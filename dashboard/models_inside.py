"""What a look inside a model shows: its layers, its first filters, its papers. Cached by file."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from cifar_core.model_header import read_first_filters
from dashboard.i18n import _
from dashboard.numbers import count
from dashboard.services import get_model

if TYPE_CHECKING:
    from cifar_core.inspection import LayerRow
    from cifar_core.layer_graph import GraphNode
    from cifar_core.model_info import ModelInfo

_HASH_LENGTH = 64
_STRIP_LENGTH, _STRIP_SIDE = 9, 21
"""Filters on a card, and the pixels of one's side, about."""


@dataclass(frozen=True)
class Inside:
    """What one look gives.

    Attributes:
        layers: in the order in which they run.
        graph: the same and what is computed between them, with what follows what.
        first_weights: of the first convolution, float32 (filters, 3, k, k).
    """

    layers: list[LayerRow]
    graph: list[GraphNode]
    first_weights: NDArray[np.float32]


def look_inside(path: Path) -> Inside:
    """Return what is inside a model; computed once for each state of its file.

    Raises:
        CheckpointError: the model cannot be read.
    """
    get_model(path)  # raises outside of the cache, which would keep the trace
    return _look_inside(str(path), path.stat().st_mtime_ns)


@st.cache_data(max_entries=16, show_spinner=False)
def _look_inside(path: str, mtime_ns: int) -> Inside:
    from cifar_core.filters import first_layer_weights
    from cifar_core.inspection import layer_table
    from cifar_core.layer_graph import layer_graph

    network = get_model(Path(path)).network
    return Inside(layer_table(network), layer_graph(network), first_layer_weights(network).numpy())


def filter_mosaic(filters: np.ndarray, columns: int, *, factor: int = 12, gap: int = 6) -> bytes:
    """Return filters side by side as one PNG with transparent gaps, also around them.

    Args:
        filters: float (N, k, k, 3), 0 to 1.
        columns: how many stand in a row.
        factor: pixels of the picture for one of a filter.
        gap: pixels between two filters.
    """
    side = filters.shape[1] * factor
    columns = min(columns, len(filters))
    rows, step = -(-len(filters) // columns), side + gap
    canvas = np.zeros((rows * step + gap, columns * step + gap, 4), np.uint8)
    pixels = np.rint(filters * 255).astype(np.uint8).repeat(factor, 1).repeat(factor, 2)
    for number, filter in enumerate(pixels):
        top, left = gap + number // columns * step, gap + number % columns * step
        canvas[top : top + side, left : left + side, :3] = filter
        canvas[top : top + side, left : left + side, 3] = 255
    buffer = io.BytesIO()
    Image.fromarray(canvas).save(buffer, "PNG")
    return buffer.getvalue()


@st.cache_data(max_entries=256, show_spinner=False)
def filter_strip(path: str, mtime_ns: int) -> bytes | None:
    """Return the first filters in a row, small, without torch; None where there are none.

    Args:
        path: of the model.
        mtime_ns: of the file, so that a changed one is read again.
    """
    filters = read_first_filters(Path(path), _STRIP_LENGTH)
    if filters is None:
        return None
    factor = max(1, _STRIP_SIDE // filters.shape[1])
    return filter_mosaic(filters, _STRIP_LENGTH, factor=factor, gap=3)


def layer_columns(layers: list[LayerRow]) -> dict[str, list[Any]]:
    """Return the layer table by column, headed in the visitor's language."""
    return {
        _("Layer"): [row.name for row in layers],
        _("Kind"): [row.kind for row in layers],
        _("Input"): [_shape(row.input_shape) for row in layers],
        _("Output"): [_shape(row.output_shape) for row in layers],
        _("Parameters"): [row.parameters for row in layers],
        _("Operations"): [row.flops for row in layers],
    }


def origin_rows(info: ModelInfo) -> dict[str, str]:
    """Return where a model comes from, a line each; what is not known is left out."""
    data = info.data
    lines = {
        _("Run"): info.run_id,
        _("Epoch"): str(info.epoch or ""),
        _("Steps"): count(info.step) if info.step else "",
        _("Classes"): ", ".join(info.classes),
        _("Inputs"): _("pixels from 0 to 1, minus {mean}, divided by {std}").format(
            mean=_triple(info.normalization.mean), std=_triple(info.normalization.std)
        ),
        _("Data"): str(data.get("name", "")),
        _("Test images"): _num_images(info.metrics.get("test")),
        _("Versions"): ", ".join(f"{name} {version}" for name, version in info.versions.items()),
    }
    return {name: text for name, text in lines.items() if text}


def receipts(info: ModelInfo) -> dict[str, str]:
    """Return the sha256 of the weights and of the images, as far as they are known."""
    lines = {
        _("Weights, sha256"): info.weights_sha256,
        _("Images, sha256"): str(info.data.get("fingerprint", ""))[:_HASH_LENGTH],
    }
    return {name: text for name, text in lines.items() if text}


def settings_rows(info: ModelInfo) -> dict[str, str]:
    """Return the settings that a model was trained with; empty where they are not known."""
    return {name: str(value) for name, value in (info.config or {}).items()}


def _num_images(test: Any) -> str:
    number = test.get("num_images") if isinstance(test, dict) else None
    return count(number) if isinstance(number, int) else ""


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(str(size) for size in shape)


def _triple(values: tuple[float, float, float]) -> str:
    texts = [f"{value:.4g}" for value in values]
    return texts[0] if len(set(texts)) == 1 else " / ".join(texts)
