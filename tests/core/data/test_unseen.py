import numpy as np
import pytest
import torch

from cifar_core.config import TrainConfig
from cifar_core.data.image_set import RawImages
from cifar_core.data.prepared import open_prepared, write_prepared
from cifar_core.data.splits import split_images
from cifar_core.data.unseen import Origin, images_to_try

CONFIG = TrainConfig(batch_size=4, seed=3)


def image_set(tmp_path, num_train, num_test):
    total = num_train + num_test
    images = np.random.default_rng(0).integers(0, 256, (total, 32, 32, 3), np.uint8)
    raw = RawImages(images, np.arange(total) % 2, num_train, ("a", "b"), "pairs")
    write_prepared(raw, tmp_path / "set")
    return open_prepared(tmp_path / "set")


def numbers(positions: torch.Tensor) -> set[int]:
    assert positions.dtype == torch.int64
    return set(positions.tolist())


def test_a_runs_own_validation_images_come_first(tmp_path):
    data = image_set(tmp_path, 40, 10)
    origin, found = images_to_try(data, CONFIG.replace(val_size=8))
    assert origin == Origin.VALIDATION
    assert numbers(found) == numbers(split_images(data, CONFIG.replace(val_size=8)).val.indices)


def test_without_validation_images_those_left_out_of_training_are_taken(tmp_path):
    data = image_set(tmp_path, 40, 10)
    config = CONFIG.replace(val_size=0, train_size=30)
    origin, found = images_to_try(data, config)
    assert origin == Origin.UNUSED and len(found) == 10
    assert not numbers(found) & numbers(split_images(data, config).train.indices)


def test_where_training_took_all_it_is_said(tmp_path):
    data = image_set(tmp_path, 40, 10)
    origin, found = images_to_try(data, CONFIG.replace(val_size=0))
    assert origin == Origin.TRAINING and numbers(found) == set(range(40))


@pytest.mark.parametrize("config", [None, CONFIG.replace(train_size=1000)])
def test_of_another_set_the_training_part_is_taken(tmp_path, config):
    origin, found = images_to_try(image_set(tmp_path, 40, 10), config)
    assert origin == Origin.OTHER_SET and numbers(found) == set(range(40))


@pytest.mark.parametrize("settings", [{"val_size": 5}, {"val_size": 0, "train_size": 20}, {}])
def test_no_image_that_the_run_tests_on_is_among_them(tmp_path, settings):
    data, config = image_set(tmp_path, 60, 0), CONFIG.replace(**settings)
    _, found = images_to_try(data, config)
    assert not numbers(found) & numbers(split_images(data, config).test.indices)


def test_a_set_of_two_gives_both(tmp_path):
    assert numbers(images_to_try(image_set(tmp_path, 2, 0), None)[1]) == {0, 1}
