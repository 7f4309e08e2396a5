"""Work in a process of its own, told of by one JSON file: what background jobs have in common.

A job outlives the page, the browser and the server. Its file is replaced as a whole at every
change, so that anybody may look at any time; writers hold its lock. At most one process works on a
file's job; a second start finds the first. What the process itself does is in ``background_work``.
Imports no torch, so that watching is light.
"""

import contextlib
import dataclasses
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

import psutil
from filelock import FileLock

from cifar_core.files import write_atomically
from cifar_core.jobs import process_exists
from cifar_core.process import start_process
from cifar_core.workspace import Workspace

START_LIMIT_S = 30.0
"""A job that was claimed and has no process after this long has failed to start."""

_children: list[subprocess.Popen[bytes]] = []
"""Processes that this one started: kept so that ended ones can be reaped."""


class JobState(StrEnum):
    """The states of a job. The reader concludes CRASHED, all others are written."""

    STARTING = "starting"
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"
    CRASHED = "crashed"


ACTIVE = frozenset({JobState.STARTING, JobState.RUNNING})


@dataclass(frozen=True, kw_only=True)
class BackgroundJob:
    """What is known of a job; each kind of work adds what it is about.

    Attributes:
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

    @classmethod
    def from_values(cls, values: dict[str, Any]) -> Self:
        """Return what ``dataclasses.asdict`` turned into JSON types.

        Raises:
            ValueError: it is none of this version; so do KeyError and TypeError say.
        """
        return cls(**{**values, "state": JobState(values["state"])})


def conclude_state(job: BackgroundJob, *, has_process: bool, now: float) -> JobState:
    """Return the true state: one that claims a process is believed while that process exists.

    Args:
        job: as last written.
        has_process: whether its process exists, the very same one.
        now: seconds since 1970.
    """
    if job.state not in ACTIVE or has_process:
        return job.state
    if not job.pid and now - job.started_at < START_LIMIT_S:
        return JobState.STARTING  # between the claim and the launch
    return JobState.CANCELLED if job.cancel_requested else JobState.CRASHED


J = TypeVar("J", bound=BackgroundJob)


@dataclass(frozen=True)
class JobFile(Generic[J]):
    """The file that tells of one job.

    Attributes:
        path: of the file.
        kind: the class of the job.
    """

    path: Path
    kind: type[J]

    @property
    def lock(self) -> FileLock:
        """What writers hold."""
        return FileLock(self.path.with_suffix(".lock"))

    @property
    def log_path(self) -> Path:
        """Where the process prints to."""
        return self.path.with_suffix(".log")

    def look(self) -> J | None:
        """Return what is true: what is written, checked against the process; None if nothing is."""
        job = self.read()
        if job is None:
            return None
        alive = job.is_active and process_exists(job.pid, job.process_started)
        state = conclude_state(job, has_process=alive, now=time.time())
        if state != job.state and self.read() != job:
            return self.look()  # it told its end, or began anew, between the two looks
        return dataclasses.replace(job, state=state)

    def start(self, job: J, workspace: Workspace, module: str, *arguments: str) -> J:
        """Start ``python -m module arguments``, unless a process works on this job already.

        Args:
            job: what is to be done.
            workspace: of the process.
            module: calls ``background_work.carry_out`` when it is run.
            arguments: by which it finds this file again.

        Returns:
            The job, just started or found.
        """
        _children[:] = [child for child in _children if child.poll() is None]
        with self.lock:  # of two clicks, one finds what the other started
            known = self.look()
            if known is not None and known.is_active:
                return known
            self.write(dataclasses.replace(job, started_at=time.time()))
            child = self._launch(workspace, module, *arguments)
            _children.append(child)
            return self.update(pid=child.pid, process_started=start_of(child.pid))

    def cancel(self) -> None:
        """Ask the job to end; one that has ended stays as it is."""
        with self.lock:
            job = self.look()
            if job is None or not job.is_active:
                return
            self.update(cancel_requested=True)
            if process_exists(job.pid, job.process_started):
                with contextlib.suppress(psutil.NoSuchProcess):  # it may just have ended
                    psutil.Process(job.pid).terminate()

    def read(self) -> J | None:
        """Return what is written; None where nothing is, or nothing that this version knows."""
        try:
            return self.kind.from_values(json.loads(self.path.read_bytes()))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def write(self, job: J) -> None:
        """Replace what is written; hold the lock."""
        write_atomically(self.path, json.dumps(dataclasses.asdict(job), indent=1).encode())

    def update(self, **changes: Any) -> J:
        """Change some fields of what is written, and return all of them; hold the lock."""
        job = self.read()
        assert job is not None, "only a started job is updated"
        job = dataclasses.replace(job, **changes)
        self.write(job)
        return job

    def _launch(
        self, workspace: Workspace, module: str, *arguments: str
    ) -> subprocess.Popen[bytes]:
        with self.log_path.open("wb") as output:
            command = [sys.executable, "-m", module, *arguments]
            return start_process(command, workspace.root, output)


def start_of(pid: int) -> float:
    """Return when a process began, in seconds since 1970; 0 where it has ended already."""
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:  # the reader finds out
        return 0.0
