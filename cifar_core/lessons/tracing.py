"""One picture on its way through ``SimpleCNN``, layer by layer."""

from dataclasses import dataclass

import torch
from torch import Tensor

from cifar_core.models.simple_cnn import SimpleCNN


@dataclass(frozen=True, eq=False)
class Trace:
    """What every layer makes of one picture.

    Attributes:
        inputs: what the network sees, float32 (3, 32, 32).
        convolved: float32 (filters, 32, 32).
        activated: after ReLU, likewise.
        pooled: float32 (filters, 16, 16).
        flat: float32 (filters * 256,).
        hidden_sums: what the first linear layer computes, float32 (hidden,).
        hidden: the same after ReLU.
        logits: float32 (classes,).
    """

    inputs: Tensor
    convolved: Tensor
    activated: Tensor
    pooled: Tensor
    flat: Tensor
    hidden_sums: Tensor
    hidden: Tensor
    logits: Tensor


@torch.no_grad()
def trace_picture(network: SimpleCNN, inputs: Tensor) -> Trace:
    """Run the network's own layers one after the other and keep what each of them returns.

    Args:
        network: on the CPU; stays as it is.
        inputs: float32 (1, 3, 32, 32), normalised.
    """
    convolved = network.conv1(inputs)
    activated = network.relu1(convolved)
    pooled = network.pool(activated)
    flat = network.flatten(pooled)
    hidden_sums = network.fc1(flat)
    hidden = network.relu2(hidden_sums)
    logits = network.fc2(hidden)
    kept = (inputs, convolved, activated, pooled, flat, hidden_sums, hidden, logits)
    return Trace(*(tensor[0].clone() for tensor in kept))
