import pytest
import torch
from torch import nn

from cifar_core.models.resnet18 import resnet18
from cifar_core.torchvision_compat import models


@pytest.fixture(scope="module")
def model() -> nn.Module:
    return resnet18(10).eval()


def test_its_keys_are_torchvisions(model):
    assert list(model.state_dict()) == list(models.resnet18(num_classes=10).state_dict())


def test_the_stem_keeps_all_32_pixels(model):
    maps = []
    handle = model.layer1.register_forward_pre_hook(lambda _, inputs: maps.append(inputs[0].shape))
    with torch.no_grad():
        logits = model(torch.randn(2, 3, 32, 32))
    handle.remove()
    assert maps == [(2, 64, 32, 32)]
    assert logits.shape == (2, 10)


def test_the_stem_is_three_by_three_without_a_bias(model):
    stem = model.conv1
    assert (stem.kernel_size, stem.stride, stem.padding) == ((3, 3), (1, 1), (1, 1))
    assert stem.bias is None


def test_memory_order_of_the_inputs_does_not_change_the_answer(model):
    inputs = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        contiguous, last = model(inputs), model(inputs.to(memory_format=torch.channels_last))
    assert torch.allclose(contiguous, last, atol=1e-4)
