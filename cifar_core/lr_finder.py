"""The learning-rate range test: train a copy with an ever larger rate, and watch the loss.

At rates that are too small the loss stays, at good ones it falls, at large ones it rises again.
One short sweep through all of them shows where that is. It works on a copy of the network with an
optimiser of its own; the training that it is given keeps its weights, its optimiser and torch's
random state. What the curve suggests is in ``rate_curve``.

Source: Smith 2015, arXiv 1506.01186; exponential growth and the stop at divergence as described
for fastai's ``lr_find`` (Howard and Gugger 2020, arXiv 2002.04688).
"""

import copy
import itertools
import math
from collections.abc import Iterator

import torch

from cifar_core.config import TrainConfig
from cifar_core.data.batches import Batch
from cifar_core.data.image_set import ImageSet, Subset
from cifar_core.data.splits import split_images
from cifar_core.errors import TrainingError
from cifar_core.optimization import build_optimizer
from cifar_core.rate_curve import RatePoint, RunningMean
from cifar_core.training import Progress, Training, build_loader, start_training, take_step

NUM_STEPS = 120
RANGES = {
    "adam": (1e-6, 1.0), "adamw": (1e-6, 1.0), "sgd": (1e-5, 10.0), "muon": (1e-5, 10.0),
}  # fmt: skip
"""Smallest and largest rate by optimiser: three decades and more to each side of the usual one."""
DIVERGED = 4.0
"""The test ends where the smoothed loss is this many times its smallest so far."""


def find_learning_rate(
    config: TrainConfig, data: ImageSet, *, num_steps: int = NUM_STEPS
) -> Iterator[RatePoint]:
    """Run the test for the network, images, batches and optimiser of a config.

    Its learning rate, schedule, epochs and validation settings do not matter.

    Args:
        config: the settings.
        data: what ``config.data`` names.
        num_steps: of the whole range; a test that diverges ends before.

    Yields:
        A point after each step.

    Raises:
        ConfigError: the settings do not fit the images, or this machine lacks the device.
    """
    train_set = split_images(data, config).train
    state = torch.get_rng_state()
    training = start_training(config, data)
    torch.set_rng_state(state)
    yield from sweep_rates(training, train_set, num_steps=num_steps)


def sweep_rates(
    training: Training, train_set: Subset, *, num_steps: int = NUM_STEPS
) -> Iterator[RatePoint]:
    """Run the test on a copy of a training as it stands; the training is only read.

    Args:
        training: gives weights, settings and transforms.
        train_set: its training images; as many batches as needed are drawn from them.
        num_steps: as for ``find_learning_rate``, at least 2.

    Yields:
        A point after each step. Between two of them, and afterwards, torch's random state is what
        it was.
    """
    trial = _copy_of(training)
    low, high = RANGES[training.config.optimizer]
    mean, smallest = RunningMean(), math.inf
    for number, batch in enumerate(itertools.islice(_endless(trial, train_set), num_steps)):
        rate = low * (high / low) ** (number / (num_steps - 1))
        loss = _loss_of_step(trial, batch, rate)
        if not math.isfinite(loss):
            return
        smoothed = mean.after(loss)
        smallest = min(smallest, smoothed)
        yield RatePoint(rate, loss, smoothed)
        if smoothed > DIVERGED * smallest:
            return


def _copy_of(training: Training) -> Training:
    """Return a training of its own: the weights copied, the optimiser new, the rate constant."""
    config = training.config.replace(schedule="constant", warmup_epochs=0.0)
    model = copy.deepcopy(training.model)
    return Training(
        config=config,
        model=model,
        optimizer=build_optimizer(config, model),
        preprocessing=training.preprocessing,
        device=training.device,
        progress=Progress(learning_rate=config.learning_rate),
    )


def _endless(trial: Training, train_set: Subset) -> Iterator[Batch]:
    """Yield batches, epoch after epoch; a small set is seen several times."""
    loader = build_loader(trial, train_set)
    for epoch in itertools.count(1):
        trial.progress.epoch = epoch
        yield from loader.batches(epoch)


def _loss_of_step(trial: Training, batch: Batch, rate: float) -> float:
    """Take a step at a rate and return the loss before it; not a number where it is none."""
    trial.progress.learning_rate = rate
    state = torch.get_rng_state()  # a step seeds the generator for its dropout
    try:
        return take_step(trial, batch, steps_per_epoch=1).loss
    except TrainingError:
        return math.nan
    finally:
        torch.set_rng_state(state)
