"""How much slower is a training that somebody watches in the app than the same from a shell?

    python benchmarks/training_under_app.py [--pairs 5] [--epochs 4]

Interleaved pairs, alternating which comes first: the run from the command line, and the run started
as the Train page starts it, with the server up and a headless Chromium open on the live chart.
Printed: images a second of each (training time only, from the run's own records) and the ratio.
Chromium runs on the same machine, as it does for a learner.
"""

import argparse
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
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cifar_core import jobs  # noqa: E402
from cifar_core.config import TrainConfig  # noqa: E402
from cifar_core.run_state import ENDED, RunState  # noqa: E402
from cifar_core.store import Store  # noqa: E402
from cifar_core.workspace import Workspace  # noqa: E402

CHROMIUM = "/usr/bin/chromium"
CHROMIUM_OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["CIFAR_HOME"] = home
        store = Store(Workspace.default())
        config = TrainConfig(epochs=options.epochs, train_size=20_000, val_size=1_000)
        command_line_run(store, config.replace(epochs=1))  # draws the images, warms the caches
        pairs = [measure_pair(store, config, number) for number in range(options.pairs)]
    report(pairs)


def measure_pair(store: Store, config: TrainConfig, number: int) -> tuple[float, float]:
    """Return images a second from the shell and under the app."""
    if number % 2:
        watched = watched_run(store, config)
        return command_line_run(store, config), watched
    return command_line_run(store, config), watched_run(store, config)


def command_line_run(store: Store, config: TrainConfig) -> float:
    before = {run.run_id for run in store.runs()}
    options = ["--epochs", str(config.epochs), "--train-size", str(config.train_size),
               "--val-size", str(config.val_size)]  # fmt: skip
    subprocess.run(
        [sys.executable, "-m", "cifar_core", "train", *options],
        cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    (run_id,) = {run.run_id for run in store.runs()} - before
    return speed(store, run_id)


def watched_run(store: Store, config: TrainConfig) -> float:
    with served() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{url}/train")
        page.get_by_role("heading", level=1).wait_for(timeout=60_000)
        run_id = jobs.start_run(store, config)
        page.goto(f"{url}/train?run={run_id}")
        page.locator(".js-plotly-plot").first.wait_for(timeout=120_000)
        while jobs.run_state(store.run(run_id)) not in ENDED:
            page.wait_for_timeout(200)
        browser.close()
    assert store.run(run_id).state == RunState.FINISHED, store.run(run_id).message
    return speed(store, run_id)


def speed(store: Store, run_id: str) -> float:
    """Return the training images a second over all but the first epoch, validation included."""
    run, epochs = store.run(run_id), store.epochs(run_id)
    later = epochs[1:] or epochs
    return len(later) * run.about["sizes"]["train"] / sum(epoch.seconds for epoch in later)


@contextmanager
def served() -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "streamlit_app.py",
         "--server.port", str(port), "--server.headless", "true"],
        cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        wait_for_health(f"http://localhost:{port}")
        yield f"http://localhost:{port}"
    finally:
        server.terminate()
        server.wait(30)


def wait_for_health(url: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=2).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def report(pairs: list[tuple[float, float]]) -> None:
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
          f"load {os.getloadavg()[0]:.1f}")  # fmt: skip
    print("pair  shell images/s  app images/s  app / shell")
    for number, (shell, app) in enumerate(pairs, 1):
        print(f"{number:>4}  {shell:>14,.0f}  {app:>12,.0f}  {app / shell:>11.3f}")
    print(f"median ratio {statistics.median(app / shell for shell, app in pairs):.3f}")


if __name__ == "__main__":
    main()
