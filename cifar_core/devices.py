"""Which device computes, and with which numbers."""

import contextlib
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager

import torch

from cifar_core.errors import ConfigError


def resolve_device(name: str) -> torch.device:
    """Return the device that a config means.

    Args:
        name: "auto" for the best there is (CUDA, then MPS, then CPU), or a device's own name.

    Raises:
        ConfigError: this machine has no such device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if _has_mps() else "cpu"
    counts = {"cpu": 1, "cuda": torch.cuda.device_count(), "mps": int(_has_mps())}
    match = re.fullmatch(r"(cpu|cuda|mps)(?::([0-9]{1,3}))?", name)
    kind, number = match.groups() if match else ("", None)
    if int(number or 0) >= counts.get(kind, 0):
        there = ", ".join(f"{count} {kind}" for kind, count in counts.items())
        raise ConfigError(f"device is {name!r:.80}, but this machine has {there}; try 'auto'.")
    return torch.device(kind, int(number)) if number else torch.device(kind)


def memory_format(layout: str) -> torch.memory_format:
    """Return torch's name of a memory order, "channels_last" or "contiguous"."""
    return torch.channels_last if layout == "channels_last" else torch.contiguous_format


def autocast(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """Return the context in which the network's forward pass runs."""
    if precision == "bfloat16":
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return contextlib.nullcontext()


def seed_draws(seed: int, device: torch.device) -> None:
    """Seed what the layers of a network draw from on a device.

    ``torch.manual_seed`` seeds every device there may be, and notes the whole call stack for those
    that are not in use yet: 0.1 ms, of a step that takes five.
    """
    if device.type == "cpu":
        torch.default_generator.manual_seed(seed)
    else:
        torch.manual_seed(seed)


@contextlib.contextmanager
def flushed_denormals() -> Iterator[None]:
    """Let numbers below 1e-38 count as zero meanwhile, in this thread and those it starts.

    A processor computes with them a hundred times slower. They come by themselves: the average of
    a gradient that stays zero is down there after 800 steps of Adam, and SimpleCNN's update of its
    weights then took 0.8 ms instead of 0.2 of a step of 4. Begin before the first tensor operation
    of a process: torch's threads, started by it, inherit the mode for good.
    """
    before = bool(torch.tensor(1e-38) * 0.1 == 0)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


def _has_mps() -> bool:
    return torch.backends.mps.is_available()
