"""Start, steer and judge runs as processes. Imports no torch, so that watching a run is light.

A run trains in ``python -m cifar_core.worker RUN_ID``, started in a session of its own: it outlives
the page, the browser and the Streamlit server. ``multiprocessing`` would not do: a spawned child
executes the page again. A fixed number of runs train at once; the rest wait in line.
"""

import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

import psutil

from cifar_core.config import TrainConfig
from cifar_core.errors import RunError
from cifar_core.process import SLOTS_VARIABLE, start_process
from cifar_core.restarts import python_command
from cifar_core.run_paths import LOG_FILE, START_FILE
from cifar_core.run_state import ACTIVE, RESUMABLE, RunState, Vitals, conclude_state
from cifar_core.standby import hand_over
from cifar_core.store import RunRow, Store, run_from_row

_children: list[subprocess.Popen[bytes]] = []
"""Workers that this process started: kept so that ended ones can be reaped, for nothing else."""

_START_TOLERANCE_S = 2.0
"""Start times of a process are known to about a clock tick; a reused pid is far off."""


def start_run(
    store: Store, config: TrainConfig, *, name: str = "", start_from: Path | None = None
) -> str:
    """Put a run in line, start it where a slot is free, and return its id.

    Args:
        store: gets the run.
        config: its settings.
        name: what the person calls it; may be empty.
        start_from: a model whose weights it starts from; None for random ones. Whether they fit is
            found out by the run.

    Raises:
        ConfigError: the data can be no path.
        OSError: the model cannot be copied; then there is no run.
    """
    config = config.with_absolute_data()
    if start_from is None:
        run_id = store.create_run(config, name=name)
    else:
        run_id = store.create_run(config, name=name, launched_by="cli")  # not launched by others
        try:
            shutil.copyfile(start_from, store.workspace.run_dir(run_id) / START_FILE)
        except OSError:
            store.update_run(run_id, state=RunState.STOPPED, deleted_at=time.time())
            raise
        store.update_run(run_id, launched_by="app")
    launch_queued(store)
    return run_id


def resume_run(store: Store, run_id: str) -> None:
    """Put a stopped, failed or crashed run back in line; it continues from its last checkpoint.

    Raises:
        RunError: the run is not in such a state.
    """
    with store.exclusive() as db:  # of two clicks at once, only one puts it in line
        state = run_state(store.run(run_id))
        if state not in RESUMABLE:
            raise RunError(f"Run {run_id} is {state}; only a stopped or failed run can be resumed.")
        db.execute(
            "UPDATE runs SET state = ?, heartbeat = ?, message = '', pid = 0, finished_at = 0, "
            "launched_by = 'app' WHERE run_id = ?",
            (RunState.QUEUED, time.time(), run_id),
        )
    store.forget_orders(run_id)
    launch_queued(store)


def request(store: Store, run_id: str, kind: str, value: float | None = None) -> None:
    """Ask a run to pause, resume, stop, or change its learning rate.

    A run that waits in line is simply taken out of it by "stop".

    Raises:
        RunError: the run has ended or does not exist.
        ConfigError: the learning rate is none that a config may have.
    """
    if kind == "learning_rate":
        TrainConfig.from_dict({kind: value})
    with store.exclusive() as db:  # so that a run cannot leave the line in between
        taken_out = db.execute(
            "UPDATE runs SET state = ?, finished_at = ? "
            "WHERE run_id = ? AND state = ? AND ? = 'stop'",
            (RunState.STOPPED, time.time(), run_id, RunState.QUEUED, kind),
        ).rowcount
    if taken_out:
        return
    state = run_state(store.run(run_id))
    if state not in ACTIVE:
        raise RunError(f"Run {run_id} is {state}; there is nothing to {kind}.")
    store.add_command(run_id, kind, value)


def run_state(row: RunRow, *, now: float | None = None) -> RunState:
    """Return the true state of a run: what its row says, checked against its process."""
    elsewhere = bool(row.host) and row.host != socket.gethostname()
    vitals = Vitals(
        state=row.state,
        was_launched=bool(row.pid),
        has_process=not elsewhere and process_exists(row.pid, row.process_started),
        started_elsewhere=elsewhere,
        silent_s=(now or time.time()) - row.heartbeat,
    )
    return conclude_state(vitals)


def process_exists(pid: int, started: float) -> bool:
    """Whether the very process with this pid and start time exists and is no zombie.

    Args:
        pid: 0 for none.
        started: seconds since 1970; 0 for not known, as in the moment after a launch.
    """
    if not pid:
        return False
    try:
        process = psutil.Process(pid)
        same = not started or abs(process.create_time() - started) < _START_TOLERANCE_S
        return bool(same and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:  # somebody else's process: ours would let us look
        return False


def launch_queued(store: Store) -> list[str]:
    """Start waiting runs while slots are free, oldest first; return their ids.

    Safe to call from several processes at once: a run is claimed under the store's write lock.
    """
    _children[:] = [child for child in _children if child.poll() is None]
    launched = []
    while run_id := _claim_next(store):
        try:
            _launch(store, run_id)
        except OSError as error:  # no memory for a process, no space for its log
            _fail(store, run_id, f"The process that trains could not be started: {error}.")
            continue
        launched.append(run_id)
    return launched


def slots() -> int:
    """Return how many runs may train at once: CIFAR_PARALLEL_RUNS, or one."""
    text = os.environ.get(SLOTS_VARIABLE, "1")
    if not re.fullmatch("[0-9]{1,4}", text) or int(text) < 1:
        raise RunError(f"{SLOTS_VARIABLE} is {text!r}; expected a whole number from 1 to 9999.")
    return int(text)


def _claim_next(store: Store) -> str | None:
    with store.exclusive() as db:  # of two launchers, only one may see the free slot
        rows = db.execute(
            "SELECT * FROM runs WHERE finished_at = 0 AND deleted_at = 0 ORDER BY created_at, rowid"
        ).fetchall()
        open_runs = [run_from_row(row) for row in rows]
        waiting = [r for r in open_runs if r.state == RunState.QUEUED and r.launched_by == "app"]
        num_active = sum(run_state(row) in ACTIVE for row in open_runs)
        if not waiting or num_active >= slots():
            return None
        db.execute(
            "UPDATE runs SET state = ?, heartbeat = ?, pid = 0, process_started = 0, host = ? "
            "WHERE run_id = ?",
            (RunState.STARTING, time.time(), socket.gethostname(), waiting[0].run_id),
        )
        return waiting[0].run_id


def _fail(store: Store, run_id: str, message: str) -> None:
    store.update_run(run_id, state=RunState.FAILED, message=message, finished_at=time.time())


def _launch(store: Store, run_id: str) -> None:
    log_path = store.workspace.run_dir(run_id) / LOG_FILE
    processes, home = store.run(run_id).config.processes, store.workspace.root
    process = None
    if processes == 1:
        process = hand_over(run_id, home=home, log_path=log_path)
    if process is None:
        with log_path.open("ab") as log:
            command = [*python_command(processes), "-m", "cifar_core.worker", run_id]
            process = start_process(command, home, log)
    _children.append(process)
    store.update_run(run_id, pid=process.pid)
