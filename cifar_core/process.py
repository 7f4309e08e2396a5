"""Processes that compute: how they are started, and what they set before their first step.

Imports no torch.
"""

import ctypes
import os
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

_WAIT_POLICY = "OMP_WAIT_POLICY"
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
"""Names of glibc's settings, from its malloc.h."""
_LARGEST = 2**31 - 1
_GROWTH = 64 * 2**20
"""Bytes by which the heap grows at least."""


def start_process(
    command: list[str], home: Path, output: BinaryIO, *, waits: bool = False
) -> subprocess.Popen[bytes]:
    """Start a process that outlives this one, its page and its server.

    Args:
        command: how; ``python -m cifar_core...`` finds the package.
        home: the root of its workspace.
        output: where it prints to.
        waits: whether it is told by its standard input what to do and answers on its output; then
            ``output`` is for what goes wrong.
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith("STREAMLIT_")}
    environment.setdefault(_WAIT_POLICY, "PASSIVE")  # see let_threads_sleep
    environment["CIFAR_HOME"] = str(home)
    return subprocess.Popen(
        command,
        cwd=Path(__file__).resolve().parent.parent,
        env=environment,
        stdin=subprocess.PIPE if waits else subprocess.DEVNULL,
        stdout=subprocess.PIPE if waits else output,
        stderr=output if waits else subprocess.STDOUT,
        start_new_session=True,
    )


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
    os.environ.setdefault(_WAIT_POLICY, "PASSIVE")


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
