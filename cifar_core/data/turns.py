"""One process at a time, while the others can still tell that they wait."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

LOOK_INTERVAL_S = 0.25
"""Between two calls of ``waiting``."""


@contextmanager
def my_turn(lock_path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold a lock; the system frees that of a process that died.

    Args:
        lock_path: the file that is locked.
        waiting: called again and again until it is our turn; what it raises ends the waiting.
    """
    lock = FileLock(lock_path)
    while True:
        try:
            lock.acquire(timeout=LOOK_INTERVAL_S)
        except Timeout:
            waiting()
        else:
            break
    try:
        yield
    finally:
        lock.release()
