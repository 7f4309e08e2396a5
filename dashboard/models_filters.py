"""The first layer's filters as colour pictures."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from cifar_core.library import ModelEntry
from dashboard.i18n import _
from dashboard.models_inside import look_inside
from dashboard.models_tiles import PictureTile, tile_grid

OWN, ALIKE = "own", "alike"
_LARGE_SIDE, _SMALL_SIDE, _MANY = 72, 48, 36


def show_filters(entry: ModelEntry) -> None:
    """Draw the filters and the choice of their contrast.

    Raises:
        CheckpointError: the model cannot be read.
    """
    weights = look_inside(entry.path).first_weights
    contrast = _choose_contrast()
    st.caption(
        _(
            "What the {count} filters of the first layer look for in {size} × {size} pixels. Grey "
            "is a weight of zero; the stronger a colour, the more it counts."
        ).format(count=len(weights), size=weights.shape[-1])
    )
    peaks = np.abs(weights).max() if contrast == ALIKE else None
    st.html(filter_tiles(filter_pixels(weights, peaks)))


def filter_pixels(
    weights: NDArray[np.float32], peaks: float | NDArray[np.float32] | None = None
) -> NDArray[np.uint8]:
    """Return filters as pictures, uint8 (n, k, k, 3); see ``filters.filter_pictures``."""
    import torch

    from cifar_core.filters import filter_pictures

    scale = None if peaks is None else torch.as_tensor(peaks)
    pictures = filter_pictures(torch.from_numpy(weights), peaks=scale)
    pixels = pictures.permute(0, 2, 3, 1).numpy() * 255
    return np.asarray(np.rint(pixels), np.uint8)


def filter_tiles(pictures: NDArray[np.uint8]) -> str:
    """Return the filters side by side as HTML."""
    side = _SMALL_SIDE if len(pictures) > _MANY else _LARGE_SIDE
    tiles = [
        PictureTile(picture, _("Filter {number}").format(number=number + 1))
        for number, picture in enumerate(pictures)
    ]
    label = _("The {count} filters of the first layer as small colour patches")
    return tile_grid(tiles, side, label.format(count=len(pictures)))


def _choose_contrast() -> str:
    names = {OWN: _("Each filter its own"), ALIKE: _("All alike")}
    return str(
        st.segmented_control(
            _("Contrast"), list(names), format_func=names.__getitem__, default=OWN, required=True,
            key="models_contrast",
            help=_(
                "Its own contrast shows the pattern of every filter, weak ones too. All alike "
                "shows which filters are strong: one scale for all."
            ),
        )
    )  # fmt: skip
