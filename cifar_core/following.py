"""How a training is shared out: the first process says where it stands, the others go along.

The others have no store and write no files; they take the same steps on their share of each batch.
"""

import contextlib
import signal
from dataclasses import asdict

from cifar_core.config import TrainConfig
from cifar_core.data.image_set import ImageSet
from cifar_core.data.sources import open_data
from cifar_core.data.splits import split_images
from cifar_core.distributed import DismissedError, Group, told_of_losses
from cifar_core.errors import TrainingError
from cifar_core.training import Progress, Training, join_group, start_training, train
from cifar_core.workspace import Workspace


def lead(training: Training, group: Group, data: ImageSet) -> None:
    """Tell the other processes of a group where a training stands; alone, do nothing.

    Raises:
        ConfigError: the batches are smaller than the group.
    """
    if group.size == 1:
        return
    group.announce({
        "config": training.config.to_dict(),
        "progress": asdict(training.progress),
        "optimizer": training.optimizer.state_dict(),
        "fingerprint": data.fingerprint,
    })  # fmt: skip
    join_group(training, group)


def follow(group: Group, workspace: Workspace) -> None:
    """Train along with the first process until it ends.

    Args:
        group: seen from this process.
        workspace: where the images are, or are prepared.

    Raises:
        TrainingError: the images here are others, the first process is lost, or the loss is no
            longer a number.
    """
    for number in (signal.SIGINT, signal.SIGTERM):  # the first process stops, and says so
        signal.signal(number, signal.SIG_IGN)
    try:
        told = group.announce()
    except (DismissedError, RuntimeError):  # the first process says itself why it ended
        return
    config = TrainConfig.from_dict(told["config"])
    config = config.replace(device=group.device_name(config.device))
    data = open_data(config.data, workspace, fit=config.fit)
    if data.fingerprint != told["fingerprint"]:
        raise TrainingError(
            f"The images of {data.name} on this machine are not those of the first process; "
            "expected the same files everywhere."
        )
    training = start_training(config, data)
    training.optimizer.load_state_dict(told["optimizer"])
    training.progress = Progress(**told["progress"])
    splits = split_images(data, config)
    with told_of_losses(group), contextlib.suppress(DismissedError):
        join_group(training, group)
        for _ in train(training, splits):
            pass
        group.wait_for_the_end()
