"""What can be done with a run: pause, resume, stop, another learning rate, its settings again."""

from collections.abc import Callable

import streamlit as st

from cifar_core import jobs
from cifar_core.config import FIELDS, checked_value
from cifar_core.errors import WorkbenchError
from cifar_core.run_state import RESUMABLE, RunState
from cifar_core.store import Store
from dashboard.i18n import _
from dashboard.services import get_store
from dashboard.train_settings import set_settings
from dashboard.train_view import RunView, full_rate

TROUBLE_KEY = "train_trouble"
"""The sentence of an error that a button met, until it has been shown."""
_RATE_KEY = "train_new_rate"
_STEERABLE = frozenset({RunState.RUNNING, RunState.PAUSED})


def draw_buttons(view: RunView) -> None:
    """Draw what the state of a run allows."""
    run_id, state = view.run.run_id, view.state
    if not view.is_live:
        st.button(
            _("Use its settings"), key="train_copy", icon=":material/content_copy:",
            type="tertiary", on_click=set_settings, args=(view.run.config.to_dict(),),
        )  # fmt: skip
    if state in RESUMABLE:
        st.button(
            _("Resume"), key="train_resume_run", icon=":material/resume:",
            on_click=_do, args=(jobs.resume_run, run_id),
        )  # fmt: skip
    if state == RunState.RUNNING:
        _draw_command(view, "pause", _("Pause"), _("Pausing …"), ":material/pause:")
    if state == RunState.PAUSED:
        _draw_command(view, "resume", _("Resume"), _("Resuming …"), ":material/play_arrow:")
    if state == RunState.QUEUED:
        _draw_command(view, "stop", _("Take out of the line"), "", ":material/close:")
    elif view.is_live:
        _draw_command(view, "stop", _("Stop"), _("Stopping …"), ":material/stop:")
    if state in _STEERABLE and view.run.phase != "testing":
        _draw_rate(view)


def _draw_command(view: RunView, kind: str, label: str, label_after: str, icon: str) -> None:
    """Draw a button that asks the worker for something; greyed out until the worker obeys."""
    asked = kind in view.waiting
    st.button(
        label_after if asked else label, key=f"train_{kind}", icon=icon, disabled=asked,
        on_click=_do, args=(jobs.request, view.run.run_id, kind),
    )  # fmt: skip


def _draw_rate(view: RunView) -> None:
    """Draw the control that changes the learning rate while the run goes on."""
    rate, spec = full_rate(get_store(), view.run), FIELDS["learning_rate"]
    with st.popover(_("Learning rate"), icon=":material/tune:", key="train_rate"):
        st.caption(_("The rate at the top of the schedule; the next step is taken with it."))
        st.session_state.setdefault(_RATE_KEY, rate)
        st.number_input(
            _("New learning rate"), min_value=spec.low, max_value=spec.high, step=rate / 10,
            format="%g", key=_RATE_KEY,
        )  # fmt: skip
        st.button(
            _("Apply"), key="train_apply_rate", icon=":material/check:",
            on_click=_change_rate, args=(view.run.run_id,),
        )  # fmt: skip


def _change_rate(run_id: str) -> None:
    def change(store: Store, run_id: str) -> None:
        rate = checked_value("learning_rate", float(f"{st.session_state[_RATE_KEY]:.6g}"))
        jobs.request(store, run_id, "learning_rate", rate)

    _do(change, run_id)


def _do(action: Callable[..., object], run_id: str, *arguments: str) -> None:
    """Carry out what a button asks for; the run may have ended since it was drawn."""
    try:
        action(get_store(), run_id, *arguments)
    except WorkbenchError as error:
        st.session_state[TROUBLE_KEY] = str(error)
