"""The weights after each epoch, kept to look back at how a network learned.

Each is a model file like any other, in the folder ``epochs`` of its run; epoch 0 is the network
before its first step. Where they outgrow their room, every second one goes, so that what is left
is spread evenly over the run. Which epochs are kept follows from the newest one and the room alone:
a run that was interrupted keeps the same ones.
"""

import shutil
from pathlib import Path

from torch import nn

from cifar_core.checkpoint import write_model
from cifar_core.files import remove_temporary_files
from cifar_core.model_info import ModelInfo
from cifar_core.run_paths import EPOCHS_DIR, epoch_path, kept_epochs

MEGABYTE = 10**6


def keep_epoch(run_dir: Path, network: nn.Module, info: ModelInfo, room_mb: int) -> None:
    """Write the weights of an epoch and thin out those of earlier ones.

    Args:
        run_dir: of the run.
        network: its weights are written as they are.
        info: names the epoch.
        room_mb: for all epochs together, in megabytes. Where fewer than two fit, none is kept: one
            alone has nothing to be compared with.

    Raises:
        CheckpointError: the disk refuses.
        OSError: likewise.
    """
    capacity = room_mb * MEGABYTE // _num_bytes(network)
    if capacity < 2:
        return
    path = epoch_path(run_dir, info.epoch)
    path.parent.mkdir(exist_ok=True)
    remove_temporary_files(path.parent)
    write_model(network, info, path)
    wanted = epochs_to_keep(info.epoch, capacity)
    for epoch, old in kept_epochs(run_dir).items():
        if epoch < info.epoch and epoch not in wanted:
            old.unlink(missing_ok=True)


def epochs_to_keep(newest: int, capacity: int) -> set[int]:
    """Return the epochs worth keeping: the first, the newest, and others at even distances.

    Args:
        newest: the epoch that has just ended.
        capacity: how many there is room for, at least 2.

    Returns:
        Every n-th epoch from 0 on and the newest, where n is the smallest power of two with which
        they fit. As n only grows while a run goes on, no epoch is wanted back.
    """
    step = 1
    while len({*range(0, newest + 1, step), newest}) > capacity:
        step *= 2
    return {*range(0, newest + 1, step), newest}


def forget_epochs(run_dir: Path) -> None:
    """Remove the weights of all past epochs; nothing where there are none."""
    shutil.rmtree(run_dir / EPOCHS_DIR, ignore_errors=True)


def _num_bytes(network: nn.Module) -> int:
    """Return the size of a network's weights; the header's few kilobytes hardly count."""
    sizes = [int(tensor.nbytes) for tensor in network.state_dict().values()]
    return max(1, sum(sizes))
