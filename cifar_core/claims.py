"""A worker's claim to its run, and its log."""

import contextlib
import logging
import os
import socket
import time
from collections.abc import Iterator

import psutil
from filelock import FileLock, Timeout

from cifar_core.errors import RunError
from cifar_core.run_paths import LOG_FILE
from cifar_core.run_state import RunState
from cifar_core.store import RunRow, Store


@contextlib.contextmanager
def claimed(store: Store, run: RunRow) -> Iterator[None]:
    """Be the only process that works on a run; the system frees the claim of a dead one.

    Raises:
        RunError: another process works on it, or it has finished.
    """
    lock = FileLock(store.workspace.run_dir(run.run_id) / "worker.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise RunError(f"Run {run.run_id} is already going on in another process.") from None
    try:
        state = store.run(run.run_id).state
        if state == RunState.FINISHED:
            raise RunError(f"Run {run.run_id} has finished; there is nothing left to train.")
        store.update_run(
            run.run_id,
            state=RunState.RUNNING,
            pid=os.getpid(),
            process_started=psutil.Process().create_time(),
            host=socket.gethostname(),
            started_at=run.started_at or time.time(),
            finished_at=0,
            message="",
        )
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def logged(store: Store, run_id: str) -> Iterator[None]:
    """Write the log of the package to the run's folder meanwhile."""
    handler = logging.FileHandler(store.workspace.run_dir(run_id) / LOG_FILE)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    package = logging.getLogger("cifar_core")
    package.addHandler(handler)
    package.setLevel(logging.INFO)
    try:
        yield
    finally:
        package.removeHandler(handler)
        handler.close()
