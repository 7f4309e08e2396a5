"""Write files so that a reader, or a crash, never meets half of one."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path


def write_atomically(path: Path, content: bytes) -> None:
    """Put ``content`` at ``path``; whatever was there stays whole until the new file is.

    Raises:
        OSError: the folder is missing or not writable, or the disk is full.
    """
    write_file_atomically(path, lambda temporary: temporary.write_bytes(content))


def write_file_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a temporary file in the same folder, then move it to ``path``.

    The file is synced before the move and the folder after it, so that a power cut leaves either
    the old file or the new one.

    Raises:
        OSError: as for ``write_atomically``; the temporary file is removed.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        write(temporary)
        sync(temporary)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync(path.parent)


def remove_temporary_files(folder: Path) -> None:
    """Remove what a killed ``write_file_atomically`` left in a folder that has one writer."""
    for leftover in folder.glob(".*.tmp"):
        leftover.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Wait until a file, or the list of files in a folder, is on the disk itself."""
    if os.name == "nt" and path.is_dir():  # Windows cannot open a folder
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
