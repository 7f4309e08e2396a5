"""Learning rates that usually work, to compare others with and to fall back to. No torch."""

import math

from cifar_core.config import TrainConfig

USUAL_RATES = {"adam": 1e-3, "adamw": 1e-3, "sgd": 0.05, "muon": 0.1}
"""A rate that suits most networks, by optimiser; of SGD with momentum 0.9."""


def usual_rate(config: TrainConfig) -> float:
    """Return a learning rate that suits most networks with these settings.

    Less momentum allows larger ones, and so do larger batches, whose gradients are less noisy.
    """
    usual = USUAL_RATES[config.optimizer] * math.sqrt(max(1.0, config.batch_size / 64))
    return usual * (1 - config.momentum) / 0.1 if config.optimizer == "sgd" else usual


def rate_after_overflow(rate: float, config: TrainConfig) -> float:
    """Return what to try where steps at ``rate`` were so large that the numbers overflowed."""
    return float(f"{min(rate / 10, usual_rate(config)):.1g}")
