"""The addresses of the files that a visitor takes home."""

import io
import json

import anyio
import pytest
import torch
from starlette.requests import Request

from cifar_core import export
from cifar_core.checkpoint import load_model, save_model
from cifar_core.config import TrainConfig
from cifar_core.errors import CheckpointError
from cifar_core.model_info import ModelInfo
from cifar_core.models.registry import build_model
from cifar_core.run_state import RunState
from dashboard.file_routes import send_model, send_run


def ask(endpoint, query="", **parts):
    scope = {"type": "http", "path_params": parts, "query_string": query.encode()}
    return anyio.run(endpoint, Request(scope))


@pytest.fixture
def run_id(store, workspace):
    """A finished run with a model, called "First try"."""
    run_id = store.create_run(TrainConfig(), name="First try")
    store.update_run(run_id, state=RunState.FINISHED)
    info = ModelInfo(model="simple_cnn", classes=("a", "b", "c"))
    save_model(build_model("simple_cnn", 3), info, workspace.run_dir(run_id) / "final.safetensors")
    return run_id


def test_a_model_is_sent_as_a_file_with_its_name(run_id, workspace):
    answer = ask(send_model, model_id=run_id, format="pt")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="first-try.pt"'
    assert answer.headers["cache-control"] == "no-store"
    sent = torch.load(io.BytesIO(answer.body), weights_only=True)
    weights = load_model(workspace.run_dir(run_id) / "final.safetensors").network.state_dict()
    assert all(torch.equal(sent[name], tensor) for name, tensor in weights.items())


@pytest.mark.parametrize(
    ("kind", "name", "begins"),
    [
        ("zip", ".zip", b"PK"),
        ("steps.csv", "-steps.csv", b"step,"),
        ("toml", ".toml", b'data = "builtin"'),
    ],
)
def test_a_run_is_sent_as_a_file_with_its_name(run_id, kind, name, begins):
    answer = ask(send_run, run_id=run_id, kind=kind)
    assert answer.headers["content-disposition"] == f'attachment; filename="run-{run_id}{name}"'
    assert answer.body.startswith(begins)


@pytest.mark.parametrize("name", ["nothing", "..", "../../etc/passwd", "'; drop table runs; --"])
@pytest.mark.parametrize(
    ("endpoint", "parts"),
    [(send_model, {"model_id": "", "format": "pt"}), (send_run, {"run_id": "", "kind": "zip"})],
    ids=["model", "run"],
)
def test_a_name_that_is_not_known_is_a_sentence_and_makes_no_folder(
    run_id, store, name, endpoint, parts
):
    _ = store.workspace.models_dir  # made by whoever asks for the models
    before = sorted(store.workspace.root.rglob("*"))
    answer = ask(endpoint, **{key: value or name for key, value in parts.items()})
    assert answer.status_code == 404
    assert json.loads(answer.body)["error"].startswith("There is no ")
    assert sorted(store.workspace.root.rglob("*")) == before


@pytest.mark.parametrize(
    ("query", "word"), [("", "no model"), ("lang=zh", "没有"), ("lang=../x", "no model")]
)
def test_why_there_is_no_file_is_told_in_the_visitors_language(home, query, word):
    assert word in json.loads(ask(send_model, query, model_id="x", format="pt").body)["error"]


def test_why_a_file_could_not_be_made_is_told(run_id, monkeypatch):
    def refuse(*_, **__):
        raise CheckpointError("The ONNX file answers differently.")

    monkeypatch.setattr(export, "export_bytes", refuse)
    answer = ask(send_model, model_id=run_id, format="onnx")
    assert answer.status_code == 404
    assert json.loads(answer.body)["error"] == "The ONNX file answers differently."
