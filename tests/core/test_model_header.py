"""Reading what a model file says of itself, from its header alone."""

import json
import subprocess
import sys

import pytest

from cifar_core import model_info
from cifar_core.checkpoint import load_model, save_model
from cifar_core.explanation import first_layer_filters
from cifar_core.model_header import HEADER_KEY, ModelFacts, read_facts, read_first_filters
from cifar_core.model_info import ModelInfo
from cifar_core.models.registry import build_model

CLASSES = ("dark", "red", "green")


@pytest.fixture
def model_file(tmp_path):
    info = ModelInfo(
        model="simple_cnn",
        classes=CLASSES,
        config={"data": "builtin", "epochs": 2},
        metrics={
            "val_accuracy": 0.5,
            "test": {"accuracy": 0.6, "accuracy_low": 0.55, "accuracy_high": 0.65},
        },
        data={"name": "Built-in drawings", "drawn": True},
        run_id="20260101-000000-abcdef",
        epoch=2,
    )
    path = tmp_path / "model.safetensors"
    save_model(build_model("simple_cnn", 3), info, path)
    return path


def with_info(path, text: str) -> None:
    """Write a file without tensors whose header holds this text."""
    header = json.dumps({"__metadata__": {HEADER_KEY: text}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header)


def test_it_says_the_same_as_the_whole_description(model_file):
    facts = read_facts(model_file)
    written = model_info.ModelInfo.from_json(model_file.with_suffix(".json").read_text())
    assert facts == ModelFacts(
        network="simple_cnn", data_name="Built-in drawings", data="builtin", drawn=True,
        classes=CLASSES, accuracy=0.6, accuracy_low=0.55, accuracy_high=0.65, accuracy_of="test",
        epoch=2, trained_at=written.created_at, trained_run="20260101-000000-abcdef",
    )  # fmt: skip


def test_the_validation_accuracy_stands_in_where_there_was_no_test(tmp_path):
    path = tmp_path / "model.safetensors"
    with_info(path, json.dumps({"metrics": {"val_accuracy": 0.5}}))
    facts = read_facts(path)
    assert (facts.accuracy, facts.accuracy_of, facts.accuracy_low) == (0.5, "validation", None)


def test_the_key_in_the_header_is_the_one_that_models_are_written_with():
    assert HEADER_KEY == model_info.HEADER_KEY


def test_a_bare_file_says_nothing_and_is_not_damaged(tmp_path):
    path = tmp_path / "bare.safetensors"
    path.write_bytes((2).to_bytes(8, "little") + b"{}")
    assert read_facts(path) == ModelFacts()


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: content[:100],
        lambda content: content[:3],
        lambda content: b"",
        lambda content: content + b"more",
        lambda content: b"\xff" * 8 + content[8:],
        lambda content: content[:8] + b"\xff" + content[9:],
        lambda content: b"only a text that somebody called .safetensors",
        lambda content: (4).to_bytes(8, "little") + b"[[]]",
        lambda content: (11).to_bytes(8, "little") + b'{"w":[1,2]}',
    ],
    ids=["end", "header", "start", "empty", "longer", "length", "text", "other", "list", "tensor"],
)
def test_a_damaged_file_is_told_in_a_sentence(model_file, damage):
    model_file.write_bytes(damage(model_file.read_bytes()))
    assert "damaged or incomplete" in read_facts(model_file).damage


def test_a_file_that_vanished_or_is_a_folder_is_told_in_a_sentence(tmp_path):
    assert "cannot be read" in read_facts(tmp_path / "gone.safetensors").damage
    assert "cannot be read" in read_facts(tmp_path).damage


@pytest.mark.parametrize(
    "info",
    [
        [],
        {"metrics": {"test": {"accuracy": "high"}}, "data": 5, "config": [1], "classes": "abc"},
        {"metrics": {"test": {"accuracy": 7}, "val_accuracy": True}, "model": 1, "epoch": "x"},
        {"created_at": 10**400, "classes": [1, {}], "metrics": None},
        {"created_at": float("nan"), "metrics": {"val_accuracy": float("inf")}},
    ],
)
def test_values_of_the_wrong_kind_are_left_out(tmp_path, info):
    path = tmp_path / "odd.safetensors"
    with_info(path, json.dumps(info))
    facts = read_facts(path)
    assert (facts.accuracy, facts.network, facts.epoch, facts.trained_at) == (None, "", 0, 0.0)
    assert facts.damage == ""


def test_long_texts_are_cut(tmp_path):
    path = tmp_path / "long.safetensors"
    with_info(path, json.dumps({"data": {"name": "x" * 10_000}, "classes": ["y" * 300] * 2000}))
    facts = read_facts(path)
    assert len(facts.data_name) == 200
    assert len(facts.classes) == 1000
    assert len(facts.classes[0]) == 200


def test_a_deeply_nested_header_is_damage_and_no_crash(tmp_path):
    path = tmp_path / "deep.safetensors"
    with_info(path, "[" * 100_000)
    assert "damaged" in read_facts(path).damage


def test_the_first_filters_are_those_that_torch_sees(model_file):
    expected = first_layer_filters(load_model(model_file).network).permute(0, 2, 3, 1).numpy()
    assert read_first_filters(model_file, 100) == pytest.approx(expected, abs=1e-6)
    assert read_first_filters(model_file, 10) == pytest.approx(expected[:10], abs=1e-6)


@pytest.mark.parametrize(
    "entry",
    [
        {"shape": [2, 3, 3, 3], "dtype": "F16", "data_offsets": [0, 8]},
        {"shape": [2, 3, 3], "dtype": "F32", "data_offsets": [0, 8]},
        {"shape": [2, 3, 3, -3], "dtype": "F32", "data_offsets": [0, 8]},
        {"shape": [2, 3, 3, 3], "dtype": "F32", "data_offsets": [0, 8]},
        {"shape": [2, 3, 3, 3], "dtype": "F32", "data_offsets": [-500, 8]},
        {"shape": "2333", "dtype": "F32", "data_offsets": [0, 8]},
    ],
)
def test_filters_that_cannot_be_read_are_none(tmp_path, entry):
    header = json.dumps({"conv1.weight": entry}).encode()
    path = tmp_path / "odd.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"\0" * 8)
    assert read_first_filters(path, 4) is None


def test_a_changed_file_is_read_again(tmp_path):
    path = tmp_path / "model.safetensors"
    with_info(path, json.dumps({"epoch": 1}))
    assert read_facts(path).epoch == 1
    with_info(path, json.dumps({"epoch": 22}))
    assert read_facts(path).epoch == 22


def test_listing_models_imports_no_torch():
    command = "import sys, cifar_core.library; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", command], check=False).returncode == 0
