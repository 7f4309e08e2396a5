"""What the Runs page asks at each tick: as much as a whole summary would tell, and cheaper."""

import os
import socket

import psutil
import pytest

from cifar_core.records import EpochRecord
from cifar_core.run_notes import delete_runs
from cifar_core.run_state import RunState
from cifar_core.run_summaries import live_signs, signs_of, summarise_runs


@pytest.fixture
def live(store, tiny_config):
    store.update_run(store.create_run(tiny_config), state=RunState.FINISHED)
    run_id = store.create_run(tiny_config)
    store.update_run(
        run_id, state=RunState.RUNNING, pid=os.getpid(), host=socket.gethostname(),
        process_started=psutil.Process().create_time(),
    )  # fmt: skip
    return run_id


def end_epoch(store, live):
    store.add_metrics(live, [EpochRecord(1, 6, 1.0, 0.4, None, None, 1e-3, 2.0, 0.0)])


def end_run(store, live):
    store.update_run(live, state=RunState.FINISHED)


def begin_run(store, live):
    store.create_run(store.run(live).config)


def kill_worker(store, live):
    store.update_run(live, process_started=1.0)


def delete_other(store, live):
    delete_runs(store, [run.run_id for run in store.runs() if run.run_id != live])


@pytest.mark.parametrize("change", [end_epoch, end_run, begin_run, kill_worker, delete_other])
def test_the_signs_change_with_the_runs_and_agree_with_the_summaries(store, live, change):
    before = signs_of(summarise_runs(store))
    assert live_signs(store) == before
    change(store, live)
    assert live_signs(store) == signs_of(summarise_runs(store)) != before
