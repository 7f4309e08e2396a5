"""A network as a drawing: boxes for layers, lines for what follows; ``browser/layer_graph.js``."""

from collections.abc import Callable

import streamlit as st

from dashboard.browser_side import read_source
from dashboard.i18n import _, ngettext
from dashboard.models_graph_layout import Box, GraphLayout
from dashboard.numbers import count


def layer_drawing(layout: GraphLayout, *, key: str, on_choose: Callable[[], None]) -> None:
    """Draw a network.

    Args:
        layout: of its layers.
        key: of the component, unique on the page.
        on_choose: called when a box is clicked; ``chosen_layer(key)`` tells which layer.
    """
    _LAYER_GRAPH(
        data={
            "picture": {"title": _("Picture"), "facts": "3 × 32 × 32"},
            "boxes": [_words(box) for box in layout.boxes],
            "edges": [list(edge) for edge in layout.edges],
            "wide": layout.has_side_paths,
            "label": _("The network, from the picture at the top to the answer at the bottom"),
        },
        key=key,
        on_layer_change=on_choose,
    )


def chosen_layer(key: str) -> str:
    """Return the layer whose box was just clicked; for ``on_choose``."""
    return str(st.session_state[key].layer or "")


def _words(box: Box) -> dict[str, object]:
    shape = " × ".join(str(size) for size in box.shape)
    facts = shape
    if box.parameters:
        words = ngettext("{count} parameter", "{count} parameters", box.parameters)
        facts = f"{shape} · {words.format(count=count(box.parameters))}"
    return {
        "title": box.title,
        "more": list(box.more),
        "name": box.name,
        "facts": facts,
        "row": box.row,
        "column": box.column,
        "layer": box.shown_layer,
    }


_LAYER_GRAPH = st.components.v2.component(
    "layer_graph",
    html="<div class='layer-graph' role='group'></div>",
    css=read_source("layer_graph.css"),
    js=read_source("layer_graph.js"),
)
