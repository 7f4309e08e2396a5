"""``Evaluation``: what a test of a network found, to be stored, shown and printed.

Knows nothing of networks, and imports no torch: a page that lists runs reads it at once.
``evaluation`` makes it.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

from cifar_core.errors import CheckpointError

Z_95 = 1.959964
"""Standard deviations either side of the mean that hold 95 % of a normal distribution."""


@dataclass(frozen=True)
class ClassScore:
    """How well one class is told from the others; each share is 0 to 1."""

    name: str
    num_images: int
    """Images that are of this class."""
    precision: float
    """Share of the images called this class that are; 0.0 where none is called so."""
    recall: float
    """Share of the images of this class that are called so; 0.0 where there is none."""
    f1: float
    """Harmonic mean of the two; 0.0 where both are."""


@dataclass(frozen=True)
class Evaluation:
    """How well a network did on some images; shares are 0 to 1.

    What is undefined, such as the recall of a class without images, is 0.0, as with scikit-learn's
    ``zero_division=0``.
    """

    num_images: int
    loss: float
    """Mean cross-entropy in nats, without label smoothing."""
    accuracy: float
    accuracy_low: float
    """Lower end of the 95 % interval after Wilson: what another draw of images might give."""
    accuracy_high: float
    top2_accuracy: float
    """Share of images whose class is among the two that the network ranks highest."""
    ece: float
    """Expected calibration error over 15 bins: mean gap between confidence and accuracy."""
    per_class: tuple[ClassScore, ...]
    """In label order."""
    confusion: tuple[tuple[int, ...], ...]
    """How often each class (row) is taken for each (column), in label order."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        values = asdict(self)
        values["per_class"] = list(values["per_class"])
        values["confusion"] = [list(row) for row in self.confusion]
        return values

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Evaluation":
        """Read what ``to_dict`` gave. It may come from somebody else's file: nothing is trusted.

        Raises:
            CheckpointError: a value is missing, unknown, of the wrong type, or out of range.
        """
        try:
            per_class = tuple(ClassScore(**score) for score in values["per_class"])
            confusion = tuple(tuple(row) for row in values["confusion"])
            evaluation = cls(**{**values, "per_class": per_class, "confusion": confusion})
            _check(evaluation)
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"The stored evaluation cannot be read ({error}); evaluate the model again."
            ) from error
        return evaluation


def wilson_interval(right: int, total: int, z: float = Z_95) -> tuple[float, float]:
    """Return where the true share may lie, given ``right`` out of ``total``.

    Args:
        right: right answers, 0 to ``total``.
        total: answers.
        z: half-width in standard deviations; the default gives 95 %.

    Returns:
        Lowest and highest share; (0, 1) where nothing was counted.

    Raises:
        ValueError: ``right`` is negative or above ``total``.

    Source: E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference",
    Journal of the American Statistical Association 22 (1927), pages 209-212.
    """
    if not 0 <= right <= total:
        raise ValueError(f"{right} right answers of {total}; expected from 0 to {total}.")
    if total == 0:
        return 0.0, 1.0
    share, shrink = right / total, 1 + z * z / total
    centre = (share + z * z / (2 * total)) / shrink
    reach = z / shrink * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    # The share itself is always inside; rounding could leave 0 or 1 a hair outside.
    return max(0.0, min(share, centre - reach)), min(1.0, max(share, centre + reach))


def largest_confusions(evaluation: Evaluation, count: int) -> list[tuple[str, str, int]]:
    """Return (class, what it is taken for, how often), the most frequent first, none of them 0."""
    names = [score.name for score in evaluation.per_class]
    mistakes = [
        (names[i], names[j], times)
        for i, row in enumerate(evaluation.confusion)
        for j, times in enumerate(row)
        if i != j and times
    ]
    return sorted(mistakes, key=lambda mistake: -mistake[2])[:count]


def format_evaluation(evaluation: Evaluation) -> str:
    """Return the evaluation as the command line prints it: lines of plain text."""
    e = evaluation
    interval = f"{100 * e.accuracy_low:.2f}-{100 * e.accuracy_high:.2f} %"
    images = f"{e.num_images:,} image{'' if e.num_images == 1 else 's'}"
    lines = [
        f"test accuracy {100 * e.accuracy:.2f} % (95 % interval {interval}) over {images}",
        f"loss {e.loss:.4f}, top-2 accuracy {100 * e.top2_accuracy:.2f} %, "
        f"calibration error {100 * e.ece:.2f} %",
        "",
        *_class_table(e.per_class),
    ]
    mistakes = [
        f"{true} taken for {predicted} {times:,} time{'' if times == 1 else 's'}"
        for true, predicted, times in largest_confusions(e, 3)
    ]
    return "\n".join([*lines, "", *mistakes] if mistakes else lines)


def _class_table(scores: tuple[ClassScore, ...]) -> list[str]:
    width = max(len("class"), *(len(score.name) for score in scores))
    head = f"{'class':<{width}}  {'images':>7}  {'precision':>9}  {'recall':>8}  {'F1':>8}"
    return [head] + [
        f"{s.name:<{width}}  {s.num_images:>7,}  {100 * s.precision:>7.2f} %  "
        f"{100 * s.recall:>6.2f} %  {100 * s.f1:>6.2f} %"
        for s in scores
    ]


def _check(evaluation: Evaluation) -> None:
    """Raise ValueError for the first value that no evaluation can have."""
    for name in ("accuracy", "accuracy_low", "accuracy_high", "top2_accuracy", "ece"):
        _check_share(name, getattr(evaluation, name))
    for score in evaluation.per_class:
        if type(score.name) is not str:
            raise ValueError(f"a class is called {score.name!r:.80}")
        for name in ("precision", "recall", "f1"):
            _check_share(name, getattr(score, name))
    loss = evaluation.loss
    if type(loss) not in (int, float) or not math.isfinite(loss) or loss < 0:
        raise ValueError(f"loss is {loss!r:.80}")
    _check_counts(evaluation)


def _check_share(name: str, value: object) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise ValueError(f"{name} is {value!r:.80}")


def _check_counts(evaluation: Evaluation) -> None:
    """Check that the confusion matrix is square and agrees with the numbers of images."""
    counts = [count for row in evaluation.confusion for count in row]
    if any(type(count) is not int or count < 0 for count in counts):
        raise ValueError("the confusion matrix holds something other than counts")
    size = len(evaluation.per_class)
    if size == 0 or [len(row) for row in evaluation.confusion] != [size] * size:
        raise ValueError(f"the confusion matrix does not fit {size} classes")
    of_class = [score.num_images for score in evaluation.per_class]
    if of_class != [sum(row) for row in evaluation.confusion]:
        raise ValueError("the confusion matrix does not fit the images of each class")
    if sum(counts) != evaluation.num_images:
        raise ValueError("the confusion matrix does not fit the number of images")
