"""Means over views: what is averaged, and that every way to an answer takes the model's views."""

import pytest
import torch

from cifar_core.config import MIRROR, MIRROR_SHIFT, PLAIN, TrainConfig
from cifar_core.data.transforms import Preprocessing
from cifar_core.inference import infer_logits
from cifar_core.model_info import ModelInfo
from cifar_core.models.registry import build_model
from cifar_core.views import average_views

CPU = torch.device("cpu")


@pytest.fixture
def model():
    torch.manual_seed(0)
    return build_model("simple_cnn", 10).eval()


@pytest.fixture
def inputs():
    return torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def test_plain_asks_once(model, inputs):
    assert torch.equal(average_views(model, inputs, PLAIN), model(inputs))


def test_mirror_answers_the_same_for_both_sides(model, inputs):
    answer = average_views(model, inputs, MIRROR)
    torch.testing.assert_close(answer, (model(inputs) + model(inputs.flip(3))) / 2)
    torch.testing.assert_close(answer, average_views(model, inputs.flip(3), MIRROR))


def test_mirror_shift_gives_half_the_weight_to_two_moved_pictures(model, inputs):
    def moved(by: int) -> torch.Tensor:
        places = torch.arange(32) + by
        places = places.abs() - 2 * (places - 31).clamp(min=0)  # mirrored at the border
        return inputs[:, :, places][:, :, :, places]

    def both_sides(images: torch.Tensor) -> torch.Tensor:
        return (model(images) + model(images.flip(3))) / 2

    expected = both_sides(inputs) / 2 + both_sides(moved(-1)) / 4 + both_sides(moved(1)) / 4
    torch.testing.assert_close(average_views(model, inputs, MIRROR_SHIFT), expected)


def test_a_picture_is_seen_in_as_many_views_as_its_preprocessing_says(model):
    images = torch.randint(0, 256, (2, 32, 32, 3), dtype=torch.uint8)
    mirrored = Preprocessing(views=MIRROR)
    answer = infer_logits(model, images, mirrored, device=CPU)
    torch.testing.assert_close(answer, infer_logits(model, images.flip(2), mirrored, device=CPU))
    assert not torch.allclose(answer, infer_logits(model, images, Preprocessing(), device=CPU))


@pytest.mark.parametrize(
    ("config", "views"),
    [
        (None, PLAIN),
        ({"views": "of everything"}, PLAIN),
        ({"views": ["mirror"]}, PLAIN),
        (TrainConfig(views=MIRROR_SHIFT).to_dict(), MIRROR_SHIFT),
    ],
)
def test_a_model_answers_as_in_the_test_of_its_run(config, views):
    assert ModelInfo("simple_cnn", ("a", "b"), config=config).preprocessing.views == views
