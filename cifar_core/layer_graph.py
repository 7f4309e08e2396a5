"""What follows what in a network: its layers as a graph, with the paths that skip some.

The network is run once, without values, and watched: layers by hooks, and what is computed between
them by a function mode of this thread. Nothing is patched for all threads, as a symbolic trace
would do to networks that answer visitors at the same moment.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from cifar_core.data.image_set import IMAGE_SIZE
from cifar_core.models.registry import TRACING_LOCK, skeleton_of

INPUT = -1
"""In ``GraphNode.inputs``: the picture."""


@dataclass(frozen=True)
class GraphNode:
    """One computation on the way from the picture to the answer.

    Attributes:
        name: of the layer, named as by ``explanation.feature_maps``: a second call of "relu" is
            "relu (2)". For what is computed between layers, the part of the network and what is
            done there: "layer1.0.add".
        kind: class of the layer, for example "Conv2d", or the name of the operation: "add".
        settings: what distinguishes it from others of its kind: "3×3, stride 2"; may be empty.
        output_shape: of one image, without the batch.
        parameters: numbers that training adjusts; 0 at a second call of the same layer.
        inputs: positions of the nodes whose results it uses, or ``INPUT``.
    """

    name: str
    kind: str
    settings: str
    output_shape: tuple[int, ...]
    parameters: int
    inputs: tuple[int, ...]


def layer_graph(model: nn.Module) -> list[GraphNode]:
    """Return the computations of a network in the order in which they run.

    Args:
        model: is only read; a copy without values is run on one picture of 3 x 32 x 32.
    """
    skeleton = skeleton_of(model)
    watcher = _Watcher(skeleton)
    with TRACING_LOCK, torch.no_grad(), watcher:
        picture = torch.empty(1, 3, IMAGE_SIZE, IMAGE_SIZE, device="meta")
        watcher.remember(picture, INPUT)
        skeleton(picture)
    return watcher.nodes


class _Watcher(TorchFunctionMode):
    """Notes which computation made each tensor, and which computation uses it."""

    def __init__(self, skeleton: nn.Module) -> None:
        super().__init__()
        self.nodes: list[GraphNode] = []
        self._makers: dict[int, int] = {}
        self._alive: list[Tensor] = []  # an id is given again when its tensor dies
        self._calls: Counter[str] = Counter()
        self._within: list[str] = []
        self._leaf_depth = 0
        for name, layer in skeleton.named_modules():
            self._watch(name, layer, is_leaf=next(layer.children(), None) is None)

    def remember(self, tensor: Tensor, maker: int) -> None:
        """Note what made a tensor; one that was changed in place has a new maker."""
        self._makers[id(tensor)] = maker
        self._alive.append(tensor)

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        output = func(*args, **(kwargs or {}))
        if self._leaf_depth or not isinstance(output, Tensor):
            return output
        inputs = self._inputs_among([*args, *(kwargs or {}).values()])
        if inputs:
            self._note_operation(_operation_of(func), output, inputs)
        return output

    def _watch(self, name: str, layer: nn.Module, *, is_leaf: bool) -> None:
        used: list[tuple[int, ...]] = []

        def before(_: nn.Module, args: Any) -> None:
            self._within.append(name)
            self._leaf_depth += is_leaf
            used.append(self._inputs_among(args))

        def after(_: nn.Module, __: Any, output: Any) -> None:
            self._within.pop()
            self._leaf_depth -= is_leaf
            inputs = used.pop()
            if is_leaf and isinstance(output, Tensor):
                self._note_layer(name, layer, output, inputs)

        layer.register_forward_pre_hook(before)
        layer.register_forward_hook(after)

    def _note_layer(
        self, name: str, layer: nn.Module, output: Tensor, inputs: tuple[int, ...]
    ) -> None:
        self._calls[name] += 1
        again = self._calls[name] > 1
        self._add(
            f"{name} ({self._calls[name]})" if again else name,
            type(layer).__name__,
            describe_settings(layer),
            0 if again else sum(p.numel() for p in layer.parameters()),
            output,
            inputs,
        )

    def _note_operation(self, kind: str, output: Tensor, inputs: tuple[int, ...]) -> None:
        place = ".".join(filter(None, [self._within[-1] if self._within else "", kind]))
        self._calls[place] += 1
        name = place if self._calls[place] == 1 else f"{place} ({self._calls[place]})"
        self._add(name, kind, "", 0, output, inputs)

    def _add(
        self, name: str, kind: str, settings: str, parameters: int, output: Tensor,
        inputs: tuple[int, ...],
    ) -> None:  # fmt: skip
        shape = tuple(output.shape[1:])
        self.nodes.append(GraphNode(name, kind, settings, shape, parameters, inputs))
        self.remember(output, len(self.nodes) - 1)

    def _inputs_among(self, values: Any) -> tuple[int, ...]:
        """Return the makers of the tensors among arguments, each once and in their order."""
        makers = (self._makers.get(id(value)) for value in _tensors_in(values))
        return tuple(dict.fromkeys(maker for maker in makers if maker is not None))


def describe_settings(layer: nn.Module) -> str:
    """Return what distinguishes a layer from others of its kind: "3×3, stride 2"."""
    if isinstance(layer, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d):
        height, width = _pair(layer.kernel_size)
        text = f"{height}×{width}"
        stride, usual = _pair(layer.stride), (1, 1)
        if not isinstance(layer, nn.Conv2d):
            usual = (height, width)
        return text if stride == usual else f"{text}, stride {stride[0]}"
    return f"p {layer.p:g}" if isinstance(layer, nn.Dropout) else ""


def _pair(value: int | tuple[int, ...]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def _tensors_in(values: Any) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from _tensors_in(value)


def _operation_of(func: Callable[..., Any]) -> str:
    """Return a function's name as people write it: ``__iadd__`` is "add"."""
    name = str(getattr(func, "__name__", func)).strip("_")
    names = {"iadd": "add", "radd": "add", "imul": "mul", "rmul": "mul"}
    return names.get(name, name)
