"""What is written down of a preparation: one JSON file a source, replaced as a whole.

Readers may look at any time; writers hold the file's lock. Knows nothing of processes but how to
tell whether one exists. No torch.
"""

import dataclasses
import hashlib
import json
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from filelock import FileLock

from cifar_core.files import write_atomically
from cifar_core.jobs import process_exists
from cifar_core.workspace import Workspace

START_LIMIT_S = 30.0
"""A preparation that was claimed and has no process after this long has failed to start."""


class JobState(StrEnum):
    """The states of a preparation. The reader concludes CRASHED, all others are written."""

    STARTING = "starting"
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"
    CRASHED = "crashed"


ACTIVE = frozenset({JobState.STARTING, JobState.RUNNING})


@dataclass(frozen=True)
class DataJob:
    """What is known of the last preparation of a source.

    Attributes:
        data: 'builtin', 'cifar10', or an absolute path.
        fit: how pictures of another shape come to 32 x 32.
        state: as last written, or as concluded by ``find_job``.
        done: how much is done, in the unit of ``total``.
        total: how much there is to do; 0 while that is not known.
        message: the sentence of the error, where there was one.
        cancel_requested: whether somebody asked for an end.
        pid: of the process; 0 where there is none yet.
        process_started: when that process began, in seconds since 1970; 0 where not known.
        started_at: when the preparation was asked for, in seconds since 1970.
        finished_at: when it ended; 0 before that.
        downloading: whether the files are only on their way to this machine; ``done`` and
            ``total`` are bytes then.
        source: host that they come from; empty where another process downloads them.
        bytes_per_s: how fast they come; 0 while that is not known.
        told_at: when the download last said something, in seconds since 1970; 0 where there is
            none.
        phase_started_at: when the download, or else the preparation after it, began; 0 where there
            was no download.
    """

    data: str
    fit: str
    state: JobState
    done: int = 0
    total: int = 0
    message: str = ""
    cancel_requested: bool = False
    pid: int = 0
    process_started: float = 0.0
    started_at: float = 0.0
    finished_at: float = 0.0
    downloading: bool = False
    source: str = ""
    bytes_per_s: float = 0.0
    told_at: float = 0.0
    phase_started_at: float = 0.0

    @property
    def is_active(self) -> bool:
        """Whether a process works on it, or is about to."""
        return self.state in ACTIVE

    @property
    def share(self) -> float:
        """How much is done, 0 to 1."""
        return min(1.0, self.done / self.total) if self.total else 0.0


class Watched(Protocol):
    """Work of a process of its own, of which somebody wants to know how it is."""

    @property
    def state(self) -> JobState:
        """As last written."""

    @property
    def cancel_requested(self) -> bool:
        """Whether somebody asked for an end."""

    @property
    def pid(self) -> int:
        """Of its process; 0 where there is none yet."""

    @property
    def started_at(self) -> float:
        """When it was asked for, in seconds since 1970."""


def conclude_state(job: Watched, *, has_process: bool, now: float) -> JobState:
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


@dataclass(frozen=True)
class JobRecord:
    """The file in which a preparation is described; its writers hold the lock."""

    path: Path

    @classmethod
    def of(cls, workspace: Workspace, data: str, fit: str) -> "JobRecord":
        """Return the record of a source, whose path is absolute."""
        key = hashlib.sha256(f"{fit}\0{data}".encode(errors="surrogateescape")).hexdigest()[:16]
        return cls(jobs_dir(workspace) / f"{key}.json")

    @property
    def lock(self) -> FileLock:
        """What writers hold."""
        return FileLock(self.path.with_suffix(".lock"))

    @property
    def log_path(self) -> Path:
        """Where the process prints to."""
        return self.path.with_suffix(".log")

    def read(self) -> DataJob | None:
        """Return what is written; None where nothing is, or nothing that this version knows."""
        try:
            values = json.loads(self.path.read_bytes())
            return DataJob(**{**values, "state": JobState(values["state"])})
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def look(self) -> DataJob | None:
        """Return what is true: what is written, checked against the process."""
        job = self.read()
        if job is None:
            return None
        alive = job.is_active and process_exists(job.pid, job.process_started)
        state = conclude_state(job, has_process=alive, now=time.time())
        if state != job.state and self.read() != job:
            return self.look()  # it told its end, or began anew, between the two looks
        return dataclasses.replace(job, state=state)

    def write(self, job: DataJob) -> None:
        """Replace what is written."""
        text = json.dumps(dataclasses.asdict(job), indent=1)
        write_atomically(self.path, text.encode())

    def update(self, **changes: object) -> DataJob:
        """Change some fields of what is written, and return all of them."""
        job = self.read()
        assert job is not None, "only a started preparation is updated"
        job = dataclasses.replace(job, **changes)  # type: ignore[arg-type]
        self.write(job)
        return job


def jobs_dir(workspace: Workspace) -> Path:
    """Return the folder of all records."""
    folder = workspace.data_dir / "jobs"
    folder.mkdir(exist_ok=True)
    return folder
