"""Small pictures side by side, sharp at any width of the page, and a legend of their colours.

Each is an ``img`` of its own that the browser enlarges by a whole multiple and wraps into rows: one
large picture would be squeezed, and blurred, on a phone. Pure: no Streamlit; ``st.html`` shows it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from dashboard.activation_colours import css_gradient
from dashboard.pictures import data_url

_CAPTION = "font-size:0.75rem;line-height:1.3;opacity:0.75;font-variant-numeric:tabular-nums"


@dataclass(frozen=True, eq=False)
class PictureTile:
    """One picture of a grid.

    Attributes:
        pixels: uint8 (h, w, 3).
        name: what it is, for those who cannot see it and those who hover over it.
        caption: under it; may be empty.
    """

    pixels: NDArray[np.uint8]
    name: str
    caption: str = ""


def tile_grid(tiles: Sequence[PictureTile], side: int, label: str) -> str:
    """Return pictures side by side as HTML.

    Args:
        tiles: of the same size.
        side: about how many CSS pixels wide each becomes: the next smaller whole multiple.
        label: what they are together.
    """
    figures = "".join(_figure(tile, side) for tile in tiles)
    return (
        f'<div role="group" aria-label="{escape(label)}" '
        f'style="display:flex;flex-wrap:wrap;gap:8px 8px">{figures}</div>'
    )


def _figure(tile: PictureTile, side: int) -> str:
    height, width = tile.pixels.shape[:2]
    factor = max(1, side // max(height, width))
    caption = ""
    if tile.caption:
        caption = (
            f'<figcaption aria-hidden="true" style="{_CAPTION};text-align:center">'
            f"{escape(tile.caption)}</figcaption>"
        )
    return (
        f'<figure style="margin:0"><img src="{data_url(tile.pixels)}" alt="{escape(tile.name)}" '
        f'title="{escape(tile.name)}" width="{width * factor}" height="{height * factor}" '
        f'style="display:block;image-rendering:pixelated;border-radius:2px;max-width:none">'
        f"{caption}</figure>"
    )


def colour_legend(ends: tuple[str, str], zero: float | None = None) -> str:
    """Return the bar of colours with what its ends mean, as HTML.

    Args:
        ends: said under the dark end and under the light one.
        zero: where the value zero lies, from 0 to 1; None where that is not marked.
    """
    mark = ""
    if zero is not None:
        mark = (
            f'<div style="position:absolute;left:{100 * zero:.1f}%;top:-3px;bottom:-3px;'
            'border-left:2px solid currentColor"></div>'
            f'<div style="position:absolute;left:{100 * zero:.1f}%;top:16px;'
            f'transform:translateX(-50%);{_CAPTION}">0</div>'
        )
    words = "".join(f"<span>{escape(end)}</span>" for end in ends)
    return (
        '<div style="max-width:420px;margin:2px 0 6px">'
        f'<div style="position:relative;height:12px;border-radius:2px;background:{css_gradient()}">'
        f"{mark}</div>"
        f'<div style="display:flex;justify-content:space-between;margin-top:4px;{_CAPTION}">'
        f"{words}</div></div>"
    )


def share_bars(bars: Sequence[tuple[str, float, str, str]], label: str) -> str:
    """Return horizontal bars as HTML: they change in place where a chart would be drawn anew.

    Args:
        bars: name, length from 0 to 1, colour, and what stands at the end of each.
        label: what they are together.
    """
    rows = "".join(
        '<div style="display:grid;grid-template-columns:6.5rem 1fr 4.2rem;gap:8px;'
        'align-items:center;margin:5px 0">'
        f"<span>{escape(name)}</span>"
        '<div style="height:16px;border-radius:4px;background:rgba(128,128,128,0.13)">'
        f'<div style="height:100%;border-radius:4px;width:{100 * share:.1f}%;background:{colour}">'
        "</div></div>"
        f'<span style="font-variant-numeric:tabular-nums">{escape(words)}</span></div>'
        for name, share, colour, words in bars
    )
    return f'<div role="group" aria-label="{escape(label)}">{rows}</div>'
