import pytest

from cifar_core.errors import RunError
from cifar_core.records import EpochRecord, StepRecord
from cifar_core.run_notes import (
    MAX_NAME,
    RunNote,
    delete_runs,
    deleted_runs,
    disk_use,
    free_room,
    purge_runs,
    read_notes,
    removable_bytes,
    restore_runs,
    write_note,
)
from cifar_core.run_state import RunState


@pytest.fixture
def ended(store, tiny_config):
    """``ended()`` makes a finished run with a step and an epoch; its id."""

    def make() -> str:
        run_id = store.create_run(tiny_config)
        store.add_metrics(
            run_id,
            [StepRecord(1, 1, 1.0, 1e-3, 9.0), EpochRecord(1, 1, 1, 0.5, None, None, 1e-3, 1, 0)],
        )
        store.update_run(run_id, state=RunState.FINISHED, finished_at=2.0)
        return run_id

    return make


def test_names_tags_and_notes_are_kept_in_one_line_each(store, ended):
    run_id = ended()
    before = store.run(run_id).heartbeat
    write_note(
        store, run_id, name="a\nname" + "x" * 200, tags=[" good ", "", "good", "b\tc"], notes="a\nb"
    )
    assert store.run(run_id).name == ("a name" + "x" * 200)[:MAX_NAME]
    assert read_notes(store)[run_id] == RunNote(("good", "b c"), "a\nb")
    assert store.run(run_id).heartbeat == before  # a note is no sign of life


def test_a_note_on_a_run_that_is_not_there_is_refused(store):
    with pytest.raises(RunError, match="no run"):
        write_note(store, "nobody", name="", tags=[], notes="")


def test_a_deleted_run_is_off_the_list_and_comes_back(store, ended):
    first, second = ended(), ended()
    delete_runs(store, [first])
    assert [run.run_id for run in store.runs()] == [second]
    assert [run.run_id for run in deleted_runs(store)] == [first]
    restore_runs(store, [first])
    assert [run.run_id for run in store.runs()] == [first, second]
    assert store.steps(first)


def test_nothing_is_deleted_where_one_of_them_goes_on(store, ended, tiny_config):
    done, waiting = ended(), store.create_run(tiny_config)
    with pytest.raises(RunError, match="queued; stop it before"):
        delete_runs(store, [done, waiting])
    assert len(store.runs()) == 2


def test_what_was_deleted_long_ago_goes_with_its_files(store, workspace, ended):
    old, kept = ended(), ended()
    (workspace.run_dir(old) / "worker.log").write_text("x")
    delete_runs(store, [old])
    assert purge_runs(store) == 0
    assert purge_runs(store, older_than_s=-1) == 1
    assert not (workspace.root / "runs" / old).exists()
    assert not deleted_runs(store) and store.steps(old) == [] and store.epochs(old) == []
    assert store.steps(kept)


def test_room_is_freed_of_what_only_serves_to_go_on_or_look_back(store, workspace, ended):
    run_id = ended()
    run_dir = workspace.run_dir(run_id)
    (run_dir / "epochs").mkdir()
    names = ("resume.safetensors", "final.safetensors", "best.safetensors", "worker.log",
             "epochs/epoch-0001.safetensors")  # fmt: skip
    for name in names:
        (run_dir / name).write_bytes(bytes(1000))
    assert disk_use(store, run_id) == 5000
    assert removable_bytes(store, store.run(run_id)) == 2000
    assert free_room(store, [run_id]) == 2000
    assert sorted(path.name for path in run_dir.rglob("*") if path.is_file()) == [
        "best.safetensors", "final.safetensors", "worker.log",
    ]  # fmt: skip


def test_a_run_without_a_model_or_that_goes_on_keeps_everything(store, workspace, ended):
    run_id = ended()
    (workspace.run_dir(run_id) / "resume.safetensors").write_bytes(bytes(10))
    assert free_room(store, [run_id]) == 0
    store.update_run(run_id, state=RunState.QUEUED)
    (workspace.run_dir(run_id) / "last.safetensors").write_bytes(bytes(10))
    assert removable_bytes(store, store.run(run_id)) == free_room(store, [run_id]) == 0
