import dataclasses

import numpy as np
import pytest
import torch

from cifar_core.config import TrainConfig
from cifar_core.data.batches import BatchLoader
from cifar_core.data.image_set import Subset
from cifar_core.data.transforms import Augmentation, build_preprocessing
from dashboard.dataset_transforms import (
    NUM_DRAWS,
    draw_versions,
    normalised_image,
    normalised_levels,
)

LIVELY = TrainConfig(flip=True, shift=4, cutout=8, normalization="dataset")


@pytest.mark.parametrize("draw", [0, 3])
def test_draws_are_what_a_training_batch_of_that_image_would_be(tiny_set, draw):
    copies = Subset(tiny_set, torch.full((NUM_DRAWS,), 7))
    preprocessing = build_preprocessing(LIVELY, tiny_set.mean, tiny_set.std)
    loader = BatchLoader(copies, preprocessing, NUM_DRAWS, LIVELY.seed, torch.device("cpu"))
    (batch,) = loader.batches(epoch=1 + draw)
    expected = preprocessing.normalization.undo(batch.inputs).numpy()
    drawn = draw_versions(tiny_set.images[7], tiny_set, LIVELY, draw=draw)
    assert (drawn == expected).all()


def test_draws_run_the_training_object_itself(tiny_set, monkeypatch):
    monkeypatch.setattr(
        Augmentation, "take", lambda self, images, draws: 255 - images[draws.places]
    )
    drawn = draw_versions(tiny_set.images[0], tiny_set, LIVELY)
    assert (drawn == 255 - tiny_set.images[0].numpy()).all()


def test_without_augmentation_every_draw_is_the_image(tiny_set):
    drawn = draw_versions(tiny_set.images[0], tiny_set, TrainConfig())
    assert drawn.shape == (NUM_DRAWS, 32, 32, 3)
    assert (drawn == tiny_set.images[0].numpy()).all()


def test_other_draws_differ_and_the_same_ones_do_not(tiny_set):
    first = draw_versions(tiny_set.images[0], tiny_set, LIVELY)
    assert (first == draw_versions(tiny_set.images[0], tiny_set, LIVELY)).all()
    assert (first != draw_versions(tiny_set.images[0], tiny_set, LIVELY, draw=1)).any()


@pytest.mark.parametrize("normalization", ["half", "dataset"])
def test_shown_numbers_are_the_networks_inputs(tiny_set, normalization):
    config = TrainConfig(normalization=normalization)
    preprocessing = build_preprocessing(config, tiny_set.mean, tiny_set.std)
    inputs = preprocessing(tiny_set.images[:1])[0].permute(1, 2, 0).numpy()
    assert (normalised_image(tiny_set.images[0], tiny_set, normalization) == inputs).all()


def test_levels_are_normalised_as_images_are(tiny_set):
    half = normalised_levels(tiny_set, "half")
    assert half.shape == (3, 256)
    assert half[:, [0, 255]] == pytest.approx(np.array([[-1.0, 1.0]] * 3))
    own = dataclasses.replace(tiny_set, mean=(0.0, 0.5, 1.0), std=(1.0, 0.5, 0.25))
    assert normalised_levels(own, "dataset")[:, 255] == pytest.approx([1.0, 1.0, 0.0])
