"""The figures of a model's detail view. Pure: no Streamlit."""

from collections.abc import Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dashboard.charts import new_figure
from dashboard.colours import TRAIN, TRAIN_DARK, class_colour

_START = "#868E96"
_CLASS_DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


def weight_figure(
    counts: Sequence[int], reach: float, *, start: Sequence[int] | None, titles: dict[str, str],
    dark: bool,
) -> go.Figure:  # fmt: skip
    """Return a histogram of weights, with that of the untrained network as a line over it.

    Args:
        counts: of the bins.
        reach: the bins go from minus this to plus this.
        start: the same bins before the first step; None where they are not known.
        titles: "now", "start", "x" and "y" in the visitor's language.
        dark: whether the page is dark.
    """
    width = 2 * reach / len(counts)
    middles = -reach + width * (np.arange(len(counts)) + 0.5)
    bars = go.Bar(
        x=middles, y=list(counts), width=width, name=titles["now"],
        marker={"color": TRAIN_DARK if dark else TRAIN, "line": {"width": 0}},
        hovertemplate="%{x:.3g}: %{y:,}<extra></extra>",
    )  # fmt: skip
    figure = new_figure(bars, height=300, x_title=titles["x"], y_title=titles["y"])
    if start is not None:
        figure.add_scatter(
            x=middles, y=list(start), name=titles["start"], mode="lines", hoverinfo="skip",
            line={"shape": "hvh", "color": _START, "width": 2, "dash": "dot"},
        )  # fmt: skip
    figure.update_layout(hovermode="closest", bargap=0, showlegend=start is not None)
    return figure


def class_lines(
    epochs: Sequence[int], probs: NDArray[np.float32], labels: Sequence[int], names: Sequence[str],
    *, x_title: str,
) -> go.Figure:  # fmt: skip
    """Return how the probabilities of some classes moved over the epochs.

    Args:
        epochs: those that are known.
        probs: float (epochs, classes), 0 to 1.
        labels: numbers of the classes to show.
        names: what these are called, in the same order.
        x_title: of the horizontal axis.
    """
    lines = [
        go.Scatter(
            x=list(epochs), y=probs[:, label].tolist(), name=escape(name), mode="lines+markers",
            line={"color": class_colour(label), "dash": _CLASS_DASHES[place % 5], "width": 2},
            marker={"size": 5},
            hovertemplate="%{y:.1%}",
        )
        for place, (label, name) in enumerate(zip(labels, names, strict=True))
    ]  # fmt: skip
    figure = new_figure(*lines, height=260, x_title=x_title)
    figure.update_yaxes(range=[0, 1.08 * float(probs[:, list(labels)].max())], tickformat=".0%")
    figure.update_xaxes(rangemode="tozero", tickformat=",d")
    return figure
