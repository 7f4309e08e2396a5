"""Processes that compute: how they are started, and what they set before their first step.

Imports no torch.
"""

import ctypes
import os
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

SLOTS_VARIABLE = "CIFAR_PARALLEL_RUNS"
"""How many runs may train at once; see ``jobs.slots``."""

_WAIT_POLICY, _SPIN_COUNT = "OMP_WAIT_POLICY", "GOMP_SPINCOUNT"
_SPINS = "10000"
"""A tenth to half a millisecond, by processor."""
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
    environment |= wait_policy()
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
    """Let threads wait well and freed memory stay. Call it before torch is imported."""
    os.environ.update(wait_policy())
    keep_freed_memory()


def wait_policy() -> dict[str, str]:
    """Return how OpenMP's threads wait for each other, as variables of the environment.

    libgomp, which reads them once when torch loads it, lets a waiting thread spin for long.
    Spinning threads keep the one they wait for off its core as soon as anything else runs; threads
    that sleep at once are woken for every operation. SimpleCNN's bare step at batch 64 on two
    cores, in ms:

    - 5.2 asleep, 3.2 with 10,000 spins and 3.0 with 300,000, as libgomp's own, on an idle machine;
    - 11, 16 and more than 30 beside another program that keeps one core busy.

    Watched in the app, with server and browser on the same two cores, a run with 10,000 spins is
    1.15 times as fast as one asleep (``benchmarks/training_under_app.py``).

    So they spin for a moment and then sleep; where several runs train at once, they sleep at once.

    Returns:
        Nothing where the environment already says how.
    """
    if _WAIT_POLICY in os.environ or _SPIN_COUNT in os.environ:
        return {}
    alone = os.environ.get(SLOTS_VARIABLE, "1") == "1"
    return {_WAIT_POLICY: "PASSIVE"} | ({_SPIN_COUNT: _SPINS} if alone else {})


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
