"""Does bfloat16 cost accuracy? The same trainings in both precisions, over seeds.

    python benchmarks/precision.py [--data builtin] [--model simple_cnn] [--seeds 20] [--epochs 4]

A pair a seed: the same first weights, order, mirroring and shifts, trained in float32 and in
bfloat16, and asked about the test images, by the one as by the other in float32; the network that
was trained in bfloat16 once more in bfloat16, as its run does. Printed: the accuracies, and the
mean difference with its 95 % interval (Student's t over the pairs).
"""

import argparse
import os
import platform
import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cifar_core.process import prepare_to_compute  # noqa: E402

prepare_to_compute()

import torch  # noqa: E402
from scipy.stats import t as student  # noqa: E402

from cifar_core.config import TrainConfig  # noqa: E402
from cifar_core.data.image_set import ImageSet  # noqa: E402
from cifar_core.data.sources import open_data  # noqa: E402
from cifar_core.data.splits import split_images  # noqa: E402
from cifar_core.devices import flushed_denormals  # noqa: E402
from cifar_core.inference import iterate_logits  # noqa: E402
from cifar_core.presets import presets  # noqa: E402
from cifar_core.training import Training, start_training, train  # noqa: E402
from cifar_core.workspace import Workspace  # noqa: E402

FLOAT, HALF = "float32", "bfloat16"
BEST_OF = ("speed_cnn", "wide_speed_cnn")
"""Networks that are trained as the preset "best" does; others with Adam and the usual settings."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="builtin")
    parser.add_argument("--model", default="simple_cnn")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--train-size", type=int, default=20_000)
    options = parser.parse_args()
    data = open_data(options.data, Workspace.default())
    config = settings(options, data)
    print(f"{data.name}, {config.model}, {config.train_size:,} images, {config.epochs} epochs, "
          f"{platform.machine()}, {os.cpu_count()} cores")  # fmt: skip
    print(f"seed  {FLOAT}  {HALF}  tested in {HALF}")
    with flushed_denormals():
        seeds = range(options.first_seed, options.first_seed + options.seeds)
        rows = [measure(config.replace(seed=seed), data) for seed in seeds]
    report([half - single for single, half, _ in rows], f"trained in {HALF}")
    report([tested - half for _, half, tested in rows], f"tested in {HALF}, too")


def settings(options: argparse.Namespace, data: ImageSet) -> TrainConfig:
    """Return the settings of all the trainings, but for precision and seed."""
    config = TrainConfig(model=options.model, flip=True, shift=4)
    if options.model in BEST_OF:
        best = next(preset for preset in presets(has_gpu=False) if preset.name == "best")
        config = best.settings(data.num_train, data.num_test).replace(model=options.model)
    return config.replace(
        data=options.data, epochs=options.epochs, train_size=options.train_size, val_size=0,
        test_size=data.num_test, layout="channels_last",
    )  # fmt: skip


def measure(config: TrainConfig, data: ImageSet) -> tuple[float, float, float]:
    """Return the accuracy of each: trained in one, in the other, and tested in the other, too."""
    single = trained(config.replace(precision=FLOAT), data)
    half = trained(config.replace(precision=HALF), data)
    row = (
        accuracy(single, data, FLOAT),
        accuracy(half, data, FLOAT),
        accuracy(half, data, HALF),
    )
    print("{:>4}  {:7.2%}  {:8.2%}  {:14.2%}".format(config.seed, *row), flush=True)
    return row


def trained(config: TrainConfig, data: ImageSet) -> Training:
    training = start_training(config, data)
    for _ in train(training, split_images(data, config)):
        pass
    return training


def accuracy(training: Training, data: ImageSet, precision: str) -> float:
    """Return the share of right answers to the test images."""
    test = split_images(data, training.config).test
    logits = iterate_logits(
        training.model, test, training.preprocessing, device=training.device, precision=precision
    )
    return (torch.cat(list(logits)).argmax(1) == test.labels).double().mean().item()


def report(differences: list[float], what: str) -> None:
    count, mean = len(differences), statistics.mean(differences)
    line = f"{what}: {100 * mean:+.2f} points on average"
    if count > 1:
        margin = student.ppf(0.975, count - 1) * statistics.stdev(differences) / count**0.5
        line += f" (95 % interval {100 * (mean - margin):+.2f} to {100 * (mean + margin):+.2f})"
    print(line)


if __name__ == "__main__":
    main()
