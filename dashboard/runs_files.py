"""The files about a run that a visitor takes home."""

import io

from cifar_core.config_files import config_to_text
from cifar_core.errors import RunError
from cifar_core.records import EpochRecord, StepRecord
from cifar_core.run_archive import export_run, metrics_csv
from cifar_core.store import Store

MIMES = {
    "zip": "application/zip", "epochs.csv": "text/csv", "steps.csv": "text/csv",
    "toml": "text/plain",
}  # fmt: skip
"""Every kind of file, with how browsers call it."""


def file_name(run_id: str, kind: str) -> str:
    """Return a file name that any system accepts."""
    return f"run-{run_id}-{kind}" if kind.endswith(".csv") else f"run-{run_id}.{kind}"


def file_content(store: Store, run_id: str, kind: str) -> bytes:
    """Return a file about a run.

    Args:
        store: where the run is.
        run_id: any text; it never becomes part of a path.
        kind: a key of ``MIMES``, or any text.

    Raises:
        RunError: there is no such run, or no such kind of file.
    """
    run = store.run(run_id)
    if kind == "zip":
        file = io.BytesIO()
        export_run(store, run.run_id, file)
        return file.getvalue()
    if kind == "epochs.csv":
        return metrics_csv(store.epochs(run.run_id), EpochRecord).encode()
    if kind == "steps.csv":
        return metrics_csv(store.steps(run.run_id), StepRecord).encode()
    if kind == "toml":
        return config_to_text(run.config, ".toml").encode()
    raise RunError(f"A run has no file {kind[:40]!r}; expected one of {', '.join(MIMES)}.")
