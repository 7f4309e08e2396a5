"""Random draws that depend only on what they are for.

Every draw of a training comes from a generator seeded by (seed, purpose, epoch, batch). So the
state of the data pipeline is just (epoch, batch): nothing has to be saved to resume exactly, and a
draw more in one place changes nothing in another.
"""

from enum import IntEnum

import numpy as np
import torch
from torch import Generator, Tensor


class Purpose(IntEnum):
    """What a stream of draws is for. The numbers are part of every run: never reuse one."""

    SPLIT = 1
    WEIGHTS = 2
    ORDER = 3
    AUGMENTATION = 4
    DROPOUT = 5
    MIRRORING = 6


def derived_seed(seed: int, purpose: Purpose, *position: int) -> int:
    """Return a 63-bit seed that is well mixed even where seeds and positions are neighbours.

    Args:
        seed: the run's seed, at least 0.
        purpose: what the draws are for.
        position: for example the epoch and the batch, each at least 0.
    """
    mixed = np.random.SeedSequence([seed, int(purpose), *position]).generate_state(1, np.uint64)
    return int(mixed[0] >> np.uint64(1))


def generator_for(seed: int, purpose: Purpose, *position: int) -> Generator:
    """Return a CPU generator for one purpose at one position of a run."""
    return torch.Generator().manual_seed(derived_seed(seed, purpose, *position))


def shuffled(count: int, seed: int, purpose: Purpose, *position: int) -> Tensor:
    """Return a permutation of 0..count-1, int64 (count,)."""
    return torch.randperm(count, generator=generator_for(seed, purpose, *position))
