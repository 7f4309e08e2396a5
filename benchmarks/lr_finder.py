"""How near is the learning-rate finder's suggestion to the best rate of a sweep?

    python benchmarks/lr_finder.py [--models simple_cnn,vgg] [--optimizers adam,sgd]

For each network and optimiser: the range test, once a seed; then a short training at every rate of
a grid, and the rate with the smallest validation loss at its end. Printed: the grid with its
losses, the suggestions, and by what factor each is off. The two may lie at most a factor of three
apart.
"""

import argparse
import math
import os
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cifar_core.process import prepare_to_compute  # noqa: E402

prepare_to_compute()

from cifar_core.config import TrainConfig  # noqa: E402
from cifar_core.data.image_set import ImageSet  # noqa: E402
from cifar_core.data.sources import open_data  # noqa: E402
from cifar_core.data.splits import split_images  # noqa: E402
from cifar_core.errors import TrainingError  # noqa: E402
from cifar_core.lr_finder import find_learning_rate  # noqa: E402
from cifar_core.rate_curve import suggest_rates  # noqa: E402
from cifar_core.records import EpochRecord  # noqa: E402
from cifar_core.training import start_training, train  # noqa: E402
from cifar_core.workspace import Workspace  # noqa: E402

GRIDS = {
    "adam": tuple(1e-4 * 2**n for n in range(8)),
    "adamw": tuple(1e-4 * 2**n for n in range(8)),
    "sgd": tuple(1e-3 * 2**n for n in range(8)),
}
SIZES = {"simple_cnn": (20_000, 2), "vgg": (4_000, 2), "resnet18": (1_000, 1)}
"""Training images and epochs of each training of the sweep: what a processor does in seconds."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", default="simple_cnn,vgg")
    parser.add_argument("--optimizers", default="adam,sgd")
    parser.add_argument("--data", default="builtin")
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    data = open_data(options.data, Workspace.default())
    print(f"{data.name}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for model in options.models.split(","):
        for optimizer in options.optimizers.split(","):
            compare(model, optimizer, options.data, data, options.seeds)


def compare(model: str, optimizer: str, name: str, data: ImageSet, seeds: int) -> None:
    train_size, epochs = SIZES[model]
    config = TrainConfig(
        data=name, model=model, optimizer=optimizer, epochs=epochs,
        train_size=min(train_size, data.num_train - 1_000), val_size=1_000, test_size=10,
        precision="auto", layout="auto",
    )  # fmt: skip
    print(f"\n{model}, {optimizer}, {train_size:,} images, {epochs} epochs", flush=True)
    began = time.perf_counter()
    found = [
        suggest_rates(list(find_learning_rate(config.replace(seed=seed), data)), config)
        for seed in range(seeds)
    ]
    print(f"range test: {(time.perf_counter() - began) / seeds:.0f} s", flush=True)
    losses = {}
    for rate in GRIDS[optimizer]:
        losses[rate] = sweep_loss(config.replace(learning_rate=rate), data)
        print(f"  rate {rate:<8g} validation loss {losses[rate]:.3f}", flush=True)
    best = min(losses, key=losses.__getitem__)
    print(f"best of the sweep: {best:g}")
    for kind in ("advised", "steepest", "valley"):
        report(kind, [getattr(s, kind) for s in found], best)


def sweep_loss(config: TrainConfig, data: ImageSet) -> float:
    """Return the validation loss at the end of a training; infinite where it diverged."""
    try:
        records = list(train(start_training(config, data), split_images(data, config)))
    except TrainingError:
        return math.inf
    last = records[-1]
    assert isinstance(last, EpochRecord) and last.val_loss is not None
    return last.val_loss


def report(kind: str, rates: list[float | None], best: float) -> None:
    known = [rate for rate in rates if rate is not None]
    if not known:
        print(f"{kind:>9}: nothing found")
        return
    factors = [max(rate / best, best / rate) for rate in known]
    said = ", ".join(f"{rate:.2g}" for rate in known)
    print(f"{kind:>9}: {said}; off by a factor of {statistics.median(factors):.1f}"
          f" (at most {max(factors):.1f})")  # fmt: skip


if __name__ == "__main__":
    main()
