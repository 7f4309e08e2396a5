import json
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import pytest

from cifar_core import database
from cifar_core.config import TrainConfig
from cifar_core.errors import RunError
from cifar_core.records import EpochRecord, StepRecord
from cifar_core.run_state import RunState
from cifar_core.schema import SCHEMA_VERSION
from cifar_core.store import COMMANDS, Store
from cifar_core.workspace import Workspace

CONFIG = TrainConfig(epochs=3, data="/some/where", clip_norm=0.5)


def step(number: int, loss: float = 1.0) -> StepRecord:
    return StepRecord(number, 1 + (number - 1) // 10, loss, 1e-3, 100.0)


def epoch(number: int, **changes) -> EpochRecord:
    values = {
        "epoch": number, "step": 10 * number, "train_loss": 1.5, "train_accuracy": 0.25,
        "val_loss": 1.25, "val_accuracy": 0.5, "learning_rate": 1e-3, "seconds": 2.0, "eta_s": 4.0,
    }  # fmt: skip
    return EpochRecord(**{**values, **changes})


@pytest.fixture
def run_id(store) -> str:
    return store.create_run(CONFIG, name="mine")


def test_while_somebody_holds_it_open_its_log_stays(store, run_id):
    log = store.workspace.database_path.with_name("runs.db-wal")
    store.add_metrics(run_id, [step(1)])
    assert not log.exists()
    with store.held_open():
        store.add_metrics(run_id, [step(2)])
        assert log.stat().st_size > 0
        assert [record.step for record in store.steps(run_id)] == [1, 2]
    assert not log.exists()
    assert [record.step for record in store.steps(run_id)] == [1, 2]


# --- runs


def test_a_new_run_waits_with_the_settings_it_was_given(store):
    before = time.time()
    run_id = store.create_run(CONFIG, name="Bäume 🌳", launched_by="cli")
    row = store.run(run_id)
    assert (row.run_id, row.name, row.config) == (run_id, "Bäume 🌳", CONFIG)
    assert (row.state, row.launched_by, row.pid) == (RunState.QUEUED, "cli", 0)
    assert before <= row.created_at <= row.heartbeat <= time.time()
    assert row.started_at == row.finished_at == 0 and row.about == row.result == {}


def test_runs_come_in_the_order_in_which_they_were_made(store):
    made = [store.create_run(CONFIG, name=str(i)) for i in range(20)]
    assert len(set(made)) == 20
    assert [row.run_id for row in store.runs()] == made


def test_a_deleted_run_is_not_listed_and_still_there(store, run_id):
    store.update_run(run_id, deleted_at=time.time())
    assert store.runs() == []
    assert store.run(run_id).name == "mine"


def test_columns_are_written_and_tables_become_json(store, run_id):
    about = {"data": {"classes": ["ä", "b"]}, "threads": 2}
    store.update_run(
        run_id, state=RunState.RUNNING, phase="training", about=about, result={}, pid=7, host="h"
    )
    row = store.run(run_id)
    assert (row.state, row.phase, row.about, row.pid) == (RunState.RUNNING, "training", about, 7)
    assert type(row.state) is RunState and row.config == CONFIG


def test_every_write_is_a_heartbeat_and_an_explicit_one_wins(store, run_id):
    store.update_run(run_id, heartbeat=5.0)
    assert store.run(run_id).heartbeat == 5.0
    store.update_run(run_id)
    assert time.time() - store.run(run_id).heartbeat < 5
    store.update_run(run_id, heartbeat=5.0)
    store.add_metrics(run_id, [])
    assert time.time() - store.run(run_id).heartbeat < 5


def test_a_write_touches_no_other_run(store, run_id):
    other = store.create_run(CONFIG)
    before = store.run(other)
    store.update_run(run_id, state=RunState.FAILED, message="x")
    store.add_metrics(run_id, [step(1), epoch(1)])
    store.delete_metrics_after(run_id, step=0, epoch=1)
    assert store.run(other) == before


@pytest.mark.parametrize("run_id", ["", "none", "' OR 1=1 --", "x" * 10**5])
def test_an_unknown_run_is_refused_in_a_sentence(store, run_id):
    store.create_run(CONFIG)
    with pytest.raises(RunError, match=r"There is no run .* in .*home"):
        store.run(run_id)
    assert store.steps(run_id) == [] and store.last_step(run_id) is None


# --- metrics


def test_records_come_back_equal_and_in_order(store, run_id):
    steps = [step(i, loss=1 / i) for i in range(1, 31)]
    epochs = [epoch(1), epoch(2, val_loss=None, val_accuracy=None), epoch(3)]
    store.add_metrics(run_id, [*reversed(steps[:20]), *epochs[1:]])
    store.add_metrics(run_id, iter([epochs[0], *steps[20:]]))
    assert store.steps(run_id) == steps and store.epochs(run_id) == epochs
    assert store.steps(run_id)[0].images_per_s == 100.0
    assert (store.epochs(run_id)[0].seconds, store.epochs(run_id)[0].eta_s) == (2.0, 4.0)
    assert store.last_step(run_id) == steps[-1]
    assert store.steps(run_id, after=10, limit=5) == steps[10:15]
    assert store.steps(run_id, after=30) == []


def test_floats_survive_bit_for_bit(store, run_id):
    values = [0.1 + 0.2, 5e-324, 1.7976931348623157e308, 1 / 3]
    store.add_metrics(run_id, [step(i, loss=v) for i, v in enumerate(values, 1)])
    assert [record.loss for record in store.steps(run_id)] == values


def test_a_step_or_epoch_is_never_there_twice(store, run_id):
    store.add_metrics(run_id, [step(1, 9.0), step(1, 8.0), epoch(1, train_loss=9.0)])
    store.add_metrics(run_id, [step(1, 7.0), epoch(1, train_loss=7.0)])
    assert [record.loss for record in store.steps(run_id)] == [7.0]
    assert [record.train_loss for record in store.epochs(run_id)] == [7.0]
    with store.connect() as db, pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        db.execute("INSERT INTO steps VALUES (?, 1, 1, 1, 1, 1)", (run_id,))


def test_runs_have_metrics_of_their_own(store, run_id):
    other = store.create_run(CONFIG)
    store.add_metrics(run_id, [step(1, 1.0)])
    store.add_metrics(other, [step(1, 2.0)])
    assert store.last_step(run_id).loss == 1.0 and store.last_step(other).loss == 2.0


@pytest.mark.parametrize(
    ("after_step", "from_epoch", "steps_left", "epochs_left"),
    [(0, 1, 0, 0), (10, 2, 10, 1), (15, 2, 15, 1), (25, 3, 25, 2), (99, 9, 30, 3)],
)
def test_what_follows_a_checkpoint_is_forgotten(
    store, run_id, after_step, from_epoch, steps_left, epochs_left
):
    other = store.create_run(CONFIG)
    records = [*(step(i) for i in range(1, 31)), epoch(1), epoch(2), epoch(3)]
    for run in (run_id, other):
        store.add_metrics(run, records)
        for at in (5, 15, 25):
            store.add_examples(run, at, [[0.5, 0.5]])
    store.delete_metrics_after(run_id, step=after_step, epoch=from_epoch)
    assert [r.step for r in store.steps(run_id)] == list(range(1, steps_left + 1))
    assert [r.epoch for r in store.epochs(run_id)] == list(range(1, epochs_left + 1))
    assert [at for at, _ in store.examples(run_id)] == [a for a in (5, 15, 25) if a <= after_step]
    assert len(store.steps(other)) == 30 and len(store.examples(other)) == 3


def test_a_failing_record_undoes_its_whole_transaction(store, run_id):
    store.add_metrics(run_id, [step(1)])
    with pytest.raises(sqlite3.Error):
        store.add_metrics(run_id, [step(2), step(3), epoch(1, train_loss=object())])
    assert [r.step for r in store.steps(run_id)] == [1] and store.epochs(run_id) == []


def test_examples_are_kept_with_their_step(store, run_id):
    store.add_examples(run_id, 20, [[0.9, 0.1]])
    store.add_examples(run_id, 10, [[0.25, 0.75], [1.0, 0.0]])
    store.add_examples(run_id, 20, [[0.5, 0.5]])
    assert store.examples(run_id) == [(10, [[0.25, 0.75], [1.0, 0.0]]), (20, [[0.5, 0.5]])]
    assert store.last_examples(run_id) == (20, [[0.5, 0.5]])


def test_before_the_first_look_there_are_no_examples(store, run_id):
    assert store.last_examples(run_id) is None


# --- commands


def test_commands_wait_in_order_until_they_are_applied(store, run_id):
    for kind, value in [("pause", None), ("learning_rate", 0.5), ("resume", None), ("stop", None)]:
        store.add_command(run_id, kind, value)
    waiting = store.waiting_commands(run_id)
    assert [c.kind for c in waiting] == ["pause", "learning_rate", "resume", "stop"]
    assert [c.value for c in waiting] == [None, 0.5, None, None]
    assert [c.number for c in waiting] == sorted(c.number for c in waiting)
    store.mark_applied([waiting[0].number, waiting[2].number], 17)
    assert [c.kind for c in store.waiting_commands(run_id)] == ["learning_rate", "stop"]
    assert [c.applied_step for c in store.commands(run_id)] == [17, None, 17, None]


def test_commands_reach_their_own_run_only(store, run_id):
    other = store.create_run(CONFIG)
    store.add_command(other, "stop")
    assert store.waiting_commands(run_id) == [] and len(store.waiting_commands(other)) == 1


@pytest.mark.parametrize("kind", ["", "Stop", "kill", "explode"])
def test_what_is_no_command_is_refused(store, run_id, kind):
    with pytest.raises(RunError, match=r"is no command; the commands are pause, resume, stop"):
        store.add_command(run_id, kind)
    assert store.commands(run_id) == []


def test_the_commands_are_those_that_a_worker_knows():
    assert COMMANDS == ("pause", "resume", "stop", "learning_rate")


# --- the file


def test_an_empty_file_becomes_a_store(workspace):
    workspace.root.mkdir()
    workspace.database_path.touch()
    assert Store(workspace).runs() == []


@pytest.mark.parametrize("version", [SCHEMA_VERSION + 1, 99])
def test_a_store_of_a_newer_version_is_refused_and_left_alone(workspace, store, version):
    run_id = store.create_run(CONFIG)
    with store.connect() as db:
        db.execute(f"PRAGMA user_version = {version}")
    with pytest.raises(RunError, match="another version of this program"):
        Store(workspace)
    with store.connect() as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == version
    assert store.run(run_id).config == CONFIG


@pytest.mark.parametrize("content", [b"garbage" * 1000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_refused_and_left_alone(workspace, content):
    workspace.root.mkdir()
    workspace.database_path.write_bytes(content)
    with pytest.raises(RunError, match="is no database of this program"):
        Store(workspace)
    assert workspace.database_path.read_bytes() == content


def test_a_folder_in_place_of_the_database_is_refused(workspace):
    workspace.database_path.mkdir(parents=True)
    (workspace.database_path / "x").touch()
    with pytest.raises(RunError, match="CIFAR_HOME"):
        Store(workspace)


def test_a_workspace_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot be made: Not a directory"):
        Store(Workspace(tmp_path / "file" / "home"))


def test_readers_do_not_wait_for_a_writer(store, run_id):
    with store.exclusive() as db:
        db.execute("UPDATE runs SET name = 'half done'")
        began = time.monotonic()
        assert Store(store.workspace).run(run_id).name == "mine"
        assert time.monotonic() - began < 5
    assert store.run(run_id).name == "half done"


def test_an_error_undoes_an_exclusive_transaction(store, run_id):
    with pytest.raises(ZeroDivisionError), store.exclusive() as db:
        db.execute("UPDATE runs SET name = 'half done'")
        raise ZeroDivisionError
    assert store.run(run_id).name == "mine"


def test_a_second_writer_waits_for_the_first(store, run_id, monkeypatch):
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.05)
    with store.exclusive(), pytest.raises(sqlite3.OperationalError, match="locked"):
        store.update_run(run_id, name="x")
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 30.0)
    with store.exclusive():
        writer = threading.Thread(target=lambda: store.update_run(run_id, name="later"))
        writer.start()
        time.sleep(0.2)
    writer.join()
    assert store.run(run_id).name == "later"


def test_watching_runs_needs_no_torch():
    code = "import sys, cifar_core.store, cifar_core.jobs; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- at the same time


def all_at_once(count: int, act) -> list:
    """Run ``act(i)`` in threads that start together; return what they answer, or raise."""
    start, answers, errors = threading.Barrier(count), [], []

    def go(number):
        try:
            start.wait()
            answers.append(act(number))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=go, args=[i]) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return answers


@pytest.mark.parametrize("round_", range(5))
def test_many_may_make_the_store_at_once(tmp_path, round_):
    workspace = Workspace(tmp_path / "home")
    all_at_once(12, lambda i: Store(workspace).create_run(CONFIG))
    assert len(Store(workspace).runs()) == 12
    assert list(workspace.root.glob("*.tmp*")) == []


def test_a_writer_and_eight_readers_do_not_disturb_each_other(store, run_id):
    done = threading.Event()

    def write() -> int:
        number, until = 0, time.monotonic() + 3.0
        while time.monotonic() < until:
            store.add_metrics(run_id, [step(number + i) for i in range(1, 21)])
            number += 20
        done.set()
        return number

    def read(_) -> int:
        last = 0
        while not done.is_set():
            numbers = [record.step for record in store.steps(run_id, after=last)]
            assert numbers == list(range(last + 1, last + 1 + len(numbers)))
            assert len(numbers) % 20 == 0  # whole transactions
            last += len(numbers)
            assert Store(store.workspace).run(run_id).name == "mine"
        return last

    answers = all_at_once(9, lambda i: write() if i == 0 else read(i))
    assert max(answers) == len(store.steps(run_id)) > 100


def test_many_writers_lose_nothing(store):
    def write(number):
        run_id = store.create_run(CONFIG)
        for i in range(1, 11):
            store.add_metrics(run_id, [step(i)])
            store.add_command(run_id, "pause")
        return run_id

    runs = all_at_once(6, write)
    assert all(len(store.steps(run)) == 10 == len(store.commands(run)) for run in runs)
    assert len({c.number for run in runs for c in store.commands(run)}) == 60


WRITING_UNTIL_KILLED = """
import sys
from cifar_core.records import StepRecord
from cifar_core.store import Store
from cifar_core.workspace import Workspace
store, number = Store(Workspace.default()), 0
while True:
    with store.connect() as db:
        for i in range(50):
            number += 1
            db.execute("INSERT INTO steps VALUES (?, ?, 1, 1, 1, 1)", (sys.argv[1], number))
            if i == 25:
                print(number, flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("lines", [1, 20, 60])
def test_a_writer_killed_in_a_transaction_leaves_whole_ones(store, run_id, lines):
    child = subprocess.Popen(
        [sys.executable, "-c", WRITING_UNTIL_KILLED, run_id], stdout=subprocess.PIPE, text=True
    )
    with child:
        seen = [int(child.stdout.readline()) for _ in range(lines)][-1]
        child.send_signal(signal.SIGKILL)
        child.communicate()
    numbers = [record.step for record in store.steps(run_id)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) % 50 == 0 and len(numbers) >= seen - 26
    store.add_metrics(run_id, [step(10**6)])  # and the store goes on
    assert store.last_step(run_id).step == 10**6


def test_what_is_stored_as_json_is_readable_by_other_programs(store, run_id):
    with store.connect() as db:
        text = db.execute("SELECT config FROM runs").fetchone()[0]
    assert json.loads(text) == CONFIG.to_dict()
