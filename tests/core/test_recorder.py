import logging
import sqlite3
import time
from types import SimpleNamespace

import pytest

from cifar_core import database, recorder
from cifar_core.config import TrainConfig
from cifar_core.recorder import Recorder
from cifar_core.records import EpochRecord, StepRecord
from cifar_core.store import Store


def step(number: int) -> StepRecord:
    return StepRecord(number, 1, 0.5, 1e-3, 100.0)


EPOCH = EpochRecord(1, 3, 0.5, 0.5, None, None, 1e-3, 1.0, 2.0)


@pytest.fixture
def run_id(store) -> str:
    return store.create_run(TrainConfig())


@pytest.fixture
def clock(monkeypatch):
    """A clock that only a test moves."""
    now = [1000.0]
    monkeypatch.setattr(recorder, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def test_records_reach_the_store_in_batches(store, run_id, clock):
    keeper = Recorder(store, run_id)
    keeper.add(step(1))
    assert len(store.steps(run_id)) == 1  # the first at once
    for number in range(2, 6):
        keeper.add(step(number))
    assert len(store.steps(run_id)) == 1
    clock[0] += recorder.FLUSH_INTERVAL_S
    keeper.add(EPOCH)
    assert [r.step for r in store.steps(run_id)] == [1, 2, 3, 4, 5]
    assert store.epochs(run_id) == [EPOCH]


def test_a_flush_without_records_is_a_heartbeat(store, run_id, clock):
    keeper = Recorder(store, run_id)
    store.update_run(run_id, heartbeat=1.0)
    keeper.flush_if_due()
    assert time.time() - store.run(run_id).heartbeat < 60
    store.update_run(run_id, heartbeat=1.0)
    keeper.flush_if_due()
    assert store.run(run_id).heartbeat == 1.0  # not due yet


def test_flush_writes_at_once(store, run_id, clock):
    keeper = Recorder(store, run_id)
    keeper.add(step(1))
    keeper.add(step(2))
    assert keeper.flush() is True
    assert len(store.steps(run_id)) == 2


def test_a_record_is_handed_over_once(store, run_id, clock, monkeypatch):
    handed = []
    monkeypatch.setattr(
        Store, "add_metrics", lambda self, run, records, **_: handed.append([*records])
    )
    keeper = Recorder(store, run_id)
    for number in range(1, 4):
        clock[0] += 1.0
        keeper.add(step(number))
    assert handed == [[step(1)], [step(2)], [step(3)]]


@pytest.mark.parametrize(
    "error",
    [
        sqlite3.OperationalError("database is locked"),
        sqlite3.OperationalError("database or disk is full"),
        sqlite3.OperationalError("disk I/O error"),
        sqlite3.DatabaseError("database disk image is malformed"),
        sqlite3.IntegrityError("NOT NULL constraint failed: steps.loss"),
    ],
)
def test_a_store_that_refuses_loses_nothing_and_raises_nothing(
    store, run_id, clock, monkeypatch, caplog, error
):
    keeper = Recorder(store, run_id)

    def refuse(*args, **_):
        raise error

    with caplog.at_level(logging.INFO, "cifar_core"):
        with monkeypatch.context() as patch:
            patch.setattr(Store, "add_metrics", refuse)
            for number in range(1, 8):
                clock[0] += 1.0
                keeper.add(step(number))
                assert keeper.flush() is False
        assert store.steps(run_id) == []
        clock[0] += recorder.RETRY_INTERVAL_S
        keeper.add(EPOCH)
    assert [r.step for r in store.steps(run_id)] == list(range(1, 8))
    assert store.epochs(run_id) == [EPOCH]
    assert [r.levelname for r in caplog.records] == ["WARNING", "INFO"]  # once each, no flood
    assert str(error) in caplog.text and "none is lost" in caplog.text


def test_a_really_locked_database_loses_nothing(store, run_id, monkeypatch):
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.05)
    keeper = Recorder(store, run_id)
    with store.exclusive():
        keeper.add(step(1))
        keeper.add(step(2))
        assert keeper.flush() is False
    assert keeper.flush() is True
    assert len(store.steps(run_id)) == 2


def test_records_are_stored_once_even_if_the_answer_was_lost(store, run_id, clock, monkeypatch):
    keeper = Recorder(store, run_id)
    add = Store.add_metrics

    def add_and_fail(self, run, records, **_):
        add(self, run, records)
        raise sqlite3.OperationalError("interrupted")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "add_metrics", add_and_fail)
        keeper.add(step(1))
    clock[0] += recorder.RETRY_INTERVAL_S
    keeper.add(step(2))
    assert [r.step for r in store.steps(run_id)] == [1, 2]


def test_a_store_that_refuses_is_not_asked_at_every_step(store, run_id, clock, monkeypatch):
    keeper, asked = Recorder(store, run_id), []

    def refuse(*args, patience_s):
        asked.append(patience_s)
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(Store, "add_metrics", refuse)
    for number in range(1, 101):  # ten seconds of steps
        clock[0] += 0.1
        keeper.add(step(number))
    assert len(asked) <= 3
    assert max(asked) <= recorder.PATIENCE_S


def test_a_programming_error_is_not_swallowed(store, run_id, monkeypatch):
    def fail(*args, **_):
        raise TypeError("not a record")

    monkeypatch.setattr(Store, "add_metrics", fail)
    with pytest.raises(TypeError):
        Recorder(store, run_id).add(step(1))
