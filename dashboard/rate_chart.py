"""The curve of a learning-rate range test. Pure but for the visitor's language: no Streamlit."""

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from cifar_core.rate_curve import RatePoint, Suggestion
from dashboard.charts import new_figure
from dashboard.colours import split_colour
from dashboard.i18n import _

HEIGHT = 240
_HEADROOM = 0.25
"""How much of the divergence is shown, as a share of the descent."""


def rate_figure(
    points: Sequence[RatePoint], suggestion: Suggestion, *, dark: bool = False
) -> go.Figure:
    """Return the loss over the learning rate, with what it suggests marked.

    Args:
        points: at least one.
        suggestion: what they suggest.
        dark: whether it stands on a dark background.
    """
    rates, colour = [point.rate for point in points], split_colour("train", dark=dark)
    figure = new_figure(
        go.Scatter(
            x=rates, y=[p.loss for p in points], mode="lines", hoverinfo="skip", opacity=0.3,
            line={"color": colour, "width": 1}, showlegend=False,
        ),
        go.Scatter(
            x=rates, y=[p.smoothed for p in points], mode="lines", showlegend=False,
            line={"color": colour, "width": 2}, hovertemplate="%{x:.2g}: %{y:.3f}<extra></extra>",
        ),
        *_marks(points, suggestion, dark=dark),
        height=HEIGHT,
        x_title=_("Learning rate"),
        y_title=_("Training loss"),
    )  # fmt: skip
    figure.update_layout(hovermode="closest")
    figure.update_xaxes(type="log", dtick=1, exponentformat="power", fixedrange=True)
    figure.update_yaxes(range=_loss_range(points), nticks=5, fixedrange=True)
    return figure


def _marks(points: Sequence[RatePoint], suggestion: Suggestion, *, dark: bool) -> list[go.Scatter]:
    """Return a mark on the curve for each suggestion that there is."""
    looks = (
        (suggestion.advised, _("advised"), "validation", "circle"),
        (suggestion.valley, _("middle of the descent"), "train", "diamond"),
    )
    return [
        go.Scatter(
            x=[rate], y=[_loss_at(points, rate)], mode="markers", name=f"{name}: {rate:.2g}",
            marker={"color": split_colour(split, dark=dark), "size": 11, "symbol": symbol},
            hovertemplate=f"{name}: {rate:.2g}<extra></extra>",
        )
        for rate, name, split, symbol in looks
        if rate is not None
    ]  # fmt: skip


def _loss_at(points: Sequence[RatePoint], rate: float) -> float:
    """Return the height of the curve at a rate, that of the nearest point."""
    return min(points, key=lambda point: abs(math.log(point.rate / rate))).smoothed


def _loss_range(points: Sequence[RatePoint]) -> list[float]:
    """Return an axis on which the descent is large, however far the loss rose at the end."""
    smoothed = [point.smoothed for point in points]
    low, high = min(smoothed), max(smoothed[: max(1, len(smoothed) // 3)])
    room = _HEADROOM * max(high - low, 0.1)
    return [low - room, high + room]
