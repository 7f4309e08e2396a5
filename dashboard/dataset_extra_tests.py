"""Extra test sets on the Dataset page: what they are, the list, and how one is added."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from cifar_core.data import extra_tests
from cifar_core.data.extra_tests import ExtraTest, add_extra_test, delete_extra_test
from cifar_core.data.names import readable_name
from cifar_core.data.scratch import scratch_folder
from cifar_core.data.uploads import ENDINGS, MAX_UPLOAD_MB
from cifar_core.errors import DatasetError
from dashboard.dataset_rows import delete_button, row
from dashboard.dataset_sources import checked_path
from dashboard.i18n import _
from dashboard.markdown import plain
from dashboard.numbers import count, megabytes, percent
from dashboard.sentences import translated
from dashboard.services import get_workspace

if TYPE_CHECKING:
    from cifar_core.data.image_set import ImageSet

_TURN, _PROBLEM, _ADDED = "dataset_tests_turn", "dataset_tests_problem", "dataset_tests_added"
_PATH, _NAME = "dataset_tests_path", "dataset_tests_name"


def show_extra_tests(data: ImageSet, name: str, fit: str) -> None:
    """Draw, folded, the extra test sets and the way to add one.

    Args:
        data: the set that is shown; a new test set must have its classes.
        name: what the visitor calls it.
        fit: how pictures of another shape come to a square.
    """
    known = extra_tests.list_extra_tests(get_workspace())
    title = _("Extra test sets ({count})").format(count=len(known))
    with st.expander(title, icon=":material/fact_check:", key="dataset_tests"):
        st.markdown(
            _(
                "More labelled images with the same classes as **{name}**, to measure a model on "
                "beside its own test images: is it as good on pictures from elsewhere?"
            ).format(name=plain(name))
        )
        problem = st.session_state.pop(_PROBLEM, "")
        if problem:
            st.error(plain(translated(problem)))
        for number, test in enumerate(known):
            _show_row(number, test, data.classes)
        added = st.session_state.pop(_ADDED, "")
        if added:
            st.success(plain(added), icon=":material/check:")
        _show_form(data, fit)


def _show_row(number: int, test: ExtraTest, classes: Sequence[str]) -> None:
    facts = [_("{count} images").format(count=count(test.num_images)), megabytes(test.size_bytes)]
    if sorted(test.classes) != sorted(classes):
        facts.append(_("other classes"))
    with row(f"dataset_tests_row_{number}", plain(test.name), " · ".join(facts)):
        if test.notes:
            with st.popover(_("Left out"), icon=":material/info:", type="tertiary"):
                for note in test.notes:
                    st.markdown("- " + plain(translated(note)))
        delete_button(
            f"dataset_tests_delete_{number}",
            _("The images of this test set are removed from the workspace."),
            _delete,
            test.name,
        )


def _show_form(data: ImageSet, fit: str) -> None:
    turn = st.session_state.setdefault(_TURN, 0)
    with (
        st.popover(_("Add a test set"), icon=":material/add:", key=f"dataset_tests_add_{turn}"),
        st.form(f"dataset_tests_form_{turn}", border=False),
    ):
        files = st.file_uploader(
            _("An archive of a folder for each class, or two .npy files: images and labels"),
            type=[*ENDINGS, "npy"],
            accept_multiple_files=True,
            max_upload_size=MAX_UPLOAD_MB,
            key=f"dataset_tests_files_{turn}",
        )
        path = st.text_input(
            _("Or a path on this machine"),
            key=f"{_PATH}_{turn}",
            placeholder=_("/home/me/cifar10.1_v6_data.npy"),
        )
        name = st.text_input(
            _("Name"), key=f"{_NAME}_{turn}", max_chars=extra_tests.MAX_NAME,
            placeholder=_("from the file, if left empty"),
        )  # fmt: skip
        if st.form_submit_button(_("Add"), key=f"dataset_tests_submit_{turn}", type="secondary"):
            _add(files, path, name, data.classes, fit)


def _add(files: Sequence[Any], path: str, name: str, classes: tuple[str, ...], fit: str) -> None:
    """Read what was given, with a bar, and say what came of it."""
    place = st.empty()

    def report(done: int, total: int) -> None:
        share = done / max(1, total)
        place.progress(share, _("Reading the pictures") + f" · {percent(share, 0)}")

    report(0, 1)
    try:
        if files:
            added = _add_uploads(files, name, classes, fit, report)
        else:
            paths = [Path(checked_path(path))]
            added = add_extra_test(
                get_workspace(), paths, classes, name=name, fit=fit, progress=report
            )
    except DatasetError as error:
        place.empty()
        st.error(plain(translated(str(error))))
        return
    words = _("{name} is here now: {count} images. The Evaluate page offers it.")
    st.session_state[_ADDED] = words.format(name=added.name, count=count(added.num_images))
    st.session_state[_TURN] += 1  # a new, closed and empty form
    st.rerun()


def _add_uploads(
    files: Sequence[Any], name: str, classes: tuple[str, ...], fit: str, report: Any
) -> ExtraTest:
    """Read uploaded files under names of our own."""
    workspace = get_workspace()
    titles = tuple(readable_name(file.name)[:60] for file in files)
    with scratch_folder(workspace.data_dir) as folder:
        paths: list[Path] = []
        for file in files:
            content = file.getbuffer()
            if len(content) > MAX_UPLOAD_MB * 2**20:  # the browser's own check can be left out
                raise DatasetError(
                    f"{readable_name(file.name)[:60]} has more than {MAX_UPLOAD_MB} MB; name its "
                    "path on this machine instead."
                )
            path = folder / f"upload-{len(paths)}-{hashlib.sha256(content).hexdigest()[:8]}"
            path.write_bytes(content)
            paths.append(path)
        return add_extra_test(
            workspace, paths, classes, name=name, titles=titles, fit=fit, progress=report
        )


def _delete(name: str) -> None:
    try:
        delete_extra_test(get_workspace(), name)
    except DatasetError as error:
        st.session_state[_PROBLEM] = str(error)
