"""A cheap look at a network after an epoch, for the doctor: some training images, once through."""

import logging
import math
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cifar_core.data.image_set import Subset
from cifar_core.health import HealthRecord, LayerHealth
from cifar_core.inference import iterate_logits
from cifar_core.store import Store
from cifar_core.training import Training

SAMPLE_SHARE = 0.025
"""Of the training images."""
LOOK_COST, MAX_SHARE = 0.35, 0.02
"""Time to look at an image, as a share of the time to train on it, and the share of a run's time
that may go into looking: where an epoch has few images, not every one is followed by a look."""
FIRST_EPOCHS = 3
"""These are always looked at, and the last one."""
MIN_SAMPLE, MAX_SAMPLE = 100, 500
MIN_OF_CLASS = 5
"""Images of each class, where there are so many."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class HealthSample:
    """The training images that are looked at.

    Attributes:
        images: first a stratified part, then more of the classes that are rare in it.
        num_stratified: length of the first part, from which loss and accuracy are taken.
    """

    images: Subset
    num_stratified: int


def take_sample(train_set: Subset) -> HealthSample:
    """Return a few training images, among them some of each class that there is."""
    count = round(len(train_set) * SAMPLE_SHARE)
    count = min(max(count, MIN_SAMPLE), MAX_SAMPLE, len(train_set))
    labels, places = train_set.labels, [torch.arange(count)]
    for label in range(train_set.source.num_classes):
        members = (labels == label).nonzero().squeeze(1)[:MIN_OF_CLASS]
        places.append(members[members >= count])
    return HealthSample(Subset(train_set.source, train_set.indices[torch.cat(places)]), count)


class HealthProbe:
    """Looks at a run's network after each epoch and keeps what it sees in the store.

    Looking draws no random numbers and leaves the network as it was: a run with and without it ends
    with the same weights.
    """

    def __init__(self, store: Store, run_id: str, train_set: Subset) -> None:
        """Choose the images to look at."""
        self._store, self._run_id = store, run_id
        self._sample = take_sample(train_set)
        cost = LOOK_COST * len(self._sample.images)
        self._every = max(1, math.ceil(cost / (MAX_SHARE * len(train_set))))

    def look_if_due(self, training: Training, epoch: int, between: Callable[[], None]) -> None:
        """Look at the network after an epoch; a store that refuses costs the record, no more.

        Args:
            training: its network is only read.
            epoch: the one that has just ended.
            between: called after each batch; what it raises ends the look.
        """
        is_due = epoch <= FIRST_EPOCHS or epoch % self._every == 0 or training.progress.finished
        if not is_due:
            return
        record = look_at(training, self._sample, epoch, between)
        try:
            self._store.add_health(self._run_id, record)
        except sqlite3.Error as error:
            log.warning("What the doctor needs cannot be stored now (%s).", error)


def look_at(
    training: Training,
    sample: HealthSample,
    epoch: int,
    between: Callable[[], None] = lambda: None,
) -> HealthRecord:
    """Return how a network does on some images, and which of its units are dead.

    Args:
        training: its network is only read.
        sample: the images.
        epoch: the one that has just ended.
        between: called after each batch.
    """
    batches = []
    with _watched_relus(training.model) as alive:
        for batch in iterate_logits(
            training.model, sample.images, training.preprocessing,
            device=training.device, precision=training.config.precision,
        ):  # fmt: skip
            batches.append(batch)
            alive.end_batch()
            between()
    logits, labels = torch.cat(batches).double(), sample.images.labels
    answers, num_classes, count = logits.argmax(1), logits.shape[1], sample.num_stratified
    return HealthRecord(
        epoch=epoch,
        loss=F.cross_entropy(logits[:count], labels[:count]).item(),
        accuracy=(answers == labels)[:count].double().mean().item(),
        actual=tuple(labels.bincount(minlength=num_classes).tolist()),
        predicted=tuple(answers.bincount(minlength=num_classes).tolist()),
        layers=alive.layers(),
    )


class _Alive:
    """Which units of each ReLU were above 0 for any image so far."""

    def __init__(self) -> None:
        self._seen: dict[str, Tensor] = {}
        self._turns: dict[str, int] = {}

    def note(self, name: str, output: Tensor) -> None:
        """Take in a batch of a layer's output, (N, units) or (N, units, H, W)."""
        turn = self._turns[name] = self._turns.get(name, 0) + 1
        key = name if turn == 1 else f"{name} ({turn})"
        active = (output > 0).transpose(0, 1).flatten(1).any(1)
        self._seen[key] = self._seen[key] | active if key in self._seen else active

    def end_batch(self) -> None:
        """Begin again with the first turn of every layer."""
        self._turns.clear()

    def layers(self) -> tuple[LayerHealth, ...]:
        return tuple(
            LayerHealth(name, len(active), int((~active).sum()))
            for name, active in self._seen.items()
        )


@contextmanager
def _watched_relus(model: nn.Module) -> Iterator[_Alive]:
    """Look at what comes out of every ReLU module, until the end of the block."""
    alive = _Alive()

    def watch(name: str) -> Any:
        return lambda layer, inputs, output: alive.note(name, output)

    relus = [(name, layer) for name, layer in model.named_modules() if isinstance(layer, nn.ReLU)]
    hooks = [layer.register_forward_hook(watch(name)) for name, layer in relus]
    try:
        yield alive
    finally:
        for hook in hooks:
            hook.remove()
