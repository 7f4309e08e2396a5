"""The sources that the Dataset page offers, and how each of them stands. No Streamlit."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from cifar_core.background import JobState
from cifar_core.config import BUILTIN, CIFAR10
from cifar_core.data.sources import has_cifar10, is_ready
from cifar_core.data.uploads import list_uploads, upload_name
from cifar_core.data_jobs import absolute_data, find_job, list_jobs
from cifar_core.errors import DatasetError
from cifar_core.workspace import Workspace


class Readiness(Enum):
    """What has to happen before the images of a source can be seen."""

    READY = "ready"
    UNPREPARED = "unprepared"
    MISSING = "missing"


@dataclass(frozen=True)
class SourceState:
    """How a source stands.

    Attributes:
        readiness: what has to happen.
        problem: the sentence of the error, where an own source cannot be found.
    """

    readiness: Readiness
    problem: str = ""


def known_sources(workspace: Workspace) -> list[str]:
    """Return what can be chosen: the built-in set, CIFAR-10, uploads, and own paths used before."""
    own = [job.data for job in list_jobs(workspace) if job.data not in (BUILTIN, CIFAR10)]
    uploads = [str(path) for path in list_uploads(workspace)]
    existing = [data for data in own if _exists(Path(data))]
    return list(dict.fromkeys([BUILTIN, CIFAR10, *existing, *uploads]))


def default_source(workspace: Workspace) -> str:
    """Return what a newcomer sees first: real photographs where they are ready, else drawings."""
    return CIFAR10 if look_at(CIFAR10, workspace).readiness == Readiness.READY else BUILTIN


def own_name(data: str, workspace: Workspace) -> str:
    """Return what a person calls an own source: the upload's file name, or the path's last part."""
    return upload_name(Path(data), workspace) or Path(data).name or data


def checked_path(text: str) -> str:
    """Return the absolute path that a person typed.

    Raises:
        DatasetError: there is nothing at that path, or it is not to be looked at.
    """
    typed = text.strip().strip('"')
    if not typed or "\0" in typed:
        raise DatasetError("No path was given; expected the path of a folder or an archive.")
    data = absolute_data(typed)
    if not _exists(Path(data)):
        raise DatasetError(
            f"{typed[:200]} does not exist on this machine, or may not be read; expected the path "
            "of a folder or an archive."
        )
    return data


def look_at(data: str, workspace: Workspace, *, fit: str = "crop") -> SourceState:
    """Return how a source stands, its pictures fitted in one of the ways of ``config.FITS``.

    The signature of an own folder is only taken where the folder may be one of images: somebody
    who names ``/`` must not wait for a walk through the whole disk.
    """
    try:
        if data in (BUILTIN, CIFAR10):
            ready = is_ready(data, workspace)
        else:
            checked = checked_path(data)
            ready = _may_be_ready(checked, workspace, fit) and is_ready(data, workspace, fit=fit)
    except DatasetError as error:
        return SourceState(Readiness.MISSING, str(error))
    if ready:
        return SourceState(Readiness.READY)
    if data == CIFAR10 and not has_cifar10(workspace):
        return SourceState(Readiness.MISSING)
    return SourceState(Readiness.UNPREPARED)


def _may_be_ready(data: str, workspace: Workspace, fit: str) -> bool:
    path = Path(data)
    if path.is_file() or (path / "train").is_dir():
        return True
    job = find_job(workspace, data, fit)
    return job is not None and job.state == JobState.FINISHED


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long, or a folder that may not be read
        return False
