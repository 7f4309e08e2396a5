import pytest
import torch
from torch import nn

from cifar_core.lessons.maps import ACTIVATIONS, activate, pool

MODULES = {
    "relu": nn.ReLU(), "leaky_relu": nn.LeakyReLU(0.1), "sigmoid": nn.Sigmoid(),
    "identity": nn.Identity(),
}  # fmt: skip


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("shift", [-0.7, 0.0, 1.3])
def test_an_activation_is_what_the_module_computes(name, shift):
    values = torch.randn(32, 32)
    found = activate(values, name, shift)
    before = (values + shift).requires_grad_()
    after = MODULES[name](before)
    after.sum().backward()
    torch.testing.assert_close(found.before, before.detach(), atol=1e-6, rtol=0)
    torch.testing.assert_close(found.after, after.detach(), atol=1e-6, rtol=0)
    torch.testing.assert_close(found.gradient, before.grad, atol=1e-6, rtol=0)


def test_the_share_of_zeros_counts_what_relu_took():
    found = activate(torch.tensor([[-1.0, 2.0], [-3.0, -4.0]]), "relu")
    assert found.share_of_zeros == 0.75
    assert not found.gradient[0, 0] and found.gradient[0, 1] == 1


@pytest.mark.parametrize(
    ("kind", "module"), [("max", nn.MaxPool2d), ("mean", nn.AvgPool2d)], ids=["max", "mean"]
)
@pytest.mark.parametrize(("window", "stride"), [(2, 2), (3, 1), (4, 3)])
def test_pooling_is_what_the_module_computes(kind, module, window, stride):
    values = torch.randn(32, 32)
    expected = module(window, stride)(values[None, None])[0, 0]
    torch.testing.assert_close(pool(values, kind, window, stride), expected, atol=1e-6, rtol=0)
