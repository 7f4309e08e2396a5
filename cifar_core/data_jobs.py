"""Prepare image sets in the background: ``python -m cifar_core.data_jobs DATA FIT``.

A preparation is a background job (``background``), one a source and way of fitting. Of CIFAR-10 the
archive is downloaded first. Imports no torch before the work begins, so that watching is light.
"""

import hashlib
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cifar_core.background import BackgroundJob, JobFile
from cifar_core.background_work import Reporter, carry_out
from cifar_core.config import BUILTIN, CIFAR10
from cifar_core.errors import DatasetError
from cifar_core.workspace import Workspace

_LOG_TAIL_BYTES = 4000


@dataclass(frozen=True, kw_only=True)
class DataJob(BackgroundJob):
    """What is known of the last preparation of a source.

    Attributes:
        data: 'builtin', 'cifar10', or an absolute path.
        fit: how pictures of another shape come to 32 x 32.
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
    downloading: bool = False
    source: str = ""
    bytes_per_s: float = 0.0
    told_at: float = 0.0
    phase_started_at: float = 0.0


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


def job_file(workspace: Workspace, data: str, fit: str) -> JobFile[DataJob]:
    """Return the file that tells of the last preparation of a source.

    Raises:
        DatasetError: ``data`` cannot be a path.
    """
    text = f"{fit}\0{absolute_data(data)}"
    key = hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:16]
    return JobFile(_jobs_dir(workspace) / f"{key}.json", DataJob)


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
    job = DataJob(data=absolute_data(data), fit=fit)
    file = job_file(workspace, data, fit)
    return file.start(job, workspace, "cifar_core.data_jobs", job.data, fit)


def cancel_preparing(workspace: Workspace, data: str, fit: str = "crop") -> None:
    """Ask a preparation to end and to leave nothing behind; one that has ended stays as it is.

    Of a download the part that has arrived stays, so that the next one can go on from there.
    """
    job_file(workspace, data, fit).cancel()


def find_job(workspace: Workspace, data: str, fit: str = "crop") -> DataJob | None:
    """Return the last preparation of a source in its true state, or None if there was none.

    Raises:
        DatasetError: ``data`` cannot be a path.
    """
    return job_file(workspace, data, fit).look()


def list_jobs(workspace: Workspace) -> list[DataJob]:
    """Return the last preparation of every source, the latest first."""
    found = [JobFile(path, DataJob).look() for path in _jobs_dir(workspace).glob("*.json")]
    return sorted((job for job in found if job), key=lambda job: -job.started_at)


def log_tail(workspace: Workspace, data: str, fit: str = "crop") -> str:
    """Return the end of what the last preparation of a source printed."""
    path = job_file(workspace, data, fit).log_path
    if not path.is_file():
        return ""
    return path.read_bytes()[-_LOG_TAIL_BYTES:].decode(errors="replace").strip()


def _jobs_dir(workspace: Workspace) -> Path:
    folder = workspace.data_dir / "jobs"
    folder.mkdir(exist_ok=True)
    return folder


# --- in the process of the preparation


def main(data: str, fit: str) -> int:
    """Prepare a source in this process and write down how that goes."""
    asked = DataJob(data=absolute_data(data), fit=fit)
    return carry_out(job_file(Workspace.default(), data, fit), _prepare, by_hand=asked)


def _prepare(job: DataJob, report: Reporter) -> None:
    from cifar_core.data.sources import has_cifar10, open_data  # torch

    workspace = Workspace.default()
    if job.data == CIFAR10 and not has_cifar10(workspace):
        _download(workspace, report)
    open_data(job.data, workspace, fit=job.fit, progress=report)


def _download(workspace: Workspace, report: Reporter) -> None:
    """Get CIFAR-10, of which no copy is here."""
    from cifar_core.data.download import Arrived, download_cifar10

    report.say(at_once=True, downloading=True, phase_started_at=time.time())
    last: Any = None

    def told(arrived: Arrived) -> None:
        nonlocal last
        # A silent source would otherwise pass for the one before it.
        is_new, last = arrived.source != last, arrived.source
        report.say(
            at_once=is_new, done=arrived.done, total=arrived.total, source=arrived.source,
            bytes_per_s=arrived.bytes_per_s, told_at=time.time(),
        )  # fmt: skip

    download_cifar10(workspace, told=told)
    report.say(at_once=True, downloading=False, done=0, total=0, phase_started_at=time.time())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
