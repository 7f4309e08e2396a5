"""``runs``: every run of the workspace, newest last. Imports no torch."""

import argparse
import json
from typing import Any

from cifar_core import jobs
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
