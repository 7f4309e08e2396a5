"""Prepare image sets in the background: ``python -m cifar_core.data_jobs DATA FIT``.

A preparation is a process of its own, like a run: it outlives the page, the browser and the
server. What it says of itself is one JSON file a source in the workspace, replaced as a whole at
every change, so that a page may look at any time. At most one process prepares a source; a second
start finds the first.

This module imports no torch before ``main``, so that watching is light.
"""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import psutil

from cifar_core.config import BUILTIN, CIFAR10
from cifar_core.data_job_records import DataJob, JobRecord, JobState, jobs_dir
from cifar_core.errors import DatasetError, WorkbenchError
from cifar_core.jobs import process_exists
from cifar_core.workspace import Workspace

REPORT_INTERVAL_S = 0.25
"""Between two written changes of the progress."""
_LOG_TAIL_BYTES = 4000

log = logging.getLogger("cifar_core.data_jobs")

_children: list[subprocess.Popen[bytes]] = []
"""Preparations that this process started: kept so that ended ones can be reaped."""


class _CancelError(BaseException):
    """Raised by the signal that asks for an end; nothing on the way may mistake it for an error."""


def absolute_data(data: str) -> str:
    """Return a name of a source that means the same from any working directory.

    Raises:
        DatasetError: it cannot be a path.
    """
    if data in (BUILTIN, CIFAR10):
        return data
    try:
        return str(Path(data).expanduser().resolve())
    except (OSError, ValueError, RuntimeError) as error:  # a zero byte, ~nobody, a loop
        raise DatasetError(f"{data!r:.200} cannot be a path: {error!s:.200}.") from error


def start_preparing(workspace: Workspace, data: str, fit: str = "crop") -> DataJob:
    """Prepare a source in a process of its own, unless one does so already.

    Of CIFAR-10 the archive is downloaded first, where no copy is there.

    Args:
        workspace: where the prepared set is to be kept.
        data: 'builtin', 'cifar10', or the path of a folder or archive.
        fit: how pictures of another shape come to 32 x 32: 'crop', 'letterbox' or 'stretch'.

    Returns:
        The preparation, just started or found.

    Raises:
        DatasetError: ``data`` cannot be a path.
    """
    _children[:] = [child for child in _children if child.poll() is None]
    data = absolute_data(data)
    record = JobRecord.of(workspace, data, fit)
    with record.lock:  # of two clicks, one finds what the other started
        known = record.look()
        if known is not None and known.is_active:
            return known
        now = time.time()
        record.write(DataJob(data, fit, JobState.STARTING, started_at=now))
        child = _launch(workspace, data, fit, record.log_path)
        _children.append(child)
        return record.update(pid=child.pid, process_started=_start_of(child.pid))


def cancel_preparing(workspace: Workspace, data: str, fit: str = "crop") -> None:
    """Ask a preparation to end and to leave nothing behind; one that has ended stays as it is.

    Of a download the part that has arrived stays, so that the next one can go on from there.
    """
    record = JobRecord.of(workspace, absolute_data(data), fit)
    with record.lock:
        job = record.look()
        if job is None or not job.is_active:
            return
        record.update(cancel_requested=True)
        if process_exists(job.pid, job.process_started):
            with contextlib.suppress(psutil.NoSuchProcess):  # it may just have ended
                psutil.Process(job.pid).terminate()


def find_job(workspace: Workspace, data: str, fit: str = "crop") -> DataJob | None:
    """Return the last preparation of a source in its true state, or None if there was none.

    Raises:
        DatasetError: ``data`` cannot be a path.
    """
    return JobRecord.of(workspace, absolute_data(data), fit).look()


def list_jobs(workspace: Workspace) -> list[DataJob]:
    """Return the last preparation of every source, the latest first."""
    found = [JobRecord(path).look() for path in jobs_dir(workspace).glob("*.json")]
    return sorted((job for job in found if job), key=lambda job: -job.started_at)


def log_tail(workspace: Workspace, data: str, fit: str = "crop") -> str:
    """Return the end of what the last preparation of a source printed."""
    path = JobRecord.of(workspace, absolute_data(data), fit).log_path
    if not path.is_file():
        return ""
    return path.read_bytes()[-_LOG_TAIL_BYTES:].decode(errors="replace").strip()


def _launch(workspace: Workspace, data: str, fit: str, log_path: Path) -> subprocess.Popen[bytes]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("STREAMLIT_")}
    environment["CIFAR_HOME"] = str(workspace.root)
    with log_path.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "cifar_core.data_jobs", data, fit],
            cwd=Path(__file__).resolve().parent.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _start_of(pid: int) -> float:
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:  # ended at once; the reader finds out
        return 0.0


# --- in the process of the preparation


def main(data: str, fit: str) -> int:
    """Prepare a source in this process and write down how that goes."""
    record = JobRecord.of(Workspace.default(), absolute_data(data), fit)
    signal.signal(signal.SIGTERM, _raise_cancel)
    try:
        with _ending_told(record):
            _claim(record, data, fit)
            if data == CIFAR10:
                _download(record)
            _prepare(record, data, fit)
    except (WorkbenchError, _CancelError):
        return 1  # both are written down
    return 0


def _claim(record: JobRecord, data: str, fit: str) -> None:
    """Write that this process does it; it may also have been started by hand."""
    with record.lock:
        known = record.read()
        if known is None or not known.is_active:
            record.write(
                DataJob(absolute_data(data), fit, JobState.STARTING, started_at=time.time())
            )
        job = record.update(
            state=JobState.RUNNING, pid=os.getpid(), process_started=_start_of(os.getpid())
        )
    if job.cancel_requested:
        raise _CancelError


def _download(record: JobRecord) -> None:
    """Get CIFAR-10 where no copy of it is here."""
    from cifar_core.data.download import Arrived, download_cifar10
    from cifar_core.data.sources import has_cifar10

    workspace = Workspace.default()
    if has_cifar10(workspace):
        return
    with record.lock:
        record.update(downloading=True, phase_started_at=time.time())
    say = _seldom(record)

    def report(arrived: Arrived) -> None:
        say(
            done=arrived.done, total=arrived.total, source=arrived.source,
            bytes_per_s=arrived.bytes_per_s, told_at=time.time(),
        )  # fmt: skip

    download_cifar10(workspace, told=report)
    with record.lock:
        record.update(downloading=False, done=0, total=0, phase_started_at=time.time())


def _prepare(record: JobRecord, data: str, fit: str) -> None:
    from cifar_core.data.sources import open_data  # torch

    say = _seldom(record)

    def report(done: int, total: int) -> None:
        say(done=done, total=total)

    open_data(data, Workspace.default(), fit=fit, progress=report)


def _seldom(record: JobRecord) -> Callable[..., None]:
    """Return what changes fields of the record, but not more often than somebody looks.

    Another source is always told: a silent one would otherwise pass for the one before it.
    """
    last_report, last_source = 0.0, None

    def say(**changes: object) -> None:
        nonlocal last_report, last_source
        is_new = changes.get("source") != last_source
        if time.monotonic() - last_report < REPORT_INTERVAL_S and not is_new:
            return
        last_report, last_source = time.monotonic(), changes.get("source")
        # A full disk shows where the images are written; it need not end the work here.
        with contextlib.suppress(OSError), record.lock:
            record.update(**changes)

    return say


@contextlib.contextmanager
def _ending_told(record: JobRecord) -> Iterator[None]:
    try:
        yield
    except _CancelError:
        _end(record, JobState.CANCELLED)
        raise
    except WorkbenchError as error:
        _end(record, JobState.FAILED, str(error))
        raise
    except BaseException as error:  # written down, then raised, as in the worker
        log.error("%s", traceback.format_exc())
        _end(record, JobState.FAILED, f"{type(error).__name__}: {error}")
        raise
    else:
        _end(record, JobState.FINISHED)


def _end(record: JobRecord, state: JobState, message: str = "") -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second click must not end the ending
    with record.lock:
        record.update(state=state, message=message, finished_at=time.time())


def _raise_cancel(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _CancelError


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
