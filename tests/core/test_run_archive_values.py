"""An archive whose numbers or texts the store could not keep is refused, and leaves nothing."""

import io
import json
import re
import zipfile

import pytest

from cifar_core import run_archive
from cifar_core.errors import RunError
from cifar_core.records import EpochRecord, StepRecord
from cifar_core.run_archive import export_run, import_run
from cifar_core.run_notes import deleted_runs
from cifar_core.run_state import RunState


@pytest.fixture
def contents(store, tiny_config):
    """The files of an honest archive, by name."""
    run_id = store.create_run(tiny_config)
    epoch = EpochRecord(1, 1, 1.0, 0.5, None, None, 1e-3, 1.0, 0.0)
    store.add_metrics(run_id, [StepRecord(1, 1, 1.0, 1e-3, 9.0), epoch])
    store.update_run(run_id, state=RunState.FINISHED, started_at=1.0, finished_at=2.0)
    file = io.BytesIO()
    export_run(store, run_id, file)
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def with_manifest(contents, **values):
    manifest = json.loads(contents["run.json"]) | values
    return {**contents, "run.json": json.dumps(manifest)}


def with_step(contents, line):
    header = contents["steps.csv"].decode().splitlines()[0]
    return {**contents, "steps.csv": f"{header}\n{line}\n"}


@pytest.fixture
def bring(store, tmp_path):
    def write_and_import(contents):
        path = tmp_path / "run.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in contents.items():
                archive.writestr(name, content)
        return import_run(store, path)

    return write_and_import


def test_an_honest_archive_is_taken(store, contents, bring):
    assert store.epochs(bring(contents))[0].val_loss is None


@pytest.mark.parametrize(
    "line",
    ["1,1,,0.001,9.0", "1,1,nan,0.001,9.0", f"{10**30},1,1.0,0.001,9.0", "-1,1,1.0,0.001,9.0"],
)
def test_steps_that_cannot_be_kept_are_refused(store, contents, bring, line):
    with pytest.raises(RunError, match=r"steps\.csv in the archive cannot be read"):
        bring(with_step(contents, line))
    assert len(store.runs()) == 1


@pytest.mark.parametrize(
    "values",
    [
        {"steps_per_epoch": 10**30},
        {"created_at": 10**400},
        {"created_at": float("nan")},
        {"started_at": 1e300},
        {"notes": "\ud800"},
        {"tags": ["\ud800"]},
    ],
)
def test_a_manifest_that_cannot_be_kept_is_refused(store, contents, bring, values):
    with pytest.raises(RunError, match=r"run\.json in the archive"):
        bring(with_manifest(contents, **values))
    assert len(store.runs()) == 1


@pytest.mark.parametrize("run_id", ["../../evil", "", "20261124-000000-abcdef/x", "x" * 300])
def test_an_id_that_is_none_of_ours_is_not_taken_over(store, contents, bring, run_id):
    imported = bring(with_manifest(contents, run_id=run_id))
    assert imported != run_id and re.fullmatch(r"[0-9-]+[0-9a-f]{6}", imported)


def test_a_folder_left_behind_is_not_filled_again(store, contents, bring):
    left = store.workspace.run_dir("20261124-000000-abcdef")
    assert bring(with_manifest(contents, run_id=left.name)) != left.name


def test_a_free_id_is_kept(contents, bring):
    free = "20261124-000000-abcdef"
    assert bring(with_manifest(contents, run_id=free)) == free


def test_where_there_is_no_room_nothing_of_it_stays(store, contents, bring, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(run_archive, "write_atomically", full)
    before = {folder.name for folder in (store.workspace.root / "runs").iterdir()}
    with pytest.raises(RunError, match="No space left"):
        bring({**contents, "worker.log": b"said"})
    assert len(store.runs()) == 1 and deleted_runs(store) == []
    assert {folder.name for folder in (store.workspace.root / "runs").iterdir()} == before


def test_a_damaged_archive_is_refused(store, contents, tmp_path):
    path = tmp_path / "run.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    found = bytearray(path.read_bytes())
    found[found.index(b"0.001")] ^= 1  # stored as it is: only its checksum can tell
    path.write_bytes(found)
    with pytest.raises(RunError, match=r"run\.zip"):
        import_run(store, path)
    assert len(store.runs()) == 1
