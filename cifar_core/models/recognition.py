"""Tell which network a bare ``state_dict`` belongs to, and put it in.

Names, shapes, types and values are all checked before a network is built, and what does not fit is
said in a sentence. Knows nothing of files: ``checkpoint`` reads them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

import torch
from torch import Tensor, nn

from cifar_core.errors import CheckpointError
from cifar_core.model_info import MAX_CLASSES
from cifar_core.models.registry import MODEL_SPECS, build_skeleton

PREFIXES = ("module.", "_orig_mod.")
"""What DataParallel and torch.compile put before every name."""

MIN_CLASSES = 2
_FLOATS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
_INTEGERS = (torch.int64, torch.int32, torch.int16, torch.uint8)
_COUNTER = "num_batches_tracked"
_SHOWN = 4
"""Names that a sentence lists before it says how many more there are."""


@dataclass(frozen=True)
class Recognised:
    """The network that a ``state_dict`` fits."""

    model: str
    num_classes: int


@dataclass(frozen=True)
class _Difference:
    """How names and shapes differ from those of one network."""

    model: str
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    misshapen: tuple[str, ...]
    """Whole phrases: "fc1.weight is 64x100 instead of 64x4608"."""

    @property
    def size(self) -> int:
        """How many names are concerned; 0 is a fit."""
        return len(self.missing) + len(self.unexpected) + len(self.misshapen)

    def __str__(self) -> str:
        parts = [
            f"{title} {_enumerate(names)}"
            for title, names in (("missing", self.missing), ("unexpected", self.unexpected))
            if names
        ]
        return "; ".join([*parts, *([_enumerate(self.misshapen)] if self.misshapen else [])])


def strip_prefixes(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors without the prefixes that every one of the names has, in any order."""
    stripped = dict(tensors)
    while stripped:
        for prefix in PREFIXES:
            if all(name.startswith(prefix) for name in stripped):
                stripped = {name.removeprefix(prefix): t for name, t in stripped.items()}
                break
        else:
            break
    return stripped


def recognise(tensors: Mapping[str, Tensor], *, model: str | None = None) -> Recognised:
    """Return the network whose names and shapes a ``state_dict`` has.

    Args:
        tensors: by name; prefixes of ``PREFIXES`` are overlooked.
        model: accept this network only.

    Raises:
        CheckpointError: names or shapes fit no network with ``MIN_CLASSES`` to ``MAX_CLASSES``
            classes (the sentence compares them with the nearest), a tensor is of an unexpected
            type, or a value is not finite.
        ConfigError: ``model`` is no network of this program.
    """
    tensors = strip_prefixes(tensors)
    candidates = tuple(MODEL_SPECS) if model is None else (model,)
    differences = [_compare(name, tensors) for name in candidates]
    nearest = min(differences, key=lambda difference: difference.size)
    if nearest.size > 0:
        raise CheckpointError(_refusal(tensors, nearest, forced=model is not None))
    for name, tensor in tensors.items():
        _check_values(name, tensor)
    return Recognised(nearest.model, _count_classes(nearest.model, tensors))


def load_weights(
    name: str, num_classes: int, tensors: Mapping[str, Tensor], *, dropout: float = 0.5
) -> nn.Module:
    """Build a network with these weights, as float32 on the CPU, in eval mode.

    The weights are copied, and nothing is drawn from a random generator.

    Args:
        name: one of ``MODEL_SPECS``.
        num_classes: length of the answer.
        tensors: a ``state_dict``, as for ``recognise``.
        dropout: share of values that dropout layers drop, should the network be trained on.

    Raises:
        CheckpointError: as ``recognise``, or the tensors are for another number of classes.
        ConfigError: ``name`` is no network of this program.
    """
    tensors = strip_prefixes(tensors)
    found = recognise(tensors, model=name)
    if found.num_classes != num_classes:
        raise CheckpointError(
            f"The weights are for {found.num_classes} classes; expected {num_classes}."
        )
    network = build_skeleton(name, num_classes, dropout=dropout).to_empty(device="cpu")
    network.load_state_dict(tensors, strict=True)
    return network.eval()


@lru_cache(maxsize=64)
def _expected_shapes(model: str, num_classes: int) -> dict[str, torch.Size]:
    """Return the shape of every tensor of a network, by name."""
    state = build_skeleton(model, num_classes).state_dict()
    return {name: tensor.shape for name, tensor in state.items()}


@cache
def _head_of(model: str) -> str:
    """Return the name of the last layer's weight, whose rows are the classes."""
    layers = build_skeleton(model, 2).named_modules()
    linear = [name for name, layer in layers if isinstance(layer, nn.Linear)]
    return f"{linear[-1]}.weight"


def _count_classes(model: str, tensors: Mapping[str, Tensor]) -> int:
    """Return the rows of the last layer, or the nearest possible number of classes."""
    head = tensors.get(_head_of(model))
    if not isinstance(head, Tensor) or head.dim() != 2:
        return 10
    return min(max(len(head), MIN_CLASSES), MAX_CLASSES)


def _compare(model: str, tensors: Mapping[str, Tensor]) -> _Difference:
    expected = _expected_shapes(model, _count_classes(model, tensors))
    return _Difference(
        model,
        missing=tuple(name for name in expected if name not in tensors),
        unexpected=tuple(name for name in tensors if name not in expected),
        misshapen=tuple(
            f"{name} is {_shape(tensors[name])} instead of {_sizes(shape)}"
            for name, shape in expected.items()
            if name in tensors and getattr(tensors[name], "shape", None) != shape
        ),
    )


def _check_values(name: str, tensor: Tensor) -> None:
    """Refuse a tensor, of a known name and shape, that a network cannot compute with."""
    allowed = _INTEGERS if name.endswith(_COUNTER) else _FLOATS
    if tensor.dtype not in allowed or tensor.layout != torch.strided or tensor.is_meta:
        kind = "whole numbers" if allowed is _INTEGERS else "floating-point numbers"
        raise CheckpointError(
            f"{name} holds {tensor.layout} {tensor.dtype} on {tensor.device}; expected dense {kind}"
            " in memory."
        )
    # as float32, which is what the network will have: a float64 may be too large for it
    bad = int((~tensor.float().isfinite()).sum())
    if bad:
        raise CheckpointError(
            f"{name} holds {bad} values that are infinite or not a number; the training that made "
            "it has diverged, or the file is damaged."
        )
    if name.endswith("running_var") and bool((tensor < 0).any()):
        raise CheckpointError(f"{name} holds negative variances; the file is damaged.")


def _refusal(tensors: Mapping[str, Tensor], nearest: _Difference, *, forced: bool) -> str:
    found = [f"{_clip(name)} {_shape(tensor)}" for name, tensor in tensors.items()]
    contents = f"The weights hold {len(found)} tensors"
    if found:
        contents += f" ({_enumerate(found)})"
    if forced:
        return f"{contents}, which do not fit the network {nearest.model}: {nearest}."
    return (
        f"{contents}, which fit none of the networks {', '.join(MODEL_SPECS)}. The nearest is "
        f"{nearest.model}: {nearest}. Expected a state_dict of one of these networks with "
        f"{MIN_CLASSES} to {MAX_CLASSES} classes."
    )


def _enumerate(names: Iterable[str]) -> str:
    names = [_clip(name) for name in names]
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _clip(name: str, length: int = 100) -> str:
    """Return a name from a file so that it can stand in a sentence."""
    printable = "".join(letter if letter.isprintable() else "?" for letter in name)
    return printable if len(printable) <= length else printable[: length - 1] + "…"


def _shape(tensor: Tensor) -> str:
    return _sizes(tensor.shape) if isinstance(tensor, Tensor) else f"a {type(tensor).__name__}"


def _sizes(shape: Iterable[int]) -> str:
    return "x".join(str(size) for size in shape) or "a single number"
