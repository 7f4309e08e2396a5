"""``open_data``: from the word in a config to an ``ImageSet``.

The first opening of a source prepares it; later ones only map the prepared files. Two processes
that ask for the same unprepared set at once are safe: one prepares, the other waits.
"""

import hashlib
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cifar_core.config import BUILTIN, CIFAR10
from cifar_core.data import drawn
from cifar_core.data.cifar10 import (
    ARCHIVE_NAME,
    FOLDER_NAME,
    Progress,
    find_cifar10,
    read_cifar10,
)
from cifar_core.data.folder import read_archive, read_image_folder, scan_signature
from cifar_core.data.image_set import CIFAR10_CLASSES, ImageSet, RawImages
from cifar_core.data.prepared import is_prepared, open_prepared, write_prepared
from cifar_core.data.summary import SetSummary, read_summary
from cifar_core.data.turns import my_turn
from cifar_core.data.uploads import upload_name
from cifar_core.errors import DatasetError
from cifar_core.workspace import Workspace

BUILTIN_SEED = 0
BUILTIN_NAME = "Built-in drawings"


@dataclass(frozen=True)
class _Source:
    """A place that images can be prepared from, and where the result is kept."""

    folder: Path
    read: Callable[[Progress | None], RawImages]
    origin: str = ""
    """Absolute path of a person's own pictures."""


def open_data(
    data: str, workspace: Workspace, *, fit: str = "crop", progress: Progress | None = None
) -> ImageSet:
    """Open an image set, preparing it first where that has not been done.

    Args:
        data: 'builtin', 'cifar10', or the path of a folder or archive.
        workspace: where prepared sets are kept.
        fit: how pictures of another shape come to 32 x 32: 'crop', 'letterbox' or 'stretch'.
        progress: told how far the preparation is; while another process does it, again and again
            that 0 of 0 is done.

    Raises:
        DatasetError: the source cannot be found or read.
    """
    source = _find_source(data, workspace, fit)
    if not is_prepared(source.folder):
        _prepare(source, workspace, progress)
    return open_prepared(source.folder)


def prepare_again(data: str, workspace: Workspace, *, fit: str = "crop") -> None:
    """Forget the prepared files of a source, so that the next opening makes them anew."""
    shutil.rmtree(_find_source(data, workspace, fit).folder, ignore_errors=True)


def is_ready(data: str, workspace: Workspace, *, fit: str = "crop") -> bool:
    """Whether opening the source takes milliseconds.

    Raises:
        DatasetError: the source cannot be found.
    """
    return is_prepared(_find_source(data, workspace, fit).folder)


def prepared_version(data: str, workspace: Workspace, *, fit: str = "crop") -> tuple[str, int]:
    """Return what changes whenever opening the source would give other images.

    Returns:
        Folder of the prepared set, and when that was written, in nanoseconds; 0 where it was not.

    Raises:
        DatasetError: the source cannot be found.
    """
    folder = _find_source(data, workspace, fit).folder
    try:
        return str(folder), (folder / "set.json").stat().st_mtime_ns
    except OSError:
        return str(folder), 0


def summarise_source(data: str, workspace: Workspace, *, fit: str = "crop") -> SetSummary | None:
    """Return what a source holds, in milliseconds, or None where only preparing it can tell.

    Raises:
        DatasetError: the source cannot be found, or its prepared files are damaged.
    """
    folder = _find_source(data, workspace, fit).folder
    if is_prepared(folder):
        return read_summary(folder)
    if data == BUILTIN:
        return SetSummary(BUILTIN_NAME, drawn.NUM_TRAIN, drawn.NUM_TEST, drawn.CLASSES, drawn=True)
    if data == CIFAR10:
        _copy_of_cifar10(workspace)
    if folder == _official_folder(workspace):
        return SetSummary("CIFAR-10", 50_000, 10_000, CIFAR10_CLASSES)
    return None


def has_cifar10(workspace: Workspace) -> bool:
    """Whether 'cifar10' can be opened on this machine."""
    ready = is_prepared(_official_folder(workspace))
    return ready or find_cifar10(workspace.data_dir) is not None


def _prepare(source: _Source, workspace: Workspace, progress: Progress | None) -> None:
    lock = workspace.data_dir / f".{source.folder.name}.lock"
    with my_turn(lock, lambda: progress(0, 0) if progress else None):
        if not is_prepared(source.folder):  # somebody else may have been faster
            write_prepared(source.read(progress), source.folder, origin=source.origin)


def _find_source(data: str, workspace: Workspace, fit: str) -> _Source:
    if data == BUILTIN:
        folder = workspace.data_dir / f"builtin-v{drawn.VERSION}-{BUILTIN_SEED}"
        return _Source(folder, _draw)
    if data == CIFAR10:
        return _official(None, workspace)
    try:
        path = Path(data).expanduser().resolve()
        is_there = path.exists()
    except (OSError, ValueError, RuntimeError) as error:  # too long, a zero byte, ~nobody, a loop
        raise DatasetError(f"{data!r:.200} cannot be a path: {error!s:.200}.") from error
    if not is_there:
        raise DatasetError(
            f"{data} does not exist; expected 'builtin', 'cifar10', or the path of an image "
            "folder or archive."
        )
    official = find_cifar10(path)
    if official is not None:
        return _official(official, workspace)
    return _own_images(path, workspace, fit)


def _draw(progress: Progress | None) -> RawImages:
    made = drawn.draw_set(seed=BUILTIN_SEED, progress=progress)
    return RawImages(
        images=np.concatenate([made.train_images, made.test_images]),
        labels=np.concatenate([made.train_labels, made.test_labels]),
        num_train=len(made.train_images),
        classes=drawn.CLASSES,
        name=BUILTIN_NAME,
        drawn=True,
    )


def _copy_of_cifar10(workspace: Workspace) -> Path:
    found = find_cifar10(workspace.data_dir)
    if found is None:
        raise DatasetError(
            f"CIFAR-10 is not on this machine: neither {ARCHIVE_NAME} nor {FOLDER_NAME} is in "
            f"{workspace.data_dir}. Get it on the Dataset page or with 'python -m cifar_core data "
            "prepare --data cifar10', copy one of them there, name its path, or use 'builtin'."
        )
    return found


def _official(copy: Path | None, workspace: Workspace) -> _Source:
    """Return the official files; which copy they are read from makes no difference."""

    def read(progress: Progress | None) -> RawImages:
        place = copy or _copy_of_cifar10(workspace)
        return read_cifar10(place, workspace.data_dir, progress=progress)

    return _Source(_official_folder(workspace), read)


def _official_folder(workspace: Workspace) -> Path:
    return workspace.data_dir / "cifar10-official"


def _own_images(path: Path, workspace: Workspace, fit: str) -> _Source:
    """Return a source whose folder's name changes when the pictures do."""
    signature = hashlib.sha256(f"{_signature(path)}:{fit}".encode()).hexdigest()[:12]
    slug = re.sub(r"[^A-Za-z0-9]+", "-", path.name.split(".")[0]).strip("-")[:40] or "images"
    folder = workspace.data_dir / f"{slug.lower()}-{signature}"

    def read(progress: Progress | None) -> RawImages:
        if path.is_dir():
            return read_image_folder(path, fit=fit, progress=progress)
        name = upload_name(path, workspace) or ""
        return read_archive(path, workspace.data_dir, name=name, fit=fit, progress=progress)

    return _Source(folder, read, str(path))


def _signature(path: Path) -> str:
    if path.is_dir():
        return scan_signature(path)
    state = path.stat()
    return f"{path}:{state.st_size}:{state.st_mtime_ns}"
