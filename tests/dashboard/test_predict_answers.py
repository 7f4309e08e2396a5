"""Answers and explanations are those of the core, computed once."""

import time

import numpy as np
import pytest
import torch

from cifar_core.checkpoint import save_model
from cifar_core.data.transforms import Normalization, Preprocessing
from cifar_core.errors import CheckpointError
from cifar_core.explanation import grad_cam, occlusion_map
from cifar_core.model_info import ModelInfo
from cifar_core.models.registry import build_model
from cifar_core.prediction import predict_images
from dashboard.predict_answers import (
    Answer,
    Heat,
    Verdict,
    answer_images,
    explain,
    normalised_view,
    overlay_pixels,
)

CLASSES = ("dark", "red", "green")
NORMALIZATION = Normalization((0.4, 0.5, 0.6), (0.2, 0.25, 0.3))


@pytest.fixture
def network():
    return build_model("simple_cnn", 3).eval()


@pytest.fixture
def model_file(tmp_path, network):
    path = tmp_path / "model.safetensors"
    info = ModelInfo(model="simple_cnn", classes=CLASSES, normalization=NORMALIZATION)
    save_model(network, info, path)
    return path


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3)).astype(np.uint8)


def test_answers_are_the_networks_own(model_file, network, images):
    answers = answer_images(model_file, images, ["red", "", "cat", "green"])
    probs = predict_images(network, torch.from_numpy(images), Preprocessing(NORMALIZATION))
    assert [answer.probs for answer in answers] == [tuple(row) for row in probs.tolist()]
    assert [answer.truth for answer in answers] == ["red", "", "cat", "green"]


def test_the_same_question_is_computed_once_and_a_changed_model_answers_anew(
    model_file, images, monkeypatch
):
    before = answer_images(model_file, images, [""] * 4)
    monkeypatch.setattr("cifar_core.prediction.predict_images", None)
    assert answer_images(model_file, images, [""] * 4) == before
    monkeypatch.undo()
    save_model(build_model("simple_cnn", 3), ModelInfo("simple_cnn", CLASSES), model_file)
    assert answer_images(model_file, images, [""] * 4) != before


def test_a_damaged_model_is_a_sentence(model_file, images):
    model_file.write_bytes(b"nothing")
    with pytest.raises(CheckpointError):
        answer_images(model_file, images, [""] * 4)
    with pytest.raises(CheckpointError):
        explain(model_file, images[0], 0, "grad_cam")


@pytest.mark.parametrize(
    ("truth", "verdict"),
    [("", Verdict.OPEN), ("b", Verdict.RIGHT), ("a", Verdict.WRONG), ("z", Verdict.FOREIGN)],
)
def test_an_answer_is_judged_where_the_truth_is_known(truth, verdict):
    answer = Answer((0.1, 0.6, 0.3), ("a", "b", "c"), truth)
    assert answer.verdict == verdict
    assert (answer.name, answer.confidence, answer.ranked()) == ("b", 0.6, [1, 2, 0])


def test_a_network_without_a_clear_answer_is_unsure():
    assert Answer((0.49, 0.31, 0.2), ("a", "b", "c")).is_unsure
    assert not Answer((0.5, 0.3, 0.2), ("a", "b", "c")).is_unsure


def test_grad_cam_is_that_of_the_core(model_file, network, images):
    heat = explain(model_file, images[0], 2, "grad_cam")
    inputs = Preprocessing(NORMALIZATION)(torch.from_numpy(images[:1]))
    assert heat.values == pytest.approx(grad_cam(network, inputs, 2)[0].numpy(), abs=1e-6)


def test_covering_tells_the_largest_drop_of_the_probability(model_file, network, images):
    heat = explain(model_file, images[0], 1, "occlusion")
    one = torch.from_numpy(images[:1])
    drops = occlusion_map(network, one, Preprocessing(NORMALIZATION), 1)
    assert heat.largest_drop == pytest.approx(max(0, float(drops.max())))
    assert heat.values.max() == pytest.approx(1 if drops.max() > 0 else 0)


def test_an_explanation_takes_less_than_a_third_of_a_second(model_file, images):
    explain(model_file, images[0], 0, "grad_cam")  # imports
    started = time.process_time()
    explain(model_file, images[1], 0, "grad_cam")
    explain(model_file, images[1], 0, "occlusion")
    assert time.process_time() - started < 0.3


def test_the_overlay_shows_the_image_alone_or_the_heat_alone(images):
    heat = Heat(np.zeros((32, 32), np.float32))
    alone = overlay_pixels(images[0], heat, 0.0)
    assert alone.shape == (256, 256, 3)
    assert (alone[::8, ::8] == images[0]).all()
    assert (alone[7::8, 7::8] == images[0]).all()
    assert len(np.unique(overlay_pixels(images[0], heat, 1.0).reshape(-1, 3), axis=0)) == 1


def test_the_normalised_view_shows_the_very_numbers_that_enter_the_network(model_file, images):
    view, low, high = normalised_view(model_file, images[0])
    inputs = NORMALIZATION.apply(torch.from_numpy(images[:1]))[0].permute(1, 2, 0).numpy()
    assert (low, high) == (pytest.approx(inputs.min()), pytest.approx(inputs.max()))
    farthest = np.abs(inputs).max()
    assert (view.astype(float) - 127.5) / 127.5 * farthest == pytest.approx(inputs, abs=0.02)
