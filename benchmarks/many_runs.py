"""What 200 runs of 10,000 points each cost the Runs page: ``python benchmarks/many_runs.py``.

Two real servers, one over a store with one run and one over a store with many. In each store one
run goes on (this process plays its worker), the others have ended. Measured in turns, so that a
busy machine slows both alike:

- opening Runs: in Chromium by the menu until the table is drawn, and the script alone over a
  WebSocket;
- a tick of the live pages: the fragments of Runs and Train that the server asks the browser to
  repeat, the live run chosen and growing by ten steps before each; time, and the server's CPU time.

With ``--epochs 10000`` each point is an epoch's, not a step's: the worst case for the table.
"""

import argparse
import asyncio
import contextlib
import math
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import websockets
from playwright.sync_api import Page, sync_playwright
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cifar_core.config import TrainConfig  # noqa: E402
from cifar_core.records import EpochRecord, StepRecord  # noqa: E402
from cifar_core.run_state import RunState  # noqa: E402
from cifar_core.store import Store  # noqa: E402
from cifar_core.workspace import Workspace  # noqa: E402

CHROMIUM = "/usr/bin/chromium"
CHROMIUM_OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
LIMIT_S = 60


@dataclass
class Case:
    """A store, its server, and what was measured, in milliseconds."""

    num_runs: int
    store: Store
    live: str
    step: int
    port: int
    server: psutil.Process
    took: dict[str, list[float]] = field(default_factory=dict)

    def note(self, what: str, seconds: float) -> None:
        """Keep a measurement."""
        self.took.setdefault(what, []).append(1000 * seconds)


def fill(store: Store, num_runs: int, points: int, epochs: int) -> str:
    """Add ended runs and a live one, which is the newest; return the live one's id."""
    for number in range(num_runs):
        rate, live = 1e-4 * (1 + number % 7), number == num_runs - 1
        config = TrainConfig(epochs=2 * epochs, learning_rate=rate, seed=number)
        run_id = store.create_run(config, name=f"run {number}", launched_by="cli")
        store.add_metrics(run_id, make_points(1, points, max(1, points // epochs)))
        ended = {"state": RunState.FINISHED, "finished_at": time.time(),
                 "result": {"test": {"accuracy": 0.6, "num_images": 10_000}}}  # fmt: skip
        going = {"state": RunState.RUNNING, "phase": "training", "pid": os.getpid(),
                 "process_started": psutil.Process().create_time(),
                 "host": socket.gethostname()}  # fmt: skip
        store.update_run(run_id, started_at=time.time() - 600, steps_per_epoch=points // epochs,
                         **(going if live else ended))  # fmt: skip
    return run_id


def make_points(first: int, count: int, per_epoch: int) -> list[StepRecord | EpochRecord]:
    """Return so many steps, and the epochs that end with them."""
    records: list[StepRecord | EpochRecord] = []
    for step in range(first, first + count):
        loss = 2.3 * math.exp(-step / 5000) + 0.05 * (step % 7)
        records.append(StepRecord(step, 1 + (step - 1) // per_epoch, loss, 1e-3, 500.0))
        if step % per_epoch == 0:
            epoch = step // per_epoch
            records.append(EpochRecord(epoch, step, loss, 0.5, loss, 0.45, 1e-3, 10.0, 60.0))
    return records


@contextlib.contextmanager
def opened(num_runs: int, points: int, epochs: int) -> Iterator[Case]:
    """Fill a store and start a server over it."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as listener:
        store = Store(Workspace(Path(folder)))
        live = fill(store, num_runs, points, epochs)
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        listener.close()
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", str(ROOT / "streamlit_app.py"),
             "--server.port", str(port), "--server.headless", "true"],
            env={**os.environ, "CIFAR_HOME": folder}, cwd=ROOT,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            wait_for_health(port)
            yield Case(num_runs, store, live, points, port, psutil.Process(process.pid))
        finally:
            process.terminate()
            process.wait(30)


def wait_for_health(port: int) -> None:
    deadline = time.monotonic() + LIMIT_S
    while True:
        try:
            urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=2).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


class Session:
    """A browser's WebSocket, on one page with one run chosen."""

    def __init__(self, channel, page: str, query: str):
        self.channel, self.page, self.query = channel, page, query
        self.fragments: set[str] = set()

    async def run(self, fragment_id: str = "") -> float:
        """Let the server draw the page, or a fragment of it; return the seconds until it has."""
        ask = BackMsg()
        ask.rerun_script.page_name, ask.rerun_script.query_string = self.page, self.query
        ask.rerun_script.fragment_id = fragment_id
        began = time.perf_counter()
        await self.channel.send(ask.SerializeToString())
        wanted = (
            ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY if fragment_id
            else ForwardMsg.FINISHED_SUCCESSFULLY
        )  # fmt: skip
        while True:
            frame = await asyncio.wait_for(self.channel.recv(), LIMIT_S)
            message = ForwardMsg.FromString(frame)
            kind = message.WhichOneof("type")
            if kind == "auto_rerun":
                self.fragments.add(message.auto_rerun.fragment_id)
            elif kind == "script_finished" and message.script_finished == wanted:
                return time.perf_counter() - began


@contextlib.asynccontextmanager
async def session(case: Case, page: str, query: str):
    address = f"ws://localhost:{case.port}/_stcore/stream"
    async with websockets.connect(address, max_size=None, subprotocols=["streamlit"]) as channel:
        yield Session(channel, page, query)


async def measure_openings(cases: list[Case], repeats: int) -> None:
    """Time the script of Runs, without a choice, in new sessions."""
    for number in range(repeats + 1):
        for case in cases:
            async with session(case, "runs", "") as visitor:
                took = await visitor.run()
            case.note("open, script, first" if number == 0 else "open, script", took)


async def measure_ticks(cases: list[Case], page: str, parameter: str, repeats: int) -> None:
    """Time the fragments that tick while the live run grows."""
    async with contextlib.AsyncExitStack() as stack:
        visitors = []
        for case in cases:
            visitor = await stack.enter_async_context(
                session(case, page, f"{parameter}={case.live}")
            )
            await visitor.run()
            visitors.append(visitor)
        for _ in range(repeats):
            for case, visitor in zip(cases, visitors, strict=True):
                await tick(case, visitor, page)


async def tick(case: Case, visitor: Session, page: str) -> None:
    """Let the live run grow, then all fragments of the page tick once."""
    records = make_points(case.step + 1, 10, per_epoch=10**9)  # no epoch ends: nothing else redraws
    case.store.add_metrics(case.live, records)
    case.step += 10
    assert visitor.fragments, f"{page} of a live run asks for no tick"
    before = sum(case.server.cpu_times()[:2])
    took = sum([await visitor.run(fragment) for fragment in sorted(visitor.fragments)])
    case.note(f"tick of {page}", took)
    case.note(f"tick of {page}, CPU", sum(case.server.cpu_times()[:2]) - before)


def measure_browser(cases: list[Case], repeats: int) -> None:
    """Time Runs in Chromium, come to from Home by the menu."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
        pages = [browser.new_page(viewport={"width": 1440, "height": 900}) for _ in cases]
        for number in range(repeats + 1):
            for case, page in zip(cases, pages, strict=True):
                took = open_by_menu(case, page)
                case.note("open, browser, first" if number == 0 else "open, browser", took)
        browser.close()


def open_by_menu(case: Case, page: Page) -> float:
    page.goto(f"http://localhost:{case.port}/?lang=en", wait_until="networkidle")
    link = page.get_by_role("link", name="Runs", exact=True).first
    link.wait_for(timeout=1000 * LIMIT_S)
    began = time.perf_counter()
    link.click()
    table = page.get_by_test_id("stDataFrame").locator("canvas").first
    table.wait_for(timeout=1000 * LIMIT_S)
    return time.perf_counter() - began


def report(cases: list[Case]) -> None:
    """Print medians; of CPU time, which is counted in hundredths of a second, means."""
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
          f"load {os.getloadavg()[0]:.1f}")  # fmt: skip
    titles = [f"{case.num_runs} run{'s' * (case.num_runs > 1)}" for case in cases]
    print(f"{'milliseconds':24}" + "".join(f"{title:>14}" for title in titles) + f"{'ratio':>8}")
    for what in cases[0].took:
        middle = statistics.mean if what.endswith("CPU") else statistics.median
        values = [middle(case.took[what]) for case in cases]
        ratio = f"{values[-1] / values[0]:8.2f}" if values[0] else ""
        print(f"{what:24}" + "".join(f"{value:14.1f}" for value in values) + ratio)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--points", type=int, default=10_000, help="steps of each run")
    parser.add_argument("--epochs", type=int, default=25, help="epochs that they make up")
    parser.add_argument("--repeats", type=int, default=7, help="openings")
    parser.add_argument("--ticks", type=int, default=60)
    parser.add_argument("--no-browser", action="store_true")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        cases = [
            stack.enter_context(opened(number, options.points, options.epochs))
            for number in (1, options.runs)
        ]
        asyncio.run(measure_openings(cases, options.repeats))
        asyncio.run(measure_ticks(cases, "runs", "runs", options.ticks))
        asyncio.run(measure_ticks(cases, "train", "run", options.ticks))
        if not options.no_browser:
            measure_browser(cases, options.repeats)
        report(cases)


if __name__ == "__main__":
    main()
