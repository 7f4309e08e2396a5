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
_MOST_LEVELS = 8
"""So many values of a setting have a tick each; more numbers stand by their size."""


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
        # Around a single point Plotly shows one more in both directions: up to 150 %.
        figure.update_yaxes(tickformat=".0%", minallowed=-0.05, maxallowed=1.05)
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
    columns: Mapping[str, Sequence[Any]],
    result: tuple[str, Sequence[float]],
    runs: Sequence[tuple[str, str]],
) -> go.Figure:
    """Return a line for each run across its settings, one upright axis a setting.

    Plotly's own ``Parcoords`` needs WebGL, which many machines without a GPU do not have.

    Args:
        columns: by the name of a setting, its value in each run; words become levels.
        result: name and value, 0 to 1, of what the settings led to: the last axis.
        runs: name and colour of each run.
    """
    axes = [(title, *_places(list(row))) for title, row in columns.items()]
    axes.append((result[0], *_places(list(result[1]), as_share=True)))
    lines = [
        go.Scatter(
            x=list(range(len(axes))),
            y=[places[number] for _title, places, _ticks in axes],
            name=escape(name),
            mode="lines+markers",
            line={"color": colour, "width": 2},
            hovertemplate=f"{escape(name)}<extra></extra>",
        )
        for number, (name, colour) in enumerate(runs)
    ]
    figure = new_figure(*lines, height=380)
    for place, (_title, _places_of_runs, ticks) in enumerate(axes):
        figure.add_vline(x=place, line={"width": 1, "color": "rgba(128, 128, 128, 0.5)"})
        for height, text in ticks:
            figure.add_annotation(
                x=place, y=height, text=escape(text), showarrow=False, xanchor="left", xshift=6,
                yshift=8,
                font={"size": 11},
            )  # fmt: skip
    titles = [escape(title) for title, _places_of_runs, _ticks in axes]
    figure.update_layout(showlegend=False, hovermode="closest")
    figure.update_xaxes(
        tickvals=list(range(len(axes))), ticktext=titles, showgrid=False, side="top",
        range=[-0.1, len(axes) - 0.65],
    )  # fmt: skip
    return figure.update_yaxes(visible=False, range=[-0.06, 1.06])


def _places(
    row: list[Any], *, as_share: bool = False
) -> tuple[list[float], list[tuple[float, str]]]:
    """Return where each value stands on its axis, 0 to 1, and the axis' ticks.

    Few values stand at even distances, in order; many numbers by their size.
    """
    levels = sorted(set(row), key=lambda v: (isinstance(v, str), str(v) if v is None else v))
    few = len(levels) <= _MOST_LEVELS and not (as_share and len(levels) > 1)
    if few or not all(isinstance(v, int | float) for v in levels):
        heights = {level: i / max(1, len(levels) - 1) for i, level in enumerate(levels)}
    else:
        low, high = levels[0], levels[-1]
        heights = {level: (level - low) / (high - low) for level in levels}
        levels = [low, high]
    words = [
        f"{v:.1%}" if as_share else f"{v:g}" if isinstance(v, float) else str(v) for v in levels
    ]
    ticks = [(heights[level], word) for level, word in zip(levels, words, strict=True)]
    return [heights[value] for value in row], ticks
