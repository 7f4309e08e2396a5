"""A better answer for more work: the mean over several views of each picture.

Source: averaging over mirrored and cropped copies at test time is as old as AlexNet (Krizhevsky et
al. 2012, section 5.1); the six views and their weights are those of airbench94 (Jordan 2024, arXiv
2404.00498). Meant for networks that saw mirrored and shifted pictures in training.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cifar_core.config import MIRROR, PLAIN

_SHIFTED_SHARE = 0.5
"""What the two shifted pictures count together."""


def average_views(model: nn.Module, inputs: Tensor, views: str = PLAIN) -> Tensor:
    """Return the mean of a network's answers to views of the same pictures.

    Args:
        model: in eval mode.
        inputs: float (N, 3, H, W).
        views: "plain" asks once; "mirror" also about the mirror image; "mirror_shift" also about
            both moved by a pixel towards each of two corners, six times the work.

    Returns:
        logits, float (N, classes).
    """
    if views == PLAIN:
        return _answer(model, inputs)
    straight = _answer_both_sides(model, inputs)
    if views == MIRROR:
        return straight
    padded = F.pad(inputs, (1, 1, 1, 1), mode="reflect")
    corners = (padded[:, :, :-2, :-2], padded[:, :, 2:, 2:])
    moved = torch.stack([_answer_both_sides(model, corner) for corner in corners]).mean(0)
    return (1 - _SHIFTED_SHARE) * straight + _SHIFTED_SHARE * moved


def _answer_both_sides(model: nn.Module, inputs: Tensor) -> Tensor:
    return (_answer(model, inputs) + _answer(model, inputs.flip(3))) / 2


def _answer(model: nn.Module, inputs: Tensor) -> Tensor:
    logits: Tensor = model(inputs)
    return logits.float()
