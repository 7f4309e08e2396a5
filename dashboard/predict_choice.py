"""What the visitor asks: which model, which pictures, and how they come to a square."""

from collections.abc import Iterable
from typing import Any

import streamlit as st

from cifar_core.errors import DatasetError
from cifar_core.library import ModelEntry
from cifar_core.pictures import FITS
from dashboard.i18n import _
from dashboard.markdown import plain
from dashboard.models_text import model_option
from dashboard.navigation import exists, page
from dashboard.predict_examples import choose_example, ready_sources
from dashboard.predict_pictures import (
    MAX_PICTURE_MB,
    MAX_PICTURES,
    PICTURE_TYPES,
    Picture,
    Refused,
    open_upload,
)
from dashboard.sentences import translated

PARAMETER = "model"
"""In the address: the model that answers."""
_MODEL, _ORIGIN, _FIT = "predict_model", "predict_origin", "predict_fit"
_FIT_OF_MODEL = "predict_fit_of_model"
"""The fit that the last model was trained with: another one is where the choice begins anew."""
OWN, CAMERA, EXAMPLES = "own", "camera", "examples"


def choose_model(models: list[ModelEntry]) -> ModelEntry:
    """Draw the list of models; return the one in the address, else the last chosen, else newest.

    Args:
        models: at least one, newest first.
    """
    by_id = {entry.model_id: entry for entry in models}
    newest = next((entry for entry in models if not entry.damage), models[0])
    asked, last = st.query_params.get(PARAMETER, ""), st.session_state.get(_MODEL, "")
    if asked and asked not in by_id:
        st.warning(_("The model of this link is not here; the newest one answers instead."))
    chosen = next((name for name in (asked, last) if name in by_id), newest.model_id)
    st.session_state[_MODEL] = chosen
    if asked != chosen:
        st.query_params[PARAMETER] = chosen
    st.selectbox(
        _("Model"),
        list(by_id),
        format_func=lambda model_id: model_option(by_id[model_id]),
        key=_MODEL,
        on_change=_remember_model,
        persist_state="session",
    )
    return by_id[chosen]


def _remember_model() -> None:
    st.query_params[PARAMETER] = st.session_state[_MODEL]


def choose_pictures(entry: ModelEntry) -> list[Picture | Refused]:
    """Draw the ways to a picture; return what came by the chosen one."""
    sources = ready_sources(entry)
    names = {OWN: _("Upload"), CAMERA: _("Camera"), EXAMPLES: _("Examples")}
    st.session_state.setdefault(_ORIGIN, EXAMPLES if sources else OWN)
    origin = st.segmented_control(
        _("Picture"), list(names), format_func=names.__getitem__, required=True, key=_ORIGIN,
        persist_state="session", width="stretch",
    )  # fmt: skip
    if origin == OWN:
        return _from_files()
    if origin == CAMERA:
        return _from_camera()
    return _from_data_set(entry, sources)


def choose_fit(entry: ModelEntry) -> str:
    """Draw how a picture comes to a square, at first as in the model's training.

    Returns:
        One of ``FITS``.
    """
    if st.session_state.get(_FIT_OF_MODEL) != entry.fit:
        st.session_state[_FIT] = st.session_state[_FIT_OF_MODEL] = entry.fit
    names = {"crop": _("Crop"), "letterbox": _("Letterbox"), "stretch": _("Stretch")}
    chosen = st.segmented_control(
        _("To a square"), FITS, required=True, format_func=names.__getitem__,
        key=_FIT, persist_state="session", width="stretch",
        help=_(
            "The network sees squares of 32 × 32 pixels. Crop takes the centre; letterbox keeps "
            "all of it, on grey; stretch keeps all of it, distorted."
        ),
    )  # fmt: skip
    return str(chosen or entry.fit)


def _from_files() -> list[Picture | Refused]:
    files = st.file_uploader(
        _("Pictures"), type=list(PICTURE_TYPES), accept_multiple_files=True, key="predict_files",
        max_upload_size=MAX_PICTURE_MB, label_visibility="collapsed",
    )  # fmt: skip
    st.caption(_("Photos or drawings of any size, several at once. They stay on this machine."))
    if len(files) > MAX_PICTURES:
        text = _("{found} pictures were given; the first {limit} are looked at.")
        st.warning(text.format(found=len(files), limit=MAX_PICTURES))
    return _open_all(files[:MAX_PICTURES])


def _from_camera() -> list[Picture | Refused]:
    if not st.toggle(_("Switch the camera on"), key="predict_camera_on"):
        st.caption(_("The browser asks for permission then. The photo stays on this machine."))
        return []
    photo = st.camera_input(_("Photo"), key="predict_camera", label_visibility="collapsed")
    return _open_all([photo] if photo else [])


def _open_all(files: Iterable[Any]) -> list[Picture | Refused]:
    return [open_upload(file.name, file.getvalue()) for file in files]


def _from_data_set(entry: ModelEntry, sources: list[str]) -> list[Picture | Refused]:
    if not sources:
        st.caption(_("No data set is ready yet; examples come from one."))
        if exists("dataset"):
            st.page_link(page("dataset"), label=_("Get a data set"))
        return []
    try:
        return [choose_example(entry, sources)]
    except DatasetError as error:
        st.error(plain(translated(str(error))))
        return []
