import os
import shutil
from pathlib import Path

import pytest

from cifar_core.checkpoint import load_info, save_model
from cifar_core.data.sources import open_data
from cifar_core.errors import CheckpointError
from cifar_core.model_info import info_for_bare_weights
from cifar_core.models.registry import build_model
from dashboard import services


@pytest.fixture(autouse=True)
def _empty_caches():
    services._open_image_set.clear()
    services._version_of.clear()
    services._load_model.clear()


@pytest.fixture
def model_file(tmp_path):
    path = tmp_path / "model.safetensors"
    save_model(build_model("simple_cnn", 10), info_for_bare_weights("simple_cnn", 10), path)
    return path


def test_the_store_is_opened_once_a_workspace(tmp_path, monkeypatch):
    first = services.get_store()
    assert services.get_store() is first
    monkeypatch.setenv("CIFAR_HOME", str(tmp_path / "other"))
    assert services.get_store().workspace.root == tmp_path / "other"


def test_a_store_that_was_deleted_is_made_again(workspace):
    services.get_store()
    workspace.database_path.unlink()
    assert services.get_store().runs() == []


def test_a_source_is_ready_once_it_was_prepared(workspace, tiny_folder):
    assert not services.is_data_ready(str(tiny_folder))
    open_data(str(tiny_folder), workspace)
    assert services.is_data_ready(str(tiny_folder))


def test_a_source_that_does_not_exist_is_not_ready():
    assert not services.is_data_ready("/nowhere/at/all")
    assert not services.is_data_ready("cifar10")


def test_an_image_set_is_opened_once(tiny_folder):
    assert services.get_image_set(str(tiny_folder)) is services.get_image_set(str(tiny_folder))


def test_a_folder_that_was_prepared_anew_is_another_set(tiny_folder, tmp_path, workspace):
    folder = Path(shutil.copytree(tiny_folder, tmp_path / "mine"))
    assert services.get_image_set(str(folder)).num_train == 120
    (folder / "train/red/0001.png").unlink()
    open_data(str(folder), workspace)
    services._version_of.clear()  # what ten seconds do
    assert services.get_image_set(str(folder)).num_train == 119


def test_an_image_set_of_another_workspace_is_another_one(tiny_folder, tmp_path, monkeypatch):
    first = services.get_image_set(str(tiny_folder))
    monkeypatch.setenv("CIFAR_HOME", str(tmp_path / "other"))
    assert services.get_image_set(str(tiny_folder)) is not first


def test_a_model_is_read_again_only_when_its_file_changed(model_file):
    first = services.get_model(model_file)
    assert services.get_model(model_file) is first
    info = load_info(model_file)
    save_model(build_model("simple_cnn", 10), info, model_file)
    os.utime(model_file, (1, 1))
    assert services.get_model(model_file) is not first


def test_a_missing_model_is_told_in_a_sentence(tmp_path):
    with pytest.raises(CheckpointError, match="does not exist"):
        services.get_model(tmp_path / "none.safetensors")
