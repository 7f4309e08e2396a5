import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import psutil
import pytest

from cifar_core import jobs, standby
from cifar_core.checkpoint import load_model
from cifar_core.errors import RunError
from cifar_core.jobs import run_state, start_run
from cifar_core.run_paths import LOG_FILE
from cifar_core.run_state import RunState
from cifar_core.standby import STANDBY_VARIABLE, hand_over, keep_worker_ready
from cifar_core.worker import work

pytestmark = pytest.mark.slow


@pytest.fixture
def ready(home, monkeypatch):
    """Starts the process that waits, and returns it."""
    monkeypatch.setenv(STANDBY_VARIABLE, "60")

    def start() -> subprocess.Popen:
        keep_worker_ready(home)
        return standby._waiting[0]

    return start


def hand(run_id, store):
    log_path = store.workspace.run_dir(run_id) / LOG_FILE
    process = hand_over(run_id, home=store.workspace.root, log_path=log_path)
    if process:
        jobs._children.append(process)  # ended with the test
    return process


def wait_for_end(store, run_id) -> RunState:
    for _ in range(600):
        if store.run(run_id).finished_at:
            return run_state(store.run(run_id))
        time.sleep(0.1)
    raise AssertionError("the run did not end within a minute")


def test_a_run_is_done_by_the_process_that_waited_and_ends_with_the_same_weights(
    store, tiny_config, ready
):
    waiting = ready()
    run_id = start_run(store, tiny_config)
    assert store.run(run_id).pid == waiting.pid
    assert wait_for_end(store, run_id) == RunState.FINISHED

    here = store.create_run(tiny_config)
    work(store, here)
    sums = [
        load_model(store.workspace.run_dir(run) / "final.safetensors").info.weights_sha256
        for run in (run_id, here)
    ]
    assert sums[0] == sums[1]
    assert "epoch 1" in (store.workspace.run_dir(run_id) / LOG_FILE).read_text()
    assert waiting.wait(30) == 0


def test_one_process_waits_however_often_it_is_asked_for(ready):
    assert ready() is ready()
    assert len(standby._waiting) == 1


def test_the_next_one_is_started_when_the_last_was_used(store, tiny_config, ready):
    first = ready()
    hand(store.create_run(tiny_config), store)
    assert ready() is not first


def test_without_a_process_that_waits_nothing_is_handed_over(store, tiny_config):
    assert hand(store.create_run(tiny_config), store) is None


def test_where_the_process_died_a_run_starts_all_the_same(store, tiny_config, ready):
    dead = ready()
    dead.kill()
    dead.wait()
    run_id = start_run(store, tiny_config)
    assert store.run(run_id).pid not in (0, dead.pid)
    assert wait_for_end(store, run_id) == RunState.FINISHED


def test_a_process_that_does_not_answer_is_ended(store, tiny_config, ready, monkeypatch):
    monkeypatch.setattr(standby, "_ANSWER_LIMIT_S", 0.3)
    silent = ready()
    silent.send_signal(signal.SIGSTOP)
    assert hand(store.create_run(tiny_config), store) is None
    assert silent.returncode == -signal.SIGKILL


def test_it_ends_by_itself_when_no_run_comes(home, monkeypatch):
    monkeypatch.setenv(STANDBY_VARIABLE, "1")
    keep_worker_ready(home)
    assert standby._waiting[0].wait(30) == 0


def test_it_ends_when_the_server_that_started_it_is_killed(home):
    code = (
        "import sys, time, pathlib\n"
        "from cifar_core import standby\n"
        f"standby.keep_worker_ready(pathlib.Path({str(home)!r}))\n"
        "print(standby._waiting[0].pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, STANDBY_VARIABLE: "60"}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    waiting = psutil.Process(int(server.stdout.readline()))
    server.kill()
    server.wait()
    server.stdout.close()
    assert waiting.wait(30) in (0, None)
    assert not waiting.is_running()


def test_none_waits_after_it_was_dismissed(ready):
    waiting = ready()
    standby.dismiss_worker()
    assert waiting.returncode == -signal.SIGKILL
    assert not standby._waiting


def test_none_waits_where_the_setting_is_zero(home, monkeypatch):
    monkeypatch.setenv(STANDBY_VARIABLE, "0")
    keep_worker_ready(home)
    assert not standby._waiting


def test_none_waits_where_memory_is_short(home, monkeypatch):
    monkeypatch.setenv(STANDBY_VARIABLE, "60")
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=10**9))
    keep_worker_ready(home)
    assert not standby._waiting


def test_a_setting_that_is_no_number_is_refused(home, monkeypatch):
    monkeypatch.setenv(STANDBY_VARIABLE, "soon")
    with pytest.raises(RunError, match="CIFAR_STANDBY is 'soon'; expected seconds"):
        keep_worker_ready(home)


def test_several_processes_are_not_handed_over(store, tiny_config, ready, monkeypatch):
    waiting = ready()
    commands = []

    def start_process(command, home, output):
        commands.append(command)
        return subprocess.Popen([sys.executable, "-c", ""])

    monkeypatch.setattr(jobs, "start_process", start_process)
    start_run(store, tiny_config.replace(processes=2))
    assert "--nproc-per-node=2" in commands[0]
    assert waiting.poll() is None
