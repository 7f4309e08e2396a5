"""A run as the Train page shows it: how far it is, how long it will take, its numbers.

Knows the store and nothing of Streamlit; what is said of it is in ``train_words``.
"""

import statistics
import time
from dataclasses import dataclass

from cifar_core.jobs import run_state
from cifar_core.records import EpochRecord, StepRecord
from cifar_core.run_paths import LOG_FILE, RESUME_FILE, model_path
from cifar_core.run_state import ACTIVE, ENDED, RunState
from cifar_core.store import RunRow, Store

RECENT_STEPS = 20
"""The loss of a single step jumps; what is shown is the mean over this many."""
_LOG_TAIL_BYTES = 20_000


@dataclass(frozen=True)
class RunView:
    """A run at one moment.

    Attributes:
        run: its row.
        state: what is true now.
        step: its newest step; None before the first.
        loss: mean training loss over the last steps, in nats; None before the first.
        images_per_s: training images a second over the same steps; 0 before the first.
        epochs: its finished epochs, in order.
        waiting: kinds of the commands that its worker has not obeyed yet.
        has_checkpoint: whether it could go on from where it was.
        has_model: whether there is a model to use.
    """

    run: RunRow
    state: RunState
    step: StepRecord | None = None
    loss: float | None = None
    images_per_s: float = 0.0
    epochs: tuple[EpochRecord, ...] = ()
    waiting: tuple[str, ...] = ()
    has_checkpoint: bool = False
    has_model: bool = False

    @property
    def is_live(self) -> bool:
        """Whether it may change by itself."""
        return self.state not in ENDED

    @property
    def num_steps(self) -> int:
        """Steps taken."""
        return self.step.step if self.step else 0

    @property
    def total_steps(self) -> int:
        """Steps of the whole run; 0 while that is not known."""
        return self.run.steps_per_epoch * self.run.config.epochs

    @property
    def epoch(self) -> int:
        """The epoch in progress, from 1."""
        return self.step.epoch if self.step else 1

    @property
    def is_described(self) -> bool:
        """Whether the worker has said what it trains on: the images are prepared."""
        return "sizes" in self.run.about

    @property
    def images_prepared(self) -> tuple[int, int]:
        """How many images are prepared, and how many there are; two zeros where nothing is."""
        note = self.run.about.get("preparing", {})
        return note.get("done", 0), note.get("total", 0)

    @property
    def share(self) -> float:
        """How much is done, 0 to 1: of the run, or of preparing its images before it."""
        done, total = self.num_steps, self.total_steps
        if not self.step and self.is_live:
            done, total = self.images_prepared
        return min(1.0, done / total) if total else 0.0

    @property
    def val_accuracy(self) -> float | None:
        """Of the newest epoch; None before the first, and without validation images."""
        return self.epochs[-1].val_accuracy if self.epochs else None

    @property
    def best_epoch(self) -> EpochRecord | None:
        """The epoch with the best validation accuracy."""
        judged = [e for e in self.epochs if e.val_accuracy is not None]
        return max(judged, key=lambda e: e.val_accuracy or 0.0, default=None)

    @property
    def eta_s(self) -> float | None:
        """Seconds until its last step; None where nothing tells."""
        if not self.step or self.state != RunState.RUNNING or not self.total_steps:
            return None
        return (self.total_steps - self.num_steps) * self._seconds_a_step()

    @property
    def seconds(self) -> float:
        """From its start to its end, or to now."""
        if not self.run.started_at:
            return 0.0
        return (self.run.finished_at or time.time()) - self.run.started_at

    @property
    def fingerprint(self) -> tuple[object, ...]:
        """Return what decides which buttons and parts there are, as opposed to numbers."""
        return (
            self.state, self.run.phase, self.waiting, self.has_checkpoint, self.has_model,
            self.is_described, bool(self.step), bool(self.run.result),
        )  # fmt: skip

    def _seconds_a_step(self) -> float:
        """Return the time of a step: of whole epochs with their validation, once there are some."""
        assert self.step is not None
        if self.epochs:
            recent = statistics.median(e.seconds for e in self.epochs[-3:])
            return recent / self.run.steps_per_epoch
        return self.run.config.batch_size / max(self.images_per_s, 1e-3)


def view_run(store: Store, run_id: str) -> RunView:
    """Look at a run; takes a millisecond or two.

    Raises:
        RunError: there is no such run.
    """
    run = store.run(run_id)
    step = store.last_step(run_id)
    recent = store.steps(run_id, after=max(0, step.step - RECENT_STEPS)) if step else []
    run_dir = store.workspace.run_dir(run_id)
    return RunView(
        run=run,
        state=run_state(run),
        step=step,
        loss=statistics.fmean(s.loss for s in recent) if recent else None,
        images_per_s=statistics.fmean(s.images_per_s for s in recent) if recent else 0.0,
        epochs=tuple(store.epochs(run_id)),
        waiting=tuple(c.kind for c in store.waiting_commands(run_id)),
        has_checkpoint=(run_dir / RESUME_FILE).is_file(),
        has_model=model_path(run_dir) is not None,
    )


def current_run(store: Store, runs: list[RunRow]) -> RunRow | None:
    """Return the run to show where none was chosen: one that is going on, else the newest.

    Args:
        store: of the runs.
        runs: newest last.
    """
    active = [run for run in runs if run_state(run) in ACTIVE]
    return active[-1] if active else next(reversed(_by_last_change(runs)), None)


def _by_last_change(runs: list[RunRow]) -> list[RunRow]:
    """Return the runs, the one to which something happened last at the end; those in line first."""
    return sorted(runs, key=lambda r: max(r.finished_at, r.started_at))


def full_rate(store: Store, run: RunRow) -> float:
    """Return the learning rate that the schedule scales now: as set, or as changed since."""
    changes = [c.value for c in store.commands(run.run_id) if c.kind == "learning_rate"]
    return next((value for value in reversed(changes) if value), run.config.learning_rate)


def log_tail(store: Store, run_id: str) -> str:
    """Return the end of what a run's worker wrote; empty before it wrote anything."""
    path = store.workspace.run_dir(run_id) / LOG_FILE
    if not path.is_file():
        return ""
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - _LOG_TAIL_BYTES))
        return log.read().decode(errors="replace").strip()
