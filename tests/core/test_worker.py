import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from cifar_core import jobs, recorder, run_files
from cifar_core.checkpoint import load_info, load_model
from cifar_core.config import TrainConfig
from cifar_core.data.sources import open_data
from cifar_core.errors import DatasetError, RunError
from cifar_core.records import EpochRecord, StepRecord
from cifar_core.run_files import RunFiles
from cifar_core.run_state import RunState
from cifar_core.store import Store
from cifar_core.worker import Listener, work
from cifar_core.workspace import Workspace


class Killed(BaseException):
    """Ends a run in this process as abruptly as an exception can."""


class KillAt(Listener):
    """Raises at a step, or at the end of an epoch, before anything of it is kept."""

    def __init__(self, step=0, epoch=0):
        self.step, self.epoch = step, epoch

    def record(self, record):
        if isinstance(record, StepRecord) and record.step == self.step:
            raise Killed
        if isinstance(record, EpochRecord) and record.epoch == self.epoch:
            raise Killed


def final_weights(store, run_id):
    return load_model(store.workspace.run_dir(run_id) / "final.safetensors").info.weights_sha256


def rows(store, run_id):
    return store.steps(run_id), store.epochs(run_id)


@pytest.fixture
def finished(store, tiny_config):
    """A run that was never interrupted."""
    run_id = store.create_run(tiny_config)
    assert work(store, run_id) == RunState.FINISHED
    return run_id


def test_a_run_ends_with_model_metrics_and_test_result(store, finished):
    run, run_dir = store.run(finished), store.workspace.run_dir(finished)
    assert run.state == RunState.FINISHED
    assert len(store.steps(finished)) == 12 and len(store.epochs(finished)) == 2
    assert run.result["test"]["num_images"] == 30
    assert run.about["sizes"] == {"train": 96, "val": 24, "test": 30}
    info = load_info(run_dir / "final.safetensors")
    assert info.metrics["test"] == run.result["test"]
    assert info.run_id == finished
    assert json.loads((run_dir / "final.json").read_text())["run_id"] == finished
    assert "test accuracy" in (run_dir / "worker.log").read_text()


def test_the_row_tells_how_far_the_images_are_prepared(store, tiny_config, monkeypatch):
    notes = []

    class Watching(Listener):
        def progress(self, done, total):
            notes.append(store.run(run_id).about)

    monkeypatch.setattr(recorder, "NOTE_INTERVAL_S", 0.0)
    run_id = store.create_run(tiny_config)
    work(store, run_id, Watching())
    assert {"preparing": {"done": 64, "total": 150}} in notes
    assert "preparing" not in store.run(run_id).about


def test_examples_show_how_the_answers_change(store, finished):
    examples = store.examples(finished)
    described = store.run(finished).about["examples"]
    assert [step for step, _ in examples][-1] == 12
    for _, probs in examples:
        assert len(probs) == len(described) == 8
        assert all(abs(sum(row) - 1) < 1e-3 for row in probs)


def test_the_examples_pictures_are_kept_beside_the_run(store, finished):
    run = store.run(finished)
    data = open_data(run.config.data, store.workspace)
    places = [example["index"] for example in run.about["examples"]]
    with Image.open(store.workspace.run_dir(finished) / "examples.png") as picture:
        strip = np.asarray(picture)
    assert strip.shape == (32, 8 * 32, 3)
    assert np.array_equal(strip[:, 32:64], data.images[places[1]].numpy())


def test_kept_weights_are_those_of_the_best_validation_epoch(store, tiny_config):
    run_id = store.create_run(
        tiny_config.replace(epochs=6, learning_rate=0.02, batch_size=8, keep_weights="best")
    )
    work(store, run_id)
    accuracies = [e.val_accuracy for e in store.epochs(run_id)]
    best = 1 + accuracies.index(max(accuracies))
    run_dir = store.workspace.run_dir(run_id)
    assert store.run(run_id).result["epoch"] == best
    kept = load_info(run_dir / "best.safetensors")
    assert kept.epoch == best
    assert final_weights(store, run_id) == kept.weights_sha256


def test_the_store_is_held_open_for_the_length_of_a_run(store, tiny_config):
    log, there = store.workspace.database_path.with_name("runs.db-wal"), []

    class Looking(Listener):
        def record(self, record):
            there.append(log.exists())

    work(store, store.create_run(tiny_config), Looking())
    assert there and all(there) and not log.exists()


def test_the_test_set_is_read_once_at_the_end(store, tiny_config, monkeypatch):
    from cifar_core.data.image_set import Subset
    from cifar_core.data.transforms import Augmentation

    seen, take, take_drawn = [], Subset.take, Augmentation.take

    def spy(self, positions):
        seen.extend(i for i in self.indices[positions].tolist() if i >= 120)
        return take(self, positions)

    def spy_on_draws(self, images, draws):
        seen.extend(i for i in draws.places.tolist() if i >= 120)
        return take_drawn(self, images, draws)

    class AtEnd(Listener):
        def record(self, record):
            assert not seen

    monkeypatch.setattr(Subset, "take", spy)
    monkeypatch.setattr(Augmentation, "take", spy_on_draws)
    work(store, store.create_run(tiny_config), AtEnd())
    assert sorted(seen) == list(range(120, 150))


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    kills=st.lists(st.integers(1, 12), min_size=1, max_size=3),
    save_always=st.booleans(),
)
def test_killed_anywhere_and_resumed_a_run_ends_the_same(
    store, finished, tiny_config, kills, save_always
):
    run_id = store.create_run(tiny_config)
    before = run_files.MIN_INTERVAL_S
    run_files.MIN_INTERVAL_S = 0.0 if save_always else before
    try:
        for step in kills:
            try:
                work(store, run_id, KillAt(step=step))
                break  # an earlier kill was behind this step: the run is complete
            except Killed:
                assert store.run(run_id).state == RunState.FAILED
        else:
            work(store, run_id)
    finally:
        run_files.MIN_INTERVAL_S = before
    assert rows(store, run_id) == rows(store, finished)
    assert final_weights(store, run_id) == final_weights(store, finished)
    assert store.run(run_id).result["test"] == store.run(finished).result["test"]


def test_killed_at_the_end_of_each_epoch_a_run_ends_the_same(store, finished, tiny_config):
    run_id = store.create_run(tiny_config)
    for epoch in (1, 2):
        with pytest.raises(Killed):
            work(store, run_id, KillAt(epoch=epoch))
    work(store, run_id)
    assert rows(store, run_id) == rows(store, finished)
    assert final_weights(store, run_id) == final_weights(store, finished)


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_resume_is_exact_for_a_network_with_everything(store, tiny_config, optimizer, monkeypatch):
    config = tiny_config.replace(
        model="vgg", optimizer=optimizer, schedule="one_cycle", flip=True, shift=2, cutout=4,
        normalization="dataset", label_smoothing=0.1, clip_norm=1.0, weight_decay=1e-3,
        batch_size=32,
    )  # fmt: skip
    straight, broken = store.create_run(config), store.create_run(config)
    work(store, straight)
    monkeypatch.setattr(run_files, "MIN_INTERVAL_S", 0.0)
    monkeypatch.setattr(run_files, "SAVING_SHARE", 1e9)
    for step in (2, 5):
        with pytest.raises(Killed):
            work(store, broken, KillAt(step=step))
    work(store, broken)
    assert rows(store, broken) == rows(store, straight)
    assert final_weights(store, broken) == final_weights(store, straight)


def test_a_resume_without_the_optimizer_state_would_end_differently(
    store, finished, tiny_config, monkeypatch
):
    """The tests above can fail: leaving one thing out is seen."""
    from cifar_core import training_state

    monkeypatch.setattr(training_state, "_restore_optimizer", lambda *_: None)
    run_id = store.create_run(tiny_config)
    with pytest.raises(Killed):
        work(store, run_id, KillAt(step=8))
    work(store, run_id)
    assert final_weights(store, run_id) != final_weights(store, finished)


def test_kill_between_state_and_best_model_is_repaired(store, finished, tiny_config, monkeypatch):
    run_id = store.create_run(tiny_config)
    save, seen = RunFiles._save_model, []

    def dies_at_best(self, name, *rest):
        if name == "best" and not seen:
            seen.append(name)
            raise Killed
        return save(self, name, *rest)

    monkeypatch.setattr(RunFiles, "_save_model", dies_at_best)
    with pytest.raises(Killed):
        work(store, run_id)
    work(store, run_id)
    assert final_weights(store, run_id) == final_weights(store, finished)


class Commander(Listener):
    """Gives commands when the training is at certain steps, and waits until they are seen."""

    def __init__(self, store, run_id, commands):
        self.store, self.run_id, self.commands = store, run_id, commands

    def record(self, record):
        if isinstance(record, StepRecord) and record.step in self.commands:
            for kind, value in self.commands.pop(record.step):
                self.store.add_command(self.run_id, kind, value)
            time.sleep(0.25)  # the control looks five times a second


def test_stop_in_the_middle_of_an_epoch_keeps_what_was_learned(store, finished, tiny_config):
    run_id = store.create_run(tiny_config)
    state = work(store, run_id, Commander(store, run_id, {4: [("stop", None)]}))
    assert state == store.run(run_id).state == RunState.STOPPED
    assert len(store.steps(run_id)) == 4
    last = load_model(store.workspace.run_dir(run_id) / "last.safetensors")
    assert last.info.step == 4
    assert store.run(run_id).result == {}  # nothing was tested
    work(store, run_id)
    assert rows(store, run_id) == rows(store, finished)
    assert final_weights(store, run_id) == final_weights(store, finished)


def test_pause_holds_the_steps_until_resume(store, finished, tiny_config):
    run_id = store.create_run(tiny_config)
    thread = threading.Thread(
        target=work, args=(store, run_id, Commander(store, run_id, {3: [("pause", None)]}))
    )
    thread.start()
    wait_for(lambda: store.run(run_id).state == RunState.PAUSED)
    held = len(store.steps(run_id))
    time.sleep(0.5)
    assert len(store.steps(run_id)) == held
    store.add_command(run_id, "resume")
    thread.join(60)
    assert rows(store, run_id) == rows(store, finished)
    assert final_weights(store, run_id) == final_weights(store, finished)


def test_learning_rate_changed_live_is_kept_and_survives_a_kill(store, tiny_config):
    straight, broken = store.create_run(tiny_config), store.create_run(tiny_config)
    work(store, straight, Commander(store, straight, {5: [("learning_rate", 5e-4)]}))

    class ChangeThenDie(Commander):
        def record(self, record):
            super().record(record)
            if isinstance(record, StepRecord) and record.step == 9:
                raise Killed

    with pytest.raises(Killed):
        work(store, broken, ChangeThenDie(store, broken, {5: [("learning_rate", 5e-4)]}))
    work(store, broken)
    rates = [r.learning_rate for r in store.steps(broken)]
    assert rates == [1e-3] * 5 + [5e-4] * 7
    assert rows(store, broken) == rows(store, straight)
    assert final_weights(store, broken) == final_weights(store, straight)
    assert [c.applied_step for c in store.commands(straight)] == [5]


def test_a_store_that_refuses_does_not_end_the_training(store, tiny_config, monkeypatch, finished):
    import sqlite3

    add, calls = Store.add_metrics, []

    def refuses_at_first(self, run_id, records, **patience):
        calls.append(1)
        if len(calls) < 4:
            raise sqlite3.OperationalError("database is locked")
        return add(self, run_id, records, **patience)

    monkeypatch.setattr(Store, "add_metrics", refuses_at_first)
    run_id = store.create_run(tiny_config)
    work(store, run_id)
    assert rows(store, run_id) == rows(store, finished)


def test_what_a_dead_worker_was_asked_does_not_end_the_resumed_run(store, tiny_config):
    run_id = store.create_run(tiny_config)
    store.add_command(run_id, "stop")
    store.add_command(run_id, "learning_rate", 2e-3)
    store.forget_orders(run_id)
    assert work(store, run_id) == RunState.FINISHED
    assert [c.kind for c in store.commands(run_id)] == ["learning_rate"]


def test_settings_of_another_version_do_not_hide_the_runs(store, tiny_config):
    run_id = store.create_run(tiny_config)
    with store.connect() as db:
        db.execute("UPDATE runs SET config = json_set(config, '$.gone', 7)")
    assert store.run(run_id).config == tiny_config


def test_a_full_disk_does_not_end_the_training(store, tiny_config, monkeypatch):
    from cifar_core import training_state
    from cifar_core.errors import CheckpointError

    def full(*_):
        raise CheckpointError("The model cannot be written: No space left on device.")

    monkeypatch.setattr(training_state, "write_tensors", full)
    run_id = store.create_run(tiny_config)
    assert work(store, run_id) == RunState.FINISHED
    log = (store.workspace.run_dir(run_id) / "worker.log").read_text()
    assert "No space left" in log and "Training goes on" in log


def test_missing_data_fails_the_run_with_a_sentence(store):
    run_id = store.create_run(TrainConfig(data="/nowhere/at/all"))
    with pytest.raises(DatasetError):
        work(store, run_id)
    run = store.run(run_id)
    assert run.state == RunState.FAILED
    assert "/nowhere/at/all does not exist" in run.message


def test_a_finished_run_is_not_trained_again(store, finished):
    with pytest.raises(RunError, match="has finished"):
        work(store, finished)


def test_two_workers_never_work_on_one_run(store, tiny_config):
    run_id = store.create_run(tiny_config)

    class Second(Listener):
        def phase(self, name):
            if name == "training":
                # another process, as the lock is the process's own
                code = "import sys; from cifar_core.worker import main; sys.exit(main(sys.argv[1]))"
                child = subprocess.run([sys.executable, "-c", code, run_id], check=False)
                assert child.returncode == 1

    work(store, run_id, Second())
    assert store.run(run_id).state == RunState.FINISHED


def wait_for(condition, timeout=60.0):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


SELF_KILLER = """
import os, signal, sys
from cifar_core import run_files
from cifar_core.records import StepRecord
from cifar_core.store import Store
from cifar_core.worker import Listener, work
from cifar_core.workspace import Workspace

class Kill(Listener):
    def record(self, record):
        if isinstance(record, StepRecord) and record.step == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)

run_files.MIN_INTERVAL_S = 0.0
work(Store(Workspace.default()), sys.argv[1], Kill())
"""


@pytest.mark.slow
def test_a_process_killed_at_three_random_steps_ends_byte_identical(store, finished, tiny_config):
    run_id = store.create_run(tiny_config)
    for step in sorted(random.Random(time.time_ns()).sample(range(1, 13), 3)):
        child = subprocess.run([sys.executable, "-c", SELF_KILLER, run_id, str(step)], check=False)
        assert child.returncode == -signal.SIGKILL, step
        assert jobs.run_state(store.run(run_id)) == RunState.CRASHED
    subprocess.run([sys.executable, "-m", "cifar_core.worker", run_id], check=True)
    assert rows(store, run_id) == rows(store, finished)
    assert final_weights(store, run_id) == final_weights(store, finished)


@pytest.mark.slow
def test_a_launched_run_can_be_killed_seen_dead_and_resumed(store, tiny_config):
    config = tiny_config.replace(epochs=400, batch_size=8)
    run_id = jobs.start_run(store, config)
    wait_for(lambda: len(store.epochs(run_id)) >= 2)  # so that there is a checkpoint
    pid = store.run(run_id).pid
    assert jobs.run_state(store.run(run_id)) == RunState.RUNNING
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: jobs.run_state(store.run(run_id)) == RunState.CRASHED)
    reached = store.last_step(run_id).step
    jobs.resume_run(store, run_id)
    wait_for(lambda: store.last_step(run_id).step > reached)
    began = time.monotonic()
    jobs.request(store, run_id, "stop")
    wait_for(lambda: store.run(run_id).state == RunState.STOPPED)
    assert time.monotonic() - began < 10  # a second on an idle machine; this one may be busy
    steps = [r.step for r in store.steps(run_id)]
    assert steps == list(range(1, len(steps) + 1))
    assert (
        load_model(Workspace.default().run_dir(run_id) / "last.safetensors").info.step == steps[-1]
    )


@pytest.mark.slow
def test_waiting_runs_start_when_the_slot_is_free(store, tiny_config):
    ids = [jobs.start_run(store, tiny_config) for _ in range(3)]
    states = [jobs.run_state(store.run(i)) for i in ids]
    assert states[1:] == [RunState.QUEUED, RunState.QUEUED]
    wait_for(lambda: all(store.run(i).state == RunState.FINISHED for i in ids), timeout=120)
    starts = [(store.run(i).started_at, store.run(i).finished_at) for i in ids]
    assert starts[0][1] <= starts[1][0] and starts[1][1] <= starts[2][0]


def test_thread_count_of_a_run_is_used_again(store, tiny_config):
    run_id = store.create_run(tiny_config)
    torch.set_num_threads(1)
    with pytest.raises(Killed):
        work(store, run_id, KillAt(step=9))
    torch.set_num_threads(2)
    work(store, run_id)
    assert torch.get_num_threads() == 1
