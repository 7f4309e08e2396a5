"""What state a run is in, as a pure rule over what the store and the system say.

No torch, no files: the rule can be tested as a table.
"""

from dataclasses import dataclass
from enum import StrEnum

STALLED_AFTER_S = 30.0
"""A live process that has not reported for this long is shown as stalled."""
START_LIMIT_S = 120.0
"""A run that was launched and has no process after this long has failed to start."""


class RunState(StrEnum):
    """The states of a run. The worker writes all but the last two, which the reader concludes."""

    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"
    CRASHED = "crashed"
    STALLED = "stalled"


ENDED = frozenset({RunState.FINISHED, RunState.STOPPED, RunState.FAILED, RunState.CRASHED})
"""Nothing will happen in these states unless somebody asks for it."""
RESUMABLE = frozenset({RunState.STOPPED, RunState.FAILED, RunState.CRASHED})
ACTIVE = frozenset({RunState.STARTING, RunState.RUNNING, RunState.PAUSED, RunState.STALLED})
"""A process belongs to the run, or is about to."""


@dataclass(frozen=True)
class Vitals:
    """What tells whether a run lives.

    Attributes:
        state: as last written.
        was_launched: whether the row names a process.
        has_process: whether the process that wrote it exists, the very same one.
        started_elsewhere: whether it runs on another machine that shares the workspace.
        silent_s: seconds since it last reported.
    """

    state: RunState
    was_launched: bool
    has_process: bool
    started_elsewhere: bool
    silent_s: float


def conclude_state(vitals: Vitals) -> RunState:
    """Return the state to show.

    A state that claims a process is only believed while that process exists: a killed one can no
    longer say so itself. A process that exists is never called dead, however long it is silent
    (the machine may have slept); it is called stalled.
    """
    state = vitals.state
    if state not in ACTIVE:
        return state
    if state == RunState.STARTING and not vitals.was_launched:
        return RunState.CRASHED if vitals.silent_s > START_LIMIT_S else RunState.STARTING
    alive = vitals.has_process or (
        vitals.started_elsewhere and vitals.silent_s < STALLED_AFTER_S * 4
    )
    if not alive:
        return RunState.CRASHED
    # A paused worker reports as well, so silence means the same there.
    return RunState.STALLED if vitals.silent_s > STALLED_AFTER_S else state
