import dataclasses

import numpy as np
import pytest

from cifar_core.config import CIFAR10, TrainConfig
from cifar_core.data.image_set import CIFAR10_CLASSES, RawImages
from cifar_core.data.prepared import write_prepared
from cifar_core.library import ModelEntry
from cifar_core.run_state import RunState
from cifar_core.worker import work
from dashboard import home
from dashboard.home import answered_samples, drawn_samples, look_around


@pytest.fixture
def finished_run(store, tiny_config):
    run_id = store.create_run(tiny_config)
    work(store, run_id)
    return run_id


def test_an_empty_workspace_has_drawings_to_be_made_and_nothing_else(store):
    situation = look_around(store)
    assert situation.photos is None
    assert situation.drawings.num_train == 25_000
    assert not situation.drawings_ready
    assert situation.run is situation.state is situation.best is None
    assert situation.num_waiting == 0


def test_photos_are_there_once_they_were_prepared(store, workspace):
    images = np.zeros((20, 32, 32, 3), np.uint8)
    raw = RawImages(images, np.arange(20) % 10, 10, CIFAR10_CLASSES, "CIFAR-10")
    write_prepared(raw, workspace.data_dir / "cifar10-official")
    assert look_around(store).photos.num_train == 10
    assert CIFAR10 == "cifar10"


def test_the_run_that_goes_on_is_spoken_of_before_a_newer_one(store):
    first, second = store.create_run(TrainConfig()), store.create_run(TrainConfig())
    assert look_around(store).run.run_id == second
    store.update_run(first, state=RunState.STARTING)
    situation = look_around(store)
    assert situation.run.run_id == first
    assert situation.state == RunState.STARTING
    assert situation.num_waiting == 1


def test_a_finished_run_gives_the_best_model_and_its_answers(store, finished_run):
    situation = look_around(store)
    assert situation.state == RunState.FINISHED
    assert situation.best.run_id == finished_run
    samples = answered_samples(store, finished_run)
    assert len(samples) == 8
    run = store.run(finished_run)
    assert [s.label for s in samples] == [
        run.about["data"]["classes"][e["label"]] for e in run.about["examples"]
    ]
    assert all(s.image.shape == (32, 32, 3) and 0 < s.confidence <= 1 for s in samples)


def test_the_answers_are_those_of_the_epoch_whose_weights_were_kept(store, finished_run):
    epochs = store.epochs(finished_run)
    classes = store.run(finished_run).about["data"]["classes"]
    probs = {step: [[0.0, 0.0, 1.0]] * 8 for step in (epochs[0].step, epochs[1].step)}
    probs[epochs[0].step] = [[1.0, 0.0, 0.0]] * 8
    for step, rows in probs.items():
        store.add_examples(finished_run, step, rows)
    store.update_run(finished_run, result={"epoch": 1})
    assert {s.answer for s in answered_samples(store, finished_run)} == {classes[0]}
    store.update_run(finished_run, result={"epoch": 2})
    assert {s.answer for s in answered_samples(store, finished_run)} == {classes[2]}


def test_a_run_without_watched_pictures_has_no_samples(store):
    assert answered_samples(store, store.create_run(TrainConfig())) == []
    assert answered_samples(store, "from-elsewhere") == []


def test_there_is_one_drawing_of_each_class():
    assert [s.label for s in drawn_samples()] == list(CIFAR10_CLASSES)
    assert all(s.image.std() > 5 for s in drawn_samples())


def entry(tmp_path, **facts) -> ModelEntry:
    return ModelEntry(
        model_id="m", name="", path=tmp_path, source="run", created_at=0.0, size_bytes=1, **facts
    )


def test_a_model_for_photos_goes_before_a_better_one_for_drawings(tmp_path):
    tested = {"accuracy_of": "test"}
    drawings = entry(tmp_path, drawn=True, accuracy=0.9, **tested)
    photos = entry(tmp_path, accuracy=0.6, **tested)
    better = entry(tmp_path, accuracy=0.7, **tested)
    untested = entry(tmp_path, accuracy=0.8, accuracy_of="validation")
    damaged = dataclasses.replace(better, accuracy=0.99, damage="It is damaged.")
    unknown = entry(tmp_path)
    assert home._best([drawings, photos, better, untested, damaged, unknown]) is better
    assert home._best([unknown, damaged]) is None
