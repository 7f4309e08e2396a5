"""One step of two optimisers, from the same weights, with the same gradient."""

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cifar_core.models.simple_cnn import SimpleCNN

OPTIMIZERS: dict[str, Callable[[Iterable[nn.Parameter], float], torch.optim.Optimizer]] = {
    "sgd": lambda parameters, rate: torch.optim.SGD(parameters, lr=rate),
    "adam": lambda parameters, rate: torch.optim.Adam(parameters, lr=rate),
}
"""Plain SGD without momentum, and Adam as the tutorial uses it; both fresh."""


@dataclass(frozen=True, eq=False)
class OneStep:
    """What one step does to the first convolution, and to the loss.

    Attributes:
        weight: of the first convolution, float32 (filters, 3, 3, 3), before the step.
        gradient: of the loss with respect to it.
        changes: by optimiser, what is added to it.
        loss: of the batch before the step, in nats.
        losses: of the same batch after it, by optimiser.
    """

    weight: Tensor
    gradient: Tensor
    changes: dict[str, Tensor]
    loss: float
    losses: dict[str, float]


def take_one_step(
    network: SimpleCNN, inputs: Tensor, labels: Tensor, learning_rate: float
) -> OneStep:
    """Let each optimiser take one step with the same batch from the same weights.

    Args:
        network: stays as it is; copies take the steps.
        inputs: float32 (N, 3, 32, 32).
        labels: int64 (N,).
        learning_rate: above 0.
    """
    gradients = _gradients(network, inputs, labels)
    changes, losses = {}, {}
    for name in OPTIMIZERS:
        stepped = _step(network, gradients, name, learning_rate)
        changes[name] = (stepped.conv1.weight - network.conv1.weight).detach()
        losses[name] = _loss(stepped, inputs, labels)
    return OneStep(
        weight=network.conv1.weight.detach().clone(),
        gradient=gradients["conv1.weight"],
        changes=changes,
        loss=_loss(network, inputs, labels),
        losses=losses,
    )


def losses_after(
    network: SimpleCNN, inputs: Tensor, labels: Tensor, rates: Sequence[float]
) -> dict[str, list[float]]:
    """Return the batch's loss after one step, for each optimiser and each learning rate.

    Args:
        network: stays as it is.
        inputs: float32 (N, 3, 32, 32).
        labels: int64 (N,).
        rates: each above 0.
    """
    gradients = _gradients(network, inputs, labels)
    return {
        name: [_loss(_step(network, gradients, name, rate), inputs, labels) for rate in rates]
        for name in OPTIMIZERS
    }


def _gradients(network: SimpleCNN, inputs: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Return the gradient of the loss with respect to every weight, by its name."""
    names, parameters = zip(*network.named_parameters(), strict=True)
    with torch.enable_grad():
        loss = F.cross_entropy(network(inputs), labels)
        gradients = torch.autograd.grad(loss, parameters)
    return dict(zip(names, gradients, strict=True))


def _step(network: SimpleCNN, gradients: dict[str, Tensor], name: str, rate: float) -> SimpleCNN:
    """Return a copy of the network after one step of an optimiser."""
    stepped = copy.deepcopy(network)
    for parameter_name, parameter in stepped.named_parameters():
        parameter.grad = gradients[parameter_name].clone()
    OPTIMIZERS[name](stepped.parameters(), rate).step()
    return stepped


@torch.no_grad()
def _loss(network: SimpleCNN, inputs: Tensor, labels: Tensor) -> float:
    return F.cross_entropy(network(inputs), labels).item()
