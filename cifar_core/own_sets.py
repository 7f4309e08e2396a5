"""The image sets that a person brought: what they take on the disk, and how they go again.

A set is what lies in the workspace: the archive that was uploaded, and the prepared images. A
folder of the person's own, elsewhere on the machine, is never touched.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from cifar_core.config import FITS
from cifar_core.data.uploads import forget_upload, list_uploads, upload_name
from cifar_core.data_jobs import job_file, list_jobs
from cifar_core.errors import DatasetError
from cifar_core.jobs import run_state
from cifar_core.run_state import ACTIVE, RunState
from cifar_core.store import Store
from cifar_core.workspace import Workspace


@dataclass(frozen=True)
class OwnSet:
    """What the workspace holds of one source of a person's own.

    Attributes:
        data: the same as ``TrainConfig.data``: an absolute path.
        name: what the person calls it.
        is_upload: whether the archive itself was uploaded and lies in the workspace.
        prepared: folders of prepared images, one for each fit and state of the source.
        size_bytes: of the archive, where it was uploaded, and the prepared images.
        used_by: what keeps it from being deleted, in a word or two; empty where nothing does.
    """

    data: str
    name: str
    is_upload: bool
    prepared: tuple[Path, ...]
    size_bytes: int
    used_by: str = ""


def list_own_sets(workspace: Workspace) -> list[OwnSet]:
    """Return the sets by name; reads names and sizes only."""
    prepared = _prepared_folders(workspace)
    uploads = [str(path) for path in list_uploads(workspace)]
    users = _users(workspace)
    found = []
    for data in dict.fromkeys([*uploads, *prepared]):
        folders = tuple(prepared.get(data, ()))
        size = sum(_size(folder) for folder in folders)
        if data in uploads:
            size += Path(data).stat().st_size
        found.append(
            OwnSet(
                data=data,
                name=upload_name(Path(data), workspace) or Path(data).name or data,
                is_upload=data in uploads,
                prepared=folders,
                size_bytes=size,
                used_by=users.get(data, ""),
            )
        )
    return sorted(found, key=lambda own: own.name.casefold())


def delete_own_set(workspace: Workspace, data: str) -> None:
    """Remove what the workspace holds of a source; models and curves of its runs stay.

    Args:
        workspace: where it lies.
        data: as listed.

    Raises:
        DatasetError: there is no such set, or a run or preparation uses it now.
    """
    own = next((each for each in list_own_sets(workspace) if each.data == data), None)
    if own is None:
        raise DatasetError("This image set is not in the workspace any more.")
    if own.used_by:
        raise DatasetError(f"{own.name} is in use by {own.used_by}; stop that first.")
    for folder in own.prepared:
        shutil.rmtree(folder, ignore_errors=True)
    if own.is_upload:
        forget_upload(Path(data), workspace)
    for fit in FITS:
        record = job_file(workspace, data, fit)
        with record.lock:
            record.path.unlink(missing_ok=True)
            record.log_path.unlink(missing_ok=True)


def _prepared_folders(workspace: Workspace) -> dict[str, list[Path]]:
    """Return the prepared folders of each source; those of the built-in sets have no origin."""
    found: dict[str, list[Path]] = {}
    for path in sorted(workspace.data_dir.glob("[!.]*/set.json")):
        try:
            origin = json.loads(path.read_text(encoding="utf-8")).get("origin")
        except (OSError, ValueError, AttributeError):
            continue
        if isinstance(origin, str) and origin:
            found.setdefault(origin, []).append(path.parent)
    return found


def _users(workspace: Workspace) -> dict[str, str]:
    """Return what works on each source now, or waits for it."""
    is_open = ACTIVE | {RunState.QUEUED}
    users = {job.data: "a preparation" for job in list_jobs(workspace) if job.is_active}
    for run in Store(workspace).runs():
        if run_state(run) in is_open:
            users[run.config.data] = f"run {run.run_id}"
    return users


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
