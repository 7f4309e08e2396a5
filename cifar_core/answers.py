"""A network's answers to some images, kept on disk: every figure of an evaluation is made of them.

Logits are kept, not scores: another figure, another temperature or a comparison with a second
network costs no second look at the images.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from cifar_core.errors import CheckpointError
from cifar_core.files import write_file_atomically

_STORED = ("logits", "labels", "positions")


@dataclass(frozen=True, eq=False)
class Answers:
    """What a network says of some images.

    Attributes:
        logits: float32 (n, classes).
        labels: int64 (n,), the true classes.
        positions: int64 (n,), where the images are in their set.
    """

    logits: Tensor
    labels: Tensor
    positions: Tensor

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.labels)

    @cached_property
    def predictions(self) -> Tensor:
        """The likeliest class of each image, int64 (n,)."""
        return self.logits.argmax(1)

    @cached_property
    def right(self) -> Tensor:
        """Where the likeliest class is the true one, bool (n,)."""
        return self.predictions == self.labels

    @cached_property
    def confidences(self) -> Tensor:
        """Probability of the likeliest class, float64 (n,)."""
        return self.logits.double().softmax(1).amax(1)

    def only(self, chosen: Tensor) -> "Answers":
        """Return the answers to some of the images; ``chosen`` is bool (n,)."""
        return Answers(self.logits[chosen], self.labels[chosen], self.positions[chosen])

    def in_cell(self, label: int, prediction: int) -> Tensor:
        """Return which images of a class are taken for a class, the most confident first.

        Args:
            label: the true class.
            prediction: the likeliest one.

        Returns:
            int64 (m,), rows of this table.
        """
        rows = ((self.labels == label) & (self.predictions == prediction)).nonzero().squeeze(1)
        return rows[self.confidences[rows].argsort(descending=True, stable=True)]

    def worst_mistakes(self) -> Tensor:
        """Return the rows of all mistakes, int64 (m,), the most confident first."""
        rows = (~self.right).nonzero().squeeze(1)
        return rows[self.confidences[rows].argsort(descending=True, stable=True)]

    def least_certain(self) -> Tensor:
        """Return all rows, int64 (n,), those first whose two likeliest classes are the nearest."""
        probs = self.logits.double().softmax(1)
        first_two = probs.topk(min(2, probs.shape[1]), dim=1).values
        return (first_two[:, 0] - first_two[:, -1]).argsort(stable=True)


def save_answers(answers: Answers, path: Path) -> None:
    """Write answers atomically.

    Raises:
        CheckpointError: the disk refuses.
    """
    tensors = {name: getattr(answers, name).contiguous() for name in _STORED}
    try:
        write_file_atomically(path, lambda file: save_file(tensors, file))
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"The answers cannot be written to {path}: {error}.") from error


def load_answers(path: Path) -> Answers | None:
    """Return what ``save_answers`` wrote, or None where there is nothing whole."""
    try:
        with safe_open(path, framework="pt") as file:
            answers = Answers(*(file.get_tensor(name) for name in _STORED))
    except (SafetensorError, OSError):
        return None
    whole = answers.logits.dim() == 2 and answers.logits.dtype == torch.float32
    return answers if whole and len(answers.logits) == len(answers.labels) else None
