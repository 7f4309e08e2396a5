"""The doctor's words: a title and a sentence a finding, in English.

The names in braces are those of ``Finding.numbers``, made readable by ``written``. Pages translate
title and sentence before they fill them in.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cifar_core.doctor.findings import Finding, Kind


@dataclass(frozen=True)
class FindingText:
    """What is said of a kind of finding.

    Attributes:
        title: a few words.
        sentence: what was seen, and what it means.
    """

    title: str
    sentence: str


TEXTS: dict[Kind, FindingText] = {
    Kind.NOT_FINITE: FindingText(
        "The loss is no longer a number",
        "At step {step} the steps had become so large that the numbers overflowed. The learning "
        "rate was {rate}.",
    ),
    Kind.EXPLODING: FindingText(
        "The loss has exploded",
        "It climbed to {peak}; answering without any knowledge costs only {chance}. Steps at a "
        "learning rate of {rate} are far too large.",
    ),
    Kind.STUCK_AT_CHANCE: FindingText(
        "The loss is stuck at guessing",
        "It stays at {loss}, and ln({classes}) = {chance} is the loss of a network that finds all "
        "{classes} classes equally likely. It learns nothing.",
    ),
    Kind.RATE_TOO_HIGH: FindingText(
        "The learning rate is probably too high",
        "At {rate} the loss jumped up to {peak} and is now at {loss}; guessing is at {chance}. "
        "Smaller steps should bring it down further.",
    ),
    Kind.RATE_TOO_LOW: FindingText(
        "The learning rate is probably too low",
        "After {steps} steps at {rate} the loss is only {fall} below that of guessing. Larger "
        "steps get there sooner.",
    ),
    Kind.DEAD_RELUS: FindingText(
        "Most units of a layer are dead",
        "{dead} of {units} units answer 0 to every picture, so they learn no more. It happens when "
        "a large step pushes them too far.",
    ),
    Kind.OVERFITTING: FindingText(
        "It learns the training images by heart",
        "Validation was best in epoch {epoch} (loss {best}, now {last}), while the training images "
        "are known better and better: {train} right against {val}.",
    ),
    Kind.UNDERFITTING: FindingText(
        "It knows not even its training images",
        "After {epochs} epochs it names {train} of them rightly, and the loss hardly falls any "
        "more. Something holds the network back, or it is too small.",
    ),
    Kind.TINY_BATCHES: FindingText(
        "The batches are too small for batch normalisation",
        "Each step takes mean and deviation from {batch} images only. Those are so noisy that "
        "training and validation do not fit each other.",
    ),
    Kind.CLASS_NEVER_PREDICTED: FindingText(
        "A class is never the answer",
        "Of {sample} training images that were asked about, {shown} show {class}, and for three "
        "epochs none was taken for it. Look at how many images the class has.",
    ),
    Kind.VALIDATION_BETTER: FindingText(
        "Validation is better than training, and that is fine",
        "The loss is {val} there and {train} in training. Dropout, changed pictures and smoothed "
        "labels make training harder, and validation goes without them.",
    ),
    Kind.STILL_LEARNING: FindingText(
        "It was still learning when it ended",
        "In the last epoch the training loss still fell by {fall}. More epochs will probably help.",
    ),
}

_SHARES = frozenset({
    (Kind.OVERFITTING, "train"), (Kind.OVERFITTING, "val"), (Kind.UNDERFITTING, "train"),
    (Kind.STILL_LEARNING, "fall"),
})  # fmt: skip
_LOSSES = frozenset({"loss", "chance", "peak", "best", "last", "fall", "train", "val"})
_HUGE = 1e4


def written(finding: Finding, classes: Sequence[str] = ()) -> dict[str, str]:
    """Return the numbers of a finding as a person reads them.

    Args:
        finding: any.
        classes: names of the images' classes; a class that has none is called by its number.
    """
    return {
        name: _written(finding.kind, name, value, classes)
        for name, value in finding.numbers.items()
    }


def _written(kind: Kind, name: str, value: float, classes: Sequence[str]) -> str:
    if name == "class" and value < len(classes):
        return classes[int(value)]
    if name == "rate":
        return f"{value:.3g}"
    if (kind, name) in _SHARES:
        return f"{100 * value:.1f} %"
    if name in _LOSSES:
        return f"{value:.2g}" if value >= _HUGE else f"{value:.2f}"
    return f"{value:,.0f}"
