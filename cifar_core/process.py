"""What a process that computes sets before its first step; imports no torch."""

import ctypes
import os
import sys

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
"""Names of glibc's settings, from its malloc.h."""
_LARGEST = 2**31 - 1
_GROWTH = 64 * 2**20
"""Bytes by which the heap grows at least."""


def prepare_to_compute() -> None:
    """Let threads sleep and freed memory stay. Call it before torch is imported, if possible."""
    let_threads_sleep()
    keep_freed_memory()


def let_threads_sleep() -> None:
    """Let OpenMP threads sleep while they wait, unless the environment says otherwise.

    By default they spin. As soon as anything else runs on the machine (a browser, the app's own
    server), spinning threads keep the one they wait for off its core: with both cores of a machine
    busy, training was measured at 200 to 900 images/s spinning and 1,400 sleeping. libgomp reads
    the variable once, when torch loads it.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def keep_freed_memory() -> None:
    """Let the C library keep the memory of a step for the next one; only glibc has to be told.

    It hands large blocks back to the system as soon as they are freed, and each step pays again for
    getting and clearing them, page by page: SimpleCNN at batch 64 trained at 6,700 images/s so and
    at 10,600 with its memory kept (``benchmarks/throughput.py``).
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, 2**30)
        mallopt(_TRIM_THRESHOLD, _LARGEST)
        mallopt(_TOP_PAD, _GROWTH)
