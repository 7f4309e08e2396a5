"""A run's curves for its live chart: read once for all viewers, sent as news. No Streamlit.

A chart asks with the last step and epoch that it has (``Seen``) and gets only what came since.
Whatever is sent is thinned: a line's smallest and largest value of each bucket are kept for the
faint line, and each bucket's mean and length for the smoothed one, so that smoothing means the same
whether or not points were left out.

A resumed run first forgets the steps after its checkpoint. A chart that has such a step is told to
start again: its last step is no longer there, or no longer has the loss that the chart knows.
"""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cifar_core.jobs import run_state
from cifar_core.records import EpochRecord, StepRecord
from cifar_core.run_state import ENDED, RunState
from cifar_core.store import Command, Store
from cifar_core.workspace import Workspace

FULL_POINTS, UPDATE_POINTS = 2000, 64
"""At most so many points of a line in the first answer to a chart, and in each later one."""

FRESH_S = 0.5
"""Viewers within this time share one look into the store."""

_KEPT_RUNS = 32
_LOSS_DIGITS = 5

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Seen:
    """The last step and epoch that a chart has; 0 is none.

    Attributes:
        step: number of the step.
        loss: its loss as it was sent; None where that was no number.
        epoch: number of the epoch.
    """

    step: int = 0
    loss: float | None = None
    epoch: int = 0

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "Seen":
        """Read ``after_step``, ``after_loss`` and ``after_epoch``, each of which may be missing.

        Raises:
            ValueError: one is no number.
        """
        loss = query.get("after_loss", "")
        return cls(
            step=int(query.get("after_step", 0)),
            loss=float(loss) if loss not in ("", "null") else None,
            epoch=int(query.get("after_epoch", 0)),
        )


@dataclass(frozen=True, eq=False)
class Curves:
    """A run at one moment.

    Attributes:
        state: as concluded from its row and its process.
        total_steps: of the whole run; 0 while not known.
        step: int64 (n,), rising.
        loss: float64 (n,), of each step.
        learning_rate: float64 (n,), likewise.
        epochs: the finished ones, in order.
        marks: commands that changed the course: learning rates and resumptions.
    """

    state: RunState
    total_steps: int
    step: Ints
    loss: Floats
    learning_rate: Floats
    epochs: Sequence[EpochRecord]
    marks: Sequence[Command]


def read_curves(store: Store, run_id: str, known: Curves | None = None) -> Curves:
    """Read a run's curves; only its new steps where some are known.

    Raises:
        RunError: there is no such run.
    """
    run = store.run(run_id)
    steps, loss, learning_rate = _read_steps(store, run_id, known)
    return Curves(
        state=run_state(run),
        total_steps=run.steps_per_epoch * run.config.epochs,
        step=steps,
        loss=loss,
        learning_rate=learning_rate,
        epochs=store.epochs(run_id),
        marks=[
            command
            for command in store.commands(run_id)
            if command.kind in ("learning_rate", "resume") and command.applied_step is not None
        ],
    )


def _read_steps(store: Store, run_id: str, known: Curves | None) -> tuple[Ints, Floats, Floats]:
    if known is None or not len(known.step):
        return _columns(store.steps(run_id))
    last = int(known.step[-1])
    rows = store.steps(run_id, after=last - 1)
    if not rows or rows[0].step != last or not _same(rows[0].loss, float(known.loss[-1])):
        return _columns(store.steps(run_id))  # the run was cut back meanwhile
    if len(rows) == 1:
        return known.step, known.loss, known.learning_rate
    new = _columns(rows[1:])
    return (
        np.concatenate([known.step, new[0]]),
        np.concatenate([known.loss, new[1]]),
        np.concatenate([known.learning_rate, new[2]]),
    )


def _columns(rows: Sequence[StepRecord]) -> tuple[Ints, Floats, Floats]:
    return (
        np.array([row.step for row in rows], np.int64),
        np.array([row.loss for row in rows], np.float64),
        np.array([row.learning_rate for row in rows], np.float64),
    )


def news(curves: Curves, seen: Seen) -> dict[str, Any]:
    """Return as plain JSON types what a chart has not seen.

    Returns:
        ``reset``: whether the chart must forget what it has; ``points``: the thinned step losses;
        ``buckets``: mean loss, number of steps and learning rate of each bucket, at its last step;
        ``epochs``: one list a column; ``marks``, ``state``, ``ended``, ``total_steps``.
    """
    reset = not _still_there(curves, seen)
    if reset:
        seen = Seen()
    first = int(np.searchsorted(curves.step, seen.step, side="right"))
    return {
        "reset": reset,
        "state": str(curves.state),
        "ended": curves.state in ENDED,
        "total_steps": curves.total_steps,
        **_thinned(curves, first, UPDATE_POINTS if seen.step else FULL_POINTS),
        "epochs": _epoch_columns([e for e in curves.epochs if e.epoch > seen.epoch]),
        "marks": [
            {"kind": mark.kind, "step": mark.applied_step, "value": mark.value}
            for mark in curves.marks
        ],
    }


def _still_there(curves: Curves, seen: Seen) -> bool:
    """Whether what a chart has is what the run has up to there."""
    if seen.epoch > (curves.epochs[-1].epoch if curves.epochs else 0):
        return False
    if not seen.step:
        return True
    place = int(np.searchsorted(curves.step, seen.step))
    if place == len(curves.step) or curves.step[place] != seen.step:
        return False
    return _json_loss(curves.loss[place]) == seen.loss


def _thinned(curves: Curves, first: int, limit: int) -> dict[str, Any]:
    steps, loss = curves.step[first:], curves.loss[first:]
    kept = minmax_indices(loss, limit)
    ends = bucket_ends(len(loss), limit // 2 if len(loss) > limit else len(loss))
    counts = np.diff(ends, prepend=0)
    means = np.add.reduceat(loss, ends - counts) / counts if len(loss) else loss
    rates = curves.learning_rate[first:][ends - 1]
    return {
        "points": {
            "step": steps[kept].tolist(),
            "loss": [_json_loss(value) for value in loss[kept]],
        },
        "buckets": {
            "step": steps[ends - 1].tolist(),
            "mean": [_json_loss(value) for value in means],
            "count": counts.tolist(),
            "learning_rate": [float(f"{rate:.4g}") for rate in rates],
        },
    }


def _epoch_columns(epochs: Sequence[EpochRecord]) -> dict[str, list[Any]]:
    names = ("epoch", "step", "train_loss", "val_loss", "train_accuracy", "val_accuracy")
    return {name: [_json_number(getattr(epoch, name)) for epoch in epochs] for name in names}


def bucket_ends(count: int, num_buckets: int) -> Ints:
    """Return where each of ``num_buckets`` near-equal buckets of ``count`` points ends, int64."""
    buckets = min(count, num_buckets)
    return np.arange(1, buckets + 1) * count // max(1, buckets)


def minmax_indices(values: Floats, limit: int) -> Ints:
    """Return which points to keep so that no peak is lost.

    Args:
        values: float64 (n,).
        limit: about how many points may be kept, at least 4.

    Returns:
        int64 (m,), rising, m <= limit: the first, the last, and each bucket's lowest and highest
        point; all points where there are no more than ``limit``.
    """
    if len(values) <= limit:
        return np.arange(len(values))
    rows = limit // 2 - 1
    size = -(-len(values) // rows)
    buckets = np.pad(values, (0, rows * size - len(values)), mode="edge").reshape(rows, size)
    starts = np.arange(rows) * size
    kept = np.concatenate([[0], starts + buckets.argmin(1), starts + buckets.argmax(1)])
    return np.unique(np.append(kept.clip(max=len(values) - 1), len(values) - 1))


def _json_loss(value: float) -> float | None:
    """Return a loss as it is sent: short, and None where JSON has no word for it."""
    return round(float(value), _LOSS_DIGITS) if math.isfinite(value) else None


def _json_number(value: float | None) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return value if isinstance(value, int) else round(value, _LOSS_DIGITS)


def _same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


class CurveCache:
    """The curves of the runs that somebody watches; safe to use from any thread."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str], tuple[float, Curves]] = OrderedDict()

    def fresh(self, workspace: Workspace, run_id: str) -> Curves | None:
        """Return a run's curves where they are at most ``FRESH_S`` old; reads nothing."""
        read_at, known = self._kept.get((str(workspace.root), run_id), (-math.inf, None))
        return known if time.monotonic() - read_at < FRESH_S else None

    def read(self, workspace: Workspace, run_id: str) -> Curves:
        """Return a run's curves, read from the store unless they are fresh.

        Raises:
            RunError: there is no such run.
        """
        key = (str(workspace.root), run_id)
        with self._lock:  # one viewer reads, the others wait and find it read
            fresh = self.fresh(workspace, run_id)
            if fresh is not None:
                return fresh
            _, known = self._kept.get(key, (0.0, None))
            known = read_curves(Store(workspace), run_id, known)
            self._kept[key] = (time.monotonic(), known)
            self._kept.move_to_end(key)
            while len(self._kept) > _KEPT_RUNS:
                self._kept.popitem(last=False)
            return known
