"""Example images to ask about, of a data set that is ready; none of them is a test image."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from cifar_core.config import BUILTIN, CIFAR10
from cifar_core.data.sources import summarise_source
from cifar_core.library import ModelEntry
from cifar_core.store import Store
from cifar_core.workspace import Workspace
from dashboard.class_names import class_name
from dashboard.dataset_grid import GridShape, Tile, image_grid, opened_number
from dashboard.dataset_sources import Readiness, known_sources, look_at, own_name
from dashboard.example_pool import Pool, pool_of, pool_words
from dashboard.i18n import _
from dashboard.markdown import plain
from dashboard.models_text import kind_words
from dashboard.predict_pictures import Picture, from_data_set
from dashboard.services import get_image_set, get_workspace

if TYPE_CHECKING:
    from cifar_core.data.image_set import ImageSet

PARAMETER = "image"
"""In the address: the position of the chosen image in its data set."""
NUM_EXAMPLES = 12
_DRAW, _GRID = "predict_draw", "predict_examples"
_SHAPE = GridShape(columns=4, narrow_columns=3, narrow_below=300, largest_factor=3)


def ready_sources(entry: ModelEntry) -> list[str]:
    """Return the data sets that open at once.

    The one that the model was trained on comes first, then those with the same classes, photos for
    a model of photos. What a file from elsewhere says of its data is no path of this machine and is
    not looked at.
    """
    first = entry.data if entry.source == "run" else ""
    root = str(get_workspace().root)
    return _ready_sources(first, entry.fit, entry.classes, entry.drawn, root)


@st.cache_data(ttl=20, max_entries=32, show_spinner=False)
def _ready_sources(
    first: str, fit: str, classes: tuple[str, ...], drawn: bool, root: str
) -> list[str]:
    """Look; kept for a moment, because looking at an own folder means listing its files."""
    workspace = Workspace(Path(root))
    trained_on = [run.config.data for run in Store(workspace).runs()]
    known = dict.fromkeys([CIFAR10, BUILTIN, *known_sources(workspace), *trained_on])
    ready = [d for d in known if look_at(d, workspace, fit=fit).readiness == Readiness.READY]
    found = {data: summarise_source(data, workspace, fit=fit) for data in ready}

    def rank(data: str) -> tuple[bool, bool, bool]:
        summary = found[data]
        return (
            data != first,
            summary is None or summary.classes != classes,
            summary is None or summary.drawn != drawn,
        )

    return sorted(ready, key=rank)


def source_title(data: str) -> str:
    """Return what a person calls a data set."""
    if data == BUILTIN:
        return _("Built-in drawings")
    return "CIFAR-10" if data == CIFAR10 else own_name(data, get_workspace())


def choose_example(entry: ModelEntry, sources: list[str]) -> Picture:
    """Draw a row of example images to click; return the chosen one.

    Args:
        entry: the model that is asked.
        sources: at least one, ready in the model's fit.

    Raises:
        DatasetError: the data set cannot be read.
    """
    data = sources[0]
    if len(sources) > 1:
        data = st.selectbox(
            _("Data set"), sources, format_func=source_title, key="predict_data",
            persist_state="session", on_change=_forget_image,
        )  # fmt: skip
    images = get_image_set(data, entry.fit)
    pool = pool_of(entry, images)
    shown = pool.draw(NUM_EXAMPLES, st.session_state.setdefault(_DRAW, 0))
    image_grid(
        images.images[shown].numpy(),
        [_tile(images, position) for position in shown],
        key=_GRID,
        label=_("Example images"),
        hint=_("Choose one to ask the network about it."),
        shape=_SHAPE,
        on_open=_choose,
    )
    words = [pool_words(pool, source_title(data)), kind_words(entry, drawn=images.drawn)]
    st.caption(plain(" ".join(filter(None, words))))
    st.button(
        _("Other examples"), key="predict_new_draw", icon=":material/shuffle:", on_click=_draw_again
    )
    return picture_at(images, _asked_position(pool, shown[0]))


def picture_at(images: ImageSet, position: int) -> Picture:
    """Return an image of a data set as a picture to ask about."""
    truth = images.classes[int(images.labels[position])]
    name = _("Image {number}").format(number=position)
    return from_data_set(images.images[position].numpy(), name, truth)


def _tile(images: ImageSet, position: int) -> Tile:
    word = class_name(images.classes[int(images.labels[position])])
    return Tile(word, _("Example: {name}").format(name=word), position)


def _asked_position(pool: Pool, otherwise: int) -> int:
    """Return the position in the address, where it is one; never that of a test image."""
    text = st.query_params.get(PARAMETER, "")
    return int(text) if text.isdecimal() and len(text) < 12 and int(text) in pool else otherwise


def _choose() -> None:
    number = opened_number(_GRID)
    if number is not None:
        st.query_params[PARAMETER] = str(number)


def _draw_again() -> None:
    st.session_state[_DRAW] += 1
    _forget_image()


def _forget_image() -> None:
    st.query_params.pop(PARAMETER, None)
