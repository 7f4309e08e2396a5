"""Which network and which picture are studied: two small menus above every step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from cifar_core.library import ModelEntry
from dashboard.class_names import class_name
from dashboard.dataset_grid import GridShape, Tile, image_grid, opened_number
from dashboard.i18n import _
from dashboard.learn_lesson import Lesson
from dashboard.learn_study import Bytes, Study, open_network, open_parts, source_for, studied_models
from dashboard.markdown import plain
from dashboard.models_text import age_or_source, model_option, model_title
from dashboard.navigation import exists, page
from dashboard.pictures import enlarge_png
from dashboard.predict_pictures import (
    MAX_PICTURE_MB,
    PICTURE_TYPES,
    Refused,
    open_upload,
)

if TYPE_CHECKING:
    from cifar_core.data.image_set import Subset

MODEL_PARAMETER, PICTURE_PARAMETER = "model", "picture"
UNTRAINED = "untrained"
NUM_CHOICES = 15
_DRAW, _GRID, _NETWORK = "learn_draw", "learn_pictures", "learn_network"
_UPLOAD, _OWN = "learn_upload", "learn_own_picture"
_SHAPE = GridShape(columns=5, narrow_columns=5, narrow_below=200, largest_factor=3)


@dataclass(frozen=True, eq=False)
class Chosen:
    """A picture, and the number of its class where somebody knows it."""

    image: Bytes
    label: int | None


def choose_study(lesson: Lesson) -> Study:
    """Draw the two menus; return what they say.

    Args:
        lesson: says what can be chosen.

    Raises:
        CheckpointError: the model cannot be read.
        DatasetError: the pictures cannot be read.
    """
    models = studied_models()
    by_id = {entry.model_id: entry for entry in models}
    entry = by_id.get(_asked_model(by_id))
    network, classes, normalization = open_network(entry)
    data = source_for(entry)
    assert data is not None  # otherwise the model would not be offered
    learned, fresh = open_parts(data, entry)
    chosen = _current_picture(learned, fresh)
    with st.container(horizontal=True, vertical_alignment="center", key="learn_choices"):
        if lesson.needs_picture:
            st.image(enlarge_png(chosen.image, 4), width=40, alt=_("The picture that is studied"))
            with st.popover(_("Picture"), icon=":material/image:"):
                _offer_pictures(learned)
        if lesson.needs_network:
            with st.popover(_("Network"), icon=":material/deployed_code:"):
                _offer_networks(by_id, entry)
            st.caption(_describe(entry))
    return Study(
        network, entry, classes, normalization, data, learned, fresh, chosen.image, chosen.label
    )


def _describe(entry: ModelEntry | None) -> str:
    if entry is None:
        return _("A fresh network: random weights, nothing learned yet.")
    parts = [model_title(entry)]
    if entry.source == "shipped":
        parts.append(age_or_source(entry))
    return plain(" · ".join(parts))


def _asked_model(by_id: dict[str, ModelEntry]) -> str:
    """Return the model of the address, else the most accurate of one's own, of all, or none."""
    asked = st.query_params.get(MODEL_PARAMETER, "")
    if asked in by_id or asked == UNTRAINED:
        return asked
    if asked:
        st.warning(_("The model of this link is not here; it may have been deleted."))
    own = {name: entry for name, entry in by_id.items() if entry.source != "shipped"}
    ranked = own or by_id
    return max(ranked, key=lambda name: ranked[name].accuracy or 0.0, default=UNTRAINED)


def _offer_networks(by_id: dict[str, ModelEntry], entry: ModelEntry | None) -> None:
    st.markdown(_("The steps show the tutorial's network, with weights of your choice."))
    names = {name: model_option(model) for name, model in by_id.items()}
    names[UNTRAINED] = _("Fresh: random weights")
    st.session_state[_NETWORK] = entry.model_id if entry else UNTRAINED
    st.selectbox(
        _("Weights"), list(names), format_func=names.__getitem__, key=_NETWORK,
        on_change=_remember_network,
    )  # fmt: skip
    if not by_id and exists("train"):
        st.caption(_("Train a Simple CNN, and its weights can be studied here."))
        st.page_link(page("train"), label=_("Train your first network"))


def _remember_network() -> None:
    st.query_params[MODEL_PARAMETER] = st.session_state[_NETWORK]


def _offer_pictures(learned: Subset) -> None:
    import torch

    draw = st.session_state.setdefault(_DRAW, 0)
    places = draw_choices(learned, draw)
    images, labels = learned.take(torch.tensor(places))
    names = [class_name(learned.source.classes[label]) for label in labels.tolist()]
    image_grid(
        images.numpy(),
        [
            Tile("", _("Study this picture: {name}").format(name=name), position)
            for name, position in zip(names, learned.indices[places].tolist(), strict=True)
        ],
        key=_GRID,
        label=_("Pictures to study"),
        shape=_SHAPE,
        on_open=_choose_picture,
    )
    st.caption(_("From the training part; no test images."))
    st.button(_("Others"), key="learn_others", icon=":material/shuffle:", on_click=_draw_again)
    file = st.file_uploader(
        _("A picture of your own"), type=list(PICTURE_TYPES), key=_UPLOAD,
        max_upload_size=MAX_PICTURE_MB, on_change=_take_upload,
    )  # fmt: skip
    if file is not None and isinstance(found := open_upload(file.name, file.getvalue()), Refused):
        st.error(plain(found.reason))


def draw_choices(learned: Subset, draw: int) -> list[int]:
    """Return places of pictures to choose from, of every class where there are enough.

    Args:
        learned: the pictures, at least one.
        draw: another number gives others.
    """
    order = np.random.default_rng(draw).permutation(len(learned))
    labels = learned.labels.numpy()[order]
    turns = np.zeros(len(order), dtype=np.int64)  # how many of its class come before each
    for label in np.unique(labels):
        members = labels == label
        turns[members] = np.arange(members.sum())
    first = np.lexsort((np.arange(len(order)), turns))[:NUM_CHOICES]
    return [int(place) for place in order[first]]


def _current_picture(learned: Subset, fresh: Subset) -> Chosen:
    """Return the uploaded picture, else that of the address, else one of those offered."""
    import torch

    if _OWN in st.session_state:
        return Chosen(st.session_state[_OWN], None)
    text = st.query_params.get(PICTURE_PARAMETER, "")
    asked = int(text) if text.isdecimal() and len(text) < 12 else -1
    offered = torch.cat([learned.indices, fresh.indices])  # no test picture, whatever is asked for
    position = asked if (offered == asked).any() else int(learned.indices[_clearest(learned)])
    source = learned.source
    return Chosen(source.images[position].numpy(), int(source.labels[position]))


def _clearest(learned: Subset) -> int:
    """Return the place of the picture with most contrast among the first ones that are offered."""
    import torch

    places = draw_choices(learned, 0)
    images, _labels = learned.take(torch.tensor(places))
    return places[int(images.float().flatten(1).std(1).argmax())]


def _choose_picture() -> None:
    number = opened_number(_GRID)
    if number is not None:
        st.session_state.pop(_OWN, None)
        st.query_params[PICTURE_PARAMETER] = str(number)


def _draw_again() -> None:
    st.session_state[_DRAW] += 1


def _take_upload() -> None:
    """Keep the uploaded picture itself: the field loses its file on a step that has no menu."""
    st.session_state.pop(_OWN, None)
    file = st.session_state[_UPLOAD]
    found = open_upload(file.name, file.getvalue()) if file else None
    if found is not None and not isinstance(found, Refused):
        st.session_state[_OWN] = found.seen["crop"]
        st.query_params.pop(PICTURE_PARAMETER, None)
