"""Work in a process of its own, told of by one JSON file: what background jobs have in common.

A job outlives the page, the browser and the server. Its file is replaced as a whole at every
change, so that anybody may look at any time. At most one process works on a file's job; a second
start finds the first. Imports no torch, so that watching is light.
"""

import contextlib
import dataclasses
import json
import logging
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import psutil
from filelock import FileLock

from cifar_core.data_job_records import ACTIVE, JobState, conclude_state
from cifar_core.errors import WorkbenchError
from cifar_core.files import write_atomically
from cifar_core.jobs import process_exists
from cifar_core.workspace import Workspace

REPORT_INTERVAL_S = 0.25
"""Between two written changes of the progress."""

log = logging.getLogger("cifar_core.background")

_children: list[subprocess.Popen[bytes]] = []
"""Processes that this one started: kept so that ended ones can be reaped."""


class _CancelError(BaseException):
    """Raised by the signal that asks for an end; nothing on the way may mistake it for an error."""


@dataclass(frozen=True)
class BackgroundJob:
    """What is known of a job.

    Attributes:
        asked: what is to be done, in plain JSON types.
        state: as last written, or as concluded by ``JobFile.look``.
        done: how much is done, in the unit of ``total``.
        total: how much there is to do; 0 while that is not known.
        message: the sentence of the error, where there was one.
        cancel_requested: whether somebody asked for an end.
        pid: of the process; 0 where there is none yet.
        process_started: when that process began, in seconds since 1970; 0 where not known.
        started_at: when the job was asked for, likewise.
        finished_at: when it ended; 0 before that.
    """

    asked: dict[str, Any] = field(default_factory=dict)
    state: JobState = JobState.STARTING
    done: int = 0
    total: int = 0
    message: str = ""
    cancel_requested: bool = False
    pid: int = 0
    process_started: float = 0.0
    started_at: float = 0.0
    finished_at: float = 0.0

    @property
    def is_active(self) -> bool:
        """Whether a process works on it, or is about to."""
        return self.state in ACTIVE

    @property
    def share(self) -> float:
        """How much is done, 0 to 1."""
        return min(1.0, self.done / self.total) if self.total else 0.0


@dataclass(frozen=True)
class JobFile:
    """The file that tells of one job; its writers hold the lock."""

    path: Path

    @property
    def lock(self) -> FileLock:
        """What writers hold."""
        return FileLock(self.path.with_suffix(".lock"))

    def look(self) -> BackgroundJob | None:
        """Return what is true: what is written, checked against the process; None if nothing is."""
        job = self._read()
        if job is None:
            return None
        alive = job.is_active and process_exists(job.pid, job.process_started)
        state = conclude_state(job, has_process=alive, now=time.time())
        if state != job.state and self._read() != job:
            return self.look()  # it told its end, or began anew, between the two looks
        return dataclasses.replace(job, state=state)

    def start(self, module: str, asked: dict[str, Any], workspace: Workspace) -> BackgroundJob:
        """Start ``python -m module KEY``, unless a process works on this job already.

        Args:
            module: calls ``carry_out`` when it is run; the key is the stem of this file.
            asked: what is to be done.
            workspace: of the process.
        """
        _children[:] = [child for child in _children if child.poll() is None]
        with self.lock:  # of two clicks, one finds what the other started
            known = self.look()
            if known is not None and known.is_active:
                return known
            self._write(BackgroundJob(asked, started_at=time.time()))
            child = self._launch(module, workspace)
            _children.append(child)
            return self.update(pid=child.pid, process_started=_start_of(child.pid))

    def cancel(self) -> None:
        """Ask the job to end and to leave nothing behind; one that has ended stays as it is."""
        with self.lock:
            job = self.look()
            if job is None or not job.is_active:
                return
            self.update(cancel_requested=True)
            if process_exists(job.pid, job.process_started):
                with contextlib.suppress(psutil.NoSuchProcess):  # it may just have ended
                    psutil.Process(job.pid).terminate()

    def update(self, **changes: Any) -> BackgroundJob:
        """Change some fields of what is written, and return all of them; hold the lock."""
        job = self._read()
        assert job is not None, "only a started job is updated"
        job = dataclasses.replace(job, **changes)
        self._write(job)
        return job

    def _read(self) -> BackgroundJob | None:
        try:
            values = json.loads(self.path.read_bytes())
            return BackgroundJob(**{**values, "state": JobState(values["state"])})
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None  # nothing, or nothing that this version knows

    def _write(self, job: BackgroundJob) -> None:
        write_atomically(self.path, json.dumps(dataclasses.asdict(job), indent=1).encode())

    def _launch(self, module: str, workspace: Workspace) -> subprocess.Popen[bytes]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("STREAMLIT_")}
        environment["CIFAR_HOME"] = str(workspace.root)
        with self.path.with_suffix(".log").open("wb") as output:
            return subprocess.Popen(
                [sys.executable, "-m", module, self.path.stem],
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


# --- in the process of the job


class Reporter:
    """Writes progress down, not too often; a full disk ends no job for that."""

    def __init__(self, file: JobFile) -> None:
        self._file, self._last = file, 0.0

    def __call__(self, done: int, total: int) -> None:
        """Say that so much of so much is done."""
        if time.monotonic() - self._last < REPORT_INTERVAL_S:
            return
        self._last = time.monotonic()
        with contextlib.suppress(OSError), self._file.lock:
            self._file.update(done=done, total=total)


def carry_out(file: JobFile, work: Callable[[dict[str, Any], Reporter], None]) -> int:
    """Do what was asked, in this process, and write down how that goes.

    Args:
        file: of a job that was started.
        work: gets what was asked; SIGTERM ends it wherever it is.

    Returns:
        The exit status.
    """
    signal.signal(signal.SIGTERM, _raise_cancel)
    try:
        with _ending_told(file):
            with file.lock:
                pid = os.getpid()
                job = file.update(state=JobState.RUNNING, pid=pid, process_started=_start_of(pid))
            if job.cancel_requested:
                raise _CancelError
            work(job.asked, Reporter(file))
    except (WorkbenchError, _CancelError):
        return 1  # both are written down
    return 0


@contextlib.contextmanager
def _ending_told(file: JobFile) -> Iterator[None]:
    try:
        yield
    except _CancelError:
        _end(file, JobState.CANCELLED)
        raise
    except WorkbenchError as error:
        _end(file, JobState.FAILED, str(error))
        raise
    except BaseException as error:  # written down, then raised, as in the worker
        log.error("%s", traceback.format_exc())
        _end(file, JobState.FAILED, f"{type(error).__name__}: {error}")
        raise
    else:
        _end(file, JobState.FINISHED)


def _end(file: JobFile, state: JobState, message: str = "") -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second click must not end the ending
    with file.lock:
        file.update(state=state, message=message, finished_at=time.time())


def _raise_cancel(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _CancelError
