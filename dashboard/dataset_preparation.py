"""From a source to its images: ready, to be prepared, being prepared, or not there."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from cifar_core.background import JobState
from cifar_core.config import BUILTIN, CIFAR10
from cifar_core.data_jobs import DataJob, cancel_preparing, find_job, log_tail, start_preparing
from cifar_core.errors import DatasetError
from cifar_core.workspace import Workspace
from dashboard.class_names import class_name
from dashboard.dataset_address import show_source
from dashboard.dataset_download import (
    download_details,
    download_text,
    offer_download,
    offer_to_download_anew,
)
from dashboard.dataset_grid import Tile, image_grid
from dashboard.dataset_sources import Readiness, SourceState, look_at
from dashboard.i18n import _
from dashboard.markdown import plain
from dashboard.numbers import duration, percent
from dashboard.sentences import translated
from dashboard.services import forget_image_sets, get_image_set, get_workspace

if TYPE_CHECKING:
    from cifar_core.data.image_set import ImageSet

POLL_S = 0.5

_LOOK_AGAIN_S = 60
_ROOM_PX = 360
"""Height of what stands for images that are still to come."""
_LEAST_SHARE = 0.03
"""Before so much is done, the time that is left cannot be told."""


def open_source(data: str, fit: str) -> ImageSet | None:
    """Return the images of a source, or say what stands in the way and offer to change it.

    Args:
        data: 'builtin', 'cifar10', or the path of a folder or archive.
        fit: how own pictures come to a square; one of ``config.FITS``.
    """
    try:
        job = find_job(get_workspace(), data, fit)
    except DatasetError as error:
        _explain_missing(data, SourceState(Readiness.MISSING, str(error)))
        return None
    if job is not None and job.is_active:
        _watch(data, fit)
        if data == BUILTIN:
            _preview()
        else:
            st.skeleton(height=_ROOM_PX)
        return None
    root, stamp = str(get_workspace().root), job.finished_at if job else 0.0
    state = _look_at(data, fit, root, stamp)
    if state.readiness == Readiness.READY:
        try:
            return get_image_set(data, fit)
        except DatasetError as error:
            st.error(plain(translated(str(error))))
            return None
    _look_at.clear(data, fit, root, stamp)  # only what is good is remembered
    if state.readiness == Readiness.MISSING and data == CIFAR10:
        _tell_how_it_ended(data, fit, job)
        offer_download()
    elif state.readiness == Readiness.MISSING:
        _explain_missing(data, state)
    else:
        _offer_to_prepare(data, fit, job)
    return None


def look_again() -> None:
    """Look at the disk again at the next opening: something there was deleted."""
    _look_at.clear()
    forget_image_sets()


# The signature of a large folder takes a second, and every click on the page would wait for it.
@st.cache_data(ttl=_LOOK_AGAIN_S, max_entries=32, show_spinner=False)
def _look_at(data: str, fit: str, root: str, stamp: float) -> SourceState:
    return look_at(data, Workspace(Path(root)), fit=fit)


# --- what stands in the way


def _explain_missing(data: str, state: SourceState) -> None:
    st.error(plain(translated(state.problem)))
    st.button(
        _("Show the built-in drawings"), key="dataset_to_builtin", type="primary",
        on_click=show_source, args=(BUILTIN,),
    )  # fmt: skip


def _offer_to_prepare(data: str, fit: str, job: DataJob | None) -> None:
    _tell_how_it_ended(data, fit, job)
    what, how_long, label = _words_for(data)
    st.markdown(f"{what} {how_long}")
    st.button(
        label, key="dataset_prepare", type="primary", icon=":material/play_arrow:",
        on_click=_prepare, args=(data, fit),
    )  # fmt: skip
    if data == BUILTIN:
        _preview()
    if data == CIFAR10 and job is not None and job.state == JobState.FAILED:
        offer_to_download_anew()


def _prepare(data: str, fit: str) -> None:
    start_preparing(get_workspace(), data, fit)


def _words_for(data: str) -> tuple[str, str, str]:
    """Return what will come, how long that takes, and what the button says."""
    if data == BUILTIN:
        return (
            _(
                "The program draws 30,000 pictures in the ten classes of CIFAR-10, so that you can "
                "train a network without a download."
            ),
            _("That takes about half a minute."),
            _("Draw the built-in images"),
        )
    if data == CIFAR10:
        return (
            _("The official files are here, and have to be unpacked and checked once."),
            _("That takes a few seconds."),
            _("Prepare CIFAR-10"),
        )
    return (
        _(
            "These pictures have to be read once, and each is brought to 32 × 32 pixels, as "
            "training does it."
        ),
        _("About a minute for 50,000 small pictures, longer for large ones."),
        _("Prepare these images"),
    )


def _tell_how_it_ended(data: str, fit: str, job: DataJob | None) -> None:
    if job is None or job.state == JobState.FINISHED:
        return
    if job.state == JobState.CANCELLED and job.downloading:
        st.caption(_("The download was cancelled; what has arrived of it is kept."))
    elif job.state == JobState.CANCELLED:
        st.caption(_("The preparation was cancelled; nothing of it was kept."))
    elif job.state == JobState.FAILED:
        st.error(plain(translated(job.message)))
    else:
        st.error(
            _(
                "The preparation ended without saying why; perhaps the machine ran out of memory, "
                "or was switched off. Try again."
            )
        )
        tail = log_tail(get_workspace(), data, fit)
        if tail:
            with st.expander(_("What it printed last")):
                st.code(tail, language=None)


def _preview() -> None:
    """Show a row of what will be drawn, drawn now."""
    from cifar_core.data import drawn

    images = drawn_samples()
    names = [class_name(name) for name in drawn.CLASSES]
    tiles = [Tile(name, _("{name}, drawn").format(name=name)) for name in names]
    image_grid(images, tiles, key="dataset_preview", label=_("Samples of the built-in drawings"))


@st.cache_data(show_spinner=False)
def drawn_samples() -> NDArray[np.uint8]:
    """Return one drawing of each class, uint8 (10, 32, 32, 3)."""
    from cifar_core.data import drawn

    return drawn.draw_images(np.arange(len(drawn.CLASSES)), seed=1)


# --- while it is being prepared


@st.fragment(run_every=POLL_S)
def _watch(data: str, fit: str) -> None:
    """Show how far a preparation is; ticks only while there is one."""
    job = find_job(get_workspace(), data, fit)
    if job is None or not job.is_active:
        st.rerun()
    st.progress(job.share, text=_progress_text(job))
    if job.downloading and not job.cancel_requested:
        st.caption(download_details(job))
    st.button(
        _("Cancel"), key="dataset_cancel", disabled=job.cancel_requested,
        on_click=cancel_preparing, args=(get_workspace(), data, fit),
    )  # fmt: skip
    st.caption(
        _("You can leave this page meanwhile: the download goes on.")
        if job.downloading
        else _("You can leave this page meanwhile: the preparation goes on.")
    )


def _progress_text(job: DataJob) -> str:
    if job.cancel_requested:
        return _("Cancelling …")
    if job.downloading:
        return download_text(job)
    what = {BUILTIN: _("Drawing the pictures"), CIFAR10: _("Unpacking and checking CIFAR-10")}.get(
        job.data, _("Reading the pictures")
    )
    if not job.total:
        return what + " …"
    parts = [what, percent(job.share, 0)]
    if job.share > _LEAST_SHARE:
        begun = job.phase_started_at or job.started_at
        left_s = (time.time() - begun) * (1 - job.share) / job.share
        parts.append(_("about {time} left").format(time=duration(left_s)))
    return " · ".join(parts)
