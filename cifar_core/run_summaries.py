"""A line for each run: how far, how good, how long. Reads no step, and each epoch at most once."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from cifar_core.jobs import run_state
from cifar_core.run_notes import RunNote, read_notes
from cifar_core.run_state import ENDED, RunState
from cifar_core.store import RunRow, Store, run_from_row


@dataclass(frozen=True)
class RunSummary:
    """What a list of runs shows of each.

    Attributes:
        run: its row.
        state: what is true now.
        note: what a person wrote about it.
        epochs: finished ones.
        val_accuracy: the best so far, 0 to 1; None without validation images.
        test_accuracy: at its end, 0 to 1; None before.
        test_images: over how many; 0 before.
        seconds: from its start to its end, or to now.
    """

    run: RunRow
    state: RunState
    note: RunNote
    epochs: int
    val_accuracy: float | None
    test_accuracy: float | None
    test_images: int
    seconds: float

    @property
    def is_live(self) -> bool:
        """Whether it may change by itself."""
        return self.state not in ENDED


def summarise_runs(store: Store) -> list[RunSummary]:
    """Return a line for each run that was not deleted, newest first.

    Two queries, whatever the number of runs: 200 runs take some milliseconds.
    """
    with store.connect() as db:
        rows = db.execute(
            "SELECT run_id, COUNT(*), MAX(val_accuracy) FROM epochs GROUP BY run_id"
        ).fetchall()
    epochs = {run_id: (number, best) for run_id, number, best in rows}
    notes, now = read_notes(store), time.time()
    return [
        _summary(run, notes.get(run.run_id, RunNote()), *epochs.get(run.run_id, (0, None)), now)
        for run in reversed(store.runs())
    ]


def signs_of(summaries: Sequence[RunSummary]) -> tuple[int, list[tuple[str, str, int]]]:
    """Return what ``live_signs`` says when the store is as these summaries of all runs have it."""
    live = [(s.run.run_id, str(s.state), s.epochs) for s in summaries if s.is_live]
    return len(summaries), sorted(live)


def live_signs(store: Store) -> tuple[int, list[tuple[str, str, int]]]:
    """Return what changes when a run begins, ends, closes an epoch, is deleted or brought back.

    Reads no row of a run that has ended, so that 200 of them cost nothing.

    Returns:
        The number of runs; id, state and finished epochs of each that goes on, by id.
    """
    ended = [str(state) for state in ENDED]
    with store.connect() as db:
        rows = db.execute(
            "SELECT * FROM runs WHERE deleted_at = 0 "
            f"AND state NOT IN ({', '.join('?' * len(ended))})",
            ended,
        ).fetchall()
        (total,) = db.execute("SELECT COUNT(*) FROM runs WHERE deleted_at = 0").fetchone()
        live = [run for run in map(run_from_row, rows) if run_state(run) not in ENDED]
        epochs = {
            run.run_id: db.execute(
                "SELECT COUNT(*) FROM epochs WHERE run_id = ?", (run.run_id,)
            ).fetchone()[0]
            for run in live
        }
    return total, sorted((run.run_id, str(run_state(run)), epochs[run.run_id]) for run in live)


def _summary(
    run: RunRow, note: RunNote, epochs: int, val_accuracy: float | None, now: float
) -> RunSummary:
    state, test = run_state(run), run.result.get("test") or {}
    end = run.finished_at or (run.heartbeat if state in ENDED else now)
    return RunSummary(
        run=run,
        state=state,
        note=note,
        epochs=epochs,
        val_accuracy=val_accuracy,
        test_accuracy=test.get("accuracy"),
        test_images=test.get("num_images", 0),
        seconds=max(0.0, end - run.started_at) if run.started_at else 0.0,
    )
