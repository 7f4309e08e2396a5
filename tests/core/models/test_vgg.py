import pytest
import torch
from torch import nn

from cifar_core.models.vgg import VGG


@pytest.fixture(scope="module")
def model() -> VGG:
    torch.manual_seed(0)
    return VGG(num_classes=10, dropout=0.25)


def test_it_ends_in_512_maps_of_four_by_four(model):
    assert model.features(torch.randn(2, 3, 32, 32)).shape == (2, 512, 4, 4)


def test_convolutions_have_no_bias_because_batch_norm_follows(model):
    layers = list(model.features)
    for conv, norm, relu in zip(layers, layers[1:], layers[2:], strict=False):
        if isinstance(conv, nn.Conv2d):
            assert conv.bias is None
            assert isinstance(norm, nn.BatchNorm2d) and isinstance(relu, nn.ReLU)


def test_dropout_is_the_share_asked_for_and_acts_in_training_only(model):
    inputs = torch.randn(2, 3, 32, 32)
    assert [layer.p for layer in model.modules() if isinstance(layer, nn.Dropout)] == [0.25]
    model.eval()
    assert torch.equal(model(inputs), model(inputs))
    model.train()
    assert not torch.equal(model(inputs), model(inputs))


def test_the_first_answers_are_nearly_even(model):
    model.train()
    loss = nn.functional.cross_entropy(model(torch.randn(32, 3, 32, 32)), torch.arange(32) % 10)
    assert loss.item() == pytest.approx(2.303, abs=0.3)  # ln 10 is knowing nothing


def test_memory_order_of_the_inputs_does_not_change_the_answer(model):
    inputs = torch.randn(2, 3, 32, 32)
    model.eval()
    channels_last = inputs.to(memory_format=torch.channels_last)
    assert torch.allclose(model(channels_last), model(inputs), atol=1e-4)
