"""How many images of which classes a set holds, without opening it. Imports no torch."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cifar_core.errors import DatasetError


@dataclass(frozen=True)
class SetSummary:
    """What a form needs to know of an image set.

    Attributes:
        name: what a person calls the set.
        num_train: images in its training part.
        num_test: images in its test part; may be 0.
        classes: class names in label order.
        drawn: True where the program drew the images itself.
    """

    name: str
    num_train: int
    num_test: int
    classes: tuple[str, ...]
    drawn: bool = False


def read_summary(folder: Path) -> SetSummary:
    """Read the summary of a prepared set.

    Args:
        folder: see ``prepared``.

    Raises:
        DatasetError: the folder is no prepared set, or one of its files is damaged.
    """
    try:
        about = json.loads((folder / "set.json").read_text(encoding="utf-8"))
        count = len(np.load(folder / "labels.npy", mmap_mode="r"))
        return SetSummary(
            name=str(about["name"]),
            num_train=int(about["num_train"]),
            num_test=count - int(about["num_train"]),
            classes=tuple(about["classes"]),
            drawn=bool(about["drawn"]),
        )
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(
            f"{folder} is not a whole prepared image set ({error}). Delete this folder; the next "
            "opening makes it anew."
        ) from error
