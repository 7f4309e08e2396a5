import pytest
import torch
from torch import nn

from cifar_core.config import TrainConfig
from cifar_core.optimization import (
    build_optimizer,
    forget_gradients,
    set_learning_rate,
    take_optimizer_step,
)

KINDS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}


def layer() -> nn.Module:
    torch.manual_seed(0)
    return nn.Linear(4, 3)


def built(**changes) -> torch.optim.Optimizer:
    return build_optimizer(TrainConfig(**changes), layer())


@pytest.mark.parametrize("name", KINDS)
def test_the_optimiser_is_the_one_named_with_the_configs_numbers(name):
    optimizer = built(optimizer=name, learning_rate=0.02, weight_decay=0.003, momentum=0.7)
    assert type(optimizer) is KINDS[name]
    (group,) = optimizer.param_groups
    assert (group["lr"], group["weight_decay"]) == (0.02, 0.003)
    assert len(group["params"]) == 2
    if name == "sgd":
        assert (group["momentum"], group["nesterov"], group["dampening"]) == (0.7, True, 0)
    else:
        assert group["betas"] == (0.9, 0.999) and group["eps"] == 1e-8 and not group["amsgrad"]


def test_sgd_without_momentum_or_nesterov():
    assert built(optimizer="sgd", momentum=0.0).param_groups[0]["nesterov"] is False
    plain = built(optimizer="sgd", nesterov=False).param_groups[0]
    assert (plain["nesterov"], plain["momentum"]) == (False, 0.9)


@pytest.mark.parametrize("name", KINDS)
def test_a_few_steps_equal_those_of_torchs_plain_implementation(name):
    changes = {"optimizer": name, "learning_rate": 0.05, "weight_decay": 0.01}
    ours, reference = layer(), layer()
    optimizer = build_optimizer(TrainConfig(**changes), ours)
    extra = {"momentum": 0.9, "nesterov": True} if name == "sgd" else {}
    plain = KINDS[name](
        reference.parameters(), lr=0.05, weight_decay=0.01, foreach=False, fused=False, **extra
    )
    inputs = torch.randn(8, 4, generator=torch.Generator().manual_seed(1))
    for _ in range(5):
        for network, steps in ((ours, optimizer), (reference, plain)):
            steps.zero_grad()
            network(inputs).square().mean().backward()
            steps.step()
    torch.testing.assert_close(ours.weight, reference.weight, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", [*KINDS, "muon"])
def test_a_short_way_gives_the_bits_of_the_optimisers_own(name):
    config = TrainConfig(optimizer=name, learning_rate=0.05, weight_decay=0.01)
    networks = [layer(), layer()]
    optimizers = [build_optimizer(config, network) for network in networks]
    inputs = torch.randn(8, 4, generator=torch.Generator().manual_seed(1))
    for step in range(6):
        for network in networks:
            network(inputs).square().mean().backward()
            if step == 2:  # a layer that a step does not touch
                network.bias.grad = None
        for optimizer in optimizers:
            set_learning_rate(optimizer, 0.05 / (step + 1))
        take_optimizer_step(optimizers[0])
        optimizers[1].step()
        for optimizer in optimizers:
            forget_gradients(optimizer)
    assert networks[0].weight.equal(networks[1].weight)
    assert networks[0].bias.equal(networks[1].bias)
    states = [optimizer.state_dict()["state"] for optimizer in optimizers]
    for number, state in states[0].items():
        for key, value in state.items():
            assert value is states[1][number][key] is None or value.equal(states[1][number][key])


def test_a_weight_that_gets_its_first_gradient_late_is_moved_too():
    network = layer()
    optimizer = build_optimizer(TrainConfig(), network)
    network.weight.sum().backward()
    take_optimizer_step(optimizer)
    before = network.bias.clone()
    (network.weight.sum() + network.bias.sum()).backward()
    take_optimizer_step(optimizer)
    assert not network.bias.equal(before)


def test_gradients_are_forgotten():
    network = layer()
    optimizer = build_optimizer(TrainConfig(), network)
    network(torch.ones(1, 4)).sum().backward()
    forget_gradients(optimizer)
    assert network.weight.grad is None and network.bias.grad is None


@pytest.mark.parametrize("name", KINDS)
def test_the_next_step_has_the_rate_that_was_set(name):
    network = layer()
    optimizer = build_optimizer(TrainConfig(optimizer=name), network)
    before = network.weight.detach().clone()
    set_learning_rate(optimizer, 0.0)
    network(torch.ones(1, 4)).sum().backward()
    optimizer.step()
    assert network.weight.equal(before)
    set_learning_rate(optimizer, 0.1)
    optimizer.step()
    assert not network.weight.equal(before)
    assert optimizer.param_groups[0]["lr"] == 0.1
