"""Optimisers. What their learning rate is at every step is in ``schedule``."""

import torch
from torch import nn

from cifar_core.config import TrainConfig
from cifar_core.muon import Muon


def build_optimizer(config: TrainConfig, model: nn.Module) -> torch.optim.Optimizer:
    """Return the optimiser that a config names, for what is trained of a network."""
    rate, decay = config.learning_rate, config.weight_decay
    if config.optimizer == "muon":
        return Muon(model, lr=rate, momentum=config.momentum, weight_decay=decay)
    parameters = [p for p in model.parameters() if p.requires_grad]
    if config.optimizer == "adam":
        return torch.optim.Adam(parameters, lr=rate, weight_decay=decay, fused=True)
    if config.optimizer == "adamw":
        return torch.optim.AdamW(parameters, lr=rate, weight_decay=decay, fused=True)
    return torch.optim.SGD(
        parameters,
        lr=rate,
        momentum=config.momentum,
        nesterov=config.nesterov and config.momentum > 0,
        weight_decay=decay,
        fused=True,
    )


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Let the optimiser's next step have this rate; a group with a scale, so many times it."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group.get("scale", 1.0)
