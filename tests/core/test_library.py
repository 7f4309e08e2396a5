"""The models of a workspace: listed, brought in, renamed, deleted and brought back."""

import io
import json
import pickle
import zipfile
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from cifar_core import model_notes
from cifar_core.checkpoint import load_info, load_model, save_model
from cifar_core.errors import CheckpointError
from cifar_core.export import export_bytes
from cifar_core.library import (
    delete_model,
    deleted_models,
    find_model,
    import_model,
    list_models,
    purge_models,
    rename_model,
    restore_model,
)
from cifar_core.model_info import HEADER_KEY, ModelInfo
from cifar_core.model_notes import short_name
from cifar_core.models.registry import build_model

pytestmark = pytest.mark.usefixtures("no_shipped_models")

CLASSES = ("dark", "red", "green")


def info_of(**changes) -> ModelInfo:
    return replace(
        ModelInfo(
            model="simple_cnn",
            classes=CLASSES,
            metrics={"val_accuracy": 0.5},
            data={"name": "tiny"},
        ),
        **changes,
    )


@pytest.fixture
def network():
    return build_model("simple_cnn", 3)


@pytest.fixture
def run_with_model(store, workspace, tiny_config, network):
    """``run_with_model("best", name="first")`` makes a run that has this file; returns its id."""

    def make(*files: str, name: str = "") -> str:
        run_id = store.create_run(tiny_config, name=name)
        for file in files:
            path = workspace.run_dir(run_id) / f"{file}.safetensors"
            save_model(network, info_of(run_id=run_id), path)
        return run_id

    return make


@pytest.fixture
def upload(workspace, tmp_path, network):
    """``upload("mine.pt")`` imports the network under a name; returns its entry."""

    def bring(name: str = "mine.pt"):
        path = tmp_path / "incoming.safetensors"
        content = export_bytes(
            network, format="safetensors", metadata={HEADER_KEY: info_of().to_json()}
        )
        path.write_bytes(content)
        return import_model(workspace, path, name)

    return bring


def test_an_empty_workspace_has_no_models(workspace):
    assert list_models(workspace) == []
    assert deleted_models(workspace) == []


def test_a_run_is_listed_with_its_final_model_or_else_its_best(workspace, run_with_model):
    first = run_with_model("best", "last", name="first")
    second = run_with_model("final", "best", "last")
    run_with_model()
    entries = {entry.model_id: entry for entry in list_models(workspace)}
    assert set(entries) == {first, second}
    assert entries[first].path.name == "best.safetensors"
    assert entries[second].path.name == "final.safetensors"
    assert (entries[first].name, entries[second].name) == ("first", "")
    assert entries[first].run_id == first
    assert (entries[first].network, entries[first].data_name) == ("simple_cnn", "tiny")
    assert (entries[first].accuracy, entries[first].accuracy_of) == (0.5, "validation")
    assert entries[first].size_bytes == entries[first].path.stat().st_size


def test_the_newest_model_is_first(workspace, run_with_model, upload):
    run = run_with_model("final")
    brought = upload()
    assert [entry.model_id for entry in list_models(workspace)] == [brought.model_id, run]


def test_a_damaged_model_is_named(workspace, run_with_model, upload):
    run = run_with_model("final")
    damaged = upload()
    damaged.path.write_bytes(damaged.path.read_bytes()[:1000])
    first, second = list_models(workspace)
    assert first.model_id == damaged.model_id
    assert "damaged" in first.damage
    assert not second.damage
    assert second.model_id == run


def test_an_upload_keeps_its_description_and_weights(workspace, tmp_path, network, upload):
    entry = upload("holiday network.safetensors")
    assert (entry.source, entry.name, entry.run_id) == ("upload", "holiday network.safetensors", "")
    assert entry.path.parent == workspace.models_dir
    assert "holiday" not in entry.path.name
    model = load_model(entry.path)
    assert replace(model.info, weights_sha256="") == info_of()
    for name, tensor in network.state_dict().items():
        assert torch.equal(model.network.state_dict()[name], tensor)


def test_the_tutorials_state_dict_is_recognised_and_becomes_safetensors(workspace, tmp_path):
    network = build_model("simple_cnn", 10)
    path = tmp_path / "upload.pt"
    torch.save(network.state_dict(), path)
    entry = import_model(workspace, path, "model.pt")
    assert entry.path.suffix == ".safetensors"
    assert (entry.network, len(entry.classes), entry.accuracy) == ("simple_cnn", 10, None)
    info = load_info(entry.path)
    assert info is not None
    assert len(info.weights_sha256) == 64
    kept = load_model(entry.path).network.state_dict()
    assert all(torch.equal(kept[name], tensor) for name, tensor in network.state_dict().items())


class Evil:
    """Writes a file when somebody unpickles it."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (self.path, "w"))


def stored_pickle(content: object) -> bytes:
    """A file as torch.save writes it, whose pickle holds anything."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(content, protocol=2))
        archive.writestr("archive/version", "3")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("ending", "content", "found"),
    [
        (".pt", b"only a text", "is no model file but text"),
        (".pth", b"%PDF-1.4", "is no model file but a PDF document"),
        (".pt", b"", "is empty"),
        (".safetensors", b"only a text", "not a whole safetensors file"),
    ],
    ids=["text", "pdf", "empty", "safetensors"],
)
def test_a_file_that_is_no_model_is_refused_under_its_own_name(
    workspace, tmp_path, ending, content, found
):
    path = tmp_path / f"upload{ending}"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=found) as refusal:
        import_model(workspace, path, "my model.pt")
    assert "my model.pt" in str(refusal.value)
    assert path.name not in str(refusal.value)
    assert list(workspace.models_dir.iterdir()) == []


def test_a_pickle_that_would_run_code_runs_none(workspace, tmp_path):
    path, trace = tmp_path / "upload.pt", tmp_path / "trace"
    path.write_bytes(stored_pickle(Evil(str(trace))))
    with pytest.raises(CheckpointError, match=r"evil\.pt holds Python objects that could run code"):
        import_model(workspace, path, "evil.pt")
    assert not trace.exists()
    assert list(workspace.models_dir.iterdir()) == []


def test_weights_of_no_known_network_are_refused(workspace, tmp_path):
    path = tmp_path / "upload.safetensors"
    save_file({"weight": torch.zeros(3)}, path)
    with pytest.raises(CheckpointError, match=r"strange\.safetensors"):
        import_model(workspace, path, "strange.safetensors")


def test_weights_that_were_changed_after_their_description_are_refused(
    workspace, tmp_path, network
):
    good = tmp_path / "good.safetensors"
    save_model(network, info_of(), good)
    content = bytearray(good.read_bytes())
    content[-1] ^= 1
    path = tmp_path / "upload.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"not those that its description was written for"):
        import_model(workspace, path, "flipped.safetensors")


def test_a_name_from_outside_stays_one_short_line_and_no_path(workspace, upload):
    entry = upload("../../etc/\x00pass\nwd\u202e" + "x" * 500)
    assert entry.path.parent == workspace.models_dir
    assert len(entry.name) == 80
    assert entry.name.isprintable()
    assert short_name("   ") == "model"
    assert short_name(b"caf\xe9.pt".decode(errors="surrogateescape")) == "café.pt"


def test_renaming_survives_and_an_empty_name_gives_the_first_one_back(
    workspace, run_with_model, upload
):
    run, brought = run_with_model("final", name="first"), upload("mine.pt")
    assert rename_model(workspace, run, " Best\nof all ").name == "Best of all"
    assert rename_model(workspace, brought.model_id, "x").name == "x"
    assert find_model(workspace, run).name == "Best of all"
    assert rename_model(workspace, run, "").name == "first"
    assert rename_model(workspace, brought.model_id, " ").name == "mine.pt"


def test_a_deleted_model_can_be_brought_back_unchanged(workspace, run_with_model, upload):
    run, brought = run_with_model("final"), upload()
    before = list_models(workspace)
    delete_model(workspace, run)
    delete_model(workspace, brought.model_id)
    assert list_models(workspace) == []
    assert {entry.model_id for entry in deleted_models(workspace)} == {run, brought.model_id}
    with pytest.raises(CheckpointError, match="no model"):
        find_model(workspace, run)
    restore_model(workspace, brought.model_id)
    restore_model(workspace, run)
    assert list_models(workspace) == before


def test_purging_removes_old_uploads_and_never_a_runs_model(workspace, run_with_model, upload):
    run, brought, kept = run_with_model("final"), upload(), upload()
    run_file = find_model(workspace, run).path
    delete_model(workspace, run)
    delete_model(workspace, brought.model_id)
    assert purge_models(workspace) == 0
    assert purge_models(workspace, older_than_s=-1) == 1
    assert run_file.is_file()
    assert not brought.path.exists()
    assert [entry.model_id for entry in list_models(workspace)] == [kept.model_id]
    with pytest.raises(CheckpointError, match="cannot be brought back"):
        restore_model(workspace, brought.model_id)
    restore_model(workspace, run)


@pytest.mark.parametrize("text", ["", "../runs.db", "20260101", "x" * 10_000, "\x00"])
def test_an_id_from_a_link_is_only_looked_up(workspace, upload, text):
    upload()
    for act in (find_model, delete_model, restore_model):
        with pytest.raises(CheckpointError):
            act(workspace, text)


@pytest.mark.parametrize("content", [b"", b"[1]", b'{"name": 5}', b"\xff", b"[" * 100_000])
def test_a_damaged_note_costs_the_name_only(workspace, upload, content):
    entry = upload()
    (workspace.models_dir / f"{entry.model_id}.note.json").write_bytes(content)
    (found,) = list_models(workspace)
    assert found.name == entry.model_id
    assert rename_model(workspace, entry.model_id, "again").name == "again"


def test_a_model_kept_by_hand_is_listed_and_its_description_is_left_alone(workspace, network):
    path = workspace.models_dir / "by hand.safetensors"
    save_model(network, info_of(), path)
    description = path.with_suffix(".json").read_text()
    (entry,) = list_models(workspace)
    assert (entry.name, entry.network) == ("by hand", "simple_cnn")
    rename_model(workspace, entry.model_id, "renamed")
    assert path.with_suffix(".json").read_text() == description
    assert json.loads(description)["model"] == "simple_cnn"


def test_a_full_disk_is_a_sentence(workspace, upload, monkeypatch):
    entry = upload()

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(model_notes, "write_atomically", refuse)
    with pytest.raises(CheckpointError, match="No space left"):
        rename_model(workspace, entry.model_id, "new")
