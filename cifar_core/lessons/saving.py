"""What is saved, what comes back, and what ``eval()`` and ``no_grad()`` change."""

import copy
import io
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cifar_core.models.simple_cnn import SimpleCNN


@dataclass(frozen=True)
class RoundTrip:
    """A network that was saved and read again.

    Attributes:
        num_bytes: of the file.
        names: of the tensors in it, with their shapes.
        largest_difference: between the answers before and after, over all classes.
    """

    num_bytes: int
    names: tuple[tuple[str, tuple[int, ...]], ...]
    largest_difference: float


@torch.no_grad()
def save_and_load(network: SimpleCNN, inputs: Tensor) -> RoundTrip:
    """Write a network's weights as ``model.pt`` in memory, read them into a new one, and compare.

    Args:
        network: stays as it is.
        inputs: float32 (N, 3, 32, 32), to ask both about.
    """
    file = io.BytesIO()
    torch.save(network.state_dict(), file)
    num_bytes = file.tell()
    file.seek(0)
    weights = torch.load(file, weights_only=True)
    again = SimpleCNN(network.fc2.out_features)
    again.load_state_dict(weights)
    difference = (again.eval()(inputs) - network(inputs)).abs().max().item()
    names = tuple((name, tuple(value.shape)) for name, value in weights.items())
    return RoundTrip(num_bytes, names, difference)


@torch.no_grad()
def ask_several_times(
    network: SimpleCNN, inputs: Tensor, *, training: bool, times: int = 3, rate: float = 0.5
) -> Tensor:
    """Ask a network with a dropout layer before its last one the same question again and again.

    Args:
        network: the one without; the layer has no weights, so that any weights fit.
        inputs: float32 (1, 3, 32, 32).
        training: the mode: True where somebody forgot ``eval()``.
        times: how often to ask.
        rate: share that the layer drops.

    Returns:
        Probability of each class, float32 (times, classes).
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        asked = with_dropout(copy.deepcopy(network), rate).train(training)
        return torch.cat([asked(inputs) for _ in range(times)]).softmax(1)


def with_dropout(network: SimpleCNN, rate: float) -> nn.Sequential:
    """Return a network that shares the weights and drops values before the last layer."""
    first = (network.conv1, nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), network.fc1, nn.ReLU())
    return nn.Sequential(*first, nn.Dropout(rate), network.fc2)


def bytes_kept_for_backward(network: nn.Module, inputs: Tensor, *, grad: bool) -> int:
    """Return the size of what torch keeps of one forward pass so that gradients can be computed.

    Args:
        network: stays as it is; its weights, which are there anyway, do not count.
        inputs: float32 (N, 3, 32, 32).
        grad: False inside ``torch.no_grad()``.
    """
    own = {tensor.untyped_storage().data_ptr() for tensor in network.parameters()}
    kept: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    unchanged: Callable[[Tensor], Tensor] = lambda tensor: tensor  # noqa: E731
    with torch.autograd.graph.saved_tensors_hooks(note, unchanged), torch.set_grad_enabled(grad):
        answers = network(inputs)
    del answers  # kept until here, so that no storage is given away and counted as another
    return sum(kept.values())
