"""The figures of the Runs page: curves over each other, and many settings at once. No Streamlit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import plotly.graph_objects as go

from cifar_core.records import EpochRecord
from dashboard.charts import new_figure

MEASURES = ("val_accuracy", "val_loss", "train_accuracy", "train_loss", "learning_rate")
AXES = ("epoch", "step", "time")


@dataclass(frozen=True)
class RunCurve:
    """The epochs of one run, and how it is drawn."""

    name: str
    colour: str
    epochs: Sequence[EpochRecord]


def curves_figure(
    curves: Sequence[RunCurve], measure: str, axis: str, titles: tuple[str, str]
) -> go.Figure:
    """Return one measure of several runs over each other.

    Args:
        curves: of the runs.
        measure: one of ``MEASURES``.
        axis: one of ``AXES``; time is in minutes of training.
        titles: of the horizontal and the vertical axis.
    """
    share = measure.endswith("accuracy")
    shown = "%{y:.2%}" if share else "%{y:.4g}"
    lines = [
        go.Scatter(
            x=positions(curve.epochs, axis),
            y=[getattr(epoch, measure) for epoch in curve.epochs],
            name=escape(curve.name),
            mode="lines+markers",
            line={"color": curve.colour, "width": 2},
            marker={"size": 6},
            hovertemplate=f"{shown}<extra>{escape(curve.name)}</extra>",
        )
        for curve in curves
    ]
    figure = new_figure(*lines, height=400, x_title=titles[0], y_title=titles[1])
    figure.update_layout(showlegend=False, uirevision=f"{measure} {axis}")
    if share:
        figure.update_yaxes(tickformat=".0%")
    if axis == "epoch" and max((len(curve.epochs) for curve in curves), default=0) < 12:
        figure.update_xaxes(dtick=1)
    return figure


def positions(epochs: Sequence[EpochRecord], axis: str) -> list[float]:
    """Return where each epoch stands on an axis: its number, its last step, or its minute."""
    if axis == "time":
        minutes, passed = [], 0.0
        for epoch in epochs:
            passed += epoch.seconds
            minutes.append(passed / 60)
        return minutes
    return [float(getattr(epoch, axis)) for epoch in epochs]


def parallel_figure(
    columns: Mapping[str, Sequence[Any]], result: tuple[str, Sequence[float]]
) -> go.Figure:
    """Return a line for each run across its settings, coloured by how good it became.

    Args:
        columns: by the name of a setting, its value in each run; words become levels.
        result: name and value, 0 to 1, of what the settings led to.
    """
    name, values = result
    axes = [_dimension(title, list(row)) for title, row in columns.items()]
    axes.append({"label": name, "values": list(values), "tickformat": ".0%"})
    line = {"color": list(values), "colorscale": "Viridis", "showscale": False}
    figure = new_figure(go.Parcoords(dimensions=axes, line=line), height=380)
    figure.update_layout(margin={"l": 48, "r": 48, "t": 48, "b": 16})
    return figure


def _dimension(title: str, row: list[Any]) -> dict[str, Any]:
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in row)
    if numbers and len(set(row)) > 6:
        return {"label": title, "values": row}
    levels = sorted(set(row), key=lambda v: (str(type(v)), v) if v is not None else ("", 0))
    return {
        "label": title,
        "values": [levels.index(value) for value in row],
        "tickvals": list(range(len(levels))),
        "ticktext": ["–" if level is None else str(level) for level in levels],
    }
