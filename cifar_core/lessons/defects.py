"""A short training with one of the tutorial's mistakes switched on: what does it do to the curve?

The same seed gives the same weights, batches and dropout with and without the mistake, so that what
differs is the mistake's doing. Small on purpose: a second or two on one core.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cifar_core.data.randomness import Purpose, derived_seed, shuffled
from cifar_core.data.transforms import Normalization
from cifar_core.lessons.pixels import SCALED_ONLY
from cifar_core.lessons.saving import bytes_kept_for_backward

DEFECTS = (
    "no_transform", "no_zero_grad", "double_softmax", "no_eval", "no_no_grad",
    "test_as_validation", "wrong_normalization",
)  # fmt: skip
EPOCHS = 8
BATCH_SIZE = 50
DROPOUT = 0.5
LEARNING_RATE = 1e-3


@dataclass(frozen=True, eq=False)
class Part:
    """Some pictures: images uint8 (N, 32, 32, 3) and labels int64 (N,)."""

    images: Tensor
    labels: Tensor


@dataclass(frozen=True, eq=False)
class Parts:
    """Three sets without a common picture, and how many classes there are."""

    train: Part
    val: Part
    test: Part
    num_classes: int


@dataclass(frozen=True)
class Course:
    """How a training went; losses in nats, accuracies 0 to 1.

    Attributes:
        train_losses: of every step.
        val_losses: after every epoch.
        val_accuracies: likewise.
        bytes_kept: for a backward pass, while validating.
        gradient_norm: of all weights together, at the last step.
        reported: test accuracy of the epoch that was chosen.
        predicted: share of the validation pictures that come out right when they are asked about
            one more time, as a user would.
    """

    train_losses: tuple[float, ...]
    val_losses: tuple[float, ...]
    val_accuracies: tuple[float, ...]
    bytes_kept: int
    gradient_norm: float
    reported: float
    predicted: float


def train_with(
    parts: Parts,
    defect: str = "",
    *,
    seed: int,
    epochs: int = EPOCHS,
    told: Callable[[int], object] = lambda epoch: None,
) -> Course:
    """Train a small network like the tutorial's, with dropout before its last layer.

    Args:
        parts: the pictures.
        defect: one of ``DEFECTS``; empty for none.
        seed: of weights, order and dropout; the global generator stays as it is.
        epochs: at least 1.
        told: called with the number of each epoch that is done.
    """
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        return _Trial(parts, defect, seed).run(epochs, told)


class _Trial:
    def __init__(self, parts: Parts, defect: str, seed: int) -> None:
        self.parts, self.defect, self.seed = parts, defect, seed
        torch.manual_seed(derived_seed(seed, Purpose.WEIGHTS))
        self.network = _network(parts.num_classes)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=LEARNING_RATE)
        self.train_losses: list[float] = []
        self.judged: list[tuple[float, float, float]] = []
        """Validation loss, validation accuracy and test accuracy of each epoch."""

    def run(self, epochs: int, told: Callable[[int], object]) -> Course:
        for epoch in range(1, epochs + 1):
            self.train_epoch(epoch)
            self.judged.append(self.judge(epoch))
            told(epoch)
        losses, accuracies, of_test = zip(*self.judged, strict=True)
        chosen_by = of_test if self.defect == "test_as_validation" else accuracies
        return Course(
            train_losses=tuple(self.train_losses),
            val_losses=losses,
            val_accuracies=chosen_by,
            bytes_kept=self.bytes_kept(),
            gradient_norm=self.gradient_norm(),
            reported=of_test[chosen_by.index(max(chosen_by))],
            predicted=self.predict(),
        )

    def train_epoch(self, epoch: int) -> None:
        train = self.parts.train
        order = shuffled(len(train.labels), self.seed, Purpose.ORDER, epoch)
        self.network.train()
        for number, batch in enumerate(order.split(BATCH_SIZE)):  # type: ignore[no-untyped-call]
            torch.manual_seed(derived_seed(self.seed, Purpose.DROPOUT, epoch, number))
            logits = self.network(self.prepare(train.images[batch]))
            loss = self.loss(logits, train.labels[batch])
            if self.defect != "no_zero_grad":
                self.optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimizer.step()
            self.train_losses.append(loss.item())

    def judge(self, epoch: int) -> tuple[float, float, float]:
        torch.manual_seed(derived_seed(self.seed, Purpose.DROPOUT, epoch))
        self.network.train(self.defect == "no_eval")
        with torch.set_grad_enabled(self.defect == "no_no_grad"):
            logits, of_test = (
                self.network(self.prepare(part.images))
                for part in (self.parts.val, self.parts.test)
            )
            loss = self.loss(logits, self.parts.val.labels).item()
        return loss, _accuracy(logits, self.parts.val), _accuracy(of_test, self.parts.test)

    def prepare(self, images: Tensor) -> Tensor:
        if self.defect == "no_transform":
            return images.permute(0, 3, 1, 2).float()
        return Normalization().apply(images)

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        answers = logits.softmax(1) if self.defect == "double_softmax" else logits
        return F.cross_entropy(answers, labels)

    def bytes_kept(self) -> int:
        inputs = self.prepare(self.parts.val.images)
        return bytes_kept_for_backward(self.network, inputs, grad=self.defect == "no_no_grad")

    def gradient_norm(self) -> float:
        gradients = [p.grad for p in self.network.parameters() if p.grad is not None]
        norm: float = torch.cat([gradient.flatten() for gradient in gradients]).norm().item()
        return norm

    @torch.no_grad()
    def predict(self) -> float:
        """Ask about the validation pictures again, as whoever gets the model would."""
        images = self.parts.val.images
        inputs = self.prepare(images)
        if self.defect == "wrong_normalization":
            inputs = SCALED_ONLY.apply(images)
        torch.manual_seed(derived_seed(self.seed, Purpose.DROPOUT))
        return _accuracy(self.network(inputs), self.parts.val)


def _network(num_classes: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, 18, kernel_size=3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(18 * 16 * 16, 64), nn.ReLU(), nn.Dropout(DROPOUT), nn.Linear(64, num_classes),
    )  # fmt: skip


def _accuracy(logits: Tensor, part: Part) -> float:
    return (logits.argmax(1) == part.labels).float().mean().item()
