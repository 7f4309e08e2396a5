"""Folders for temporary files that do not outlive the process that needs them.

A process that is killed cannot tidy up. So each folder holds a lock that its process keeps; where
the lock is free, the process is dead, and the next one that asks removes the folder.
"""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

_PREFIX = ".unpacked-"
_LOCK = "alive.lock"


@contextmanager
def scratch_folder(place: Path) -> Iterator[Path]:
    """Make an empty folder in ``place`` that is removed afterwards, at the latest by the next one.

    Args:
        place: a folder; files can be renamed out of the scratch folder to here.
    """
    with FileLock(place / f"{_PREFIX}sweep.lock"):  # nobody sweeps between the making and the claim
        remove_dead_folders(place)
        outer = place / f"{_PREFIX}{secrets.token_hex(4)}"
        folder = outer / "content"
        folder.mkdir(parents=True)
        claim = FileLock(outer / _LOCK)
        claim.acquire()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        claim.release()
        shutil.rmtree(outer, ignore_errors=True)


def remove_dead_folders(place: Path) -> int:
    """Remove what killed processes left in ``place``; return how many folders that were."""
    removed = 0
    for outer in place.glob(f"{_PREFIX}*"):
        if outer.is_dir() and _is_dead(outer):
            shutil.rmtree(outer, ignore_errors=True)
            removed += 1
    return removed


def _is_dead(outer: Path) -> bool:
    try:
        with FileLock(outer / _LOCK, timeout=0):
            return True
    except (Timeout, OSError):  # OSError: somebody else removes it at this moment
        return False
