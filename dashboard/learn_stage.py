"""Maps of numbers side by side with the arithmetic of one place; ``browser/learn_stage.js``.

Numbers go to the browser as float32, bit for bit as torch computed them.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from dashboard.browser_side import read_source
from dashboard.i18n import _

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Map:
    """A grid of numbers.

    Attributes:
        title: above it.
        values: float (H, W); for "rgb" (3, H, W), 0 to 1.
        kind: "signed" (orange, neutral at zero, blue), "grey" (0 to 1) or "rgb".
        note: small print under the title.
        peak: the size that gets the full colour; None is the largest of the map.
        border: rows of padding around it.
        zoom: squares so many times as large as those of the other maps.
        still: the place is not shown in this one.
    """

    title: str
    values: Tensor
    kind: str = "signed"
    note: str = ""
    peak: float | None = None
    border: int = 0
    zoom: int = 1
    still: bool = False


@dataclass(frozen=True)
class Link:
    """The target's place (r, c) is computed from a window of the map ``source``."""

    kernel: int
    stride: int
    dilation: int = 1
    source: int = 0


@dataclass(frozen=True, eq=False)
class Table:
    """What is said of a place: rows of values, each looked up in maps shaped like the target."""

    rows: Sequence[tuple[str, int, Sequence[Tensor]]]
    """Label, digits, one map a column."""
    columns: Sequence[str] = ("",)


@dataclass(frozen=True, eq=False)
class Products:
    """What is said of a place: the products under the window, by channel, and their sum."""

    padded: Tensor
    weight: Tensor
    bias: float
    channels: Sequence[str]


@dataclass(frozen=True)
class Window:
    """What is said of a place: the values under the window, and what becomes of them."""

    mark_largest: bool


@dataclass(frozen=True, eq=False)
class Stage:
    """What a stage shows.

    Attributes:
        maps: side by side.
        target: the map whose places are chosen.
        link: where they are computed from a window of another map.
        detail: what is said of the chosen place.
        rows: which maps stand in one row; None is all.
        largest: side of a square at most, in pixels.
        least: likewise at least, where the room allows.
        side: the row that the detail stands beside; None is below all.
    """

    maps: Sequence[Map]
    target: int = 0
    link: Link | None = None
    detail: Table | Products | Window | None = None
    rows: Sequence[Sequence[int]] | None = None
    largest: int = 9
    least: int = 4
    side: int | None = None
    labels: dict[str, str] = field(default_factory=dict)


def draw_stage(stage: Stage, *, key: str) -> None:
    """Draw a stage; ``key`` is unique on the page."""
    link = stage.link
    _STAGE(
        data={
            "maps": [_map(item) for item in stage.maps],
            "target": stage.target,
            "link": vars(link) if link else None,
            "detail": _detail(stage.detail),
            "rows": stage.rows,
            "largest": stage.largest,
            "least": stage.least,
            "side": stage.side,
            "labels": _labels() | stage.labels,
        },
        key=key,
    )


def encode_floats(values: Tensor) -> str:
    """Return values as the browser's ``Float32Array``, in base64."""
    array = np.ascontiguousarray(values.detach().numpy(), dtype="<f4")
    return base64.b64encode(array.tobytes()).decode()


def _map(item: Map) -> dict[str, Any]:
    finite = item.values[~item.values.isnan()]
    largest = float(finite.abs().max()) if finite.numel() else 0.0
    return {
        "title": item.title,
        "note": item.note,
        "kind": item.kind,
        "height": item.values.shape[-2],
        "width": item.values.shape[-1],
        "values": encode_floats(item.values),
        "peak": largest if item.peak is None else item.peak,
        "onlyPositive": bool((finite >= 0).all()),
        "border": item.border,
        "zoom": item.zoom,
        "still": item.still,
    }


def _detail(detail: Table | Products | Window | None) -> dict[str, Any] | None:
    if isinstance(detail, Table):
        rows = [
            {"label": label, "digits": digits, "values": [encode_floats(v) for v in values]}
            for label, digits, values in detail.rows
        ]
        return {"kind": "table", "columns": list(detail.columns), "rows": rows}
    if isinstance(detail, Products):
        return {
            "kind": "products",
            "input": encode_floats(detail.padded),
            "weight": encode_floats(detail.weight),
            "height": detail.padded.shape[1],
            "width": detail.padded.shape[2],
            "bias": detail.bias,
            "channels": list(detail.channels),
        }
    return {"kind": "window", "best": detail.mark_largest} if detail else None


def _labels() -> dict[str, str]:
    return {
        "hint": _("Click a place, or move with the arrow keys."),
        "play": _("Let the window slide"),
        "stop": _("Stop"),
        "place": _("Row {row}, column {column}"),
        "sum": _("Sum of the products"),
        "bias": _("bias"),
        "result": _("Result"),
    }


_STAGE = st.components.v2.component(
    "learn_stage",
    html=read_source("learn_stage.html"),
    css=read_source("learn_stage.css"),
    js=read_source("learn_maps.js", "learn_detail.js", "learn_stage.js"),
)
