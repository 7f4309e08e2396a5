"""The models that come with the program: listed after one's own, readable, and as good as said."""

import json
import os
import runpy
import sys
from pathlib import Path

import pytest

from cifar_core import library
from cifar_core.checkpoint import Model, hash_weights, load_model, portable_weights
from cifar_core.config import TrainConfig
from cifar_core.data.image_set import CIFAR10_CLASSES, ImageSet
from cifar_core.data.sources import open_data
from cifar_core.data.splits import split_images
from cifar_core.devices import resolve_device
from cifar_core.inference import compute_logits
from cifar_core.library import (
    SHIPPED_DIR,
    delete_model,
    find_model,
    list_models,
    model_file,
    rename_model,
    restore_model,
)
from cifar_core.worker import work

SCRIPT = Path(__file__).parent.parent.parent / "benchmarks" / "ship_model.py"
NAMES = ("simple_cnn", "speed_cnn")


def files() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in SHIPPED_DIR.iterdir()}


def test_they_are_listed_the_best_first(workspace):
    models = list_models(workspace)
    assert [entry.model_id for entry in models] == ["shipped-speed_cnn", "shipped-simple_cnn"]
    assert {entry.source for entry in models} == {"shipped"}
    assert all(entry.accuracy_of == "test" and not entry.damage for entry in models)


@pytest.mark.parametrize("name", NAMES)
def test_the_paper_beside_the_weights_is_theirs(name):
    model = load_model(SHIPPED_DIR / f"{name}.safetensors")
    told = json.loads((SHIPPED_DIR / f"{name}.json").read_bytes())
    assert told["weights_sha256"] == hash_weights(portable_weights(model.network))
    assert told["metrics"]["test"] == model.info.metrics["test"]
    assert model.info.classes == CIFAR10_CLASSES
    assert told["training"]["seconds"] > 0


@pytest.mark.parametrize("name", NAMES)
def test_nothing_in_them_is_of_the_machine_that_trained_them(name):
    model = load_model(SHIPPED_DIR / f"{name}.safetensors")
    assert model.info.config["data"] == "cifar10"
    assert not model.info.run_id
    assert "/" not in json.dumps(model.info.data)


def test_a_person_may_name_hide_and_bring_back_one_and_its_file_stays_as_it_is(workspace):
    before, name = files(), "shipped-simple_cnn"
    assert rename_model(workspace, name, "mine now").name == "mine now"
    delete_model(workspace, name)
    assert [entry.model_id for entry in list_models(workspace)] == ["shipped-speed_cnn"]
    restore_model(workspace, name)
    assert find_model(workspace, name).name == "mine now"
    assert files() == before


def test_a_model_is_found_by_its_id_or_its_path(workspace):
    path = SHIPPED_DIR / "simple_cnn.safetensors"
    assert model_file(workspace, "shipped-simple_cnn") == path
    assert model_file(workspace, str(path)) == path
    assert model_file(workspace, "no such model") == Path("no such model")


def test_a_model_is_packed_without_its_machine_and_with_what_evaluate_measures(
    workspace, tmp_path, tiny_folder, tiny_config, store, monkeypatch
):
    run_id = store.create_run(tiny_config)
    work(store, run_id)
    trained = load_model(workspace.run_dir(run_id) / "final.safetensors").info
    target = tmp_path / "shipped"
    target.mkdir()
    monkeypatch.setattr(library, "SHIPPED_DIR", target)
    monkeypatch.setattr(sys, "path", [*sys.path])
    options = ["--data", str(tiny_folder), "--set-name", "Shades", "--seconds", "5"]
    monkeypatch.setattr(sys, "argv", ["ship_model.py", run_id, *options])
    runpy.run_path(str(SCRIPT), run_name="__main__")
    packed = load_model(target / "simple_cnn.safetensors").info
    assert str(tiny_folder) not in (target / "simple_cnn.json").read_text()
    assert (packed.run_id, packed.data["name"], packed.config["data"]) == ("", "Shades", "cifar10")
    assert (packed.created_at, packed.versions) == (trained.created_at, trained.versions)
    assert packed.weights_sha256 == trained.weights_sha256
    assert packed.metrics["test"]["num_images"] == 30


def accuracy_on(data: ImageSet, model: Model, count: int) -> float:
    config = TrainConfig(data=data.name, test_size=count, batch_size=1)
    test = split_images(data, config).test
    logits = compute_logits(
        model.network, test, model.info.preprocessing, device=resolve_device("cpu")
    )
    return float((logits.argmax(1) == test.labels).float().mean())


def test_the_accuracies_are_as_they_say(workspace):
    folder = os.environ.get("CIFAR_TEST_DATA")
    if not folder:
        pytest.skip("CIFAR_TEST_DATA names no folder with the real images")
    data = open_data(folder, workspace)
    simple, speed = (load_model(SHIPPED_DIR / f"{name}.safetensors") for name in NAMES)
    if {data.fingerprint} != {m.info.data["fingerprint"] for m in (simple, speed)}:
        pytest.skip("these are other copies of the images than the models were tested on")
    # All images: to the image, but for what another processor rounds otherwise; a few: chance.
    said = simple.info.metrics["test"]["accuracy"]
    assert accuracy_on(data, simple, 10_000) == pytest.approx(said, abs=0.0002)
    said = speed.info.metrics["test"]["accuracy"]
    assert accuracy_on(data, speed, 500) == pytest.approx(said, abs=0.04)
