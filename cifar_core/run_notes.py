"""What a person does with runs: name, tag, annotate, delete and bring back, and free room.

Deleting is a mark in the run's row, so it can be undone; ``purge_runs`` removes rows and files
later. Imports no torch.
"""

import json
import re
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cifar_core.errors import RunError
from cifar_core.jobs import run_state
from cifar_core.run_paths import EPOCHS_DIR, MODEL_FILES, RESUME_FILE
from cifar_core.run_state import ENDED
from cifar_core.store import RunRow, Store, run_from_row

MAX_NAME, MAX_TAG, MAX_TAGS, MAX_NOTES = 80, 30, 12, 4000
"""Letters in a name, in a tag, tags a run, letters in the notes."""
KEPT_AFTER_DELETE_S = 7 * 86_400.0
"""So long a deleted run can be brought back."""
_TABLES = ("steps", "epochs", "commands", "examples", "health")


@dataclass(frozen=True)
class RunNote:
    """What a person wrote about a run."""

    tags: tuple[str, ...] = ()
    notes: str = ""


def read_notes(store: Store) -> dict[str, RunNote]:
    """Return what was written about each run, by its id."""
    with store.connect() as db:
        rows = db.execute("SELECT run_id, tags, notes FROM runs").fetchall()
    return {row["run_id"]: RunNote(tuple(json.loads(row["tags"])), row["notes"]) for row in rows}


def write_note(store: Store, run_id: str, *, name: str, tags: Iterable[str], notes: str) -> None:
    """Name, tag and annotate a run; texts that are too long are cut.

    Args:
        store: of the run.
        run_id: of the run.
        name: one line; may be empty.
        tags: each one line; empty ones and doubles are left out.
        notes: any text.

    Raises:
        RunError: there is no such run.
    """
    store.run(run_id)
    kept = list(dict.fromkeys(line for tag in tags if (line := _line(tag, MAX_TAG))))[:MAX_TAGS]
    with store.connect() as db:  # not ``update_run``: this is no sign of life of a worker
        db.execute(
            "UPDATE runs SET name = ?, tags = ?, notes = ? WHERE run_id = ?",
            (_line(name, MAX_NAME), json.dumps(kept), notes[:MAX_NOTES], run_id),
        )


def delete_runs(store: Store, run_ids: Iterable[str]) -> None:
    """Take ended runs off the list; their files stay until ``purge_runs``.

    Raises:
        RunError: one of them does not exist or has not ended; then none is deleted.
    """
    run_ids = list(run_ids)
    for run_id in run_ids:
        state = run_state(store.run(run_id))
        if state not in ENDED:
            raise RunError(f"Run {run_id} is {state}; stop it before you delete it.")
    _mark(store, run_ids, time.time())


def restore_runs(store: Store, run_ids: Iterable[str]) -> None:
    """Bring deleted runs back; those that are gone for good stay away."""
    _mark(store, list(run_ids), 0.0)


def deleted_runs(store: Store) -> list[RunRow]:
    """Return the runs that can be brought back, the last deleted first."""
    with store.connect() as db:
        rows = db.execute(
            "SELECT * FROM runs WHERE deleted_at > 0 ORDER BY deleted_at DESC"
        ).fetchall()
    return [run_from_row(row) for row in rows]


def purge_runs(store: Store, *, older_than_s: float = KEPT_AFTER_DELETE_S) -> int:
    """Remove rows and files of runs deleted longer ago; return how many."""
    with store.connect() as db:
        rows = db.execute(
            "SELECT run_id FROM runs WHERE deleted_at > 0 AND deleted_at < ?",
            (time.time() - older_than_s,),
        ).fetchall()
        for (run_id,) in rows:
            for table in ("runs", *_TABLES):
                db.execute(f"DELETE FROM {table} WHERE run_id = ?", (run_id,))
    for (run_id,) in rows:
        shutil.rmtree(store.workspace.run_dir(run_id), ignore_errors=True)
    return len(rows)


def disk_use(store: Store, run_id: str) -> int:
    """Return the bytes of a run's files."""
    return sum(size for _path, size in _files(store.workspace.run_dir(run_id)))


def removable_bytes(store: Store, run: RunRow) -> int:
    """Return how much ``free_room`` would free; nothing while the run goes on."""
    if run_state(run) not in ENDED:
        return 0
    return sum(size for _path, size in _removable(store.workspace.run_dir(run.run_id)))


def free_room(store: Store, run_ids: Iterable[str]) -> int:
    """Keep a run's models and curves, and remove what only serves to go on or to look back.

    That are the training state (the run can then no longer be resumed where it stopped) and the
    weights of past epochs. Final, best and last model stay.

    Returns:
        The bytes that were freed.
    """
    freed = 0
    for run_id in run_ids:
        run = store.run(run_id)
        if run_state(run) in ENDED:
            for path, size in _removable(store.workspace.run_dir(run_id)):
                path.unlink(missing_ok=True)
                freed += size
    return freed


def _removable(run_dir: Path) -> list[tuple[Path, int]]:
    """Return files that nobody needs where the run has a model, with their sizes."""
    if not any((run_dir / name).is_file() for name in MODEL_FILES):
        return []  # its training state is all that it has
    return [
        (path, size)
        for path, size in _files(run_dir)
        if path.name == RESUME_FILE or path.parent.name == EPOCHS_DIR
    ]


def _files(run_dir: Path) -> list[tuple[Path, int]]:
    found = []
    for path in run_dir.rglob("*"):
        try:
            if path.is_file():
                found.append((path, path.stat().st_size))
        except OSError:  # vanished meanwhile: a worker replaces its files
            continue
    return found


def _mark(store: Store, run_ids: list[str], when: float) -> None:
    with store.connect() as db:
        db.executemany(
            "UPDATE runs SET deleted_at = ? WHERE run_id = ?", [(when, name) for name in run_ids]
        )


def _line(text: str, limit: int) -> str:
    return re.sub(r"\s+", " ", "".join(c if c.isprintable() else " " for c in text)).strip()[:limit]
