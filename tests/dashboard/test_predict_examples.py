from dataclasses import replace

import numpy as np
import pytest

from cifar_core.checkpoint import save_model
from cifar_core.config import TrainConfig
from cifar_core.data.splits import split_images
from cifar_core.library import list_models
from cifar_core.model_info import ModelInfo
from cifar_core.models.registry import build_model
from cifar_core.run_state import RunState
from dashboard.example_pool import Pool, pool_of, pool_words
from dashboard.predict_examples import NUM_EXAMPLES, picture_at

CONFIG = TrainConfig(batch_size=4, val_size=20)


@pytest.fixture
def entry_of(store, workspace, tiny_set):
    """``entry_of(config=..., data=...)`` is a run's model whose file says this of its training."""

    def make(**said):
        run_id = store.create_run(TrainConfig())
        store.update_run(run_id, state=RunState.FINISHED)
        info = ModelInfo(
            model="simple_cnn", classes=tiny_set.classes, config=CONFIG.to_dict(),
            data={"fingerprint": tiny_set.fingerprint}, run_id=run_id,
        )  # fmt: skip
        path = workspace.run_dir(run_id) / "final.safetensors"
        save_model(build_model("simple_cnn", 3), replace(info, **said), path)
        return next(entry for entry in list_models(workspace) if entry.model_id == run_id)

    return make


def test_examples_are_the_models_own_validation_images(tiny_set, entry_of):
    pool = pool_of(entry_of(), tiny_set)
    assert set(pool.positions) == set(split_images(tiny_set, CONFIG).val.indices.tolist())
    assert pool_words(pool, "tiny").startswith("Validation images")


@pytest.mark.parametrize(
    ("said", "origin"),
    [
        ({"data": {"fingerprint": "of drawings", "drawn": True}}, "other set"),
        ({"data": {"fingerprint": "perhaps of other copies"}}, "unknown"),
        ({"data": {}, "config": None}, "unknown"),
        ({"config": {"no such setting": 1}}, "unknown"),
    ],
)
def test_of_a_set_it_was_not_trained_on_training_images_are_shown(tiny_set, entry_of, said, origin):
    pool = pool_of(entry_of(**said), tiny_set)
    assert pool.origin == origin
    assert set(pool.positions) == set(range(tiny_set.num_train))
    assert "tiny" in pool_words(pool, "tiny")


def test_a_draw_gives_different_images_and_the_same_draw_the_same():
    pool = Pool("validation", np.arange(100, 150))
    drawn = pool.draw(NUM_EXAMPLES, 3)
    assert len(set(drawn)) == NUM_EXAMPLES and all(position in pool for position in drawn)
    assert pool.draw(NUM_EXAMPLES, 3) == drawn != pool.draw(NUM_EXAMPLES, 4)
    assert set(Pool("validation", np.arange(3)).draw(NUM_EXAMPLES, 0)) == {0, 1, 2}
    assert 99 not in pool


def test_an_image_comes_with_its_true_class(tiny_set):
    picture = picture_at(tiny_set, 24)
    assert picture.truth == tiny_set.classes[int(tiny_set.labels[24])]
    assert (picture.seen["crop"] == tiny_set.images[24].numpy()).all()
