"""How good are the answers of a network: all scores at once.

``inference`` runs the network, the arithmetic is in ``metrics``, the result in ``scores``.
"""

from torch import Tensor
from torch.nn import functional as F

from cifar_core.metrics import (
    calibration_error,
    check_logits,
    confusion_matrix,
    reliability_bins,
    score_classes,
    top_k_accuracy,
)
from cifar_core.scores import Evaluation, format_evaluation, wilson_interval

__all__ = [
    "Evaluation",
    "format_evaluation",
    "score_logits",
]


def score_logits(logits: Tensor, labels: Tensor, classes: tuple[str, ...]) -> Evaluation:
    """Score answers that are there already.

    Args:
        logits: float32 (N, classes) on the CPU, N at least 1.
        labels: int64 (N,), likewise; not every class need occur.
        classes: names in label order.

    Raises:
        CheckpointError: the logits are for another number of classes, or not finite.
    """
    check_logits(logits, len(classes))
    confusion = confusion_matrix(labels, logits.argmax(1), len(classes))
    right, total = int(confusion.diagonal().sum()), len(labels)
    low, high = wilson_interval(right, total)
    return Evaluation(
        num_images=total,
        loss=_mean_loss(logits, labels),
        accuracy=right / total,
        accuracy_low=low,
        accuracy_high=high,
        top2_accuracy=top_k_accuracy(logits, labels, 2),
        ece=calibration_error(reliability_bins(logits, labels)),
        per_class=score_classes(confusion, classes),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
    )


def _mean_loss(logits: Tensor, labels: Tensor) -> float:
    return F.cross_entropy(logits.double(), labels).item()
