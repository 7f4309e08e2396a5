"""Bring a model from elsewhere: what is accepted, what is checked, and what came of it."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from cifar_core.errors import CheckpointError
from cifar_core.library import UPLOAD_ENDINGS, ModelEntry, import_model
from cifar_core.model_notes import short_name
from dashboard.i18n import _
from dashboard.markdown import plain
from dashboard.models_gallery import open_model
from dashboard.numbers import megabytes
from dashboard.sentences import translated
from dashboard.services import get_workspace

MAX_UPLOAD_MB = 256
"""Room for the largest network here with the state of its optimiser."""
_TURN, _DONE, _ADDED = "models_upload_turn", "models_upload_done", "models_added"


@dataclass(frozen=True)
class _Outcome:
    """What came of a check: a model, or a sentence."""

    model_id: str = ""
    refusal: str = ""


def show_upload() -> None:
    """Draw the drop zone; check what is dropped, once, and open it where it is a model."""
    st.markdown("**" + _("Bring a model") + "**")
    turn = st.session_state.setdefault(_TURN, 0)
    upload = st.file_uploader(
        _("Model file"),
        type=[ending.lstrip(".") for ending in UPLOAD_ENDINGS],
        key=f"models_upload_{turn}",
        max_upload_size=MAX_UPLOAD_MB,
        label_visibility="collapsed",
    )
    st.caption(
        _(
            "A state_dict saved with torch.save (.pt, .pth) or safetensors, of a network that this "
            "program knows. Checked before anything is used: size, names, shapes and types; no "
            "code in it is ever run."
        )
    )
    if upload is not None:
        _check_once(upload)


def take_added() -> str:
    """Return the id of a model that was just brought in, once; empty otherwise."""
    return str(st.session_state.pop(_ADDED, ""))


def _check_once(upload: Any) -> None:
    """Check a file the first time that the page sees it; later say again why it was refused."""
    done: dict[str, _Outcome] = st.session_state.setdefault(_DONE, {})
    if upload.file_id not in done:
        _check_with_progress(upload, done)
    outcome = done[upload.file_id]
    if outcome.model_id:
        st.session_state[_TURN] += 1  # a new, empty drop zone
        st.session_state[_ADDED] = outcome.model_id
        open_model(outcome.model_id)
        st.rerun()
    st.error(plain(translated(outcome.refusal)), icon=":material/block:")


def _check_with_progress(upload: Any, done: dict[str, _Outcome]) -> None:
    """Check a file while a box says what is going on; the box is gone afterwards."""
    name, place = plain(short_name(upload.name)), st.empty()
    with place.status(_("Checking {name} …").format(name=name), expanded=True):
        st.markdown(
            _("{size} are read in a process of their own, which may take a few seconds.").format(
                size=megabytes(upload.size)
            )
        )
        # Noted before anything else is drawn: a click meanwhile ends this run of the page there.
        done[upload.file_id] = _outcome(upload)
    place.empty()


def _outcome(upload: Any) -> _Outcome:
    try:
        return _Outcome(model_id=check_upload(upload.name, upload.getbuffer()).model_id)
    except CheckpointError as error:
        return _Outcome(refusal=str(error))


def check_upload(name: str, content: memoryview | bytes) -> ModelEntry:
    """Keep an uploaded model in the workspace.

    Args:
        name: what the visitor's machine calls it; only its ending and what is shown come from it.
        content: of the file.

    Raises:
        CheckpointError: it is too large, or not a model that can be used.
    """
    if len(content) > MAX_UPLOAD_MB * 1024**2:
        raise CheckpointError(
            f"{short_name(name)} has {len(content) / 1e6:,.0f} MB; model files of up to "
            f"{MAX_UPLOAD_MB} MB are taken."
        )
    ending = Path(name).suffix.lower()
    with tempfile.TemporaryDirectory(prefix="cifar-upload-") as folder:
        path = Path(folder) / f"upload{ending if ending in UPLOAD_ENDINGS else '.pt'}"
        try:
            path.write_bytes(content)
        except OSError as error:
            raise CheckpointError(f"The upload cannot be kept for checking: {error}.") from error
        return import_model(get_workspace(), path, name)
