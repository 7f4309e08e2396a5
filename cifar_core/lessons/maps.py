"""What happens to one feature map after the convolution: an activation, and pooling."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "leaky_relu": lambda values: F.leaky_relu(values, 0.1),
    "sigmoid": torch.sigmoid,
    "identity": lambda values: values,
}

POOLINGS: dict[str, Callable[..., Tensor]] = {"max": F.max_pool2d, "mean": F.avg_pool2d}


@dataclass(frozen=True, eq=False)
class Activated:
    """A feature map before and after its activation.

    Attributes:
        before: float32 (H, W), with the shift added.
        after: likewise.
        gradient: of each value of ``after`` with respect to that of ``before``.
        share_of_zeros: of ``after``, 0 to 1.
    """

    before: Tensor
    after: Tensor
    gradient: Tensor
    share_of_zeros: float


def activate(feature_map: Tensor, name: str, shift: float = 0.0) -> Activated:
    """Add a number to every value, then apply an activation.

    Args:
        feature_map: float32 (H, W).
        name: one of ``ACTIVATIONS``; "leaky_relu" lets a tenth of the negative through.
        shift: what is added, as a bias is.
    """
    before = (feature_map.detach() + shift).requires_grad_()
    after = ACTIVATIONS[name](before)
    (gradient,) = torch.autograd.grad(after.sum(), before)
    zeros = (after == 0).float().mean().item()
    return Activated(before.detach(), after.detach(), gradient, zeros)


@torch.no_grad()
def pool(feature_map: Tensor, kind: str, window: int, stride: int) -> Tensor:
    """Return a feature map made smaller.

    Args:
        feature_map: float32 (H, W).
        kind: one of ``POOLINGS``.
        window: side of the window, at most H and W.
        stride: pixels from one window to the next.

    Returns:
        float32 (H', W').
    """
    return POOLINGS[kind](feature_map[None, None], window, stride)[0, 0]
