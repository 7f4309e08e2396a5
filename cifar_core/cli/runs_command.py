"""``runs``: every run of the workspace, newest last; deleting and restoring. Imports no torch."""

import argparse
import json
from typing import Any

from cifar_core import jobs
from cifar_core.cli.output import print_json
from cifar_core.errors import RunError
from cifar_core.run_notes import KEPT_AFTER_DELETE_S, delete_runs, deleted_runs, restore_runs
from cifar_core.store import RunRow, Store
from cifar_core.workspace import Workspace


def run_runs(options: argparse.Namespace) -> int:
    """Print a line, or a JSON object, for each run."""
    store = Store(Workspace.default())
    rows = store.runs()
    for row in rows:
        about = describe_run(store, row)
        print(json.dumps(about) if options.json else _as_line(about))
    if not rows and not options.json:
        print(f"No runs in {store.workspace.root}. Start one: python -m cifar_core train")
    return 0


def run_delete(options: argparse.Namespace) -> int:
    """Take runs off the list and say how to get them back."""
    run_ids = list(dict.fromkeys(options.run_ids))
    delete_runs(Store(Workspace.default()), run_ids)
    if options.json:
        print_json({"type": "delete", "run_ids": run_ids})
    else:
        print(f"Deleted {', '.join(run_ids)}. For {KEPT_AFTER_DELETE_S / 86_400:.0f} days: "
              f"python -m cifar_core runs restore {' '.join(run_ids)}")  # fmt: skip
    return 0


def run_restore(options: argparse.Namespace) -> int:
    """Bring deleted runs back, all or none."""
    store, run_ids = Store(Workspace.default()), list(dict.fromkeys(options.run_ids))
    there = {row.run_id for row in deleted_runs(store)}
    if missing := [run_id for run_id in run_ids if run_id not in there]:
        raise RunError(
            f"There is no deleted run {', '.join(missing)} in {store.workspace.root}; expected "
            f"{', '.join(sorted(there)) or 'none: nothing there is deleted'}."
        )
    restore_runs(store, run_ids)
    if options.json:
        print_json({"type": "restore", "run_ids": run_ids})
    else:
        print(f"Restored {', '.join(run_ids)}.")
    return 0


def describe_run(store: Store, row: RunRow) -> dict[str, Any]:
    """Return what identifies a run and how far it is, as plain JSON types."""
    last, epochs = store.last_step(row.run_id), store.epochs(row.run_id)
    accuracies = [e.val_accuracy for e in epochs if e.val_accuracy is not None]
    test = row.result.get("test")
    return {
        "run_id": row.run_id,
        "name": row.name,
        "state": str(jobs.run_state(row)),
        "message": row.message,
        "model": row.config.model,
        "data": row.config.data,
        "epoch": len(epochs),
        "epochs": row.config.epochs,
        "step": last.step if last else 0,
        "best_val_accuracy": max(accuracies, default=None),
        "test_accuracy": test["accuracy"] if test else None,
        "created_at": row.created_at,
        "seconds": max(0.0, (row.finished_at or row.heartbeat) - row.started_at)
        if row.started_at
        else 0.0,
        "config": row.config.to_dict(),
    }


def _as_line(about: dict[str, Any]) -> str:
    parts = [
        about["run_id"],
        f"{about['state']:<8}",
        f"{about['model']} on {about['data']}",
        f"epoch {about['epoch']}/{about['epochs']}",
        f"step {about['step']}",
    ]
    for key, text in (("best_val_accuracy", "validation"), ("test_accuracy", "test")):
        if about[key] is not None:
            parts.append(f"{text} {100 * about[key]:.2f} %")
    parts += [about[key] for key in ("name", "message") if about[key]]
    return "  ".join(parts)
