"""Temperature scaling: make a network as sure of itself as it is right.

Source: C. Guo, G. Pleiss, Y. Sun, K. Weinberger, "On Calibration of Modern Neural Networks", 2017,
arXiv 1706.04599, section 4.2. One number divides all logits: no answer changes, only its
probability does.
"""

import math

from torch import Tensor

LOWEST, HIGHEST = 0.05, 20.0
"""Bounds of the temperature: beyond them a network is broken, not badly calibrated."""
_HALVINGS = 60


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """Return the temperature with the smallest mean cross-entropy of ``logits / temperature``.

    The loss is convex in 1 / temperature, so its slope has one zero, which halving finds.

    Args:
        logits: float (N, classes), N at least 1, of images that are not the ones to be judged.
        labels: int64 (N,).

    Returns:
        A number from ``LOWEST`` to ``HIGHEST``; above 1 the network was too sure.
    """
    logits = logits.double()
    logits = logits - logits.max(1, keepdim=True).values  # smaller numbers, the same answers
    own = logits.gather(1, labels[:, None])[:, 0]
    low, high = math.log(1 / HIGHEST), math.log(1 / LOWEST)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        probs = (logits * math.exp(middle)).softmax(1)
        slope = ((probs * logits).sum(1) - own).mean().item()
        low, high = (low, middle) if slope > 0 else (middle, high)
    return math.exp(-(low + high) / 2)
