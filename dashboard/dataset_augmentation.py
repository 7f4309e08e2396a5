"""One image as training sees it: sixteen draws of the very transform that training uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from cifar_core.config import FIELDS, TrainConfig
from dashboard.dataset_browser import image_name
from dashboard.dataset_grid import GridShape, Tile, image_grid
from dashboard.dataset_samples import sample_order
from dashboard.i18n import _
from dashboard.navigation import exists, page
from dashboard.train_settings import set_settings

if TYPE_CHECKING:
    from cifar_core.data.image_set import ImageSet

_CHOSEN_KEY, _DRAW_KEY = "dataset_augmented", "dataset_draw"
_DRAWS_SHAPE = GridShape(columns=8, narrow_columns=4, narrow_below=520, largest_factor=4)
_ORIGINAL_SHAPE = GridShape(columns=1, narrow_columns=1, largest_factor=5)


def show_augmentation(data: ImageSet, source: str) -> None:
    """Draw an image, its sixteen draws, and the settings that they follow.

    Args:
        data: the image set.
        source: its name in a config, for training with these settings.
    """
    st.markdown(
        _(
            "While it trains, a network sees every image a little different each time, so that it "
            "learns the thing and not the picture. These are draws of the transform that training "
            "itself uses."
        )
    )
    settings, results = st.columns([1, 2.6], gap="large")
    number = _augmented_number(data)
    name = image_name(data, number)
    with settings:
        image_grid(
            data.images[number].numpy()[None], [Tile(_("original"), name)],
            key="dataset_original", label=_("The original"), shape=_ORIGINAL_SHAPE,
        )  # fmt: skip
        config = _choose_augmentation()
    with results:
        _show_draws(data, number, config)
        _buttons(data, source, config)


def _show_draws(data: ImageSet, number: int, config: TrainConfig) -> None:
    from dashboard.dataset_transforms import draw_versions

    draw = st.session_state.get(_DRAW_KEY, 0)
    versions = draw_versions(data.images[number], data, config, draw=draw)
    words, name = _("{image}, draw {n}"), image_name(data, number)
    tiles = [Tile("", words.format(image=name, n=n + 1)) for n in range(len(versions))]
    image_grid(
        versions, tiles, key="dataset_draws", label=_("16 draws of the transform"),
        shape=_DRAWS_SHAPE,
    )  # fmt: skip


def _choose_augmentation() -> TrainConfig:
    spec = FIELDS["flip"]
    flip = st.toggle(
        _("Flip"), value=True, key="dataset_flip", help=_(spec.help),
        persist_state="session",
    )  # fmt: skip
    shift = _slider("shift", _("Shift, pixels"), 4)
    cutout = _slider("cutout", _("Cutout, pixels"), 8)
    return TrainConfig(flip=bool(flip), shift=shift, cutout=cutout)


def _slider(field: str, label: str, start: int) -> int:
    spec = FIELDS[field]
    low, high = int(spec.low or 0), int(spec.high or 0)
    value = st.slider(
        label, low, high, start, key=f"dataset_{field}", help=_(spec.help), persist_state="session"
    )
    return min(max(low, int(value)), high)


def _augmentation_of(config: TrainConfig) -> dict[str, Any]:
    return {"flip": config.flip, "shift": config.shift, "cutout": config.cutout}


def _buttons(data: ImageSet, source: str, config: TrainConfig) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            _("New draws"), key="dataset_new_draws", icon=":material/casino:", on_click=_draw_again
        )
        st.button(
            _("Another image"), key="dataset_another_image", icon=":material/skip_next:",
            on_click=_choose_another, args=(data,),
        )  # fmt: skip
        if exists("train") and st.button(
            _("Train with these settings"), key="dataset_train_augmented", type="tertiary",
            icon=":material/show_chart:",
        ):  # fmt: skip
            set_settings({**_augmentation_of(config), "data": source})
            st.switch_page(page("train"))


def _draw_again() -> None:
    st.session_state[_DRAW_KEY] = st.session_state.get(_DRAW_KEY, 0) + 1


def _augmented_number(data: ImageSet) -> int:
    """Return the image to work on: the first that is shown, until another one is asked for."""
    fingerprint, place = st.session_state.get(_CHOSEN_KEY, ("", 0))
    order = _training_order(data.fingerprint, data)
    return int(order[place % len(order)] if fingerprint == data.fingerprint else order[0])


def _choose_another(data: ImageSet) -> None:
    fingerprint, place = st.session_state.get(_CHOSEN_KEY, ("", 0))
    st.session_state[_CHOSEN_KEY] = (
        data.fingerprint,
        place + 1 if fingerprint == data.fingerprint else 1,
    )


@st.cache_data(max_entries=8, show_spinner=False)
def _training_order(fingerprint: str, _data: ImageSet) -> NDArray[np.int64]:
    return sample_order(_data.labels[: _data.num_train].numpy())
