import os
import socket
import time

import psutil
import pytest

from cifar_core import jobs
from cifar_core.config import TrainConfig
from cifar_core.errors import RunError
from cifar_core.records import EpochRecord, StepRecord
from cifar_core.run_state import RunState
from dashboard.train_view import RECENT_STEPS, current_run, full_rate, log_tail, view_run
from dashboard.train_words import end_words, progress_words, time_words


@pytest.fixture
def running(store):
    """A run of 4 epochs of 10 steps, with batches of 64, that this process claims to train."""
    run_id = store.create_run(TrainConfig(epochs=4))
    play_worker(store, run_id)
    return run_id


def play_worker(store, run_id, **columns):
    store.update_run(run_id, **{
        "state": RunState.RUNNING, "phase": "training", "pid": os.getpid(),
        "process_started": psutil.Process().create_time(), "host": socket.gethostname(),
        "steps_per_epoch": 10, "started_at": time.time() - 60, **columns,
    })  # fmt: skip


def add_steps(store, run_id, last, *, images_per_s=640.0, loss=1.0):
    store.add_metrics(run_id, [
        StepRecord(step, 1 + (step - 1) // 10, loss, 1e-3, images_per_s)
        for step in range(1, last + 1)
    ])  # fmt: skip


def add_epoch(store, run_id, epoch, *, seconds=5.0, val_accuracy=0.5):
    store.add_metrics(
        run_id, [EpochRecord(epoch, 10 * epoch, 1.0, 0.5, 1.0, val_accuracy, 1e-3, seconds, 9.0)]
    )


def test_before_the_first_step_nothing_is_known(store, running):
    view = view_run(store, running)
    assert view.is_live and view.eta_s is None and view.loss is None and view.share == 0
    assert view.val_accuracy is None and view.best_epoch is None


def test_an_unknown_run_is_told(store):
    with pytest.raises(RunError, match="There is no run"):
        view_run(store, "nothing")


def test_in_the_first_epoch_the_speed_of_the_steps_tells_the_time_left(store, running):
    add_steps(store, running, 8, images_per_s=640.0)
    assert view_run(store, running).eta_s == pytest.approx(32 * 64 / 640)
    assert view_run(store, running).share == 0.2


def test_afterwards_whole_epochs_with_their_validation_do(store, running):
    add_steps(store, running, 20, images_per_s=64_000.0)
    for epoch in (1, 2):
        add_epoch(store, running, epoch, seconds=5.0)
    assert view_run(store, running).eta_s == pytest.approx(10.0)


def test_a_paused_run_has_no_time_left(store, running):
    add_steps(store, running, 8)
    store.update_run(running, state=RunState.PAUSED)
    view = view_run(store, running)
    assert view.eta_s is None and "paused" in time_words(view)


def test_the_loss_is_the_mean_of_the_last_steps(store, running):
    add_steps(store, running, 10, loss=9.0)
    store.add_metrics(running, [
        StepRecord(step, 2, 2.0, 1e-3, 640.0) for step in range(11, 11 + RECENT_STEPS)
    ])  # fmt: skip
    assert view_run(store, running).loss == 2.0


def test_the_preparation_of_the_images_moves_the_bar_before_the_first_step(store, running):
    play_worker(store, running, phase="preparing data",
                about={"preparing": {"done": 50, "total": 200}}, steps_per_epoch=0)  # fmt: skip
    view = view_run(store, running)
    assert view.share == 0.25 and "50 of 200" in time_words(view)
    assert progress_words(view) == ""


def test_numbers_alone_do_not_ask_for_the_whole_page(store, running):
    add_steps(store, running, 3)
    before = view_run(store, running).fingerprint
    add_steps(store, running, 7)
    add_epoch(store, running, 1)
    assert view_run(store, running).fingerprint == before


@pytest.mark.parametrize(
    "columns",
    [{"state": RunState.PAUSED}, {"phase": "testing"}, {"result": {"epoch": 1}},
     {"about": {"sizes": {}}}],
)  # fmt: skip
def test_whatever_changes_the_buttons_does(store, running, columns):
    add_steps(store, running, 3)
    before = view_run(store, running).fingerprint
    store.update_run(running, **columns)
    assert view_run(store, running).fingerprint != before


def test_a_command_that_waits_and_one_that_was_obeyed_do_too(store, running):
    before = view_run(store, running).fingerprint
    jobs.request(store, running, "pause")
    waiting = view_run(store, running)
    assert waiting.waiting == ("pause",) and waiting.fingerprint != before
    store.mark_applied([c.number for c in store.waiting_commands(running)], 1)
    assert view_run(store, running).fingerprint == before


def test_the_best_epoch_is_the_one_with_the_best_validation(store, running):
    for epoch, accuracy in enumerate((0.3, 0.7, 0.5), start=1):
        add_epoch(store, running, epoch, val_accuracy=accuracy)
    view = view_run(store, running)
    assert view.best_epoch.epoch == 2 and view.val_accuracy == 0.5


def test_a_run_without_validation_has_no_best_epoch(store, running):
    store.add_metrics(running, [EpochRecord(1, 10, 1.0, 0.5, None, None, 1e-3, 1.0, 0.0)])
    view = view_run(store, running)
    assert view.best_epoch is None and view.val_accuracy is None


def test_the_current_run_is_the_one_that_goes_on_else_the_last_to_end(store):
    assert current_run(store, store.runs()) is None
    ids = [store.create_run(TrainConfig(seed=seed)) for seed in range(3)]
    store.update_run(ids[0], state=RunState.FINISHED, started_at=5.0, finished_at=30.0)
    store.update_run(ids[1], state=RunState.STOPPED, started_at=10.0, finished_at=20.0)
    assert current_run(store, store.runs()).run_id == ids[0]
    play_worker(store, ids[1])
    assert current_run(store, store.runs()).run_id == ids[1]


def test_the_rate_to_begin_with_is_the_last_one_asked_for(store, running):
    assert full_rate(store, store.run(running)) == 1e-3
    jobs.request(store, running, "learning_rate", 0.02)
    jobs.request(store, running, "pause")
    assert full_rate(store, store.run(running)) == 0.02


def test_the_log_is_read_from_its_end_and_may_be_missing(store, running):
    assert log_tail(store, running) == ""
    path = store.workspace.run_dir(running) / "worker.log"
    path.write_bytes(b"first\n" + b"\xff" * 30_000 + b"\nlast\n")
    assert log_tail(store, running).endswith("\nlast")
    assert "first" not in log_tail(store, running)


def test_early_stopping_makes_the_time_a_bound(store):
    run_id = store.create_run(TrainConfig(epochs=4, early_stopping=2))
    play_worker(store, run_id)
    add_steps(store, run_id, 8)
    assert time_words(view_run(store, run_id)).startswith("at most ")


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"state": RunState.STOPPED}, "stopped before its first step"),
        ({"state": RunState.FAILED}, "without saying why"),
        ({"state": RunState.FAILED, "message": "The disk is full."}, "The disk is full\\."),
        ({"state": RunState.FINISHED}, "ended without a test"),
        ({"pid": 2**22 - 1}, "Its process is gone"),
    ],
)
def test_every_end_has_its_sentence(store, running, columns, says):
    store.update_run(running, finished_at=time.time(), **columns)
    assert says in end_words(view_run(store, running))
