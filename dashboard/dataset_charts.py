"""The figures of the Dataset page: bars of the classes, curves of the pixels. No Streamlit."""

from collections.abc import Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dashboard import colours
from dashboard.charts import new_figure
from dashboard.dataset_statistics import PixelStatistics

CHANNEL_COLOURS = {
    False: ("#E03131", "#2F9E44", "#1C7ED6"),
    True: ("#FF6B6B", "#51CF66", "#4DABF7"),
}
"""Of red, green and blue on a light and on a dark background."""
CHANNEL_DASHES = ("solid", "dash", "dot")
MANY_CLASSES = 14
"""From so many classes on, the bars lie, so that their names can be read."""

_BAR_PX, _FRAME_PX = 24, 80
_ROOM_ABOVE = 1.15
_MAX_LETTERS = 40


def class_figure(
    classes: Sequence[str],
    counts: dict[str, NDArray[np.int64]],
    names: dict[str, str],
    *,
    count_title: str = "",
    dark: bool = False,
) -> go.Figure:
    """Return how many images each class has in each part.

    Args:
        classes: names in label order.
        counts: by split ("train", "test"), int64 (classes,).
        names: what the visitor calls each split.
        count_title: of the axis that counts.
        dark: whether the background is.
    """
    lying = len(classes) > MANY_CLASSES
    bars = [
        _class_bars(classes, counts[split], split, names[split], lying=lying, dark=dark)
        for split in counts
    ]
    # "category": names such as 2024 are no numbers here
    if not lying:
        figure = new_figure(*bars, height=320, y_title=count_title)
        figure.update_layout(bargap=0.3, showlegend=True).update_yaxes(tickformat=",d", nticks=6)
        return figure.update_xaxes(type="category")
    height = _FRAME_PX + _BAR_PX * len(classes)
    figure = new_figure(*bars, height=height, x_title=count_title)
    figure.update_layout(hovermode="y unified", bargap=0.25, showlegend=True).update_xaxes(
        tickformat=",d"
    )
    return figure.update_yaxes(type="category", autorange="reversed")  # the first class on top


def _class_bars(
    classes: Sequence[str],
    counts: NDArray[np.int64],
    split: str,
    name: str,
    *,
    lying: bool,
    dark: bool,
) -> go.Bar:
    names, heights = _labels(classes), counts.tolist()
    return go.Bar(
        x=heights if lying else names,
        y=names if lying else heights,
        orientation="h" if lying else "v",
        name=name,
        marker={
            "color": colours.split_colour(split, dark=dark),
            "pattern": {"shape": "" if split == "train" else "/"},
            "cornerradius": 3,
        },
        hovertemplate="%{x:,}" if lying else "%{y:,}",
    )


def _labels(classes: Sequence[str]) -> list[str]:
    """Return the names as an axis shows them: short if that leaves them different, never markup."""
    short = [
        name if len(name) <= _MAX_LETTERS else name[: _MAX_LETTERS - 1] + "…" for name in classes
    ]
    shown = short if len(set(short)) == len(classes) else classes
    return [escape(name, quote=False) for name in shown]  # Plotly takes <b> for bold


def pixel_figure(
    statistics: PixelStatistics, names: Sequence[str], *, x_title: str, y_title: str, dark: bool
) -> go.Figure:
    """Return how often each value occurs in red, green and blue.

    Args:
        statistics: its values are the horizontal axis.
        names: what the visitor calls the three channels.
        x_title: what the values are.
        y_title: what the curves count.
        dark: whether the background is.
    """
    traces = [
        go.Scatter(
            x=statistics.values[channel].astype(np.float32),
            y=statistics.shares[channel].astype(np.float32),
            name=names[channel],
            mode="lines",
            line={
                "color": CHANNEL_COLOURS[dark][channel],
                "dash": CHANNEL_DASHES[channel],
                "width": 2,
            },
            hovertemplate="%{y:.2%}",
        )
        for channel in range(3)
    ]
    figure = new_figure(*traces, height=280, x_title=x_title, y_title=y_title)
    top = _ROOM_ABOVE * (_highest_inside(statistics) or float(statistics.shares.max()))
    return figure.update_yaxes(tickformat=".1~%", range=[0, top])


def ends_leave_plot(statistics: PixelStatistics) -> bool:
    """Whether the first and last levels stand higher than the plot of ``pixel_figure``.

    Pixels that were darker or brighter than can be stored are gathered there; a plot that showed
    all of them would press everything else flat.
    """
    inside = _highest_inside(statistics)
    return inside > 0 and float(statistics.shares.max()) > _ROOM_ABOVE * inside


def _highest_inside(statistics: PixelStatistics) -> float:
    return float(statistics.shares[:, 1:-1].max())
