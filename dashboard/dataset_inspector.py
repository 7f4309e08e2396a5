"""One image large, with its pixel values raw and normalised; ``browser/pixel_inspector.js``."""

from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dashboard.i18n import _

_BROWSER_DIR = Path(__file__).parent / "browser"
_DIGITS = 4


def pixel_inspector(
    image: NDArray[np.uint8], normalised: NDArray[np.float32], *, alt: str, key: str
) -> None:
    """Draw an image at least eight times as large, beside its numbers.

    Args:
        image: uint8 (32, 32, 3), as stored.
        normalised: float32 (32, 32, 3), as the network gets it.
        alt: what the image shows, in the visitor's language.
        key: of the component, unique on the page.
    """
    _PIXEL_INSPECTOR(
        data={
            "raw": image.ravel().tolist(),
            "normalised": normalised.ravel().astype(float).round(_DIGITS).tolist(),
            "alt": alt,
            "labels": _labels(),
        },
        key=key,
    )


def channel_names() -> list[str]:
    """Return what the three channels are called."""
    return [_("Red"), _("Green"), _("Blue")]


def _labels() -> dict[str, str | list[str]]:
    return {
        "channel": _("Channel"),
        "channels": channel_names(),
        "raw": _("Raw"),
        "normalised": _("Normalised"),
        "raw_title": _("Raw, 0 to 255"),
        "normalised_title": _("Normalised, as the network gets it"),
        "place": _("Row {row}, column {column}"),
        "hint": _("Click a pixel, or move with the arrow keys."),
    }


def _source(name: str) -> str:
    return (_BROWSER_DIR / name).read_text(encoding="utf-8")


_PIXEL_INSPECTOR = st.components.v2.component(
    "pixel_inspector",
    html=_source("pixel_inspector.html"),
    css=_source("pixel_inspector.css"),
    js=_source("pixel_inspector.js"),
)
