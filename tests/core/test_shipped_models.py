"""The models that come with the program: listed after one's own, readable, and as good as said."""

import json
import os
from pathlib import Path

import pytest

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
    # All images: what rounding to bfloat16 moved in its run's own test; a few: chance.
    said = simple.info.metrics["test"]["accuracy"]
    assert accuracy_on(data, simple, 10_000) == pytest.approx(said, abs=0.003)
    said = speed.info.metrics["test"]["accuracy"]
    assert accuracy_on(data, speed, 500) == pytest.approx(said, abs=0.04)
