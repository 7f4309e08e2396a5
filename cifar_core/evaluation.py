"""How good is a network on these images: score the answers that it gives.

``inference`` runs the network, the arithmetic is in ``metrics``, the result in ``scores``.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cifar_core.data.image_set import Subset
from cifar_core.data.transforms import Preprocessing
from cifar_core.inference import Progress, compute_logits
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
    "compute_logits",
    "evaluate",
    "evaluate_loss",
    "format_evaluation",
    "score_logits",
]


def evaluate_loss(
    model: nn.Module,
    subset: Subset,
    preprocessing: Preprocessing,
    *,
    device: torch.device,
    precision: str = "float32",
    batch_size: int | None = None,
) -> tuple[float, float]:
    """Return mean cross-entropy in nats and accuracy; the loss of a broken network may be NaN.

    The arguments are those of ``inference.iterate_logits``.

    Raises:
        DatasetError: the subset is empty.
    """
    logits = compute_logits(
        model, subset, preprocessing, device=device, precision=precision, batch_size=batch_size
    )
    right = int((logits.argmax(1) == subset.labels).sum())
    return _mean_loss(logits, subset.labels), right / len(subset)


def evaluate(
    model: nn.Module,
    subset: Subset,
    preprocessing: Preprocessing,
    *,
    device: torch.device,
    precision: str = "float32",
    batch_size: int | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Test a network on a subset; the arguments are those of ``inference.compute_logits``.

    Raises:
        DatasetError: the subset is empty.
        CheckpointError: the network was made for another number of classes, or is broken.
    """
    logits = compute_logits(
        model,
        subset,
        preprocessing,
        device=device,
        precision=precision,
        batch_size=batch_size,
        progress=progress,
    )
    return score_logits(logits, subset.labels, subset.source.classes)


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
