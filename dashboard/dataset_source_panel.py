"""The top of the Dataset page: which source, and how a visitor's own images become one."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cifar_core.config import BUILTIN, CIFAR10, FITS, is_own
from cifar_core.data.uploads import ENDINGS, MAX_UPLOAD_MB, keep_upload
from cifar_core.data_jobs import start_preparing
from cifar_core.errors import DatasetError
from dashboard.dataset_address import FIT_KEY, SOURCE_KEY, View, may_have_defaults, show_source
from dashboard.dataset_sources import checked_path, known_sources, own_name
from dashboard.i18n import _
from dashboard.markdown import plain
from dashboard.sentences import translated
from dashboard.services import get_workspace
from dashboard.train_labels import choice_label, field_label

_PATH_KEY, _PROBLEM_KEY = "dataset_path", "dataset_problem"
_UPLOADS_KEY, _CHOICES_KEY = "dataset_uploads_taken", "dataset_own_chosen"
"""Parts of the keys of the upload field and of what it stands in: another one empties the field and
frees its memory, or closes the popover."""

_LAYOUT = "train/cat/*.jpg\ntrain/dog/*.jpg\ntest/cat/*.jpg"


def source_name(data: str) -> str:
    """Return what the visitor calls a source."""
    names = {BUILTIN: _("Built-in drawings"), CIFAR10: "CIFAR-10"}
    return names.get(data) or own_name(data, get_workspace())


def choose_source(view: View) -> tuple[str, DeltaGenerator]:
    """Draw the choice of the source.

    Returns:
        What is chosen, and the place beside it where its state belongs.
    """
    sources = list(dict.fromkeys([*known_sources(get_workspace()), view.data]))
    row = st.container(horizontal=True, vertical_alignment="center")
    with row:
        chosen = st.selectbox(
            _("Images"),
            sources,
            index=sources.index(view.data) if may_have_defaults() else 0,
            format_func=source_name,
            key=SOURCE_KEY,
            on_change=_show_chosen,
            label_visibility="collapsed",
            width=280,
        )
        popover = st.popover(
            _("Use my own images"),
            icon=":material/add_photo_alternate:",
            key=f"dataset_own_{st.session_state.setdefault(_CHOICES_KEY, 0)}",
        )
    with popover:
        _own_images()
    return str(chosen or view.data), row


def choose_fit(source: str, view: View) -> str:
    """Draw how own pictures come to a square; nothing for the other sources.

    Returns:
        One of ``FITS``.
    """
    if not is_own(source):
        return FITS[0]
    chosen = st.segmented_control(
        field_label("fit"),
        FITS,
        default=view.fit if may_have_defaults() else None,
        required=True,
        format_func=choice_label,
        key=FIT_KEY,
        on_change=_show_fit,
        args=(source,),
        help=_(
            "Training, and every picture that the trained network is asked about later, is "
            "brought to 32 × 32 pixels in the same way."
        ),
    )
    return str(chosen or view.fit)


def _show_chosen() -> None:
    show_source(st.session_state[SOURCE_KEY])


def _show_fit(source: str) -> None:
    show_source(source, st.session_state[FIT_KEY])


def _own_images() -> None:
    st.markdown(_("A folder, or an archive of one, with a folder for each class:"))
    st.code(_LAYOUT, language=None)
    form = st.form("dataset_path_form", border=False)
    with form.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            _("Path on this machine"),
            key=_PATH_KEY,
            placeholder=_("/home/me/pets"),
            persist_state="session",
        )
        st.form_submit_button(_("Open"), on_click=_open_path)
    upload_key = f"dataset_upload_{st.session_state.setdefault(_UPLOADS_KEY, 0)}"
    st.file_uploader(
        _("Or upload an archive"),
        type=list(ENDINGS),
        max_upload_size=MAX_UPLOAD_MB,
        key=upload_key,
        on_change=_take_upload,
        args=(upload_key,),
    )
    problem = st.session_state.pop(_PROBLEM_KEY, None)
    if problem:
        st.error(plain(translated(problem)))


def _open_path() -> None:
    try:
        _show_own(checked_path(st.session_state[_PATH_KEY]))
    except DatasetError as error:
        st.session_state[_PROBLEM_KEY] = str(error)


def _take_upload(key: str) -> None:
    upload = st.session_state[key]
    if upload is None:
        return
    st.session_state[_UPLOADS_KEY] += 1
    try:
        kept = keep_upload(upload, upload.name, get_workspace())
    except DatasetError as error:
        st.session_state[_PROBLEM_KEY] = str(error)
        return
    start_preparing(get_workspace(), str(kept))  # that is what the upload was for
    _show_own(str(kept))


def _show_own(data: str) -> None:
    st.session_state[_CHOICES_KEY] += 1
    show_source(data)
