"""A process that waits for the next run with everything imported; this side starts and uses it.

Most of the time between a click and the first step goes into starting Python and importing torch.
Where a run is to be expected, a process does that beforehand. What it does itself is in
``standby_worker``. Imports no torch.
"""

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import psutil

from cifar_core.errors import RunError
from cifar_core.process import start_process

STANDBY_VARIABLE = "CIFAR_STANDBY"
"""Seconds that a process waits for a run; 0 lets none wait."""
TAKEN = b"taken\n"
"""What the waiting process answers to an order."""

_DEFAULT_PATIENCE_S = 600
_ANSWER_LIMIT_S = 2.0
_MEMORY_NEEDED = 1_500 * 10**6
"""Bytes that must be free: it holds some 300 MB while it waits."""

_lock = threading.Lock()
_waiting: list[subprocess.Popen[bytes]] = []
"""The process that waits; at most one."""


def keep_worker_ready(home: Path) -> None:
    """Let a process wait for the next run, unless one does or the machine is short of memory.

    Args:
        home: the root of a workspace; whoever hands a run over may name another.

    Raises:
        RunError: CIFAR_STANDBY is no number of seconds.
    """
    patience_s = _patience()
    with _lock:
        _forget_ended()
        if _waiting or not patience_s or psutil.virtual_memory().available < _MEMORY_NEEDED:
            return
        with contextlib.suppress(OSError):  # only a faster start is lost
            _waiting.append(_start(home, patience_s))


def hand_over(run_id: str, *, home: Path, log_path: Path) -> subprocess.Popen[bytes] | None:
    """Give a run to the process that waits.

    Args:
        run_id: the run.
        home: the root of its workspace.
        log_path: where the process prints to from now on.

    Returns:
        The process, which works on the run now; None where none took it.
    """
    with _lock:
        process = _waiting.pop() if _waiting else None
    if process is None:
        return None
    order = {"run_id": run_id, "home": str(home), "log": str(log_path)}
    taken = _answer(process, json.dumps(order).encode() + b"\n") == TAKEN
    if not taken:
        _end(process)  # so that it does not begin later on
        return None
    _close_pipes(process)
    return process


def dismiss_worker() -> None:
    """Let no process wait any more."""
    with _lock:
        for process in _waiting:
            _end(process)
        _waiting.clear()


def _patience() -> int:
    text = os.environ.get(STANDBY_VARIABLE, str(_DEFAULT_PATIENCE_S))
    if not re.fullmatch("[0-9]{1,6}", text):
        raise RunError(f"{STANDBY_VARIABLE} is {text!r}; expected seconds, from 0 to 999999.")
    return int(text)


def _start(home: Path, patience_s: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "cifar_core.standby_worker", str(patience_s)]
    with Path(os.devnull).open("wb") as nowhere:  # what fails, the run tells
        return start_process(command, home, nowhere, waits=True)


def _answer(process: subprocess.Popen[bytes], order: bytes) -> bytes:
    """Send an order; return what the process says within the time limit, perhaps nothing."""
    orders, answers = process.stdin, process.stdout
    assert orders and answers
    try:
        orders.write(order)
        orders.flush()
    except OSError:  # it has just ended
        return b""
    said: list[bytes] = []
    # a thread, for only sockets can be waited for with a limit on every system
    reader = threading.Thread(target=lambda: said.append(answers.readline()), daemon=True)
    reader.start()
    reader.join(_ANSWER_LIMIT_S)
    return said[0] if said else b""


def _forget_ended() -> None:
    for process in [process for process in _waiting if process.poll() is not None]:
        _close_pipes(process)
        _waiting.remove(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    _close_pipes(process)


def _close_pipes(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        with contextlib.suppress(OSError):  # an order that nobody read
            if pipe:
                pipe.close()
