"""The files of a download: the archive, and the part of it that has arrived so far."""

import hashlib
from pathlib import Path

from cifar_core.data.download_sources import CIFAR10_ARCHIVE, Archive
from cifar_core.workspace import Workspace


def part_path(archive: Archive, folder: Path) -> Path:
    """Return where what has arrived is kept until all of it is there."""
    return folder / f"{archive.name}.part"


def size_of(path: Path) -> int:
    """Return the bytes of a file, 0 where there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def md5_of(path: Path) -> str:
    """Return the md5 of a file in hex; it tells damage and is no protection against malice."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def part_of_cifar10(workspace: Workspace) -> int:
    """Return how many bytes an unfinished download of CIFAR-10 has left to go on from."""
    return size_of(part_path(CIFAR10_ARCHIVE, workspace.data_dir))


def is_cifar10_damaged(workspace: Workspace) -> bool:
    """Whether a file of the archive's name is there that has another size than the archive."""
    path = workspace.data_dir / CIFAR10_ARCHIVE.name
    return path.is_file() and size_of(path) != CIFAR10_ARCHIVE.size


def give_up_damaged_cifar10(workspace: Workspace) -> None:
    """Let the next download go on from a damaged archive, where that is but cut short."""
    if is_cifar10_damaged(workspace):
        path = workspace.data_dir / CIFAR10_ARCHIVE.name
        path.replace(part_path(CIFAR10_ARCHIVE, workspace.data_dir))
