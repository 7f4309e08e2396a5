"""Under the table: the room that runs take, deleted runs, and runs from elsewhere."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from cifar_core.errors import RunError
from cifar_core.run_archive import import_run
from cifar_core.run_notes import deleted_runs, disk_use, free_room, removable_bytes, restore_runs
from cifar_core.run_summaries import RunSummary
from dashboard.i18n import _, ngettext
from dashboard.markdown import plain
from dashboard.numbers import ago, count, megabytes
from dashboard.runs_actions import NEWS
from dashboard.runs_table import PARAMETER
from dashboard.sentences import translated
from dashboard.services import get_store
from dashboard.train_labels import run_label

MAX_UPLOAD_MB = 300
_FIRST_DELETED = 8


def show_room(summaries: Sequence[RunSummary]) -> None:
    """Say how much room the runs take, and offer to free what nobody needs."""
    store = get_store()
    total = sum(disk_use(store, summary.run.run_id) for summary in summaries)
    removable = sum(removable_bytes(store, summary.run) for summary in summaries)
    words = ngettext(
        "{count} run takes {size} on this machine's disk.",
        "{count} runs take {size} on this machine's disk.",
        len(summaries),
    ).format(count=count(len(summaries)), size=megabytes(total))
    st.markdown(plain(words))
    if not removable:
        return
    st.caption(
        _(
            "{size} of it only serve to continue runs that have ended, and to look back at past "
            "epochs. Curves and models (final, best, last) stay."
        ).format(size=plain(megabytes(removable)))
    )
    st.button(
        _("Free {size}").format(size=megabytes(removable)), key="runs_free",
        icon=":material/cleaning_services:", on_click=_free,
        args=([summary.run.run_id for summary in summaries],),
    )  # fmt: skip


def _free(run_ids: list[str]) -> None:
    freed = free_room(get_store(), run_ids)
    st.session_state[NEWS] = _("{size} were freed.").format(size=megabytes(freed))


def show_deleted() -> None:
    """Offer to bring deleted runs back, the last deleted first."""
    deleted = deleted_runs(get_store())
    if not deleted:
        st.caption(_("Nothing was deleted in the last days."))
        return
    st.caption(_("Deleted runs are kept for seven days."))
    for run in deleted[:_FIRST_DELETED]:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"{plain(run_label(run))} :gray[· {plain(ago(run.created_at))}]", width="stretch"
            )
            st.button(
                _("Bring back"), key=f"runs_restore_{run.run_id}", type="tertiary",
                icon=":material/undo:", on_click=restore_runs, args=(get_store(), [run.run_id]),
            )  # fmt: skip


def show_import() -> None:
    """Draw where the zip file of a run comes in."""
    st.caption(_("The .zip of a run, taken home here or on another machine."))
    file = st.file_uploader(
        _("A run as .zip"), type=["zip"], key=f"runs_upload_{_round()}",
        max_upload_size=MAX_UPLOAD_MB, label_visibility="collapsed",
    )  # fmt: skip
    if file is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.zip"
        path.write_bytes(file.getvalue())
        try:
            run_id = import_run(get_store(), path)
        except RunError as error:
            st.error(plain(translated(str(error).replace(path.name, file.name))))
            return
    st.session_state["runs_round"] = _round() + 1  # an empty field again
    st.session_state[NEWS] = _("The run is here now, with its curves and its model.")
    st.query_params[PARAMETER] = run_id
    st.rerun()


def _round() -> int:
    return int(st.session_state.get("runs_round", 0))
