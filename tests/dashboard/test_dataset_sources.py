import time

import pytest

from cifar_core.background import JobState
from cifar_core.config import BUILTIN, CIFAR10
from cifar_core.data import drawn
from cifar_core.data.sources import open_data
from cifar_core.data_jobs import DataJob, job_file
from cifar_core.errors import DatasetError
from dashboard import dataset_sources
from dashboard.dataset_sources import (
    Readiness,
    checked_path,
    default_source,
    known_sources,
    look_at,
    own_name,
)


def finished_job(workspace, data):
    job = DataJob(data=data, fit="crop", state=JobState.FINISHED, started_at=time.time())
    job_file(workspace, data, "crop").write(job)


def test_a_fresh_workspace_offers_drawings_and_cifar10(workspace):
    assert known_sources(workspace) == [BUILTIN, CIFAR10]
    assert default_source(workspace) == BUILTIN
    assert look_at(BUILTIN, workspace).readiness == Readiness.UNPREPARED
    assert look_at(CIFAR10, workspace).readiness == Readiness.MISSING


def test_photographs_come_first_where_they_are_ready(workspace, monkeypatch):
    monkeypatch.setattr(dataset_sources, "is_ready", lambda data, workspace: data == CIFAR10)
    assert default_source(workspace) == CIFAR10


def test_official_files_that_lie_there_can_be_prepared(workspace):
    (workspace.data_dir / "cifar-10-python.tar.gz").write_bytes(b"")
    assert look_at(CIFAR10, workspace).readiness == Readiness.UNPREPARED


def test_an_own_folder_is_unprepared_and_then_ready(workspace, tiny_folder):
    assert look_at(str(tiny_folder), workspace).readiness == Readiness.UNPREPARED
    open_data(str(tiny_folder), workspace)
    assert look_at(str(tiny_folder), workspace).readiness == Readiness.READY


def test_a_path_without_anything_is_missing_and_says_so(workspace, tmp_path):
    state = look_at(str(tmp_path / "nothing"), workspace)
    assert state.readiness == Readiness.MISSING
    assert "does not exist" in state.problem


@pytest.mark.parametrize("data", ["/" + "x" * 5000, "\0", "~nobody-of-this-name/x", "   "])
def test_what_can_be_no_path_is_missing(workspace, data):
    assert look_at(data, workspace).readiness == Readiness.MISSING


def test_a_folder_that_is_none_of_images_is_not_walked(workspace, tmp_path, monkeypatch):
    monkeypatch.setattr(dataset_sources, "is_ready", lambda *args, **options: pytest.fail("walked"))
    assert look_at(str(tmp_path), workspace).readiness == Readiness.UNPREPARED


def test_own_sources_used_before_are_offered_while_they_exist(workspace, tiny_folder, tmp_path):
    finished_job(workspace, str(tiny_folder))
    finished_job(workspace, str(tmp_path / "gone"))
    assert known_sources(workspace) == [BUILTIN, CIFAR10, str(tiny_folder)]
    assert own_name(str(tiny_folder), workspace) == tiny_folder.name


def test_a_typed_path_is_made_absolute(tiny_folder, monkeypatch):
    monkeypatch.chdir(tiny_folder.parent)
    assert checked_path(f'  "{tiny_folder.name}" ') == str(tiny_folder)


@pytest.mark.parametrize("text", ["", "   ", '""', "a\0b", "nothing/here"])
def test_a_typed_path_to_nothing_is_refused(text):
    with pytest.raises(DatasetError, match="expected"):
        checked_path(text)


def test_the_built_in_words_are_not_taken_for_paths(workspace):
    (workspace.data_dir / f"builtin-v{drawn.VERSION}-0").mkdir()
    (workspace.data_dir / f"builtin-v{drawn.VERSION}-0" / "set.json").write_text("{}")
    assert look_at(BUILTIN, workspace).readiness == Readiness.READY
