"""The figures of the Predict page. Pure: no Streamlit."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import plotly.graph_objects as go

from dashboard.charts import new_figure
from dashboard.colours import class_colour
from dashboard.numbers import percent

_BAR_HEIGHT = 40
_TRACK = "rgba(128, 128, 128, 0.13)"


@dataclass(frozen=True)
class Bar:
    """One class in an answer: what it is called, its number, and its probability."""

    name: str
    label: int
    prob: float


def probability_bars(bars: Sequence[Bar]) -> go.Figure:
    """Return horizontal bars, the first on top; names on the left, percentages on the right."""
    places = list(range(len(bars)))
    names = [escape(bar.name) for bar in bars]  # Plotly understands some HTML, even links
    shares = [percent(bar.prob) for bar in bars]
    look: dict[str, Any] = {"orientation": "h", "width": 0.62, "y": places}
    track = go.Bar(x=[1.0] * len(bars), marker={"color": _TRACK}, hoverinfo="skip", **look)
    colours = [class_colour(bar.label) for bar in bars]
    filled = go.Bar(
        x=[bar.prob for bar in bars], marker={"color": colours}, yaxis="y2",
        customdata=list(zip(names, shares, strict=True)),
        hovertemplate="%{customdata[0]} %{customdata[1]}<extra></extra>", **look,
    )  # fmt: skip
    figure = new_figure(track, filled, height=_BAR_HEIGHT * len(bars) + 16)
    figure.update_layout(
        hovermode="closest", barmode="overlay", barcornerradius=4, showlegend=False,
        margin={"l": 0, "r": 0, "t": 8, "b": 8},
        yaxis=_axis(names), yaxis2={**_axis(shares), "overlaying": "y", "side": "right"},
    )  # fmt: skip
    figure.update_xaxes(range=[0, 1], visible=False, fixedrange=True)
    return figure


def _axis(texts: list[str]) -> dict[str, Any]:
    places = list(range(len(texts)))
    return {
        "tickvals": places, "ticktext": texts, "range": [len(texts) - 0.5, -0.5], "ticks": "",
        "showgrid": False, "zeroline": False, "fixedrange": True, "automargin": True,
        "tickfont": {"size": 14},
    }  # fmt: skip
