"""``train``: the loop, as a generator of records, and nothing else.

It knows nothing of files, processes, stop buttons or progress bars. Whoever drains it may stop at
any record, look at ``Training`` between two of them, change ``progress.learning_rate``, and go on.
All that changes from step to step is in ``Training``; saved and restored, it continues to the same
numbers, bit for bit, on the same machine with the same number of threads.
"""

import functools
import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cifar_core.config import TrainConfig
from cifar_core.data.batches import Batch, BatchLoader
from cifar_core.data.image_set import ImageSet, Subset
from cifar_core.data.randomness import Purpose, derived_seed
from cifar_core.data.splits import Splits
from cifar_core.data.transforms import Preprocessing, build_preprocessing
from cifar_core.devices import autocast, memory_format, resolve_device, seed_draws
from cifar_core.distributed import ALONE, Group
from cifar_core.errors import ConfigError, TrainingError
from cifar_core.inference import iterate_logits
from cifar_core.models.registry import build_model
from cifar_core.models.speed_cnn import SpeedCNN
from cifar_core.models.whitening import NUM_IMAGES, whiten
from cifar_core.optimization import (
    build_optimizer,
    forget_gradients,
    set_learning_rate,
    take_optimizer_step,
)
from cifar_core.records import EpochRecord, Pulse, Record, StepRecord
from cifar_core.schedule import schedule_factor
from cifar_core.speedometer import Speedometer
from cifar_core.tally import Tally, count_right
from cifar_core.tuning import tuned
from cifar_core.usual_rates import rate_after_overflow


@dataclass
class Progress:
    """Where a training is. Plain numbers, so that it can be saved as JSON without loss."""

    learning_rate: float
    """The full rate that the schedule scales; may be changed while the training goes on."""
    epoch: int = 1
    """The epoch in progress."""
    batch: int = 0
    """Batches of it that are done."""
    step: int = 0
    """Steps taken in the whole run."""
    loss_sum: float = 0.0
    """Over the images of this epoch so far; likewise the next two."""
    num_right: int = 0
    """Of those that are counted; ``Training.count_answers`` counts the rest."""
    num_seen: int = 0
    best_accuracy: float = -1.0
    """Best validation accuracy so far, and the epoch that reached it; 0 is none."""
    best_epoch: int = 0
    best_loss: float = math.inf
    epochs_without_gain: int = 0
    """Since the validation loss was last at its best."""
    epoch_seconds: float = 0.0
    finished: bool = False


@dataclass
class Training:
    """A training between two steps: network, optimiser and progress, and what they are fed with."""

    config: TrainConfig
    model: nn.Module
    optimizer: torch.optim.Optimizer
    preprocessing: Preprocessing
    device: torch.device
    progress: Progress
    speed: Speedometer = field(default_factory=Speedometer)
    group: Group = ALONE
    """The processes that train this network together."""
    shared_network: nn.Module | None = None
    """The same network, averaging its gradients with the others; see ``join_group``."""
    answers: Tally = field(default_factory=Tally)
    """Those of the last steps, until they are counted."""

    def count_answers(self) -> None:
        """Bring ``progress`` up to date, which must be done before it is kept anywhere."""
        self.progress.num_right += self.answers.count()

    @functools.cached_property
    def draws(self) -> bool:
        """Whether the network draws numbers while it trains; seeding takes 0.1 ms a step."""
        return any(isinstance(layer, nn.Dropout) for layer in self.model.modules())


def start_training(config: TrainConfig, data: ImageSet) -> Training:
    """Build a network with seeded weights, its optimiser and its transforms.

    Args:
        config: the settings; what they leave to the machine is measured.
        data: gives the number of classes, and mean and deviation where the config asks for them.

    Raises:
        ConfigError: this machine lacks the device that the config names.
    """
    config, device = tuned(config), resolve_device(config.device)
    torch.manual_seed(derived_seed(config.seed, Purpose.WEIGHTS))
    model = build_model(config.model, data.num_classes, dropout=config.dropout)
    preprocessing = build_preprocessing(config, data.mean, data.std)
    if isinstance(model, SpeedCNN):
        seen = data.images[: min(NUM_IMAGES, data.num_train)]
        whiten(model.whiten, preprocessing(seen))
    layout = memory_format(config.layout)
    model = model.to(device).to(memory_format=layout)  # type: ignore[call-overload]
    return Training(
        config=config,
        model=model,
        optimizer=build_optimizer(config, model),
        preprocessing=preprocessing,
        device=device,
        progress=Progress(learning_rate=config.learning_rate),
    )


def join_group(training: Training, group: Group) -> None:
    """Let a training go on together with those of other processes, with the first one's weights.

    Raises:
        ConfigError: the batches are smaller than the group.
    """
    if training.config.batch_size < group.size:
        raise ConfigError(
            f"batch_size is {training.config.batch_size}, but {group.size} processes share each "
            "batch; expected at least one image for each."
        )
    training.group, training.shared_network = group, group.wrap(training.model)


def build_loader(training: Training, train_set: Subset) -> BatchLoader:
    """Return the batches of a training's training set."""
    config = training.config
    return BatchLoader(
        train_set, training.preprocessing, config.batch_size, config.seed, training.device
    )


def train(training: Training, splits: Splits) -> Iterator[Record]:
    """Train from wherever ``training`` stands until its last epoch or early stopping.

    Args:
        training: changed in place; consistent whenever a record is handed out.
        splits: the run's images; the test part is not touched.

    Yields:
        A ``StepRecord`` after each step, ``Pulse``s while validating, an ``EpochRecord`` after each
        epoch.

    Raises:
        TrainingError: the loss is no longer a finite number; the sentence says what to try.
    """
    loader, progress = build_loader(training, splits.train), training.progress
    while not progress.finished:
        training.speed.restart()
        for batch in loader.batches(progress.epoch, start=progress.batch):
            yield take_step(training, batch, steps_per_epoch=len(loader))
        val_loss, val_accuracy = yield from _validate(training, splits.val)
        val_loss, val_accuracy = training.group.agree_on_validation(val_loss, val_accuracy)
        yield _finish_epoch(training, val_loss, val_accuracy)


def take_step(training: Training, batch: Batch, *, steps_per_epoch: int) -> StepRecord:
    """Take one optimiser step and count it.

    Args:
        training: changed in place.
        batch: the whole batch, also where a group of processes shares it.
        steps_per_epoch: for the schedule.

    Raises:
        TrainingError: the loss is no longer a finite number.
        DismissedError: the first process of the group ended the training.
    """
    config, progress, optimizer = training.config, training.progress, training.optimizer
    progress.learning_rate = training.group.agree_on_rate(progress.learning_rate)
    rate = progress.learning_rate * schedule_factor(config, progress.step, steps_per_epoch)
    set_learning_rate(optimizer, rate)
    loss, loss_value = _loss_of(training, batch)
    _check_finite(loss_value, training)
    forget_gradients(optimizer)
    loss.backward()  # type: ignore[no-untyped-call]
    if config.clip_norm is not None:
        nn.utils.clip_grad_norm_(training.model.parameters(), config.clip_norm)
    take_optimizer_step(optimizer)

    _count(training, loss_value, batch)
    speed = training.speed.after(len(batch.labels))
    return StepRecord(progress.step, progress.epoch, loss_value, rate, speed)


def _loss_of(training: Training, batch: Batch) -> tuple[Tensor, float]:
    """Return this process's loss to follow downhill, and the loss of the whole batch.

    The first is weighted so that the mean of the gradients over the group is that of the batch.
    """
    config, group, progress = training.config, training.group, training.progress
    if training.draws:
        # Dropout draws from torch's global generator: seeded here, it depends on the position
        # alone, and on the rank of the process where there are several.
        position = (progress.epoch, batch.number, *([group.rank] if group.rank else []))
        seed_draws(derived_seed(config.seed, Purpose.DROPOUT, *position), training.device)
    share = group.share_of(len(batch.labels))
    inputs, labels = batch.inputs[share.places], batch.labels[share.places]
    network = training.shared_network or training.model
    if not training.model.training:  # train() goes through every layer, changed or not
        network.train()
    with autocast(training.device, config.precision):
        logits = network(inputs.contiguous(memory_format=memory_format(config.layout)))
        loss = F.cross_entropy(logits, labels, label_smoothing=config.label_smoothing)
    if group.size == 1:
        training.answers.add(logits.detach(), labels)
        return loss, loss.item()
    loss, num_right = loss * share.weight, count_right(logits.detach(), labels)
    mean_loss, num_right = group.totals(loss.item(), num_right if share.weight else 0)
    progress.num_right += num_right
    return loss, mean_loss


def _count(training: Training, loss: float, batch: Batch) -> None:
    progress, size = training.progress, len(batch.labels)
    progress.step += 1
    progress.batch = batch.number + 1
    progress.loss_sum += loss * size
    progress.num_seen += size
    if training.answers.is_full:
        training.count_answers()


def _check_finite(loss: float, training: Training) -> None:
    if math.isfinite(loss):
        return
    config, progress = training.config, training.progress
    gentler = rate_after_overflow(progress.learning_rate, config)
    advice = f"a learning rate of {gentler:g} instead of "
    advice += f"{progress.learning_rate:g}"
    if config.clip_norm is None:
        advice += ", gradient clipping (clip_norm 1)"
    if config.precision != "float32":
        advice += ", precision float32"
    raise TrainingError(
        f"The loss became {loss} after step {progress.step} (epoch {progress.epoch}): the steps "
        f"were too large. Try {advice}."
    )


def _validate(
    training: Training, val: Subset
) -> Generator[Pulse, None, tuple[float | None, float | None]]:
    """Yield a pulse a batch; return mean loss and accuracy, or two Nones without images.

    Of a group, the first process does it for all.
    """
    if not len(val) or not training.group.leads:
        return None, None
    loss_sum, num_right, done = 0.0, 0, 0
    for logits in iterate_logits(
        training.model,
        val,
        training.preprocessing,
        device=training.device,
        precision=training.config.precision,
    ):
        labels = val.labels[done : done + len(logits)]
        loss_sum += F.cross_entropy(logits.double(), labels, reduction="sum").item()
        num_right += count_right(logits, labels)
        done += len(logits)
        training.group.hold()
        yield Pulse(training.progress.epoch, done, len(val))
    _check_finite(loss_sum, training)
    return loss_sum / done, num_right / done


def _finish_epoch(
    training: Training, val_loss: float | None, val_accuracy: float | None
) -> EpochRecord:
    """Close the epoch: judge it, decide whether it was the last one, and report it."""
    config, progress = training.config, training.progress
    training.count_answers()
    progress.epoch_seconds += training.speed.elapsed()
    record = EpochRecord(
        epoch=progress.epoch,
        step=progress.step,
        train_loss=progress.loss_sum / progress.num_seen,
        train_accuracy=progress.num_right / progress.num_seen,
        val_loss=val_loss,
        val_accuracy=val_accuracy,
        learning_rate=training.optimizer.param_groups[0]["lr"],
        seconds=progress.epoch_seconds,
        eta_s=progress.epoch_seconds * (config.epochs - progress.epoch),
    )
    if val_loss is not None and val_accuracy is not None:
        _judge(progress, val_loss, val_accuracy)
    patience = config.early_stopping or math.inf
    progress.finished = progress.epoch >= config.epochs or progress.epochs_without_gain >= patience
    progress.epoch, progress.batch = progress.epoch + 1, 0
    progress.loss_sum, progress.num_right, progress.num_seen = 0.0, 0, 0
    progress.epoch_seconds = 0.0
    return record


def _judge(progress: Progress, val_loss: float, val_accuracy: float) -> None:
    if val_accuracy > progress.best_accuracy:
        progress.best_accuracy, progress.best_epoch = val_accuracy, progress.epoch
    progress.epochs_without_gain += 1
    if val_loss < progress.best_loss:
        progress.best_loss, progress.epochs_without_gain = val_loss, 0
