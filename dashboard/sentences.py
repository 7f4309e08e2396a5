"""The core's sentences in the visitor's language.

Errors are made far from any visitor, in English, with their values already in them. Here a sentence
is recognised by its template, and said again in the visitor's language with the same values. One
that no template fits stays as it is. Values may be such texts themselves: the range in "expected a
whole number from 1 to 1000".
"""

import re
from functools import cache

from dashboard.i18n import catalogue, language
from dashboard.sentences_of_data import DATA_TEMPLATES
from dashboard.sentences_of_downloads import DOWNLOAD_TEMPLATES
from dashboard.sentences_of_models import MODEL_TEMPLATES

TEMPLATES = (
    # settings on their own, and ranges
    "{name} is {value}; expected auto, cpu, cuda, cuda:N or mps.",
    "{name} is {value}, but this machine has {there}; try 'auto'.",
    "{range} or none",
    "a whole number from {low} to {high}",
    "a number from {low} to {high}",
    "a number above {low}, at most {high}",
    "a whole number above {low}, at most {high}",
    "one of {choices}",
    "true or false",
    "data is empty; expected 'builtin', 'cifar10' or a path.",
    # settings among each other, and with the images
    "warmup_epochs is {value}, longer than the run's {epochs} epochs; expected at most that many.",
    "early_stopping needs validation images, but val_size is 0; raise val_size or leave early "
    "stopping out.",
    "early_stopping needs validation images, but training takes them all; lower train_size or "
    "leave early stopping out.",
    "val_size is {value}, but the training part has only {count} images; expected fewer, so that "
    "some are left to train on.",
    "batch_size is {value}, but {processes} processes share each batch; expected at least one "
    "image for each.",
    "batch_size is {value}, but there are only {count} training images; expected at most that "
    "many.",
    "{name} is {value}, but {part} has only {count} images; expected at most that many.",
    "the training part after {count} images for validation",
    "the test part",
    "{given} seconds are too few for these settings here: start, ten steps and the test take about "
    "{needed}. Give it more time, or use fewer test images.",
    "{name} has {count} images and no test part; expected at least 3 images.",
    # sources
    "{path} does not exist on this machine, or may not be read; expected the path of a folder or "
    "an archive.",
    "{path} does not exist; expected 'builtin', 'cifar10', or the path of an image folder or "
    "archive.",
    "CIFAR-10 is not on this machine: neither {archive} nor {folder} is in {place}. Get it on the "
    "Dataset page or with '{command}', copy one of them there, name its path, or use 'builtin'.",
    # runs
    "There is no run {run} in {place}.",
    "Run {run} is {state}; there is nothing to {kind}.",
    "Run {run} is {state}; only a stopped or failed run can be resumed.",
    "Another process of this training was lost. Started again, it goes on from its last "
    "checkpoint.",
    "The loss became {loss} after step {step} (epoch {epoch}): the steps were too large. Try "
    "{advice}.",
    "a learning rate of {new} instead of {old}, gradient clipping (clip_norm 1), precision float32",
    "a learning rate of {new} instead of {old}, gradient clipping (clip_norm 1)",
    "a learning rate of {new} instead of {old}, precision float32",
    "a learning rate of {new} instead of {old}",
    *DATA_TEMPLATES,
    *DOWNLOAD_TEMPLATES,
    *MODEL_TEMPLATES,
    # settings on their own; fits what is more special, too
    "{name} is {value}; expected {range}.",
)
"""Those that several would fit stand in the order in which they are tried."""


def translated(sentence: str, to: str | None = None) -> str:
    """Return a sentence of the core in the visitor's language, or as it is where none fits.

    Args:
        sentence: as an error or a run's row has it, or a part of one.
        to: a key of ``LANGUAGES``, where no page is drawn; None for the session's.
    """
    to = to or language()
    return sentence if to == "en" else _translated(sentence, to)


def _translated(sentence: str, to: str) -> str:
    for template in TEMPLATES:
        found = _pattern(template).fullmatch(sentence)
        if found:
            values = {name: _translated(value, to) for name, value in found.groupdict().items()}
            return catalogue(to).gettext(template).format(**values)
    return sentence


@cache
def _pattern(template: str) -> re.Pattern[str]:
    """Return what a sentence looks like that was made from a template."""
    pieces = re.split(r"\{(\w+)\}", template)
    text = "".join(
        f"(?P<{piece}>.+?)" if place % 2 else re.escape(piece) for place, piece in enumerate(pieces)
    )
    return re.compile(text, re.DOTALL)
