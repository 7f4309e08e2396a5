"""Which run a group of processes worked on before torchrun started it again.

torchrun restarts all processes with the same command line after it lost one. The launcher stays the
same process meanwhile, so its number tells the group from others on the machine. Imports no torch.
"""

import os
import socket
from pathlib import Path

from cifar_core.files import write_atomically
from cifar_core.store import Store

_RESTARTS = "TORCHELASTIC_RESTART_COUNT"


def interrupted_run(store: Store) -> str:
    """Return the run that this group was at when it lost a process; empty where it has not."""
    path = _note_path(store)
    if not int(os.environ.get(_RESTARTS, "0")):
        path.unlink(missing_ok=True)  # of an earlier launcher with the same number
        return ""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:  # lost before it had a run
        return ""


def note_run(store: Store, run_id: str) -> None:
    """Note which run this group works on; outside torchrun, do nothing."""
    if _RESTARTS in os.environ:
        path = _note_path(store)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, run_id.encode())


def _note_path(store: Store) -> Path:
    folder = store.workspace.root / "torchrun"
    return folder / f"{socket.gethostname()}-{os.getppid()}"
