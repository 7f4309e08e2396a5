"""What a run will cost: steps, and time on this machine.

The time follows from how many training images a second this machine manages with the same network,
batch size and precision: taken from the newest such run, else measured once by a short-lived
process, ``python -m cifar_core.cost SETTINGS``, whose answer is kept in the workspace. Imports no
torch before it measures, so that a form may ask at every change.
"""

import hashlib
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

from cifar_core.config import MIRROR, MIRROR_SHIFT, PLAIN, TrainConfig
from cifar_core.data.split_sizes import SplitSizes
from cifar_core.errors import WorkbenchError
from cifar_core.files import write_atomically
from cifar_core.process import prepare_to_compute, start_process
from cifar_core.store import RunRow, Store
from cifar_core.workspace import Workspace

EVALUATION_SHARE = 0.35
"""Time to classify an image, as a share of the time to train on it: forward without backward."""
START_S = 5.0
"""Until the first step: the process starts and imports torch."""
VIEWS_COST = {PLAIN: 1, MIRROR: 2, MIRROR_SHIFT: 6}
"""How often the finished network is asked about each test image."""
MEASURING_S = 1.5
_MEASURING_LIMIT_S = 60.0
"""A measurement that has no answer after this long has failed."""
_RETRY_AFTER_S = 600.0
_MAX_MEASURED_BATCH = 256
"""Above it the speed hardly changes, and one step of a large network takes minutes."""
_RECENT_EPOCHS = 5

_children: list[subprocess.Popen[bytes]] = []
"""Measurements that this process started: kept so that ended ones can be reaped."""


def count_steps(config: TrainConfig, sizes: SplitSizes) -> int:
    """Return the optimiser steps of a whole run."""
    return config.epochs * -(-sizes.train // config.batch_size)


def estimate_seconds(config: TrainConfig, sizes: SplitSizes, images_per_s: float) -> float:
    """Return about how long a run takes, from its start to its test result.

    Args:
        config: the settings.
        sizes: of its three parts.
        images_per_s: training images a second, as ``find_speed`` gives it.
    """
    images = config.epochs * (sizes.train + EVALUATION_SHARE * sizes.val)
    answers = VIEWS_COST[config.views] * sizes.test
    return START_S + (images + EVALUATION_SHARE * answers) / images_per_s


def find_speed(store: Store, config: TrainConfig) -> float | None:
    """Return training images a second for these settings, or None where it is not known yet."""
    return speed_of_runs(store, store.runs(), config) or read_measurement(store.workspace, config)


def speed_of_runs(store: Store, runs: Iterable[RunRow], config: TrainConfig) -> float | None:
    """Return the speed of the newest run here with the same costs a step, if it has an epoch.

    Args:
        store: has their epochs.
        runs: newest last.
        config: the settings asked about.
    """
    wanted, here = _what_counts(config), socket.gethostname()
    alike = [run for run in runs if _what_counts(run.config) == wanted and run.host == here]
    for run in reversed(alike):
        sizes: dict[str, int] = run.about.get("sizes", {})
        epochs = store.epochs(run.run_id)[-_RECENT_EPOCHS:]
        if sizes and epochs:
            images = sizes["train"] + EVALUATION_SHARE * sizes["val"]
            return images / max(statistics.median(e.seconds for e in epochs), 1e-3)
    return None


def read_measurement(workspace: Workspace, config: TrainConfig) -> float | None:
    """Return the measured training images a second, or None."""
    try:
        measured = json.loads(_answer_path(workspace, config).read_text(encoding="utf-8"))
        return float(measured["images_per_s"])
    except (OSError, ValueError, KeyError, TypeError):  # none yet, or not ours: measure again
        return None


def known_device(workspace: Workspace) -> str | None:
    """Return what this machine computes on ("cpu", "cuda", "mps"), or None before it was seen."""
    try:
        seen = json.loads(_device_path(workspace).read_text(encoding="utf-8"))
        return str(seen["device"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def known_gpus(workspace: Workspace) -> int:
    """Return how many CUDA devices this machine has, as far as it was seen."""
    try:
        return int(json.loads(_device_path(workspace).read_text(encoding="utf-8"))["gpus"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def start_measuring(workspace: Workspace, config: TrainConfig) -> bool:
    """Start a process that measures these settings, unless one is at work or has just failed.

    Call it again while there is no answer: one measurement runs at a time, for a second one would
    slow down both.

    Args:
        workspace: keeps the answer.
        config: the settings; only those that cost time a step count.

    Returns:
        Whether an answer can be expected soon.
    """
    _children[:] = [child for child in _children if child.poll() is None]
    claim = _claim_path(workspace, config)
    if _children or _age(claim) < _RETRY_AFTER_S:
        return bool(_children) or _age(claim) < _MEASURING_LIMIT_S
    claim.unlink(missing_ok=True)
    try:
        claim.touch(exist_ok=False)
    except FileExistsError:  # another server was faster
        return True
    with claim.open("wb") as log:
        _children.append(_launch(workspace, config, log))
    return True


def _launch(workspace: Workspace, config: TrainConfig, log: BinaryIO) -> subprocess.Popen[bytes]:
    settings = json.dumps(_what_counts(config))
    command = [sys.executable, "-m", "cifar_core.cost", settings]
    return start_process(command, workspace.root, log)


def measure_speed(
    config: TrainConfig, *, seconds: float = MEASURING_S, largest_batch: int = _MAX_MEASURED_BATCH
) -> float:
    """Return training images a second, from real steps on random images.

    Of several processes one is measured, with its share of a batch.

    Args:
        config: the settings.
        seconds: to spend after one step for warming up; at least one more step is taken.
        largest_batch: larger ones are measured at this size, which is a little too slow where the
            optimiser's own part of a step counts.

    Raises:
        ConfigError: this machine lacks the device.
    """
    import torch

    from cifar_core.training import build_loader, start_training, take_step

    together, share = config.processes, config.batch_size // config.processes
    config = config.replace(batch_size=min(share, largest_batch), processes=1)
    data, state = _random_images(config.batch_size), torch.get_rng_state()
    training = start_training(config, data.source)
    loader = build_loader(training, data)
    batch = next(iter(loader.batches(1)))
    take_step(training, batch, steps_per_epoch=len(loader))
    began, steps = time.perf_counter(), 0
    while not steps or time.perf_counter() - began < seconds:
        for batch in loader.batches(1):
            take_step(training, batch, steps_per_epoch=len(loader))
            steps += 1
    torch.set_rng_state(state)
    return together * steps * config.batch_size / (time.perf_counter() - began)


def _random_images(count: int) -> Any:
    import torch

    from cifar_core.data.image_set import CIFAR10_CLASSES, ImageSet, whole

    generator = torch.Generator().manual_seed(0)
    return whole(
        ImageSet(
            images=torch.randint(256, (count, 32, 32, 3), dtype=torch.uint8, generator=generator),
            labels=torch.arange(count) % len(CIFAR10_CLASSES),
            num_train=count,
            classes=CIFAR10_CLASSES,
            name="random",
            drawn=True,
            fingerprint="",
            mean=(0.5, 0.5, 0.5),
            std=(0.25, 0.25, 0.25),
        )
    )


def _what_counts(config: TrainConfig) -> dict[str, Any]:
    """Return the settings that decide how long a step takes, as settings of their own."""
    return {
        "model": config.model,
        "batch_size": config.batch_size,
        "optimizer": config.optimizer,
        "precision": config.precision,
        "layout": config.layout,
        "device": config.device,
        "processes": config.processes,
        "flip": config.flip or config.shift > 0,
        "cutout": min(config.cutout, 1),
    }


def _answer_path(workspace: Workspace, config: TrainConfig) -> Path:
    text = json.dumps([socket.gethostname(), os.cpu_count(), _what_counts(config)])
    return workspace.speeds_dir / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"


def _device_path(workspace: Workspace) -> Path:
    name = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:16]
    return workspace.speeds_dir / f"device-{name}.json"


def _claim_path(workspace: Workspace, config: TrainConfig) -> Path:
    """Return the file whose age tells of a measurement, and whose text why it failed."""
    return _answer_path(workspace, config).with_suffix(".log")


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def main(settings: str) -> int:
    """Measure and keep the answer."""
    prepare_to_compute()
    from cifar_core.tuning import tuned

    config = TrainConfig.from_dict(json.loads(settings))
    try:
        speed = measure_speed(tuned(config, Workspace.default()))
        measured = {"images_per_s": speed, "settings": json.loads(settings)}
    except WorkbenchError as error:
        print(error, file=sys.stderr)
        return 1
    workspace = Workspace.default()
    write_atomically(_device_path(workspace), json.dumps(_devices()).encode())
    write_atomically(_answer_path(workspace, config), json.dumps(measured).encode())
    return 0


def _devices() -> dict[str, Any]:
    import torch

    from cifar_core.devices import resolve_device

    return {"device": resolve_device("auto").type, "gpus": torch.cuda.device_count()}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
