"""How much faster is a training in several processes?

    python benchmarks/scaling.py [--data builtin] [--models simple_cnn,speed_cnn] [--processes 1,2]

Each row is the same run: once in one process with all cores, then under ``torchrun`` in so many
processes, which share the cores. The rate is that of the run's own records, the median over its
epochs but the first. On one processor nothing can be gained, and the table says what the exchange
of gradients costs; with several devices it says what they bring.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cifar_core.restarts import python_command  # noqa: E402
from cifar_core.store import Store  # noqa: E402
from cifar_core.workspace import Workspace  # noqa: E402

EPOCHS = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="builtin")
    parser.add_argument("--models", default="simple_cnn")
    parser.add_argument("--processes", default="1,2")
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--train-size", type=int, default=8_000)
    options = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, batch "
          f"{options.batch_size}, {options.train_size} images")  # fmt: skip
    for model in options.models.split(","):
        alone = 0.0
        for number in map(int, options.processes.split(",")):
            rate = images_per_second(model, number, options)
            alone = alone or rate
            print(f"{model:>12}, {number} processes: {rate:8,.0f} images/s, "
                  f"{rate / alone:.2f} of the first row", flush=True)  # fmt: skip


def images_per_second(model: str, processes: int, options: argparse.Namespace) -> float:
    """Train in a workspace of its own and return the median rate of the later epochs."""
    settings = [
        "--data", options.data, "--model", model, "--batch-size", str(options.batch_size),
        "--epochs", str(EPOCHS), "--train-size", str(options.train_size), "--val-size", "0",
        "--test-size", "10", "--learning-rate", "0.001", "--precision", "auto", "--layout", "auto",
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        threads = str(max(1, (os.cpu_count() or 1) // processes))
        command = [*python_command(processes), "-m", "cifar_core", "train", *settings]
        subprocess.run(
            command, check=True, cwd=ROOT,
            env={**os.environ, "CIFAR_HOME": folder, "OMP_NUM_THREADS": threads},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        store = Store(Workspace(Path(folder)))
        epochs = store.epochs(store.runs()[0].run_id)
    return statistics.median(options.train_size / epoch.seconds for epoch in epochs[1:])


if __name__ == "__main__":
    main()
