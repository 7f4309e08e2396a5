"""Which numbers and which memory order are fastest here: measured, not guessed, and remembered.

A config may leave ``precision`` and ``layout`` to the machine ("auto"). Whether bfloat16 is three
times as fast as float32 or three times as slow depends on the processor and on the network, so a
few steps of each combination are timed, in about a second, on random images. The answer is kept in
the workspace for this machine, network and batch size.
"""

import hashlib
import itertools
import json
import os
import socket
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch.nn import functional as F

from cifar_core.config import AUTO, LAYOUTS, PRECISIONS, TrainConfig
from cifar_core.data.image_set import IMAGE_SIZE
from cifar_core.devices import autocast, memory_format, resolve_device
from cifar_core.files import write_atomically
from cifar_core.models.registry import build_model
from cifar_core.optimization import build_optimizer
from cifar_core.workspace import Workspace

BUDGET_S = 1.2
"""To spend on timing, after one step of each combination for warming up."""
_EDITION = 2
"""Of how steps are taken: another number forgets what was measured before."""
_SMALLEST_BATCH = 16
_ROUNDS = 3
"""Times that each combination is timed at least; the fastest counts, for others only disturb."""


@dataclass(frozen=True)
class Compute:
    """How a network computes; both are values of ``TrainConfig``."""

    precision: str
    layout: str


def tuned(config: TrainConfig, workspace: Workspace | None = None) -> TrainConfig:
    """Return the config with nothing left to the machine.

    Args:
        config: the settings; unchanged where neither precision nor layout is "auto".
        workspace: remembers what was measured; without one it is measured every time.

    Raises:
        ConfigError: this machine lacks the device that the config names.
    """
    choices = _choices(config)
    if len(choices) == 1:
        return config.replace(**asdict(choices[0]))
    chosen = _remembered(workspace, config) if workspace else None
    if chosen not in choices:
        chosen = fastest(choices, config)
        if workspace:
            _remember(workspace, config, chosen)
    return config.replace(**asdict(chosen))


def fastest(choices: list[Compute], config: TrainConfig) -> Compute:
    """Time a few training steps of each and return the fastest.

    Args:
        choices: at least one.
        config: gives network, optimiser, device, and the batch size at most.
    """
    state, size = torch.get_rng_state(), min(_SMALLEST_BATCH, config.batch_size)
    steps = {choice: _build_step(config, choice) for choice in choices}
    first = max(_seconds(step, size) for step in steps.values())  # also loads the kernels
    while 2 * size <= config.batch_size and 2 * first * _ROUNDS * len(choices) < BUDGET_S:
        size, first = 2 * size, 2 * first
    best = dict.fromkeys(choices, float("inf"))
    began = time.perf_counter()
    for round_number in itertools.count():
        if round_number >= _ROUNDS and time.perf_counter() - began > BUDGET_S:
            break
        for choice, step in steps.items():
            best[choice] = min(best[choice], _seconds(step, size))
    torch.set_rng_state(state)
    return min(choices, key=lambda choice: best[choice])


def _build_step(config: TrainConfig, choice: Compute) -> Callable[[int], None]:
    """Return a function that takes one training step on so many random images."""
    device, layout = resolve_device(config.device), memory_format(choice.layout)
    model = build_model(config.model, 10, dropout=config.dropout).to(device)
    model = model.to(memory_format=layout).train()  # type: ignore[call-overload]
    optimizer = build_optimizer(config.replace(learning_rate=1e-6), model)

    def step(size: int) -> None:
        inputs = torch.rand(size, 3, IMAGE_SIZE, IMAGE_SIZE, device=device)
        labels = torch.zeros(size, dtype=torch.int64, device=device)
        with autocast(device, choice.precision):
            loss = F.cross_entropy(model(inputs.contiguous(memory_format=layout)), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        loss.item()  # waits for the device

    return step


def _seconds(step: Callable[[int], None], size: int) -> float:
    began = time.perf_counter()
    step(size)
    return time.perf_counter() - began


def _choices(config: TrainConfig) -> list[Compute]:
    """Return every combination that the config allows."""
    precisions = [p for p in PRECISIONS if p != AUTO] if config.precision == AUTO else None
    layouts = [name for name in LAYOUTS if name != AUTO] if config.layout == AUTO else None
    if precisions and resolve_device(config.device).type == "mps":
        precisions = ["float32"]
    return list(
        itertools.starmap(
            Compute, itertools.product(precisions or [config.precision], layouts or [config.layout])
        )
    )


def _remembered(workspace: Workspace, config: TrainConfig) -> Compute | None:
    try:
        kept = json.loads(_answer_path(workspace, config).read_text(encoding="utf-8"))
        return Compute(str(kept["precision"]), str(kept["layout"]))
    except (OSError, ValueError, KeyError, TypeError):  # none yet, or not ours: measure
        return None


def _remember(workspace: Workspace, config: TrainConfig, chosen: Compute) -> None:
    write_atomically(_answer_path(workspace, config), json.dumps(asdict(chosen)).encode())


def _answer_path(workspace: Workspace, config: TrainConfig) -> Path:
    asked = [
        _EDITION, socket.gethostname(), os.cpu_count(), torch.get_num_threads(), torch.__version__,
        config.model, config.batch_size, config.optimizer, config.device,
    ]  # fmt: skip
    key = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]
    return workspace.speeds_dir / f"compute-{key}.json"
