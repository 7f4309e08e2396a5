"""How many training images a second: the tutorial's loop, the bare step, and ours.

    python benchmarks/throughput.py [--data builtin] [--models simple_cnn] [--batch-size 64]

Ways to train the same network, taken in turns of a second in an order that changes, for the
machine's own speed drifts:

- the tutorial's loop: PIL transforms picture by picture in a ``DataLoader`` with two workers,
  float32, the usual order in memory, in a process of its own that nobody prepared;
- the bare step: forward, loss, backward and torch's own fused optimiser, on one batch of real
  pictures that is always the same, in the precision and order in memory that are fastest here
  (``tuning``); a rate of 0 keeps the network as it is, for one that knows its one batch by heart
  has hardly a gradient left and computes up to a tenth faster, as nobody's training does. For
  comparison, that one too: random pictures, a rate of 0.001 ("by heart");
- ours: ``training.train`` as any run uses it, mirrored and shifted pictures included.

The bare step takes over our network anew in each round. Printed: the median rate of each, and ours
as a ratio of the others, its median over the rounds and the range of the middle half.
"""

import argparse
import copy
import os
import platform
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

if "--only-tutorial" not in sys.argv:
    from cifar_core.process import prepare_to_compute

    prepare_to_compute()

import torch  # noqa: E402
from PIL import Image  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402
from torch.utils.data import DataLoader, Dataset  # noqa: E402

from cifar_core.config import TrainConfig  # noqa: E402
from cifar_core.data.batches import Batch  # noqa: E402
from cifar_core.data.image_set import ImageSet  # noqa: E402
from cifar_core.data.sources import open_data  # noqa: E402
from cifar_core.data.splits import split_images  # noqa: E402
from cifar_core.devices import autocast, flushed_denormals, memory_format  # noqa: E402
from cifar_core.models.registry import build_model  # noqa: E402
from cifar_core.optimization import build_optimizer, set_learning_rate  # noqa: E402
from cifar_core.records import StepRecord  # noqa: E402
from cifar_core.torchvision_compat import transforms  # noqa: E402
from cifar_core.training import Training, build_loader, start_training, train  # noqa: E402
from cifar_core.tuning import tuned  # noqa: E402
from cifar_core.workspace import Workspace  # noqa: E402

Rates = dict[str, list[float]]
WAIT_POLICY = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
"""What ``process`` sets, and nobody for the tutorial."""
START = "start"
"""A round begins."""
WARM_UP = 30
"""Steps before anything is measured: kernels, caches, workers."""
UNTIMED = 10
"""Steps at the start of each turn: the tutorial's workers have four batches ready by then."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="builtin")
    parser.add_argument("--models", default="simple_cnn")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--only-tutorial", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only_tutorial:
        serve_tutorial(options)
        return
    workspace = Workspace.default()
    data = open_data(options.data, workspace)
    print(f"{data.name}, {platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
          f"torch {torch.__version__}, load {os.getloadavg()[0]:.1f}")  # fmt: skip
    for name in options.models.split(","):
        config = tuned(TrainConfig(
            data=options.data, model=name, batch_size=options.batch_size, epochs=1000,
            flip=True, shift=4, val_size=0, precision="auto", layout="auto",
        ), workspace)  # fmt: skip
        with flushed_denormals():
            report(config, measure(config, data, options.rounds, options.seconds))


def measure(config: TrainConfig, data: ImageSet, rounds: int, seconds: float) -> Rates:
    """Return images a second of each way, a value a round."""
    training = start_training(config, data)
    noise = Batch(
        0, torch.rand(config.batch_size, 3, 32, 32), torch.randint(10, (config.batch_size,))
    )
    real = next(build_loader(training, split_images(data, config).train).batches(1))
    new = build_model(config.model, 10)
    ways = {
        "bare step": bare_steps(config, training.model, real, learning_rate=0.0),
        "by heart": bare_steps(config, new, noise, learning_rate=1e-3),
        "ours": our_steps(training, data),
    }
    rates: Rates = {way: [] for way in ("tutorial", *ways)}
    for steps in ways.values():
        for _ in range(WARM_UP):
            next(steps)
    with Tutorial(config) as tutorial:
        order = list(rates)
        for _ in range(rounds):
            random.shuffle(order)
            for way in order:
                if way == "tutorial":
                    rates[way].append(tutorial.rate(seconds))
                else:
                    steps = ways[way]
                    steps.send(START)
                    rates[way].append(rate_of(steps, seconds))
    return rates


class Tutorial:
    """The process of the tutorial's loop; between two requests it does nothing."""

    def __init__(self, config: TrainConfig) -> None:
        settings = ["--data", config.data, "--models", config.model]
        settings += ["--batch-size", str(config.batch_size)]
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--only-tutorial", *settings],
            env={k: v for k, v in os.environ.items() if k not in WAIT_POLICY},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __enter__(self) -> "Tutorial":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        self.process.wait()

    def rate(self, seconds: float) -> float:
        """Let it train for so long; return its images a second."""
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


def serve_tutorial(options: argparse.Namespace) -> None:
    """Train as the tutorial does for as many seconds as each line of the input says."""
    data = open_data(options.data, Workspace.default())
    steps = tutorial_loop(options.models, options.batch_size, data)
    for _ in range(WARM_UP):
        next(steps)
    for line in sys.stdin:
        print(rate_of(steps, float(line)), flush=True)


def rate_of(steps: Iterator[int], seconds: float) -> float:
    """Take steps for so long and return images a second; a step yields its number of images."""
    for _ in range(UNTIMED):
        next(steps)
    images, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        images += next(steps)
    return images / (time.perf_counter() - began)


class Pictures(Dataset[tuple[Tensor, int]]):
    """Training images one by one, through PIL, as the tutorial reads them."""

    def __init__(self, data: ImageSet) -> None:
        self.images, self.labels = data.images.numpy(), data.labels
        self.num_train = data.num_train
        self.transform = transforms.Compose([
            transforms.ToTensor(), transforms.Normalize((0.5,) * 3, (0.5,) * 3)
        ])  # fmt: skip

    def __len__(self) -> int:
        return self.num_train

    def __getitem__(self, place: int) -> tuple[Tensor, int]:
        return self.transform(Image.fromarray(self.images[place])), int(self.labels[place])


def tutorial_loop(name: str, batch_size: int, data: ImageSet) -> Iterator[int]:
    """Train as the tutorial does, for ever."""
    model = build_model(name, data.num_classes).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    loss_of = nn.CrossEntropyLoss()
    loader = DataLoader(Pictures(data), batch_size, shuffle=True, num_workers=2)
    while True:
        for inputs, labels in loader:
            optimizer.zero_grad()
            loss = loss_of(model(inputs), labels)
            loss.backward()
            optimizer.step()
            loss.item()  # the tutorial sums it up
            yield len(labels)


def bare_steps(
    config: TrainConfig, network: nn.Module, batch: Batch, *, learning_rate: float
) -> Generator[int, str | None]:
    """Train on one batch, for ever; on START, take over the weights of the network anew."""
    layout = memory_format(config.layout)
    model = copy.deepcopy(network).to(memory_format=layout).train()
    optimizer = build_optimizer(config, model)
    set_learning_rate(optimizer, learning_rate)
    inputs, labels = batch.inputs.contiguous(memory_format=layout), batch.labels
    while True:
        with autocast(torch.device("cpu"), config.precision):
            loss = F.cross_entropy(model(inputs), labels, label_smoothing=config.label_smoothing)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        loss.item()
        if (yield len(labels)) == START and not learning_rate:
            model.load_state_dict(network.state_dict())


def our_steps(training: Training, data: ImageSet) -> Generator[int, str | None]:
    """Train as a run does."""
    for record in train(training, split_images(data, training.config)):
        if isinstance(record, StepRecord):
            yield training.config.batch_size


def report(config: TrainConfig, rates: Rates) -> None:
    print(f"\n{config.model}, batch {config.batch_size}, ours in {config.precision}, "
          f"{config.layout}")  # fmt: skip
    for way, found in rates.items():
        ratios = [ours / other for ours, other in zip(rates["ours"], found, strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        print(f"{way:>10}: {statistics.median(found):8,.0f} images/s; "
              f"ours is {middle:.3f} of it ({low:.3f} to {high:.3f})")  # fmt: skip


if __name__ == "__main__":
    main()
