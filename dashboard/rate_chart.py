"""The curve of a learning-rate range test. Pure but for the visitor's language: no Streamlit."""

from collections.abc import Sequence

import plotly.graph_objects as go

from cifar_core.rate_curve import RatePoint, Suggestion
from dashboard.charts import new_figure
from dashboard.colours import TRAIN, VALIDATION
from dashboard.i18n import _

HEIGHT = 240
_HEADROOM = 1.25
"""How much of the divergence is shown, as a multiple of the first losses."""


def rate_figure(points: Sequence[RatePoint], suggestion: Suggestion) -> go.Figure:
    """Return the loss over the learning rate, with both suggestions marked.

    Args:
        points: at least one.
        suggestion: what they suggest.
    """
    rates = [point.rate for point in points]
    figure = new_figure(
        go.Scatter(
            x=rates, y=[p.loss for p in points], mode="lines", hoverinfo="skip", opacity=0.3,
            line={"color": TRAIN, "width": 1}, showlegend=False,
        ),
        go.Scatter(
            x=rates, y=[p.smoothed for p in points], mode="lines", showlegend=False,
            line={"color": TRAIN, "width": 2}, hovertemplate="%{x:.2g}: %{y:.3f}<extra></extra>",
        ),
        *_marks(points, suggestion),
        height=HEIGHT,
        x_title=_("Learning rate"),
        y_title=_("Training loss"),
    )  # fmt: skip
    figure.update_layout(hovermode="closest")
    figure.update_xaxes(type="log", dtick=1, exponentformat="power", fixedrange=True)
    figure.update_yaxes(range=_loss_range(points), nticks=5, fixedrange=True)
    return figure


def _marks(points: Sequence[RatePoint], suggestion: Suggestion) -> list[go.Scatter]:
    """Return a mark on the curve for each suggestion that there is."""
    smoothed = {point.rate: point.smoothed for point in points}
    looks = (
        (suggestion.steepest, _("fastest fall"), VALIDATION, "circle"),
        (suggestion.valley, _("middle of the descent"), TRAIN, "diamond"),
    )
    return [
        go.Scatter(
            x=[rate], y=[smoothed[rate]], mode="markers", name=f"{name}: {rate:.2g}",
            marker={"color": colour, "size": 11, "symbol": symbol},
            hovertemplate=f"{name}: {rate:.2g}<extra></extra>",
        )
        for rate, name, colour, symbol in looks
        if rate is not None
    ]  # fmt: skip


def _loss_range(points: Sequence[RatePoint]) -> list[float]:
    """Return an axis on which the descent is large, however far the loss rose at the end."""
    smoothed = [point.smoothed for point in points]
    low, high = min(smoothed), _HEADROOM * max(smoothed[: max(1, len(smoothed) // 2)])
    return [low - 0.15 * (high - low), high]
