"""The store: every run's settings, state, metrics and commands, in one SQLite file.

Who writes: a run's worker is the only writer of its metrics and state; whoever starts, steers or
tidies runs writes the row of a new run and commands. Who reads: anybody, at any time; write-ahead
logging lets readers see the last whole transaction while a writer writes. After a crash: a
transaction is whole or absent, so a run's rows end at some step; a resumed run deletes those after
its checkpoint before it writes again, and (run, step) is unique.

Knows nothing of processes (``jobs``), training (``worker``) or pages. Imports no torch.
"""

import json
import secrets
import sqlite3
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from cifar_core.config import FIELDS, TrainConfig
from cifar_core.database import BUSY_TIMEOUT_S, Database
from cifar_core.errors import RunError
from cifar_core.health import HealthRecord
from cifar_core.records import EpochRecord, Metric, StepRecord
from cifar_core.run_state import RunState
from cifar_core.workspace import Workspace


@dataclass(frozen=True)
class RunRow:
    """A run as the store has it. Times are seconds since 1970, UTC; 0 means not yet."""

    run_id: str
    name: str
    config: TrainConfig
    state: RunState
    """As last written; ``jobs.run_state`` concludes what is true now."""
    phase: str
    """What the worker is doing, for example "preparing data" or "training"."""
    message: str
    """Why it failed, in a sentence; empty otherwise."""
    launched_by: str
    created_at: float
    started_at: float
    finished_at: float
    heartbeat: float
    pid: int
    process_started: float
    host: str
    steps_per_epoch: int
    about: dict[str, Any]
    """Written by the worker at the start: data, device, versions, parameters."""
    result: dict[str, Any]
    """Written at the end: the test evaluation and which epoch's weights were kept."""


@dataclass(frozen=True)
class Command:
    """Something a person asked of a running worker."""

    number: int
    kind: str
    """pause, resume, stop or learning_rate."""
    value: float | None
    created_at: float
    applied_step: int | None
    """The step after which it took effect; None while it waits."""


COMMANDS = ("pause", "resume", "stop", "learning_rate")


class Store:
    """Access to the store of one workspace; cheap to make, safe to use from any thread."""

    def __init__(self, workspace: Workspace):
        """Make the database where there is none."""
        self.workspace = workspace
        self._database = Database(workspace.database_path)
        self.connect, self.exclusive = self._database.connect, self._database.exclusive
        self.held_open = self._database.held_open

    # --- runs

    def create_run(
        self,
        config: TrainConfig,
        *,
        name: str = "",
        launched_by: str = "app",
        run_id: str | None = None,
    ) -> str:
        """Add a run in state queued and return its id.

        Args:
            config: its settings.
            name: what the person calls it; may be empty.
            launched_by: "app" or "cli".
            run_id: one that is free; None for a new one.

        Raises:
            sqlite3.IntegrityError: a run has this id, maybe a deleted one.
        """
        run_id = run_id or time.strftime("%Y%m%d-%H%M%S-", time.gmtime()) + secrets.token_hex(3)
        with self.connect() as db:
            db.execute(
                "INSERT INTO runs (run_id, name, config, state, launched_by, created_at, heartbeat)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (run_id, name, json.dumps(config.to_dict()), RunState.QUEUED, launched_by,
                 time.time(), time.time()),
            )  # fmt: skip
        return run_id

    def run(self, run_id: str) -> RunRow:
        """Return one run.

        Raises:
            RunError: there is no such run.
        """
        with self.connect() as db:
            row = db.execute("SELECT * FROM runs WHERE run_id = ?", (run_id,)).fetchone()
        if row is None:
            raise RunError(f"There is no run {run_id!r} in {self.workspace.root}.")
        return run_from_row(row)

    def runs(self) -> list[RunRow]:
        """Return all runs that were not deleted, newest last."""
        with self.connect() as db:
            rows = db.execute(
                "SELECT * FROM runs WHERE deleted_at = 0 ORDER BY created_at, rowid"
            ).fetchall()
        return [run_from_row(row) for row in rows]

    def update_run(self, run_id: str, **columns: Any) -> None:
        """Write columns of a run's row; dicts become JSON. The heartbeat is renewed."""
        values = {
            name: json.dumps(value) if isinstance(value, dict) else value
            for name, value in {"heartbeat": time.time(), **columns}.items()
        }
        assignments = ", ".join(f"{name} = :{name}" for name in values)
        with self.connect() as db:
            db.execute(
                f"UPDATE runs SET {assignments} WHERE run_id = :run_id",
                {**values, "run_id": run_id},
            )

    # --- metrics

    def add_metrics(
        self, run_id: str, records: Iterable[Metric], *, patience_s: float = BUSY_TIMEOUT_S
    ) -> None:
        """Add records of a run in one transaction; a step or epoch already there is replaced.

        Args:
            run_id: of the run.
            records: in any order.
            patience_s: how long to wait for another writer.

        Raises:
            sqlite3.Error: the store is locked for longer, or the disk is full.
        """
        records = list(records)
        steps = [r for r in records if isinstance(r, StepRecord)]
        epochs = [r for r in records if isinstance(r, EpochRecord)]
        with self.connect(patience_s=patience_s) as db:
            db.executemany(
                "INSERT OR REPLACE INTO steps VALUES (?, ?, ?, ?, ?, ?)",
                [(run_id, r.step, r.epoch, r.loss, r.learning_rate, r.images_per_s)
                 for r in steps],
            )  # fmt: skip
            db.executemany(
                "INSERT OR REPLACE INTO epochs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [(run_id, r.epoch, r.step, r.train_loss, r.train_accuracy, r.val_loss,
                  r.val_accuracy, r.learning_rate, r.seconds, r.eta_s) for r in epochs],
            )  # fmt: skip
            db.execute("UPDATE runs SET heartbeat = ? WHERE run_id = ?", (time.time(), run_id))

    def delete_metrics_after(self, run_id: str, *, step: int, epoch: int) -> None:
        """Forget steps after ``step`` and epochs from ``epoch`` on: a run resumes there."""
        with self.connect() as db:
            db.execute("DELETE FROM steps WHERE run_id = ? AND step > ?", (run_id, step))
            db.execute("DELETE FROM epochs WHERE run_id = ? AND epoch >= ?", (run_id, epoch))
            db.execute("DELETE FROM examples WHERE run_id = ? AND step > ?", (run_id, step))
            db.execute("DELETE FROM health WHERE run_id = ? AND epoch >= ?", (run_id, epoch))

    def steps(
        self, run_id: str, *, after: int = 0, limit: int = -1, every: int = 1
    ) -> list[StepRecord]:
        """Return steps of a run, in order.

        Args:
            run_id: of the run.
            after: only those after this one.
            limit: at most so many; -1 is all.
            every: only those whose number it divides.
        """
        with self.connect() as db:
            rows = db.execute(
                "SELECT step, epoch, loss, learning_rate, images_per_s FROM steps "
                "WHERE run_id = ? AND step > ? AND step % ? = 0 ORDER BY step LIMIT ?",
                (run_id, after, every, limit),
            ).fetchall()
        return [StepRecord(*row) for row in rows]

    def last_step(self, run_id: str) -> StepRecord | None:
        """Return the newest step of a run, or None before the first."""
        with self.connect() as db:
            row = db.execute(
                "SELECT step, epoch, loss, learning_rate, images_per_s FROM steps "
                "WHERE run_id = ? ORDER BY step DESC LIMIT 1",
                (run_id,),
            ).fetchone()
        return StepRecord(*row) if row else None

    def epochs(self, run_id: str) -> list[EpochRecord]:
        """Return the finished epochs of a run, in order."""
        with self.connect() as db:
            rows = db.execute(
                "SELECT epoch, step, train_loss, train_accuracy, val_loss, val_accuracy, "
                "learning_rate, seconds, eta_s FROM epochs WHERE run_id = ? ORDER BY epoch",
                (run_id,),
            ).fetchall()
        return [EpochRecord(*row) for row in rows]

    # --- commands

    def add_command(self, run_id: str, kind: str, value: float | None = None) -> None:
        """Ask something of a run's worker; ``kind`` is one of ``COMMANDS``."""
        if kind not in COMMANDS:
            raise RunError(f"{kind!r} is no command; the commands are {', '.join(COMMANDS)}.")
        with self.connect() as db:
            db.execute(
                "INSERT INTO commands (run_id, kind, value, created_at) VALUES (?, ?, ?, ?)",
                (run_id, kind, value, time.time()),
            )

    def note_resumed(self, run_id: str, step: int) -> None:
        """Note that a run went on from its checkpoint after this step: a "resume" carried out."""
        with self.connect() as db:
            db.execute(
                "INSERT INTO commands (run_id, kind, created_at, applied_step) "
                "VALUES (?, 'resume', ?, ?)",
                (run_id, time.time(), step),
            )

    def waiting_commands(self, run_id: str) -> list[Command]:
        """Return what the worker has not yet done, oldest first."""
        return [c for c in self.commands(run_id) if c.applied_step is None]

    def commands(self, run_id: str) -> list[Command]:
        """Return all commands that a run was given, oldest first."""
        with self.connect() as db:
            rows = db.execute(
                "SELECT number, kind, value, created_at, applied_step FROM commands "
                "WHERE run_id = ? ORDER BY number",
                (run_id,),
            ).fetchall()
        return [Command(*row) for row in rows]

    def forget_orders(self, run_id: str) -> None:
        """Drop what a dead worker was still asked: a stop would end the resumed run at once.

        A changed learning rate is kept: the run is to go on with it.
        """
        with self.connect() as db:
            db.execute(
                "DELETE FROM commands WHERE run_id = ? AND applied_step IS NULL "
                "AND kind != 'learning_rate'",
                (run_id,),
            )

    def mark_applied(self, command_numbers: Sequence[int], step: int) -> None:
        """Note the step after which commands took effect."""
        with self.connect() as db:
            db.executemany(
                "UPDATE commands SET applied_step = ? WHERE number = ?",
                [(step, number) for number in command_numbers],
            )

    # --- example predictions

    def add_examples(self, run_id: str, step: int, probs: list[list[float]]) -> None:
        """Keep the class probabilities of the run's example images at a step.

        The run's row says under ``about["examples"]`` which images of the set they are.
        """
        with self.connect() as db:
            db.execute(
                "INSERT OR REPLACE INTO examples VALUES (?, ?, ?)",
                (run_id, step, json.dumps(probs)),
            )

    def examples(self, run_id: str) -> list[tuple[int, list[list[float]]]]:
        """Return (step, probabilities) of a run's example images, in order of steps."""
        with self.connect() as db:
            rows = db.execute(
                "SELECT step, probs FROM examples WHERE run_id = ? ORDER BY step", (run_id,)
            ).fetchall()
        return [(step, json.loads(probs)) for step, probs in rows]

    def last_examples(self, run_id: str) -> tuple[int, list[list[float]]] | None:
        """Return the newest of them, or None before the first."""
        with self.connect() as db:
            row = db.execute(
                "SELECT step, probs FROM examples WHERE run_id = ? ORDER BY step DESC LIMIT 1",
                (run_id,),
            ).fetchone()
        return (row["step"], json.loads(row["probs"])) if row else None

    # --- health

    def add_health(self, run_id: str, record: HealthRecord) -> None:
        """Keep what a look at the network after an epoch showed; one already there is replaced."""
        with self.connect() as db:
            db.execute(
                "INSERT OR REPLACE INTO health VALUES (?, ?, ?)",
                (run_id, record.epoch, record.to_json()),
            )

    def health(self, run_id: str) -> list[HealthRecord]:
        """Return what the looks at a run's network showed, in order of epochs."""
        with self.connect() as db:
            rows = db.execute(
                "SELECT facts FROM health WHERE run_id = ? ORDER BY epoch", (run_id,)
            ).fetchall()
        return [HealthRecord.from_json(row["facts"]) for row in rows]


def run_from_row(row: sqlite3.Row) -> RunRow:
    """Return a whole row of the table ``runs`` in its types."""
    values = {name: row[name] for name in RunRow.__dataclass_fields__}
    settings = json.loads(row["config"])
    return RunRow(**{
        **values,
        # A setting that another version had must not hide every run.
        "config": TrainConfig.from_dict({k: v for k, v in settings.items() if k in FIELDS}),
        "state": RunState(row["state"]),
        "about": json.loads(row["about"]),
        "result": json.loads(row["result"]),
    })  # fmt: skip
