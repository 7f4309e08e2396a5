"""The files that a visitor takes home."""

import io
from pathlib import Path

import pytest
import torch

from cifar_core import export
from cifar_core.checkpoint import load_model, save_model
from cifar_core.errors import CheckpointError
from cifar_core.library import ModelEntry
from cifar_core.model_info import ModelInfo
from cifar_core.models.registry import build_model
from dashboard import models_files
from dashboard.models_files import file_content, file_name, missing_packages


@pytest.fixture
def model_file(tmp_path):
    path = tmp_path / "model.safetensors"
    info = ModelInfo(model="simple_cnn", classes=("a", "b", "c"))
    save_model(build_model("simple_cnn", 3), info, path)
    return path


def entry(name: str, *, source: str = "run", network: str = "simple_cnn") -> ModelEntry:
    return ModelEntry(
        model_id="x", name=name, path=Path("x"), source=source, created_at=0.0, size_bytes=0,
        network=network,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (entry("First try"), "first-try.pt"),
        (entry(""), "simple_cnn.pt"),
        (entry("", network=""), "model.pt"),
        (entry("我的网络"), "simple_cnn.pt"),
        (entry("../../etc/passwd"), "etc-passwd.pt"),
        (entry("mine.safetensors", source="upload"), "mine.pt"),
        (entry('a"b\\c\r\nd'), "a-b-c-d.pt"),
        (entry("x" * 80), "x" * 40 + ".pt"),
    ],
)
def test_a_file_is_named_after_the_model_in_letters_that_any_system_takes(model, expected):
    assert file_name(model, "pt") == expected


def test_the_formats_and_packages_are_those_of_the_export():
    assert models_files.FORMATS == export.EXPORT_FORMATS
    assert models_files.ONNX_PACKAGES == export.ONNX_PACKAGES


def test_a_missing_package_is_named_for_onnx_only(monkeypatch):
    assert missing_packages("onnx") == ()
    monkeypatch.setattr(models_files, "ONNX_PACKAGES", ("onnx", "no_such_package"))
    assert missing_packages("onnx") == ("no_such_package",)
    assert missing_packages("pt") == ()


def test_the_pt_file_is_a_plain_state_dict_with_the_models_weights(model_file):
    content = file_content(model_file, "pt")
    loaded = torch.load(io.BytesIO(content), weights_only=True)
    weights = load_model(model_file).network.state_dict()
    assert list(loaded) == list(weights)
    assert all(torch.equal(loaded[name], tensor) for name, tensor in weights.items())


def test_the_safetensors_file_carries_the_description(model_file, tmp_path):
    path = tmp_path / "home.safetensors"
    path.write_bytes(file_content(model_file, "safetensors"))
    assert load_model(path).info == load_model(model_file).info


def test_a_file_is_made_once(model_file, monkeypatch):
    made = []
    real = export.export_bytes

    def count(model, **options):
        made.append(options["format"])
        return real(model, **options)

    monkeypatch.setattr(export, "export_bytes", count)
    assert file_content(model_file, "pt") == file_content(model_file, "pt")
    assert made == ["pt"]


def test_a_changed_model_is_exported_again(model_file):
    before = file_content(model_file, "pt")
    info = ModelInfo(model="simple_cnn", classes=("a", "b", "c"))
    save_model(build_model("simple_cnn", 3), info, model_file)
    assert file_content(model_file, "pt") != before


def test_a_model_that_vanished_is_a_sentence(model_file):
    file_content(model_file, "pt")
    model_file.unlink()
    with pytest.raises(CheckpointError, match="no longer there"):
        file_content(model_file, "pt")


@pytest.mark.parametrize("format", ["", "exe", "../pt", "PT"])
def test_an_unknown_format_is_a_sentence(model_file, format):
    with pytest.raises(CheckpointError, match="expected pt, safetensors, onnx"):
        file_content(model_file, format)
