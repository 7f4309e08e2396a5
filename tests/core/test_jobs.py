import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from cifar_core import jobs
from cifar_core.config import TrainConfig
from cifar_core.errors import ConfigError, RunError
from cifar_core.jobs import (
    launch_queued,
    process_exists,
    request,
    resume_run,
    run_state,
    slots,
    start_run,
)
from cifar_core.run_state import ACTIVE, RESUMABLE, STALLED_AFTER_S, START_LIMIT_S, RunState
from cifar_core.store import Store

CONFIG = TrainConfig()
WAIT = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def processes():
    """Starts processes that wait; all of them end with the test."""
    started = []

    def start(command=WAIT) -> subprocess.Popen:
        started.append(subprocess.Popen(command))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def launched(monkeypatch, processes) -> list[str]:
    """Runs are launched as processes that do nothing; the list tells which and in what order."""
    run_ids = []

    def launch(store, run_id):
        run_ids.append(run_id)
        store.update_run(run_id, pid=processes().pid)

    monkeypatch.setattr(jobs, "_launch", launch)
    return run_ids


def state_of(store, run_id) -> RunState:
    return run_state(store.run(run_id))


def end(store, run_id, state=RunState.FINISHED) -> None:
    """What a worker does at its end."""
    pid = store.run(run_id).pid
    if pid:
        os.kill(pid, signal.SIGKILL)
    store.update_run(run_id, state=state, finished_at=time.time())


# --- is it the very process?


def test_the_very_process_exists():
    me = psutil.Process()
    assert process_exists(me.pid, me.create_time())
    assert process_exists(me.pid, 0)  # the start is not known yet


@pytest.mark.parametrize("seconds", [-3600.0, -10.0, 10.0, 1e9])
def test_a_process_with_a_reused_number_is_another_one(seconds):
    me = psutil.Process()
    assert not process_exists(me.pid, me.create_time() + seconds)


def test_no_process():
    assert not process_exists(0, 0) and not process_exists(0, time.time())
    assert not process_exists(2**22 + 1, 0)


def test_a_process_that_has_ended_is_gone_also_while_it_is_a_zombie(processes):
    process = processes()
    started = psutil.Process(process.pid).create_time()
    assert process_exists(process.pid, started)
    process.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # dead, and not yet reaped
    assert psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE
    assert not process_exists(process.pid, started) and not process_exists(process.pid, 0)
    process.wait()
    assert not process_exists(process.pid, started)


def test_a_stopped_process_still_exists(processes):
    process = processes()
    process.send_signal(signal.SIGSTOP)
    assert process_exists(process.pid, psutil.Process(process.pid).create_time())


def test_a_process_that_may_not_be_looked_at_is_not_ours(monkeypatch):
    def refuse(self):
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil.Process, "create_time", refuse)
    assert not process_exists(os.getpid(), 1.0)


# --- the state of a run


def test_the_state_of_a_row_is_checked_against_its_process(store, processes):
    run_id, process = store.create_run(CONFIG), processes()
    started = psutil.Process(process.pid).create_time()
    store.update_run(
        run_id, state=RunState.RUNNING, pid=process.pid, process_started=started,
        host=socket.gethostname(),
    )  # fmt: skip
    assert state_of(store, run_id) == RunState.RUNNING
    row = store.run(run_id)
    assert run_state(row, now=row.heartbeat + STALLED_AFTER_S + 1) == RunState.STALLED
    store.update_run(run_id, process_started=started - 100)
    assert state_of(store, run_id) == RunState.CRASHED
    store.update_run(run_id, process_started=started)
    process.kill()
    process.wait()
    assert state_of(store, run_id) == RunState.CRASHED


def test_a_run_of_another_machine_is_judged_by_its_heartbeat(store):
    run_id = store.create_run(CONFIG)
    store.update_run(run_id, state=RunState.RUNNING, pid=os.getpid(), host="another-machine")
    row = store.run(run_id)
    assert run_state(row) == RunState.RUNNING
    assert run_state(row, now=row.heartbeat + 60) == RunState.STALLED
    assert run_state(row, now=row.heartbeat + 600) == RunState.CRASHED


# --- the line


def test_a_run_starts_at_once_where_a_slot_is_free(store, launched):
    run_id = start_run(store, CONFIG, name="first")
    assert launched == [run_id]
    row = store.run(run_id)
    assert (row.name, row.state, row.host) == ("first", RunState.STARTING, socket.gethostname())
    assert state_of(store, run_id) in ACTIVE


def test_runs_wait_in_line_and_start_in_their_order(store, launched):
    runs = [start_run(store, CONFIG) for _ in range(4)]
    assert launched == runs[:1]
    assert [state_of(store, run) for run in runs[1:]] == [RunState.QUEUED] * 3
    for number, run in enumerate(runs):
        end(store, run)
        launch_queued(store)
        assert launched == runs[: number + 2]


def test_a_paused_or_stalled_run_keeps_its_slot(store, launched):
    first = start_run(store, CONFIG)
    for state, heartbeat in [(RunState.PAUSED, time.time()), (RunState.RUNNING, 1.0)]:
        store.update_run(first, state=state, heartbeat=heartbeat)
        start_run(store, CONFIG)
        assert launched == [first]


@pytest.mark.parametrize("state", [RunState.STARTING, RunState.RUNNING, RunState.PAUSED])
def test_a_crashed_run_frees_its_slot(store, launched, state):
    first, second = start_run(store, CONFIG), start_run(store, CONFIG)
    pid = store.run(first).pid
    store.update_run(first, state=state)
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert state_of(store, first) == RunState.CRASHED
    assert launch_queued(store) == [second]


def test_a_launch_that_never_became_a_process_frees_its_slot_after_a_while(store, monkeypatch):
    monkeypatch.setattr(jobs, "_launch", lambda store, run_id: None)
    first, second = start_run(store, CONFIG), start_run(store, CONFIG)
    assert state_of(store, first) == RunState.STARTING
    store.update_run(first, heartbeat=time.time() - START_LIMIT_S - 1)
    assert state_of(store, first) == RunState.CRASHED
    assert launch_queued(store) == [second]


def test_runs_of_the_command_line_take_a_slot_but_are_not_launched(store, launched, processes):
    by_hand = store.create_run(CONFIG, launched_by="cli")
    assert launch_queued(store) == []
    store.update_run(by_hand, state=RunState.RUNNING, pid=processes().pid)
    start_run(store, CONFIG)
    assert launched == []


def test_deleted_runs_are_not_launched(store, launched):
    run_id = store.create_run(CONFIG)
    store.update_run(run_id, deleted_at=time.time())
    assert launch_queued(store) == []


def test_more_slots_let_more_runs_train_at_once(store, launched, monkeypatch):
    monkeypatch.setenv("CIFAR_PARALLEL_RUNS", "3")
    runs = [start_run(store, CONFIG) for _ in range(5)]
    assert launched == runs[:3]


@pytest.mark.parametrize("text", ["0", "-1", "", "two", "1.5", " 1", "²", "٣", "9" * 5000, "1\n"])
def test_a_number_of_slots_that_makes_no_sense_is_refused(monkeypatch, text):
    monkeypatch.setenv("CIFAR_PARALLEL_RUNS", text)
    with pytest.raises(RunError, match=r"CIFAR_PARALLEL_RUNS is .*expected a whole number"):
        slots()


def test_slots(monkeypatch):
    assert slots() == 1
    monkeypatch.setenv("CIFAR_PARALLEL_RUNS", "8")
    assert slots() == 8


def all_at_once(count: int, act) -> list[BaseException]:
    """Run ``act`` in threads that start together; return what they raised."""
    start, errors = threading.Barrier(count), []

    def go():
        start.wait()
        try:
            act()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=go) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


@pytest.mark.parametrize("num_slots", [1, 3])
def test_ten_starts_at_once_fill_the_slots_and_no_more(store, launched, monkeypatch, num_slots):
    monkeypatch.setenv("CIFAR_PARALLEL_RUNS", str(num_slots))
    errors = all_at_once(10, lambda: start_run(Store(store.workspace), CONFIG))
    assert errors == []
    assert len(launched) == len(set(launched)) == num_slots
    states = [run_state(row) for row in store.runs()]
    assert states.count(RunState.STARTING) == num_slots
    assert states.count(RunState.QUEUED) == 10 - num_slots


STARTING = """
import subprocess, sys
from cifar_core import jobs
from cifar_core.config import TrainConfig
from cifar_core.store import Store
from cifar_core.workspace import Workspace
def launch(store, run_id):
    store.update_run(run_id, pid=int(sys.argv[1]))
    print("launched", flush=True)
jobs._launch = launch
print("ready", flush=True)
sys.stdin.readline()
jobs.start_run(Store(Workspace.default()), TrainConfig())
"""


@pytest.mark.slow
def test_servers_that_start_runs_at_once_fill_one_slot(store, processes):
    pid = str(processes().pid)
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", STARTING, pid],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(4)
    ]  # fmt: skip
    assert [starter.stdout.readline() for starter in starters] == ["ready\n"] * 4
    for starter in starters:
        starter.stdin.write("go\n")
        starter.stdin.flush()
    answers = [starter.communicate(timeout=60)[0] for starter in starters]
    assert sorted(answers) == ["", "", "", "launched\n"]
    assert len(store.runs()) == 4


def test_a_process_that_cannot_be_started_fails_the_run_and_lets_the_next_one_in(
    store, launched, monkeypatch, processes
):
    launch = jobs._launch

    def refuse_first(store, run_id):
        monkeypatch.setattr(jobs, "_launch", launch)
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setenv("CIFAR_PARALLEL_RUNS", "1")
    monkeypatch.setattr(jobs, "_launch", refuse_first)
    first, second = store.create_run(CONFIG), store.create_run(CONFIG)
    assert launch_queued(store) == [second]
    row = store.run(first)
    assert row.state == RunState.FAILED and row.finished_at > 0
    assert "could not be started" in row.message and "Cannot allocate memory" in row.message


# --- asking


@pytest.mark.parametrize("kind", ["pause", "resume", "stop"])
def test_what_is_asked_of_an_active_run_waits_for_its_worker(store, launched, kind):
    run_id = start_run(store, CONFIG)
    request(store, run_id, kind)
    assert [c.kind for c in store.waiting_commands(run_id)] == [kind]
    assert state_of(store, run_id) == RunState.STARTING


def test_stop_takes_a_waiting_run_out_of_the_line(store, launched):
    first, second, third = (start_run(store, CONFIG) for _ in range(3))
    request(store, second, "stop")
    row = store.run(second)
    assert row.state == RunState.STOPPED and row.finished_at > 0
    assert store.commands(second) == []
    end(store, first)
    assert launch_queued(store) == [third]
    assert launched == [first, third]


@pytest.mark.parametrize("kind", ["pause", "resume"])
def test_a_waiting_run_can_only_be_stopped(store, launched, kind):
    start_run(store, CONFIG)
    waiting = start_run(store, CONFIG)
    with pytest.raises(RunError, match=f"is queued; there is nothing to {kind}"):
        request(store, waiting, kind)


@pytest.mark.parametrize("state", ["finished", "stopped", "failed"])
@pytest.mark.parametrize("kind", ["pause", "resume", "stop"])
def test_nothing_can_be_asked_of_a_run_that_has_ended(store, launched, state, kind):
    run_id = start_run(store, CONFIG)
    end(store, run_id, RunState(state))
    with pytest.raises(RunError, match=f"Run {run_id} is {state}; there is nothing to {kind}"):
        request(store, run_id, kind)
    assert store.commands(run_id) == []


def test_nothing_can_be_asked_of_a_crashed_or_unknown_run(store):
    run_id = store.create_run(CONFIG)
    store.update_run(run_id, state=RunState.RUNNING, host=socket.gethostname())
    with pytest.raises(RunError, match="is crashed"):
        request(store, run_id, "stop")
    with pytest.raises(RunError, match="There is no run"):
        request(store, "none", "stop")


def test_what_is_no_command_is_refused(store, launched):
    run_id = start_run(store, CONFIG)
    with pytest.raises(RunError, match="is no command"):
        request(store, run_id, "explode")


def test_a_learning_rate_is_handed_over(store, launched):
    run_id = start_run(store, CONFIG)
    request(store, run_id, "learning_rate", 0.25)
    assert store.waiting_commands(run_id)[0].value == 0.25


@pytest.mark.parametrize("value", [None, 0.0, -0.1, 10.5, math.nan, math.inf])
def test_a_learning_rate_that_no_config_may_have_is_refused(store, launched, value):
    run_id = start_run(store, CONFIG)
    with pytest.raises(ConfigError, match=r"learning_rate is .*expected a number above 0"):
        request(store, run_id, "learning_rate", value)
    assert store.commands(run_id) == []


# --- resuming


@pytest.mark.parametrize("state", sorted(RESUMABLE - {RunState.CRASHED}))
def test_a_run_that_ended_early_goes_back_in_line(store, launched, state):
    run_id = start_run(store, CONFIG)
    end(store, run_id, state)
    store.update_run(run_id, message="It failed.", launched_by="cli")
    resume_run(store, run_id)
    row = store.run(run_id)
    assert launched == [run_id, run_id]
    assert (row.state, row.message, row.finished_at) == (RunState.STARTING, "", 0)
    assert row.launched_by == "app" and time.time() - row.heartbeat < 60


def test_a_crashed_run_can_be_resumed(store, launched):
    run_id = start_run(store, CONFIG)
    store.update_run(run_id, state=RunState.RUNNING, process_started=1.0)
    assert state_of(store, run_id) == RunState.CRASHED
    resume_run(store, run_id)
    assert state_of(store, run_id) == RunState.STARTING and len(launched) == 2


def test_a_resumed_run_waits_for_a_slot_like_any_other(store, launched):
    first = start_run(store, CONFIG)
    end(store, first, RunState.STOPPED)
    second = start_run(store, CONFIG)
    resume_run(store, first)
    assert state_of(store, first) == RunState.QUEUED and launched == [first, second]


def test_only_ended_unfinished_runs_can_be_resumed(store, launched):
    running, waiting = start_run(store, CONFIG), start_run(store, CONFIG)
    for run_id, state in [(running, "starting"), (waiting, "queued")]:
        with pytest.raises(RunError, match=f"is {state}; only a stopped or failed run"):
            resume_run(store, run_id)
    for state in (RunState.RUNNING, RunState.PAUSED):
        store.update_run(running, state=state)
        with pytest.raises(RunError, match=f"is {state}"):
            resume_run(store, running)
    end(store, running, RunState.FINISHED)
    with pytest.raises(RunError, match="is finished"):
        resume_run(store, running)
    with pytest.raises(RunError, match="There is no run"):
        resume_run(store, "none")


def test_ten_clicks_on_resume_launch_one_process(store, launched):
    run_id = start_run(store, CONFIG)
    end(store, run_id, RunState.STOPPED)
    errors = all_at_once(10, lambda: resume_run(Store(store.workspace), run_id))
    assert len(errors) == 9 and {type(error) for error in errors} == {RunError}
    assert launched == [run_id, run_id]


def test_a_stop_left_undone_does_not_end_the_resumed_run(store, launched):
    run_id = start_run(store, CONFIG)
    other = store.create_run(CONFIG)
    for kind, value in [("pause", None), ("stop", None), ("learning_rate", 0.5)]:
        request(store, run_id, kind, value)
    store.add_command(other, "stop")
    store.mark_applied([store.waiting_commands(run_id)[0].number], 7)
    store.update_run(run_id, state=RunState.RUNNING, process_started=1.0)  # then it was killed
    resume_run(store, run_id)
    assert [c.kind for c in store.waiting_commands(run_id)] == ["learning_rate"]
    assert [c.kind for c in store.commands(run_id)] == ["pause", "learning_rate"]
    assert len(store.waiting_commands(other)) == 1


# --- the launch itself

WORKER = """#!/bin/sh
echo "arguments $*"
echo "home $CIFAR_HOME"
echo "streamlit $STREAMLIT_SERVER_PORT"
pwd
cat
exec sleep 60
"""


def test_a_worker_is_a_session_of_its_own_that_writes_to_the_runs_log(store, monkeypatch, tmp_path):
    script = tmp_path / "python"
    script.write_text(WORKER)
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    monkeypatch.setenv("STREAMLIT_SERVER_PORT", "8501")
    monkeypatch.chdir(tmp_path)
    run_id = start_run(store, CONFIG)
    pid = store.run(run_id).pid
    try:
        assert os.getsid(pid) == pid != os.getsid(0)
        log = store.workspace.run_dir(run_id) / "worker.log"
        deadline = time.monotonic() + 30
        while log.read_text().count("\n") < 4 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert log.read_text().splitlines() == [
            f"arguments -m cifar_core.worker {run_id}",
            f"home {store.workspace.root}",
            "streamlit ",
            str(Path(jobs.__file__).parents[1]),
        ]  # and its input was empty
    finally:
        os.kill(pid, signal.SIGKILL)
    (child,) = (child for child in jobs._children if child.pid == pid)
    child.wait()
    assert state_of(store, run_id) == RunState.CRASHED
    launch_queued(store)
    assert child not in jobs._children
