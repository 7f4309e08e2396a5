"""The states of a run in words, colours and icons; each state has all three."""

from typing import Literal

from cifar_core.run_state import RunState
from dashboard.i18n import _

Colour = Literal["blue", "green", "orange", "red", "gray"]

_LOOKS: dict[RunState, tuple[Colour, str]] = {
    RunState.QUEUED: ("gray", ":material/hourglass_empty:"),
    RunState.STARTING: ("blue", ":material/hourglass_top:"),
    RunState.RUNNING: ("blue", ":material/play_arrow:"),
    RunState.PAUSED: ("orange", ":material/pause:"),
    RunState.FINISHED: ("green", ":material/check:"),
    RunState.STOPPED: ("gray", ":material/stop:"),
    RunState.FAILED: ("red", ":material/error:"),
    RunState.CRASHED: ("red", ":material/error:"),
    RunState.STALLED: ("orange", ":material/warning:"),
}


def state_word(state: RunState) -> str:
    """Return the state as the visitor reads it."""
    return {
        RunState.QUEUED: _("Waiting in line"),
        RunState.STARTING: _("Starting"),
        RunState.RUNNING: _("Running"),
        RunState.PAUSED: _("Paused"),
        RunState.FINISHED: _("Finished"),
        RunState.STOPPED: _("Stopped"),
        RunState.FAILED: _("Failed"),
        RunState.CRASHED: _("Crashed"),
        RunState.STALLED: _("Not answering"),
    }[state]


def state_look(state: RunState) -> tuple[Colour, str]:
    """Return the colour of the state's badge and its icon, for ``st.badge``."""
    return _LOOKS[state]
