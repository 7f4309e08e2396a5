import os
import socket

import psutil
import pytest

from cifar_core.config import TrainConfig
from cifar_core.run_state import RunState
from dashboard.train_form import Order
from dashboard.train_start import find_twin


def open_run(store, config, **columns):
    run_id = store.create_run(config.with_absolute_data())
    store.update_run(run_id, **{
        "state": RunState.RUNNING, "pid": os.getpid(), "host": socket.gethostname(),
        "process_started": psutil.Process().create_time(), **columns,
    })  # fmt: skip
    return run_id


@pytest.mark.parametrize("state", [RunState.QUEUED, RunState.RUNNING, RunState.PAUSED])
def test_a_run_that_is_open_is_a_twin_of_its_settings(store, state):
    run_id = open_run(store, TrainConfig(), state=state)
    assert find_twin(Order(TrainConfig()), store.runs()).run_id == run_id
    assert find_twin(Order(TrainConfig(seed=1)), store.runs()) is None


@pytest.mark.parametrize(
    "columns", [{"state": RunState.FINISHED}, {"state": RunState.STOPPED}, {"pid": 2**22 - 1}]
)
def test_a_run_that_has_ended_or_crashed_is_none(store, columns):
    open_run(store, TrainConfig(), **columns)
    assert find_twin(Order(TrainConfig()), store.runs()) is None


def test_the_same_folder_named_otherwise_is_the_same(store, tmp_path, monkeypatch):
    (tmp_path / "pets").mkdir()
    monkeypatch.chdir(tmp_path)
    open_run(store, TrainConfig(data=str(tmp_path / "pets")))
    assert find_twin(Order(TrainConfig(data="pets")), store.runs())


def test_settings_that_contradict_each_other_have_no_twin(store):
    open_run(store, TrainConfig())
    assert find_twin(Order(problem="no"), store.runs()) is None
