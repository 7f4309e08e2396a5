"""Softmax and cross-entropy of one answer."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True, eq=False)
class LossSteps:
    """From logits to the loss.

    Attributes:
        logits: float32 (classes,).
        exponentials: e to the power of each of them.
        probs: their shares of the sum: the softmax.
        loss: in nats, minus the logarithm of the true class's probability.
        doubled: the loss where a softmax stands before ``CrossEntropyLoss``, which has one itself.
        gradient: of the loss with respect to each logit: probability minus one for the true class,
            the probability for the others.
    """

    logits: Tensor
    exponentials: Tensor
    probs: Tensor
    loss: float
    doubled: float
    gradient: Tensor


def follow_loss(logits: Tensor, label: int, scale: float = 1.0) -> LossSteps:
    """Take one answer through softmax and cross-entropy.

    Args:
        logits: float32 (classes,).
        label: number of the true class.
        scale: what the logits are multiplied with first; at 0 all classes are equally likely.
    """
    scaled = (logits.detach() * scale).requires_grad_()
    target = torch.tensor(label)
    loss = F.cross_entropy(scaled, target)
    (gradient,) = torch.autograd.grad(loss, scaled)
    with torch.no_grad():
        probs = scaled.softmax(0)
        doubled = F.cross_entropy(probs, target).item()
    return LossSteps(scaled.detach(), scaled.detach().exp(), probs, loss.item(), doubled, gradient)


def best_doubled_loss(classes: int) -> float:
    """Return the least loss that a softmax too many allows: that of a perfect answer."""
    perfect = F.one_hot(torch.tensor(0), classes).float()
    return F.cross_entropy(perfect, torch.tensor(0)).item()
