"""What a run costs beside its steps: records, store, commands, checkpoints, example pictures.

    python benchmarks/bookkeeping.py [--data builtin] [--model simple_cnn] [--rounds 5]

In turns, the same training as a run of the worker, and ``training.train`` drained by nobody. Of the
run, every second is counted that the worker spends outside of ``train``, by what it does there.
Printed: the share of those seconds in the training, medians over the rounds, and the run's images a
second as a ratio of the drained training's.
"""

import argparse
import functools
import os
import platform
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cifar_core.process import prepare_to_compute  # noqa: E402

prepare_to_compute()

from cifar_core import worker  # noqa: E402
from cifar_core.config import TrainConfig  # noqa: E402
from cifar_core.data.sources import open_data  # noqa: E402
from cifar_core.data.splits import split_images  # noqa: E402
from cifar_core.devices import flushed_denormals  # noqa: E402
from cifar_core.examples import ExampleWatcher  # noqa: E402
from cifar_core.health_probe import HealthProbe  # noqa: E402
from cifar_core.recorder import Recorder  # noqa: E402
from cifar_core.records import Record  # noqa: E402
from cifar_core.run_control import RunControl  # noqa: E402
from cifar_core.run_files import RunFiles  # noqa: E402
from cifar_core.store import Store  # noqa: E402
from cifar_core.training import start_training, train  # noqa: E402
from cifar_core.tuning import tuned  # noqa: E402
from cifar_core.workspace import Workspace  # noqa: E402

PARTS = {
    "records": (Recorder, "add"),
    "commands": (RunControl, "between_steps"),
    "checkpoints": (RunFiles, "save_state_if_due"),
    "kept weights": (RunFiles, "after_epoch"),
    "example pictures": (ExampleWatcher, "look_if_due"),
    "health": (HealthProbe, "look_if_due"),
}
"""What the worker calls between two records; health lets commands through meanwhile."""

seconds: Counter[str] = Counter()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="builtin")
    parser.add_argument("--model", default="simple_cnn")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    for name, (kind, method) in PARTS.items():
        setattr(kind, method, counted(name, getattr(kind, method)))
    worker.train = watched_train
    data = open_data(options.data, Workspace.default())
    config = TrainConfig(
        data=options.data, model=options.model, epochs=6, val_size=1_000,
        test_size=1_000, flip=True, shift=4, precision="auto", layout="auto",
    )  # fmt: skip
    config = tuned(config, Workspace.default())
    print(f"{data.name}, {platform.machine()}, {os.cpu_count()} cores, "
          f"load {os.getloadavg()[0]:.1f}, {config.model}, {config.precision}")  # fmt: skip
    with tempfile.TemporaryDirectory() as home, flushed_denormals():
        store = Store(Workspace(Path(home)))
        (Path(home) / "data").symlink_to(Workspace.default().root / "data")
        rounds = [measure(store, config) for _ in range(options.rounds)]
    report(rounds)


def counted(name: str, method: Callable[..., object]) -> Callable[..., object]:
    """Return a method that adds up its own seconds."""

    @functools.wraps(method)
    def timed(*args: object, **kwargs: object) -> object:
        began = time.perf_counter()
        try:
            return method(*args, **kwargs)
        finally:
            seconds[name] += time.perf_counter() - began

    return timed


def watched_train(*args: object) -> Iterator[Record]:
    """Train, and count the seconds inside and outside."""
    records, left = train(*args), None
    while True:
        began = time.perf_counter()
        if left is not None:
            seconds["outside"] += began - left
        record = next(records, None)
        left = time.perf_counter()
        seconds["inside"] += left - began
        if record is None:
            return
        yield record


def measure(store: Store, config: TrainConfig) -> dict[str, float]:
    """Return shares of a run's seconds, and its rate as a ratio of the drained training's."""
    seconds.clear()
    worker.work(store, store.create_run(config, name="", launched_by="benchmark"))
    run = dict(seconds)
    data = open_data(config.data, Workspace.default())
    began = time.perf_counter()
    for _ in train(start_training(config, data), split_images(data, config)):
        pass
    drained = time.perf_counter() - began
    whole = run["inside"] + run["outside"]
    shares = {name: run.get(name, 0.0) / whole for name in ("outside", *PARTS)}
    return shares | {"ratio": drained / whole}


def report(rounds: list[dict[str, float]]) -> None:
    for name in rounds[0]:
        values = [values[name] for values in rounds]
        if name == "ratio":
            print(f"the run's rate is {statistics.median(values):.3f} of the drained training's "
                  f"({min(values):.3f} to {max(values):.3f})")  # fmt: skip
        else:
            print(f"{name:>16}: {statistics.median(values):7.2%} of the training "
                  f"({min(values):.2%} to {max(values):.2%})")  # fmt: skip


if __name__ == "__main__":
    main()
