"""What viewers of a live run cost the server: ``python benchmarks/viewers.py``.

Starts the real app on a free port with a run that "trains" in this process, and lets twenty viewers
watch it, first as what the live chart does (one small HTTP request a second), then as whole
browsers do (a WebSocket session on the Train page, whose fragments tick, the chart's requests, and
those of the strip of example pictures, one every two seconds).
Prints the server's CPU time as a share of one core, the bytes of an answer, and how long it takes.
"""

import argparse
import asyncio
import contextlib
import http.client
import json
import math
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import psutil
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cifar_core.config import TrainConfig  # noqa: E402
from cifar_core.records import EpochRecord, StepRecord  # noqa: E402
from cifar_core.run_state import RunState  # noqa: E402
from cifar_core.store import Store  # noqa: E402
from cifar_core.workspace import Workspace  # noqa: E402


@dataclass
class Tally:
    """What the viewers saw; the lists are shared by their threads."""

    took_ms: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    messages: int = 0


def make_run(store: Store) -> str:
    """Add a run that this process plays the worker of."""
    run_id = store.create_run(TrainConfig(epochs=1000), launched_by="cli")
    store.update_run(
        run_id, state=RunState.RUNNING, phase="training", pid=os.getpid(),
        process_started=psutil.Process().create_time(), host=socket.gethostname(),
        started_at=time.time(), steps_per_epoch=400,
    )  # fmt: skip
    return run_id


def take_steps(store: Store, run_id: str, first: int, count: int) -> None:
    """Store so many steps, and the epochs that end with them."""
    records: list[StepRecord | EpochRecord] = []
    for step in range(first, first + count):
        loss = 2.3 * math.exp(-step / 5000) + 0.05 * (step % 7)
        records.append(StepRecord(step, 1 + step // 400, loss, 1e-3, 500.0))
        if step % 400 == 0:
            records.append(EpochRecord(step // 400, step, loss, 0.5, loss, 0.45, 1e-3, 10.0, 60.0))
    store.add_metrics(run_id, records)


def keep_training(store: Store, run_id: str, first: int, steps_per_s: float, end: threading.Event):
    """Take steps four times a second until told to end."""
    while not end.wait(0.25):
        count = max(1, round(steps_per_s / 4))
        take_steps(store, run_id, first, count)
        first += count
        store.add_examples(run_id, first // 100 * 100, [[0.1] * 10] * 8)


def poll(port: int, run_id: str, tally: Tally, end: threading.Event) -> None:
    """Do what one live chart does."""
    connection = http.client.HTTPConnection("localhost", port, timeout=30)
    seen: dict[str, float] = {}
    while True:
        began = time.perf_counter()
        connection.request("GET", f"/api/runs/{run_id}/curves?{urlencode(seen)}")
        content = connection.getresponse().read()
        if seen:
            tally.took_ms.append(1000 * (time.perf_counter() - began))
            tally.sizes.append(len(content))
        note_seen(json.loads(content), seen)
        if end.wait(1.0):
            connection.close()
            return


def poll_examples(port: int, run_id: str, end: threading.Event) -> None:
    """Do what one strip of example pictures does."""
    connection = http.client.HTTPConnection("localhost", port, timeout=30)
    seen = ""
    while not end.wait(2.0):
        connection.request("GET", f"/api/runs/{run_id}/examples?after={seen}")
        seen = str(json.loads(connection.getresponse().read())["step"])
    connection.close()


def note_seen(news: dict, seen: dict[str, float]) -> None:
    """Keep what the chart tells the server next time of what it has."""
    points, epochs = news["points"], news["epochs"]["epoch"]
    if points["step"]:
        seen |= {"after_step": points["step"][-1], "after_loss": points["loss"][-1]}
    if epochs:
        seen["after_epoch"] = epochs[-1]


async def sit_on_page(port: int, run_id: str, tally: Tally, end: threading.Event) -> None:
    """Do what one browser's WebSocket does: open the page, let its fragments tick."""
    address = f"ws://localhost:{port}/_stcore/stream"
    async with websockets.connect(address, max_size=None, subprotocols=["streamlit"]) as channel:
        start = BackMsg()
        start.rerun_script.query_string = f"run={run_id}"
        start.rerun_script.page_name = "train"
        await channel.send(start.SerializeToString())
        ticks: dict[str, asyncio.Task] = {}
        while not end.is_set():
            with contextlib.suppress(TimeoutError):
                frame = await asyncio.wait_for(channel.recv(), 1.0)
                tally.messages += 1
                listen(ForwardMsg.FromString(frame), channel, ticks, run_id)
        for task in ticks.values():
            task.cancel()


def listen(message: ForwardMsg, channel, ticks: dict[str, asyncio.Task], run_id: str) -> None:
    """Begin the timers that the server asks the browser for."""
    if message.WhichOneof("type") != "auto_rerun":
        return
    asked = message.auto_rerun
    if asked.fragment_id not in ticks:
        ticks[asked.fragment_id] = asyncio.ensure_future(
            tick(channel, asked.fragment_id, asked.interval, run_id)
        )


async def tick(channel, fragment_id: str, interval: float, run_id: str) -> None:
    """Ask for a fragment again and again, as the browser's timer does."""
    while True:
        await asyncio.sleep(interval)
        again = BackMsg()
        again.rerun_script.fragment_id = fragment_id
        again.rerun_script.query_string = f"run={run_id}"
        again.rerun_script.page_name = "train"
        await channel.send(again.SerializeToString())


def watch(port: int, run_id: str, viewers: int, seconds: float, server: psutil.Process, *,
          whole: bool) -> tuple[float, Tally]:  # fmt: skip
    """Let viewers watch; return the server's share of a core, and what they saw."""
    tally, end = Tally(), threading.Event()
    threads = [
        threading.Thread(target=poll, args=(port, run_id, tally, end)) for _ in range(viewers)
    ]
    if whole:
        threads += [
            threading.Thread(target=poll_examples, args=(port, run_id, end)) for _ in range(viewers)
        ]

        async def all_sessions() -> None:
            await asyncio.gather(*(sit_on_page(port, run_id, tally, end) for _ in range(viewers)))

        threads.append(threading.Thread(target=lambda: asyncio.run(all_sessions())))
    for thread in threads:
        thread.start()
        time.sleep(1 / len(threads))  # browsers do not poll in step
    time.sleep(8 if whole else 3)  # opening the pages is not what is measured
    tally.took_ms.clear()
    tally.sizes.clear()
    share = measure(server, seconds)
    end.set()
    for thread in threads:
        thread.join()
    return share, tally


def measure(server: psutil.Process, seconds: float) -> float:
    """Return the CPU time of a process as a share of one core."""
    before, began = sum(server.cpu_times()[:2]), time.perf_counter()
    time.sleep(seconds)
    return (sum(server.cpu_times()[:2]) - before) / (time.perf_counter() - began)


@contextlib.contextmanager
def serving(home: Path):
    """Start the app; yield its port and its process."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", str(ROOT / "streamlit_app.py"),
         "--server.port", str(port), "--server.headless", "true"],
        env={**os.environ, "CIFAR_HOME": str(home)}, cwd=ROOT,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _ in range(300):
            with contextlib.suppress(OSError):
                socket.create_connection(("localhost", port), timeout=1).close()
                break
            time.sleep(0.1)
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def report(name: str, share: float, idle: float, viewers: int, tally: Tally) -> None:
    """Print one line of the table."""
    line = f"{name:28} {100 * share:6.2f} % of a core ({100 * (share - idle) / viewers:.3f} % each)"
    if tally.took_ms:
        slow = statistics.quantiles(tally.took_ms, n=20)[-1]
        line += (
            f", answer {statistics.median(tally.sizes):.0f} B (largest {max(tally.sizes)} B) in "
            f"{statistics.median(tally.took_ms):.1f} ms (95 %: {slow:.1f} ms)"
        )
    print(line)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--viewers", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--steps", type=int, default=20_000, help="steps that the run has taken")
    parser.add_argument("--steps-per-s", type=float, default=40)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Workspace(Path(folder)))
        run_id = make_run(store)
        take_steps(store, run_id, 1, options.steps)
        end = threading.Event()
        training = threading.Thread(
            target=keep_training,
            args=(store, run_id, options.steps + 1, options.steps_per_s, end),
        )
        training.start()
        with serving(Path(folder)) as (port, server):
            time.sleep(3)
            idle = measure(server, options.seconds / 2)
            print(f"{'no viewer':28} {100 * idle:6.2f} % of a core")
            for whole, name in ((False, "charts"), (True, "browsers on Train")):
                share, tally = watch(
                    port, run_id, options.viewers, options.seconds, server, whole=whole
                )
                report(f"{options.viewers} {name}", share, idle, options.viewers, tally)
                if whole:
                    print(f"  {tally.messages} WebSocket messages")
        end.set()
        training.join()


if __name__ == "__main__":
    main()
