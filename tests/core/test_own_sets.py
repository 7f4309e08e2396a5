import io
import zipfile

import pytest

from cifar_core.background import JobState
from cifar_core.config import TrainConfig
from cifar_core.data.sources import is_ready, open_data, prepared_version
from cifar_core.data.uploads import keep_upload, list_uploads
from cifar_core.data_jobs import DataJob, job_file, list_jobs
from cifar_core.errors import DatasetError
from cifar_core.own_sets import delete_own_set, list_own_sets
from cifar_core.run_state import RunState


@pytest.fixture
def upload(workspace, tiny_folder):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(tiny_folder.rglob("*.png")):
            archive.write(path, path.relative_to(tiny_folder))
    buffer.seek(0)
    return str(keep_upload(buffer, "my shades.zip", workspace))


def test_an_upload_is_listed_under_the_persons_name_with_all_it_takes(workspace, upload):
    (before,) = list_own_sets(workspace)
    assert (before.name, before.is_upload, before.prepared) == ("my shades.zip", True, ())
    assert open_data(upload, workspace).name == "my shades"
    open_data(upload, workspace, fit="stretch")
    (after,) = list_own_sets(workspace)
    assert len(after.prepared) == 2
    assert after.size_bytes > before.size_bytes + 2 * 150 * 3072


def test_deleting_an_upload_leaves_nothing_of_it(workspace, upload):
    open_data(upload, workspace)
    job = DataJob(data=upload, fit="crop", state=JobState.FINISHED)
    job_file(workspace, upload, "crop").write(job)
    delete_own_set(workspace, upload)
    assert list_own_sets(workspace) == [] == list_uploads(workspace) == list_jobs(workspace)
    assert not list(workspace.data_dir.rglob("*.npy"))
    with pytest.raises(DatasetError, match="not in the workspace any more"):
        delete_own_set(workspace, upload)


def test_a_persons_own_folder_is_never_touched(workspace, tiny_folder):
    before = sorted(tiny_folder.rglob("*"))
    open_data(str(tiny_folder), workspace)
    (own,) = list_own_sets(workspace)
    assert (own.name, own.is_upload) == (tiny_folder.name, False)
    delete_own_set(workspace, str(tiny_folder))
    assert sorted(tiny_folder.rglob("*")) == before
    assert not is_ready(str(tiny_folder), workspace) and list_own_sets(workspace) == []


def test_a_set_that_a_live_run_uses_stays(workspace, store, upload):
    open_data(upload, workspace)
    run_id = store.create_run(TrainConfig(data=upload))
    (own,) = list_own_sets(workspace)
    assert own.used_by == f"run {run_id}"
    with pytest.raises(DatasetError, match=f"in use by run {run_id}; stop that first"):
        delete_own_set(workspace, upload)
    assert is_ready(upload, workspace)
    store.update_run(run_id, state=RunState.STOPPED, finished_at=1.0)
    delete_own_set(workspace, upload)
    assert list_own_sets(workspace) == []


def test_sets_of_the_program_and_damaged_ones_are_not_listed(workspace):
    for name, text in (("builtin-v1-0", '{"origin": ""}'), ("odd-123", "["), ("old-1", "[]")):
        (workspace.data_dir / name).mkdir()
        (workspace.data_dir / name / "set.json").write_text(text)
    assert list_own_sets(workspace) == []


def test_a_source_prepared_anew_is_another_version(workspace, tiny_folder):
    assert prepared_version(str(tiny_folder), workspace)[1] == 0
    open_data(str(tiny_folder), workspace)
    first = prepared_version(str(tiny_folder), workspace)
    assert first == prepared_version(str(tiny_folder), workspace) and first[1] > 0
    assert prepared_version(str(tiny_folder), workspace, fit="stretch") != first
