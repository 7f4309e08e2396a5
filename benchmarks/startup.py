"""How long until something happens: from the start of a run to its first recorded step.

    python benchmarks/startup.py [--rounds 5]

Each round starts two runs and waits for their first step in the store: one in a new process, one as
the Train page does, in a process that waits with everything imported (``standby``). Beside them,
the time that Python takes to import torch and to end again. The first round also measures which
precision is fastest, as the first run on a machine does. Printed: the times, and their medians
without the first round.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cifar_core import jobs, standby  # noqa: E402
from cifar_core.config import TrainConfig  # noqa: E402
from cifar_core.run_state import ACTIVE  # noqa: E402
from cifar_core.store import Store  # noqa: E402
from cifar_core.workspace import Workspace  # noqa: E402

CONFIG = TrainConfig(
    data="builtin", epochs=1, train_size=2_000, val_size=200, test_size=200,
    precision="auto", layout="auto",
)  # fmt: skip
READY_AFTER_S = 6.0
"""Looking at the page before Start is pressed."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CIFAR_HOME"] = folder
        store = Store(Workspace.default())
        prepare = [sys.executable, "-m", "cifar_core", "data", "prepare", "--data", "builtin"]
        subprocess.run(prepare, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        rounds = []
        for _ in range(options.rounds + 1):
            new, ready = seconds_to_first_step(store), seconds_when_one_waits(store)
            rounds.append((new, ready, seconds_to_import_torch()))
            print(
                "new process {:.2f} s, waiting {:.2f} s, torch alone {:.2f} s".format(*rounds[-1])
            )
    medians = [statistics.median(column) for column in zip(*rounds[1:], strict=True)]
    print("medians without the first round: {:.2f} s, {:.2f} s, {:.2f} s".format(*medians))


def seconds_when_one_waits(store: Store) -> float:
    standby.keep_worker_ready(store.workspace.root)
    time.sleep(READY_AFTER_S)
    return seconds_to_first_step(store)


def seconds_to_import_torch() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import torch"], check=True)
    return time.perf_counter() - began


def seconds_to_first_step(store: Store) -> float:
    """Start a run, wait for its first step, then for its end."""
    began = time.perf_counter()
    run_id = jobs.start_run(store, CONFIG)
    while not store.last_step(run_id):
        time.sleep(0.005)
    taken = time.perf_counter() - began
    while jobs.run_state(store.run(run_id)) in ACTIVE:
        time.sleep(0.1)
    return taken


if __name__ == "__main__":
    main()
