import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from cifar_core.models import convolution
from cifar_core.models.convolution import Conv2d, weight_gradient

HALF = torch.bfloat16


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    values = torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
    return values.contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("size", [(1, 1), (3, 3), (7, 7), (4, 6)])
@pytest.mark.parametrize("order", [torch.channels_last, torch.contiguous_format])
def test_the_gradient_of_the_weights_equals_autograds(size, order):
    maps, weight = noise(5, 4, *size).double(), noise(6, 4, 3, 3, seed=1).double()
    outer = noise(5, 6, *size, seed=2).double()
    weight.requires_grad_()
    F.conv2d(maps, weight, padding=1).backward(outer)
    found = weight_gradient(
        maps.contiguous(memory_format=order), outer.contiguous(memory_format=order)
    )
    torch.testing.assert_close(found, weight.grad)


@pytest.fixture
def with_matrix_units(monkeypatch):
    monkeypatch.setattr(convolution, "has_matrix_units", lambda: True)


def product_calls(monkeypatch) -> list[torch.Size]:
    calls = []
    monkeypatch.setattr(
        convolution,
        "weight_gradient",
        lambda maps, outer: calls.append(maps.shape) or weight_gradient(maps, outer),
    )
    return calls


def trained(layer: nn.Module, maps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the gradients of maps and weights after one pass in bfloat16."""
    maps = maps.clone(memory_format=torch.preserve_format).requires_grad_()
    with torch.autocast("cpu", HALF):
        out = layer(maps)
    assert out.dtype == HALF
    out.float().square().mean().backward()
    return maps.grad, layer.weight.grad


@pytest.mark.usefixtures("with_matrix_units")
@pytest.mark.parametrize("size", [3, 7])
def test_a_step_in_bfloat16_has_the_gradients_of_torchs_layer(size, monkeypatch):
    layer = Conv2d(128, 160, kernel_size=3, padding=1, bias=False)
    torch_layer = nn.Conv2d(128, 160, kernel_size=3, padding=1, bias=False)
    torch_layer.load_state_dict(layer.state_dict())
    maps, calls = noise(8, 128, size, size), product_calls(monkeypatch)
    of_maps, of_weight = trained(layer, maps)
    assert calls == [maps.shape]
    expected_maps, expected_weight = trained(torch_layer, maps)
    assert len(calls) == 1 and of_weight.dtype == torch.float32
    # both round once to bfloat16, whose numbers lie 1/128 apart; sums come in another order
    torch.testing.assert_close(of_maps, expected_maps, rtol=2**-7, atol=1e-6)
    scale = expected_weight.abs().max().item()
    torch.testing.assert_close(of_weight, expected_weight, rtol=2**-6, atol=scale * 2**-8)


@pytest.mark.usefixtures("with_matrix_units")
@pytest.mark.parametrize(
    ("size", "training", "precision"), [(8, True, HALF), (7, False, HALF), (7, True, torch.float32)]
)
def test_where_the_product_is_no_quicker_torchs_own_way_is_taken(
    size, training, precision, monkeypatch
):
    calls = product_calls(monkeypatch)
    layer = Conv2d(128, 128, kernel_size=3, padding=1, bias=False).train(training)
    with torch.autocast("cpu", HALF, enabled=precision == HALF):
        layer(noise(2, 128, size, size)).float().sum().backward()
    assert calls == []


@pytest.mark.usefixtures("with_matrix_units")
@pytest.mark.parametrize(
    "settings",
    [
        {"bias": True},
        {"stride": 2},
        {"padding": 0},
        {"dilation": 2},
        {"groups": 2},
        {"kernel_size": 1},
    ],
)
def test_other_convolutions_stay_torchs(settings, monkeypatch):
    calls = product_calls(monkeypatch)
    layer = Conv2d(128, 128, **{"kernel_size": 3, "padding": 1, "bias": False} | settings)
    with torch.autocast("cpu", HALF):
        layer(noise(2, 128, 6, 6)).float().sum().backward()
    assert calls == []


def test_without_matrix_units_torchs_own_way_is_taken(monkeypatch):
    monkeypatch.setattr(convolution, "has_matrix_units", lambda: False)
    calls = product_calls(monkeypatch)
    trained(Conv2d(128, 128, kernel_size=3, padding=1, bias=False), noise(2, 128, 7, 7))
    assert calls == []


def test_it_is_a_convolution_of_torch_by_name_and_kind():
    layer = Conv2d(3, 4, kernel_size=3, padding=1, bias=False)
    assert isinstance(layer, nn.Conv2d) and type(layer).__name__ == "Conv2d"
    assert list(layer.state_dict()) == ["weight"]
    same = copy.deepcopy(layer).eval()
    assert same(noise(1, 3, 5, 5)).equal(F.conv2d(noise(1, 3, 5, 5), layer.weight, padding=1))
