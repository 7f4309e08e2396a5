"""How things stand, for the Home page. Imports neither Streamlit nor torch."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from cifar_core import jobs
from cifar_core.config import BUILTIN, CIFAR10
from cifar_core.data import drawn
from cifar_core.data.class_samples import class_samples
from cifar_core.data.sources import BUILTIN_SEED, is_ready, summarise_source
from cifar_core.data.summary import SetSummary
from cifar_core.errors import DatasetError
from cifar_core.library import ModelEntry, list_models
from cifar_core.run_paths import EXAMPLES_FILE
from cifar_core.run_state import ACTIVE, RunState
from cifar_core.store import RunRow, Store
from cifar_core.workspace import Workspace

IMAGE_SIZE = 32


@dataclass(frozen=True)
class Situation:
    """How things stand.

    Attributes:
        photos: the official CIFAR-10 where it is ready, otherwise None.
        drawings: the built-in set.
        drawings_ready: whether that has been drawn.
        run: the run to speak of: the one that is going on, else the newest; None before the first.
        state: its true state.
        num_waiting: runs that wait in line.
        best: the person's own model with the best accuracy, photos before drawings; None before
            the first. What comes with the program is nobody's achievement.
        shipped: the best model that comes with the program; None where it was deleted.
    """

    photos: SetSummary | None
    drawings: SetSummary
    drawings_ready: bool
    run: RunRow | None
    state: RunState | None
    num_waiting: int
    best: ModelEntry | None
    shipped: ModelEntry | None


@dataclass(frozen=True)
class Sample:
    """A small picture and what is said of it.

    Attributes:
        image: uint8 (32, 32, 3).
        label: name of its true class.
        answer: name of the class that the model gives it; empty where no model was asked.
        confidence: the model's probability of that class.
    """

    image: np.ndarray
    label: str
    answer: str = ""
    confidence: float = 0.0

    @property
    def is_right(self) -> bool:
        """Whether the answer is the true class."""
        return self.answer == self.label


def look_around(store: Store) -> Situation:
    """Look at the data, the runs and the models of a workspace; takes milliseconds."""
    rows = store.runs()
    states = {row.run_id: jobs.run_state(row) for row in rows}
    active = [row for row in rows if states[row.run_id] in ACTIVE]
    run = next(iter(active or reversed(rows)), None)
    drawings = summarise_source(BUILTIN, store.workspace)
    assert drawings is not None
    models = list_models(store.workspace)
    return Situation(
        photos=_photos(store.workspace),
        drawings=drawings,
        drawings_ready=is_ready(BUILTIN, store.workspace),
        run=run,
        state=states[run.run_id] if run else None,
        num_waiting=sum(state == RunState.QUEUED for state in states.values()),
        best=_best([m for m in models if m.source != "shipped"]),
        shipped=_best([m for m in models if m.source == "shipped"]),
    )


def _photos(workspace: Workspace) -> SetSummary | None:
    try:
        ready = is_ready(CIFAR10, workspace)
        return summarise_source(CIFAR10, workspace) if ready else None
    except DatasetError:
        return None


def _best(models: list[ModelEntry]) -> ModelEntry | None:
    """Return the most accurate model; one for photos before one for drawings, tested before not."""
    scored = [m for m in models if m.accuracy is not None and not m.damage]
    return max(
        scored,
        key=lambda m: (not m.drawn, m.accuracy_of == "test", m.accuracy or 0.0),
        default=None,
    )


def answered_samples(store: Store, run_id: str) -> list[Sample]:
    """Return the validation pictures that a run watches, with the answers of the weights it kept.

    Empty where the run has none: it was trained elsewhere, without validation, or was deleted.
    """
    path = store.workspace.run_dir(run_id) / EXAMPLES_FILE
    run = next((row for row in store.runs() if row.run_id == run_id), None)
    looks = store.examples(run_id)
    if run is None or not looks or not path.is_file():
        return []
    classes = run.about["data"]["classes"]
    probs = dict(looks).get(_kept_step(store, run), looks[-1][1])
    return [
        Sample(image, classes[example["label"]], classes[int(np.argmax(row))], max(row))
        for image, example, row in zip(cut_strip(path), run.about["examples"], probs, strict=False)
    ]


def _kept_step(store: Store, run: RunRow) -> int:
    """Return the step after which the weights were as the run's model has them; 0 if unknown."""
    kept = run.result.get("epoch")
    return next((e.step for e in store.epochs(run.run_id) if e.epoch == kept), 0)


def cut_strip(path: Path) -> list[np.ndarray]:
    """Return the pictures uint8 (32, 32, 3) of a PNG that holds them side by side."""
    with Image.open(path, formats=["PNG"]) as picture:
        strip = np.array(picture.convert("RGB"))
    return np.split(strip, strip.shape[1] // IMAGE_SIZE, axis=1)


def photo_samples(workspace: Workspace) -> list[Sample]:
    """Return one photo of each class of CIFAR-10; empty where its files are damaged."""
    try:
        return [Sample(image, name) for name, image in class_samples(CIFAR10, workspace)]
    except DatasetError:  # the Dataset page says what is wrong with them, and what to do
        return []


@lru_cache(maxsize=1)
def drawn_samples() -> tuple[Sample, ...]:
    """Return one drawing of each class, made on the spot."""
    labels = np.arange(len(drawn.CLASSES))
    images = drawn.draw_images(labels, seed=BUILTIN_SEED)
    return tuple(
        Sample(image, drawn.CLASSES[label]) for image, label in zip(images, labels, strict=True)
    )
