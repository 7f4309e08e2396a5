"""A run goes home as one zip and comes in elsewhere."""

import io
import json
import zipfile

import pytest
import torch

from cifar_core.checkpoint import load_model
from cifar_core.comparison import differing_settings
from cifar_core.errors import RunError
from cifar_core.run_archive import export_run, import_run
from cifar_core.run_notes import RunNote, read_notes, write_note
from cifar_core.run_state import RunState
from cifar_core.store import Store
from cifar_core.worker import work
from cifar_core.workspace import Workspace


@pytest.fixture
def archive(store, tiny_config, tmp_path):
    """The zip of a finished run with a note; and its id."""
    run_id = store.create_run(tiny_config.replace(epochs=1), name="at home")
    work(store, run_id)
    write_note(store, run_id, name="at home", tags=["kept"], notes="about it")
    path = tmp_path / "run.zip"
    with path.open("wb") as file:
        export_run(store, run_id, file)
    return path, run_id


def changed(path, name: str, content: bytes | None):
    """Write the archive again with one file changed or left out."""
    with zipfile.ZipFile(path) as archive:
        files = {n: archive.read(n) for n in archive.namelist()}
    files.pop(name, None)
    if content is not None:
        files[name] = content
    with zipfile.ZipFile(path, "w") as archive:
        for key, value in files.items():
            archive.writestr(key, value)


def test_two_runs_that_differ_in_one_setting_show_that_alone(store, tiny_config):
    ids = [store.create_run(tiny_config), store.create_run(tiny_config.replace(batch_size=8))]
    assert differing_settings([store.run(i).config for i in ids]) == {"batch_size": [16, 8]}


def test_a_run_comes_into_an_empty_workspace_with_its_metrics_and_model(archive, store, tmp_path):
    path, run_id = archive
    other = Store(Workspace(tmp_path / "elsewhere"))
    imported = import_run(other, path)
    assert other.steps(imported) == store.steps(run_id)
    assert other.epochs(imported) == store.epochs(run_id)
    assert imported == run_id
    old, new = store.run(run_id), other.run(imported)
    assert (new.config, new.result, new.name, new.about) == (
        old.config, old.result, old.name, old.about,
    )  # fmt: skip
    assert new.state == RunState.FINISHED
    assert read_notes(other)[imported] == RunNote(("kept",), "about it")
    models = [
        load_model(s.workspace.run_dir(i) / "final.safetensors").network.state_dict()
        for s, i in ((store, run_id), (other, imported))
    ]
    assert all(torch.equal(models[0][name], models[1][name]) for name in models[0])


def test_the_same_run_twice_is_two_runs(archive, store):
    path, run_id = archive
    assert import_run(store, path) != run_id
    assert len(store.runs()) == 2


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("run.json", None, "holds no run.json"),
        ("run.json", b"{", "cannot be read"),
        ("run.json", b"[]", "cannot be read"),
        ("run.json", json.dumps({"format": 9}).encode(), "format 9"),
        (
            "final.safetensors",
            b"\x80\x04cos\nsystem\n",
            "final.safetensors in the archive is refused",
        ),
        ("steps.csv", b"step,epoch\n1,1\n", "its columns are others"),
    ],
)
def test_what_is_no_run_is_refused_and_leaves_nothing(archive, tmp_path, name, content, sentence):
    path, _ = archive
    changed(path, name, content)
    other = Store(Workspace(tmp_path / "elsewhere"))
    with pytest.raises(RunError, match=sentence):
        import_run(other, path)
    assert other.runs() == []
    assert not list(other.workspace.models_dir.iterdir())


def test_names_from_outside_are_never_written(archive, tmp_path):
    path, _ = archive
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("../../evil.txt", "x")
        file.writestr("resume.safetensors", "x")
    other = Store(Workspace(tmp_path / "elsewhere"))
    run_dir = other.workspace.run_dir(import_run(other, path))
    assert not list(tmp_path.rglob("evil.txt"))
    assert "resume.safetensors" not in {p.name for p in run_dir.iterdir()}


def test_a_file_that_is_no_zip_is_refused(store, tmp_path):
    path = tmp_path / "run.zip"
    path.write_bytes(b"no zip")
    with pytest.raises(RunError, match="no whole zip archive"):
        import_run(store, path)


def test_a_run_without_a_step_can_be_exported(store, tiny_config):
    file = io.BytesIO()
    export_run(store, store.create_run(tiny_config), file)
    names = zipfile.ZipFile(file).namelist()
    assert names == ["run.json", "settings.toml", "steps.csv", "epochs.csv"]
