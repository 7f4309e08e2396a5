"""Which run a group of processes worked on before torchrun started it again.

torchrun restarts all processes with the same command line after it lost one. The launcher stays the
same process meanwhile, so its number and start time tell the group from all others on the machine;
the restarts it counts do not, for those that another machine asked for are not among them. Imports
no torch.
"""

import os
import socket
import sys
from pathlib import Path
from typing import NoReturn

import psutil

from cifar_core.files import write_atomically
from cifar_core.store import Store

_UNDER_TORCHRUN = "TORCHELASTIC_RUN_ID"


def start_together(processes: int) -> NoReturn:
    """Begin this program again as so many processes; the first of them goes on from the start."""
    command = [*python_command(processes), "-m", "cifar_core", *sys.argv[1:]]
    os.execv(command[0], command)


def python_command(processes: int) -> list[str]:
    """Return how Python is started as so many processes of this machine that work together."""
    if processes == 1:
        return [sys.executable]
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    return [sys.executable, *launcher]


def interrupted_run(store: Store) -> str:
    """Return the run that this group was at when it lost a process; empty where it has not."""
    if _UNDER_TORCHRUN not in os.environ:
        return ""
    try:
        return _note_path(store).read_text(encoding="utf-8")
    except FileNotFoundError:  # the first start, or lost before it had a run
        return ""


def note_run(store: Store, run_id: str) -> None:
    """Note which run this group works on; outside torchrun, do nothing."""
    if _UNDER_TORCHRUN in os.environ:
        path = _note_path(store)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, run_id.encode())


def _note_path(store: Store) -> Path:
    launcher = psutil.Process(os.getppid())
    name = f"{socket.gethostname()}-{launcher.pid}-{launcher.create_time():.0f}"
    return store.workspace.root / "torchrun" / name
