import copy

import pytest
import torch
from torch import nn

from cifar_core.lessons.linear import fresh_network
from cifar_core.lessons.optimizers import losses_after, take_one_step

MODULES = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}


@pytest.fixture(scope="module")
def batch():
    generator = torch.Generator().manual_seed(5)
    return torch.randn(8, 3, 32, 32, generator=generator), torch.arange(8) % 10


@pytest.mark.parametrize("name", MODULES)
def test_a_step_is_what_torchs_optimiser_does(batch, name):
    network = fresh_network()
    step = take_one_step(network, *batch, 0.01)
    twin = copy.deepcopy(network)
    loss = nn.CrossEntropyLoss()(twin(batch[0]), batch[1])
    loss.backward()
    gradient = twin.conv1.weight.grad.clone()
    MODULES[name](twin.parameters(), lr=0.01).step()
    after = nn.CrossEntropyLoss()(twin(batch[0]), batch[1]).item()
    change = twin.conv1.weight - network.conv1.weight
    assert step.loss == pytest.approx(loss.item(), abs=1e-6)
    assert step.losses[name] == pytest.approx(after, abs=1e-6)
    torch.testing.assert_close(step.gradient, gradient, atol=1e-6, rtol=0)
    torch.testing.assert_close(step.changes[name], change.detach(), atol=1e-6, rtol=0)


def test_sgd_moves_by_rate_times_gradient_and_adam_by_the_rate(batch):
    step = take_one_step(fresh_network(), *batch, 0.01)
    torch.testing.assert_close(step.changes["sgd"], -0.01 * step.gradient, atol=1e-6, rtol=0)
    moved = step.gradient.abs() > 1e-5
    sizes = step.changes["adam"][moved].abs()
    torch.testing.assert_close(sizes, torch.full_like(sizes, 0.01), atol=2e-5, rtol=0)


def test_the_network_stays_as_it_is(batch):
    network = fresh_network()
    before = copy.deepcopy(network.state_dict())
    losses = losses_after(network, *batch, [1e-3, 1.0])
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert not network.training
    assert all(parameter.grad is None for parameter in network.parameters())
    single = take_one_step(network, *batch, 1e-3)
    assert losses["adam"][0] == pytest.approx(single.losses["adam"], abs=1e-6)
