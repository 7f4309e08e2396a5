"""The figures of the Evaluate page. No Streamlit."""

from collections.abc import Sequence
from html import escape

import plotly.graph_objects as go

from cifar_core.metrics import ReliabilityBin
from cifar_core.scores import ClassScore
from dashboard import colours
from dashboard.charts import new_figure

_BAR_PX, _FRAME_PX = 46, 90
_SMALLEST, _LARGEST = 6, 18
"""Diameter of a bin's mark in pixels, by how many images are in it."""


def class_figure(
    scores: Sequence[ClassScore], names: Sequence[str], measures: Sequence[str], *, dark: bool
) -> go.Figure:
    """Return precision, recall and F1 of each class as lying bars, the first class on top.

    Args:
        scores: of each class.
        names: what the visitor calls the classes.
        measures: what the visitor calls precision, recall and F1.
        dark: whether the background is.
    """
    words = [escape(name) for name in names]
    shades = [colours.split_colour(split, dark=dark) for split in ("train", "validation", "test")]
    values = [[getattr(s, name) for s in scores] for name in ("precision", "recall", "f1")]
    bars = [
        go.Bar(
            y=words, x=shares, name=escape(measure), orientation="h", marker={"color": shade},
            hovertemplate="%{x:.1%}",
        )
        for measure, shade, shares in zip(measures, shades, values, strict=True)
    ]  # fmt: skip
    figure = new_figure(*bars, height=_FRAME_PX + _BAR_PX * len(words))
    figure.update_layout(hovermode="y unified", bargap=0.25, bargroupgap=0.08)
    figure.update_xaxes(range=[0, 1], tickformat=".0%")
    return figure.update_yaxes(type="category", autorange="reversed")


def reliability_figure(
    before: Sequence[ReliabilityBin],
    after: Sequence[ReliabilityBin],
    names: tuple[str, str, str],
    titles: tuple[str, str],
    *,
    dark: bool,
) -> go.Figure:
    """Return how often the network is right, by how sure it is.

    Args:
        before: bins of its answers as they are.
        after: bins of its answers at the fitted temperature; may be empty.
        names: what the visitor calls the first, the second, and the diagonal.
        titles: of the axes: how sure, how often right.
        dark: whether the background is.
    """
    grey = "#9AA3AD"
    perfect = go.Scatter(
        x=[0, 1], y=[0, 1], mode="lines", name=names[2], hoverinfo="skip",
        line={"color": grey, "dash": "dot", "width": 1.5},
    )  # fmt: skip
    lines = [_line(before, names[0], colours.split_colour("validation", dark=dark), "dash")]
    if after:
        lines.append(_line(after, names[1], colours.split_colour("train", dark=dark), "solid"))
    figure = new_figure(perfect, *lines, height=380, x_title=titles[0], y_title=titles[1])
    figure.update_layout(hovermode="closest")
    figure.update_xaxes(range=[0, 1.02], tickformat=".0%")
    return figure.update_yaxes(range=[0, 1.02], tickformat=".0%")


def _line(bins: Sequence[ReliabilityBin], name: str, colour: str, dash: str) -> go.Scatter:
    filled = [b for b in bins if b.num_images]
    most = max((b.num_images for b in filled), default=1)
    return go.Scatter(
        x=[b.confidence for b in filled],
        y=[b.accuracy for b in filled],
        name=name,
        mode="lines+markers",
        line={"color": colour, "width": 2, "dash": dash},
        marker={"size": [_SMALLEST + _LARGEST * (b.num_images / most) ** 0.5 for b in filled]},
        customdata=[f"{b.num_images:,}" for b in filled],
        hovertemplate="%{x:.1%} → %{y:.1%}<br>n = %{customdata}<extra></extra>",
    )
