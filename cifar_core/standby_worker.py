"""``python -m cifar_core.standby_worker SECONDS``: imports what a run needs, then waits for one.

One line of JSON on the standard input names the run, and ``standby.TAKEN`` on the standard output
answers it. The process ends without a run when that input closes, for whoever might have one is
gone, or after so many seconds.
"""

import json
import os
import queue
import sys
import threading
from dataclasses import dataclass

from cifar_core.process import keep_freed_memory
from cifar_core.standby import TAKEN


@dataclass(frozen=True)
class Order:
    """What to work on.

    Attributes:
        run_id: the run.
        home: the root of its workspace.
        log: path of the file to print to.
    """

    run_id: str
    home: str
    log: str


class Inbox:
    """Takes the one order, from a thread, also while the main thread still imports."""

    def __init__(self) -> None:
        """Begin to listen."""
        self._orders: queue.Queue[Order | None] = queue.Queue()
        self._lock = threading.Lock()
        self._closed = False
        threading.Thread(target=self._listen, daemon=True).start()

    def wait(self, patience_s: float) -> Order | None:
        """Return the order; None where there will be none."""
        try:
            return self._orders.get(timeout=patience_s)
        except queue.Empty:
            with self._lock:  # an order that came at this very moment was taken, or never is
                self._closed = True
            return None if self._orders.empty() else self._orders.get()

    def _listen(self) -> None:
        line = _read_line()
        with self._lock:
            if self._closed:
                return
            if not line.endswith(b"\n"):
                self._orders.put(None)
                return
            order = Order(**json.loads(line))
            log = os.open(order.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            os.write(1, TAKEN)
            _print_to(log)
            self._orders.put(order)


def _read_line() -> bytes:
    line = b""
    # not sys.stdin: a thread that waits in it would keep the interpreter from ending
    while not line.endswith(b"\n") and (more := os.read(0, 4096)):
        line += more
    return line


def _print_to(log: int) -> None:
    """Let what this process prints go to an open file, and let it read nothing any more."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.close(log)
    os.close(nothing)


def meet_kernels() -> None:
    """Take one step of a small network, so that torch has loaded what the first step needs."""
    import torch

    from cifar_core.devices import flushed_denormals
    from cifar_core.models.simple_cnn import SimpleCNN

    with flushed_denormals():  # as the run will, for these steps start torch's threads
        model = SimpleCNN().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        inputs = torch.zeros(8, 3, 32, 32).contiguous(memory_format=torch.channels_last)
        optimizer = torch.optim.Adam(model.parameters(), fused=True)
        for enabled in (False, True):
            with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
                loss = model(inputs).logsumexp(1).mean()
            loss.backward()
            optimizer.step()


def main(patience_s: float) -> int:
    """Wait for a run and carry it out; return the exit status."""
    inbox = Inbox()
    keep_freed_memory()
    from cifar_core import worker  # takes a second: an order is heard meanwhile

    meet_kernels()
    order = inbox.wait(patience_s)
    if order is None:
        return 0
    os.environ["CIFAR_HOME"] = order.home
    return worker.main(order.run_id)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1])))
