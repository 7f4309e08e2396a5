"""Several processes that train one network together, under ``torchrun``; alone, nothing happens.

Each process draws the same whole batch and takes its share of it; DistributedDataParallel averages
the gradients, weighted so that the step is that of the whole batch. The first process leads: it
alone has the store, writes files, validates and obeys commands, and says before each step that and
how it goes on. What it says travels in one short message, so that nobody waits for a word that is
not coming. Batch normalisation sees the whole batch, too: see ``shared_batch_norm``.

Source: Li et al. 2020, "PyTorch Distributed", arXiv 2006.15704.
"""

import contextlib
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from torch import distributed, nn
from torch.distributed import DistError

from cifar_core.errors import TrainingError
from cifar_core.meeting import meet
from cifar_core.shared_batch_norm import share_batch_norm

_PATIENCE = timedelta(minutes=10)
"""So long a process waits for the others. A lost one is noticed at once, by torchrun; this is for
machines that fall silent. Who needs longer says so meanwhile: see ``Group.hold``."""
_READY, _STEP, _VALIDATED, _HOLD, _DISMISSED = 0.0, 1.0, 2.0, 3.0, 4.0


class DismissedError(Exception):
    """The leading process ended the training before its last step."""


@dataclass(frozen=True)
class Share:
    """What one process takes of a batch.

    Attributes:
        places: of its images in the batch.
        weight: of its mean loss, so that the mean over the processes is that of the batch.
    """

    places: slice
    weight: float


@dataclass(frozen=True)
class Group:
    """The processes of a training, seen from one of them."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0

    @property
    def leads(self) -> bool:
        """Whether this is the process with the store."""
        return self.rank == 0

    def device_name(self, name: str) -> str:
        """Return the device of this process, where a config leaves the choice to the machine."""
        if name in ("auto", "cuda") and self.size > 1 and torch.cuda.is_available():
            return f"cuda:{self.local_rank}"
        return name

    def wrap(self, model: nn.Module) -> nn.Module:
        """Return a network that averages its gradients; all start with the leader's weights."""
        if self.size == 1:
            return model
        # The statistics of batch normalisation are the same everywhere without a broadcast a step.
        shared = share_batch_norm(model)
        return nn.parallel.DistributedDataParallel(shared, forward_sync_buffers=False)

    def share_of(self, count: int) -> Share:
        """Return this process's part of a batch of so many images.

        Where there are fewer images than processes, some take one that counts for nothing in the
        loss: all have to take part in the exchange. Only batch normalisation sees it once more.
        """
        start, end = (count * rank // self.size for rank in (self.rank, self.rank + 1))
        if start == end:
            return Share(slice(0, 1), 0.0)
        return Share(slice(start, end), (end - start) * self.size / count)

    def totals(self, loss: float, num_right: int) -> tuple[float, int]:
        """Return the mean loss of the whole batch, and how many were right in it.

        Args:
            loss: of this process, times its weight.
            num_right: in its share.
        """
        sums = torch.tensor([loss / self.size, num_right], dtype=torch.float64)
        distributed.all_reduce(sums)
        return float(sums[0]), int(sums[1])

    def agree_on_rate(self, rate: float) -> float:
        """Return the leader's learning rate; called before each step.

        Raises:
            DismissedError: there will be no further step.
        """
        if self.size == 1:
            return rate
        return self._pass_on(_STEP, rate)[0]

    def agree_on_validation(
        self, loss: float | None, accuracy: float | None
    ) -> tuple[float | None, float | None]:
        """Return the leader's validation loss and accuracy; what the others say is ignored.

        Raises:
            DismissedError: the training ended meanwhile.
        """
        if self.size == 1:
            return loss, accuracy
        found = [math.nan if value is None else value for value in (loss, accuracy)]
        told = self._pass_on(_VALIDATED, *found)
        return None if math.isnan(told[0]) else told[0], None if math.isnan(told[1]) else told[1]

    def dismiss(self) -> None:
        """Tell the others that the training ends here."""
        if self.size > 1:
            with contextlib.suppress(RuntimeError):  # those that are lost need no word
                self._pass_on(_DISMISSED)

    def hold(self) -> None:
        """Let the others wait on: the leader prepares, pauses, validates or tests."""
        if self.size > 1:
            self._pass_on(_HOLD)

    def wait_for_the_end(self) -> None:
        """Wait until the leader has tested and needs nobody to start again with.

        Raises:
            DismissedError: it has.
        """
        self._pass_on(_READY)

    def announce(self, values: Any = None) -> Any:
        """Return what the leader has to say before the training: its ``values``.

        Raises:
            DismissedError: there will be no training.
        """
        self._pass_on(_READY)
        told = [values]
        distributed.broadcast_object_list(told, src=0)
        return told[0]

    def _pass_on(self, kind: float, first: float = 0.0, second: float = 0.0) -> tuple[float, float]:
        message = torch.tensor([kind, first, second], dtype=torch.float64)
        distributed.broadcast(message, src=0)
        while message[0] == _HOLD and not self.leads:
            distributed.broadcast(message, src=0)
        if message[0] == _DISMISSED and not self.leads:
            raise DismissedError
        return float(message[1]), float(message[2])


ALONE = Group()


@contextlib.contextmanager
def told_of_losses(group: Group) -> Iterator[None]:
    """Say in a sentence that another process is gone, instead of how the exchange broke off.

    Raises:
        TrainingError: it is.
    """
    try:
        yield
    except RuntimeError as error:  # gloo has no type of its own
        if group.size == 1 or not ("gloo" in str(error) or isinstance(error, DistError)):
            raise
        raise TrainingError(
            "Another process of this training was lost. Started again, it goes on from its last "
            "checkpoint."
        ) from error


@contextlib.contextmanager
def joined() -> Iterator[Group]:
    """Join the processes that torchrun started; yield ``ALONE`` where there is one only."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield ALONE
        return
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    store, rank, size = meet(_PATIENCE)
    distributed.init_process_group(
        backend, store=store, rank=rank, world_size=size, timeout=_PATIENCE
    )
    try:
        local_rank = int(os.environ.get("LOCAL_RANK", "0"))
        yield Group(rank, size, local_rank)
    finally:
        distributed.destroy_process_group()
