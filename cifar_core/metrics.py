"""How good are these answers: pure functions on logits and labels.

Knows nothing of networks, devices or images: ``evaluation`` runs the network. Sums are taken in
float64 on the CPU, so that the order of the images does not show in the digits that are printed.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from cifar_core.errors import CheckpointError
from cifar_core.scores import ClassScore


@dataclass(frozen=True)
class ReliabilityBin:
    """The answers whose confidence is above ``low`` and at most ``high``."""

    low: float
    high: float
    num_images: int
    confidence: float | None
    """Mean probability of the chosen class; None in an empty bin."""
    accuracy: float | None
    """Share of right answers; None in an empty bin."""


def check_logits(logits: Tensor, num_classes: int) -> None:
    """Refuse answers that no score or probability can be made of.

    Args:
        logits: float (N, classes).
        num_classes: how many classes have a name.

    Raises:
        CheckpointError: the network gives another number of answers, or NaN or infinity.
    """
    if logits.dim() != 2 or logits.shape[1] != num_classes:
        raise CheckpointError(
            f"The network's answers have the shape {tuple(logits.shape)}; expected one number for "
            f"each of the {num_classes} classes. Choose the data or the classes it was trained on."
        )
    num_broken = int((~logits.isfinite()).any(1).sum())
    if num_broken:
        raise CheckpointError(
            f"The network's answers to {num_broken:,} of {len(logits):,} images are not finite "
            "numbers: its file is damaged or its training went astray. Choose another model."
        )


def confusion_matrix(labels: Tensor, predictions: Tensor, num_classes: int) -> Tensor:
    """Count how often each class is taken for each.

    Args:
        labels: int64 (N,), 0 to ``num_classes`` - 1.
        predictions: likewise.
        num_classes: rows and columns of the result.

    Returns:
        int64 (true class, predicted class).
    """
    cells = labels * num_classes + predictions
    return torch.bincount(cells, minlength=num_classes**2).view(num_classes, num_classes)


def score_classes(confusion: Tensor, classes: tuple[str, ...]) -> tuple[ClassScore, ...]:
    """Return precision, recall and F1 of each class.

    Args:
        confusion: int64 (true class, predicted class).
        classes: names in label order.

    Returns:
        One score a class; what is undefined is 0.0, as with scikit-learn's ``zero_division=0``.
    """
    right = confusion.diagonal().double()
    of_class, called_so = confusion.sum(1), confusion.sum(0)
    precision = right / called_so.clamp(min=1)
    recall = right / of_class.clamp(min=1)
    f1 = 2 * right / (of_class + called_so).clamp(min=1)
    columns = (of_class, precision, recall, f1)
    rows = zip(classes, *(column.tolist() for column in columns), strict=True)
    return tuple(ClassScore(*row) for row in rows)


def top_k_accuracy(logits: Tensor, labels: Tensor, k: int) -> float:
    """Return the share of images whose class is among the ``k`` that the network ranks highest.

    Equal logits rank in label order, as with ``argmax``: k = 1 is the accuracy.

    Args:
        logits: float (N, classes), N at least 1.
        labels: int64 (N,).
        k: at least 1; from the number of classes on, the answer is 1.
    """
    own = logits.gather(1, labels[:, None])
    earlier = torch.arange(logits.shape[1]) < labels[:, None]
    rank = ((logits > own) | ((logits == own) & earlier)).sum(1)
    return (rank < k).double().mean().item()


def reliability_bins(
    logits: Tensor, labels: Tensor, num_bins: int = 15
) -> tuple[ReliabilityBin, ...]:
    """Sort the answers by confidence: does the network know what it knows?

    Args:
        logits: float (N, classes).
        labels: int64 (N,).
        num_bins: equally wide parts of 0..1.

    Returns:
        Every bin, the least confident first; empty ones too.

    Source: C. Guo, G. Pleiss, Y. Sun, K. Weinberger, "On Calibration of Modern Neural Networks",
    2017, arXiv 1706.04599, section 2.
    """
    confidences, predictions = logits.double().softmax(1).max(1)
    edges = torch.linspace(0, 1, num_bins + 1, dtype=torch.float64)
    places = torch.bucketize(confidences, edges[1:-1])
    counts = torch.bincount(places, minlength=num_bins).tolist()
    confidence_sums = torch.bincount(places, confidences, minlength=num_bins).tolist()
    right = (predictions == labels).double()
    right_sums = torch.bincount(places, right, minlength=num_bins).tolist()
    return tuple(
        ReliabilityBin(
            low=edges[i].item(),
            high=edges[i + 1].item(),
            num_images=count,
            confidence=confidence_sums[i] / count if count else None,
            accuracy=right_sums[i] / count if count else None,
        )
        for i, count in enumerate(counts)
    )


def calibration_error(bins: tuple[ReliabilityBin, ...]) -> float:
    """Return the expected calibration error, 0 to 1: the mean gap of confidence and accuracy.

    Args:
        bins: of ``reliability_bins``, with at least one image.

    Source: Guo et al. 2017, as for ``reliability_bins``, equation 3.
    """
    gaps = [
        b.num_images * abs(b.accuracy - b.confidence)
        for b in bins
        if b.accuracy is not None and b.confidence is not None
    ]
    return math.fsum(gaps) / sum(b.num_images for b in bins)


def brier_score(logits: Tensor, labels: Tensor) -> float:
    """Return the mean squared distance of the probabilities from the truth, 0 (best) to 2.

    Args:
        logits: float (N, classes), N at least 1.
        labels: int64 (N,).

    Source: G. W. Brier, "Verification of forecasts expressed in terms of probability", Monthly
    Weather Review 78 (1950), pages 1-3.
    """
    probs = logits.double().softmax(1)
    truth = torch.nn.functional.one_hot(labels, logits.shape[1])
    return ((probs - truth) ** 2).sum(1).mean().item()
