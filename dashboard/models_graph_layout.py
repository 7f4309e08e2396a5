"""Where each layer stands in the drawing of a network: boxes in rows, side paths beside them.

Knows neither Streamlit nor torch; ``models_graph`` draws it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dashboard.i18n import _

if TYPE_CHECKING:
    from cifar_core.layer_graph import GraphNode

_JOINED = frozenset({
    "BatchNorm2d", "ReLU", "GELU", "SiLU", "Dropout", "Dropout2d", "Identity", "relu", "gelu",
})  # fmt: skip
"""Layers that are drawn in the box of the one before them."""


@dataclass(frozen=True)
class Box:
    """A layer, with those that only pass its result on.

    Attributes:
        title: what it does.
        more: what the layers joined to it do, in their order.
        name: of its first layer in the network.
        shape: of what leaves it, without the batch.
        parameters: of all its layers.
        row: from the top; the picture is above, in row 0.
        column: 0 on the main path, 1 beside it.
        shown_layer: name of the layer whose feature maps show its result; empty where none does.
    """

    title: str
    more: tuple[str, ...]
    name: str
    shape: tuple[int, ...]
    parameters: int
    row: int
    column: int
    shown_layer: str


@dataclass(frozen=True)
class GraphLayout:
    """A drawing.

    Attributes:
        boxes: in the order in which they run.
        edges: from box to box by position, -1 for the picture.
        has_side_paths: whether anything is drawn beside the main path.
    """

    boxes: tuple[Box, ...]
    edges: tuple[tuple[int, int], ...]
    has_side_paths: bool


def lay_out(nodes: list[GraphNode]) -> GraphLayout:
    """Return the drawing of a network.

    A box stands below the lowest one that it needs. The longest way through the network is the main
    path; what is not on it stands beside it.
    """
    groups = _group(nodes)
    home = {place: number for number, group in enumerate(groups) for place in group} | {-1: -1}
    sources = [
        tuple(dict.fromkeys(home[place] for place in nodes[group[0]].inputs)) for group in groups
    ]
    rows = _rows(sources)
    main = _main_path(sources, rows)
    boxes = tuple(
        _box([nodes[place] for place in group], rows[number], 0 if number in main else 1)
        for number, group in enumerate(groups)
    )
    edges = tuple((source, n) for n, found in enumerate(sources) for source in found)
    skips = any(rows[target] - _row(rows, source) > 1 for source, target in edges)
    return GraphLayout(boxes, edges, skips or len(main) < len(groups))


def _group(nodes: list[GraphNode]) -> list[list[int]]:
    """Return the nodes of each box, by position."""
    uses = Counter(place for node in nodes for place in node.inputs)
    groups: list[list[int]] = []
    for place, node in enumerate(nodes):
        before = node.inputs[0] if len(node.inputs) == 1 else -1
        last_group = next((g for g in groups if g[-1] == before), None)
        if node.kind in _JOINED and last_group and uses[before] == 1:
            last_group.append(place)
        else:
            groups.append([place])
    return groups


def _row(rows: list[int], number: int) -> int:
    return 0 if number < 0 else rows[number]


def _rows(sources: list[tuple[int, ...]]) -> list[int]:
    rows: list[int] = []
    for found in sources:
        rows.append(1 + max((_row(rows, source) for source in found), default=0))
    return rows


def _main_path(sources: list[tuple[int, ...]], rows: list[int]) -> set[int]:
    """Return the boxes on the longest way from the picture to the last box."""
    path, number = set(), len(rows) - 1
    while number >= 0:
        path.add(number)
        number = max(sources[number], key=lambda source: _row(rows, source), default=-1)
    return path


def _box(nodes: list[GraphNode], row: int, column: int) -> Box:
    first = nodes[0]
    layers = [n.name for n in nodes if n.kind[0].isupper() and n.kind != "Identity"]
    return Box(
        title=" ".join(filter(None, [kind_title(first.kind), first.settings])),
        more=tuple(kind_title(node.kind) for node in nodes[1:] if node.kind != "Identity"),
        name=first.name,
        shape=nodes[-1].output_shape,
        parameters=sum(node.parameters for node in nodes),
        row=row,
        column=column,
        shown_layer=layers[-1] if layers else "",
    )


def kind_title(kind: str) -> str:
    """Return what a person calls a kind of layer."""
    titles = {
        "Conv2d": _("Convolution"),
        "BatchNorm2d": _("Batch norm"),
        "MaxPool2d": _("Max pooling"),
        "AvgPool2d": _("Average pooling"),
        "AdaptiveAvgPool2d": _("Average pooling"),
        "Linear": _("Linear"),
        "Flatten": _("Flatten"),
        "flatten": _("Flatten"),
        "add": _("Addition"),
        "mul": _("Times a constant"),
    }
    return titles.get(kind, kind)
