"""What a network is made of: its layers in order, with shapes, parameters and cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from cifar_core.data.image_set import IMAGE_SIZE
from cifar_core.models.registry import TRACING_LOCK, skeleton_of


@dataclass(frozen=True)
class LayerRow:
    """One layer at work on one image.

    Attributes:
        name: where it is in the network, as in the ``state_dict``.
        kind: its class, for example "Conv2d".
        input_shape: of one image, without the batch.
        output_shape: likewise.
        parameters: numbers that training adjusts; 0 at a second call of the same layer.
        flops: as ``registry.count_flops`` counts them.
    """

    name: str
    kind: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    parameters: int
    flops: int


def layer_table(model: nn.Module) -> list[LayerRow]:
    """Return a row for each call of a layer that has no layers inside, in order of execution.

    Shapes are those for one image of 3 x 32 x 32. The network is only read; a copy without values
    is run.
    """
    skeleton, rows = skeleton_of(model), list[LayerRow]()
    with TRACING_LOCK, torch.no_grad(), FlopCounterMode(display=False) as counter:
        for name, layer in skeleton.named_modules():
            if next(layer.children(), None) is None:
                _watch(layer, name, rows, counter)
        skeleton(torch.empty(1, 3, IMAGE_SIZE, IMAGE_SIZE, device="meta"))
    return rows


def _watch(layer: nn.Module, name: str, rows: list[LayerRow], counter: FlopCounterMode) -> None:
    """Let a layer append a row to ``rows`` whenever it is called."""
    flops_before = 0

    def before(layer: nn.Module, inputs: tuple[Any, ...]) -> None:
        nonlocal flops_before
        flops_before = counter.get_total_flops()

    def after(layer: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
        again = any(row.name == name for row in rows)
        rows.append(
            LayerRow(
                name=name,
                kind=type(layer).__name__,
                input_shape=tuple(inputs[0].shape[1:]),
                output_shape=tuple(output.shape[1:]),
                parameters=0 if again else sum(p.numel() for p in layer.parameters()),
                flops=counter.get_total_flops() - flops_before,
            )
        )

    layer.register_forward_pre_hook(before)
    layer.register_forward_hook(after)


def as_text(rows: Sequence[LayerRow]) -> str:
    """Return a table with aligned columns and totals, for a fixed-width font."""
    lines = [("layer", "kind", "input", "output", "parameters", "flops")]
    lines += [
        (
            row.name,
            row.kind,
            _sizes(row.input_shape),
            _sizes(row.output_shape),
            f"{row.parameters:,}",
            f"{row.flops:,}",
        )
        for row in rows
    ]
    parameters, flops = sum(row.parameters for row in rows), sum(row.flops for row in rows)
    lines.append(("total", "", "", "", f"{parameters:,}", f"{flops:,}"))
    widths = [max(len(line[column]) for line in lines) for column in range(6)]
    return "\n".join(_align(line, widths) for line in lines)


def _align(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Return cells in one line: texts and shapes to the left, numbers to the right."""
    texts = [cell.ljust(width) for cell, width in zip(cells[:4], widths[:4], strict=True)]
    numbers = [cell.rjust(width) for cell, width in zip(cells[4:], widths[4:], strict=True)]
    return "  ".join([*texts, *numbers])


def _sizes(shape: Sequence[int]) -> str:
    return "x".join(str(size) for size in shape)
