"""The line of waiting runs and the latest ones, each in a row; any of them can be looked at."""

import streamlit as st

from cifar_core import jobs
from cifar_core.errors import RunError
from cifar_core.run_state import ENDED, RunState
from cifar_core.store import RunRow
from dashboard.come_back import refresh_on_return
from dashboard.i18n import _
from dashboard.markdown import plain
from dashboard.numbers import ago, percent
from dashboard.sentences import translated
from dashboard.services import get_store
from dashboard.states import state_look
from dashboard.train_labels import run_label, state_label

NUM_LATEST = 6
_TICK_S = 2.5


def draw_list(runs: list[RunRow], shown: str) -> None:
    """Draw the line and the latest runs.

    Args:
        runs: all of them, newest last.
        shown: id of the run that the page shows.
    """
    states = {run.run_id: jobs.run_state(run) for run in runs}
    line = [run for run in runs if states[run.run_id] == RunState.QUEUED]
    latest = [run for run in reversed(runs) if run not in line][:NUM_LATEST]
    if line:
        st.subheader(_("In line"), anchor=False)
        for run in line:
            _draw_row(run, RunState.QUEUED, shown)
    if len(latest) > 1 or line:
        st.subheader(_("Latest runs"), anchor=False)
        for run in latest:
            _draw_row(run, states[run.run_id], shown)
    _watch_line(states, shown)


def _watch_line(states: dict[str, RunState], shown: str) -> None:
    """Draw the page again when the next run begins, while one that has ended is shown.

    The shown run, while it goes on, looks after itself. Without open runs nothing ticks; a run that
    was started elsewhere is seen when the visitor comes back to the page.
    """
    before = _open_states(states)
    if not before:
        refresh_on_return(key="train_come_back")
    if not before or shown in before:
        return

    @st.fragment(run_every=_TICK_S)
    def look() -> None:
        now = {run.run_id: jobs.run_state(run) for run in get_store().runs()}
        if _open_states(now) != before:
            st.rerun()

    look()


def _open_states(states: dict[str, RunState]) -> dict[str, RunState]:
    """Return the states of the runs that go on or wait."""
    return {run_id: state for run_id, state in states.items() if state not in ENDED}


def show_run(run_id: str) -> None:
    """Look at this run from now on; the address says so."""
    st.query_params["run"] = run_id


def _draw_row(run: RunRow, state: RunState, shown: str) -> None:
    colour, icon = state_look(state)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(state_label(state, run.phase), icon=icon, color=colour)
        st.markdown(f"{plain(run_label(run))} :gray[· {_row_words(run, state)}]", width="stretch")
        if state == RunState.QUEUED:
            st.button(
                _("Remove"), key=f"train_remove_{run.run_id}", icon=":material/close:",
                type="tertiary", on_click=_remove, args=(run.run_id,),
            )  # fmt: skip
        st.button(
            _("Shown above") if run.run_id == shown else _("Show"),
            key=f"train_show_{run.run_id}", type="tertiary", disabled=run.run_id == shown,
            on_click=show_run, args=(run.run_id,),
        )  # fmt: skip


def _row_words(run: RunRow, state: RunState) -> str:
    words = ago(run.finished_at or run.started_at or run.created_at)
    test = run.result.get("test") if state == RunState.FINISHED else None
    return f"{percent(test['accuracy'])} · {words}" if test else words


def _remove(run_id: str) -> None:
    try:
        jobs.request(get_store(), run_id, "stop")
    except RunError as error:  # it has left the line meanwhile, and ended
        st.toast(plain(translated(str(error))))
