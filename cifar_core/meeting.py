"""Where the processes of a group meet: a store that belongs to one start of the group alone.

torchrun keeps one store for all its starts. After a restart the processes would read in it the
addresses of those that were lost, and the number of restarts, which each machine counts for itself,
cannot tell the starts apart. So the first process of each start opens a store of its own, and
torchrun's says only where that is.
"""

import contextlib
import os
import socket
import time
from datetime import timedelta

from torch.distributed import Store, TCPStore  # type: ignore[attr-defined]
from torch.distributed.rendezvous import rendezvous

_PLACE = "cifar_core/meeting"
_LOOK_INTERVAL_S = 0.2


def meet(patience: timedelta) -> tuple[Store, int, int]:
    """Return the store of this start, the rank of this process, and how many there are.

    Args:
        patience: how long to wait for the first process.

    Raises:
        TimeoutError: it did not come.
    """
    board, rank, size = next(rendezvous("env://", timeout=patience))
    host = os.environ["MASTER_ADDR"]
    if rank == 0:
        store = TCPStore(host, 0, size, is_master=True, timeout=patience, wait_for_workers=False)
        board.set(_PLACE, str(store.port))
        return store, rank, size
    deadline = time.monotonic() + patience.total_seconds()
    while time.monotonic() < deadline:
        port = int(board.get(_PLACE))  # waits for the first start; later it may be an old one's
        if _is_open(host, port):
            return TCPStore(host, port, size, is_master=False, timeout=patience), rank, size
        time.sleep(_LOOK_INTERVAL_S)
    raise TimeoutError(f"The first process did not open its store on {host}.")


def _is_open(host: str, port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=2.0):
        return True
    return False
