"""The training doctor on the Train page: findings on a run, each with a button for what to try."""

from pathlib import Path
from typing import Any

import streamlit as st

from cifar_core import jobs
from cifar_core.config import TrainConfig
from cifar_core.doctor.examination import examine
from cifar_core.doctor.findings import Finding
from cifar_core.doctor.gathering import gather_evidence
from cifar_core.errors import WorkbenchError
from cifar_core.run_state import ACTIVE, RunState
from cifar_core.store import RunRow, Store
from cifar_core.workspace import Workspace
from dashboard.i18n import _
from dashboard.services import get_store, get_workspace
from dashboard.train_controls import TROUBLE_KEY
from dashboard.train_doctor_words import change_words, finding_words
from dashboard.train_settings import set_settings
from dashboard.train_view import RunView

_TICK_S = 5.0
_STARTED_KEY, _WAITS_KEY = "train_doctor_started", "train_doctor_waits"


def draw_doctor(view: RunView) -> None:
    """Draw what the doctor says of a run; while it goes on, again and again."""
    if st.session_state.pop(_WAITS_KEY, False):
        st.toast(
            _("It is in line and starts when a place is free."), icon=":material/playlist_add:"
        )
    if not view.num_steps and view.state != RunState.FAILED:
        return

    @st.fragment(run_every=_TICK_S if view.is_live else None)
    def visit() -> None:
        if st.session_state.pop(_STARTED_KEY, False):
            st.rerun()  # a button of this part was pressed, and all of the page shows it
        run, root = view.run, str(get_workspace().root)
        findings = _findings(run.run_id, root, "" if view.is_live else str(view.state))
        with st.container(key="train_doctor", gap="small"):
            _draw_findings(findings, run, live=view.is_live)

    visit()


@st.cache_resource(ttl=4.0, max_entries=32, show_spinner=False)
def _findings(run_id: str, root: str, ended_as: str) -> tuple[Finding, ...]:
    """Examine a run; viewers within some seconds share one look. An ended run has its own entry."""
    store = Store(Workspace(Path(root)))
    return examine(gather_evidence(store, store.run(run_id)))


def _draw_findings(findings: tuple[Finding, ...], run: RunRow, *, live: bool) -> None:
    if not findings:
        words = _("The training doctor finds nothing wrong.")
        if live:
            words = _("The training doctor finds nothing wrong so far.")
        st.caption(f":material/stethoscope: {words}")
    offered: list[dict[str, Any]] = []
    for finding in findings:
        change = dict(finding.change)
        with st.container(
            horizontal=True, vertical_alignment="center", key=f"train_finding_{finding.kind}"
        ):
            st.markdown(finding_words(finding, run), width="stretch")
            if change and change not in offered:
                _draw_try(finding, run, change, live=live)
        offered.append(change)


def _draw_try(finding: Finding, run: RunRow, change: dict[str, Any], *, live: bool) -> None:
    st.button(
        change_words(change),
        key=f"train_try_{finding.kind}",
        icon=":material/playlist_add:" if live else ":material/play_arrow:",
        help=_("Starts a run with this one change; it waits in line while another one trains."),
        on_click=_try,
        args=(run.run_id, change),
    )


def _try(run_id: str, change: dict[str, Any]) -> None:
    """Start a run like another one but for a change, and show it."""
    store = get_store()
    st.session_state[_STARTED_KEY] = True
    try:
        config = store.run(run_id).config.replace(**change)
        twin = _open_twin(store, config)
        started = twin or jobs.start_run(store, config)
    except WorkbenchError as error:
        st.session_state[TROUBLE_KEY] = str(error)
        return
    set_settings(config.to_dict())
    if jobs.run_state(store.run(started)) == RunState.QUEUED:
        st.session_state[_WAITS_KEY] = True  # told by the page: a callback here may show nothing
    else:
        st.query_params["run"] = started


def _open_twin(store: Store, config: TrainConfig) -> str | None:
    """Return a run that goes on or waits with these very settings: ten clicks start one run."""
    wanted, is_open = config.with_absolute_data(), ACTIVE | {RunState.QUEUED}
    alike = (run for run in store.runs() if run.config == wanted)
    return next((run.run_id for run in alike if jobs.run_state(run) in is_open), None)
