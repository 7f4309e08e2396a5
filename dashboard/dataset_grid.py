"""A grid of small images: sharp at any size, one picture for all of them, usable by keyboard.

``st.image`` a tile would be one request, and one button, an image. Here a page of sixty images is
one PNG of at most 190 kB; the browser cuts it up and enlarges it by whole multiples. The browser's
side is in ``browser/image_grid.js``.
"""

import base64
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dashboard.dataset_samples import sheet_png

_BROWSER_DIR = Path(__file__).parent / "browser"
_SHEET_COLUMNS = 10


@dataclass(frozen=True)
class Tile:
    """What is said of one image.

    Attributes:
        caption: under the image; may be empty.
        name: for those who cannot see it.
        number: what ``opened_number`` returns when it is clicked.
        is_open: whether a dialog shows it now; when that is closed, the keyboard goes on from here.
    """

    caption: str
    name: str
    number: int = 0
    is_open: bool = False


@dataclass(frozen=True)
class GridShape:
    """How many images stand in a row, and how large they may become.

    Attributes:
        columns: in a row.
        narrow_columns: in a row where there is little room, as on a phone.
        narrow_below: what little room is, in pixels.
        largest_factor: how often a pixel is repeated at most, each way.
    """

    columns: int = 10
    narrow_columns: int = 5
    narrow_below: int = 640
    largest_factor: int = 5


USUAL_SHAPE = GridShape()


def image_grid(
    images: NDArray[np.uint8],
    tiles: Sequence[Tile],
    *,
    key: str,
    label: str,
    hint: str = "",
    shape: GridShape = USUAL_SHAPE,
    on_open: Callable[[], None] | None = None,
) -> None:
    """Draw images side by side.

    Args:
        images: uint8 (n, 32, 32, 3), n at least 1.
        tiles: what is said of each of them.
        key: of the component, unique on the page.
        label: what they are together, for those who cannot see them.
        hint: how to use it, likewise.
        shape: how many stand in a row.
        on_open: called when one is clicked; ``opened_number(key)`` tells which. Without it the
            images are no buttons.
    """
    sheet = base64.b64encode(sheet_png(images, _SHEET_COLUMNS)).decode()
    _IMAGE_GRID(
        data={
            "sheet": "data:image/png;base64," + sheet,
            "sheetColumns": _SHEET_COLUMNS,
            "tiles": [asdict(tile) for tile in tiles],
            "label": label,
            "hint": hint,
            "clickable": on_open is not None,
            "columns": shape.columns,
            "narrowColumns": shape.narrow_columns,
            "narrowBelow": shape.narrow_below,
            "largestFactor": shape.largest_factor,
        },
        key=key,
        on_opened_change=on_open or _do_nothing,
    )


def opened_number(key: str) -> int | None:
    """Return the number of the tile that was just clicked; for ``on_open``."""
    number = st.session_state[key].opened
    return number if isinstance(number, int) else None


def _do_nothing() -> None: ...


def _source(name: str) -> str:
    return (_BROWSER_DIR / name).read_text(encoding="utf-8")


_IMAGE_GRID = st.components.v2.component(
    "image_grid",
    html=_source("image_grid.html"),
    css=_source("image_grid.css"),
    js=_source("image_grid.js"),
)
