"""The figures of the Learn page. Pure: no Streamlit, no torch."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from dashboard.charts import new_figure
from dashboard.colours import TRAIN, VALIDATION, class_colour
from dashboard.i18n import _
from dashboard.numbers import percent

_QUIET = "rgba(128, 128, 128, 0.35)"
_GREY = "rgba(128, 128, 128, 0.85)"

_CURVES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "relu": lambda x: np.maximum(0, x),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.1 * x),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "identity": lambda x: x,
}


def activation_figure(name: str, values: np.ndarray) -> go.Figure:
    """Return an activation's curve over a histogram of the values that it gets.

    Args:
        name: a key of ``lessons.maps.ACTIVATIONS``.
        values: float (n,).
    """
    reach = max(2.5, float(np.abs(values).max()))
    x = np.linspace(-reach, reach, 201)
    counts, edges = np.histogram(values, 40, range=(-reach, reach))
    bars = go.Bar(
        x=(edges[:-1] + edges[1:]) / 2, y=counts / counts.sum(), yaxis="y2", name=_("Values"),
        marker={"color": _QUIET}, hoverinfo="skip",
    )  # fmt: skip
    line = go.Scatter(
        x=x, y=_CURVES[name](x), mode="lines", name=_("Activation"),
        line={"color": TRAIN, "width": 3}, hovertemplate="%{y:.2f}<extra></extra>",
    )  # fmt: skip
    figure = new_figure(bars, line, height=220, x_title=_("before"), y_title=_("after"))
    figure.update_layout(
        yaxis2={"overlaying": "y", "side": "right", "visible": False, "fixedrange": True},
        bargap=0.05,
    )
    figure.update_xaxes(fixedrange=True)
    figure.update_yaxes(fixedrange=True)
    return figure


def loss_figure(prob: float, chance: float) -> go.Figure:
    """Return minus the logarithm of a probability as a curve, with one place marked.

    Args:
        prob: of the true class, above 0.
        chance: what guessing gives it.
    """
    x = np.geomspace(0.002, 1, 160)
    curve = go.Scatter(
        x=x, y=-np.log(x), mode="lines", line={"color": TRAIN, "width": 3}, showlegend=False,
        hovertemplate="%{x:.3f} → %{y:.3f}<extra></extra>",
    )  # fmt: skip
    marks = go.Scatter(
        x=[chance, prob], y=[-math.log(chance), -math.log(max(prob, 1e-30))],
        mode="markers+text", showlegend=False, textposition="middle right",
        text=[_("  guessing: {loss}").format(loss=f"{-math.log(chance):.3f}"), ""],
        marker={"size": [9, 14], "color": [_QUIET, VALIDATION]}, hoverinfo="skip", cliponaxis=False,
    )  # fmt: skip
    figure = new_figure(
        curve, marks, height=260, x_title=_("probability of the true class"), y_title=_("loss")
    )
    figure.update_xaxes(range=[0, 1.02], fixedrange=True)
    figure.update_yaxes(range=[0, 6.4], fixedrange=True)
    return figure


def rates_figure(
    rates: Sequence[float], losses: Mapping[str, Sequence[float]], before: float, chosen: float
) -> go.Figure:
    """Return the loss after one step over the learning rate, a line for each optimiser.

    Args:
        rates: in rising order.
        losses: by optimiser, one a rate.
        before: the loss before the step.
        chosen: the learning rate to mark.
    """
    looks = {"sgd": ("SGD", TRAIN, "solid"), "adam": ("Adam", VALIDATION, "dash")}
    top = max(1.6 * before, 0.5)
    lines = [
        go.Scatter(
            x=list(rates), y=[min(value, 1e6) for value in losses[name]], name=title,
            mode="lines+markers", line={"color": colour, "dash": dash, "width": 2.5},
            hovertemplate="%{y:.3f}<extra>" + title + "</extra>",
        )
        for name, (title, colour, dash) in looks.items()
    ]  # fmt: skip
    figure = new_figure(
        *lines, height=300, x_title=_("learning rate"), y_title=_("loss after one step")
    )
    figure.add_hline(
        y=before, line={"color": _QUIET, "dash": "dot"}, annotation_text=_("before the step")
    )
    figure.add_vline(x=chosen, line={"color": _QUIET, "width": 2})
    figure.update_xaxes(type="log", dtick=1, exponentformat="power", fixedrange=True)
    figure.update_yaxes(range=[0, top], fixedrange=True)
    return figure


def courses_figure(healthy: Sequence[float], ill: Sequence[float], unit: str) -> go.Figure:
    """Return the same number of two trainings, one over the other.

    Args:
        healthy: of the one without a mistake, a value a step or an epoch.
        ill: of the other one, as many.
        unit: what is counted to the right.
    """
    looks = (
        (healthy, _("healthy"), _GREY, "solid"), (ill, _("with the bug"), VALIDATION, "dash"),
    )  # fmt: skip
    lines = [
        go.Scatter(
            x=list(range(1, len(values) + 1)), y=list(values), name=name, mode="lines",
            line={"color": colour, "dash": dash, "width": 2.5},
            hovertemplate="%{y:.3f}<extra>" + name + "</extra>",
        )
        for values, name, colour, dash in looks
    ]  # fmt: skip
    figure = new_figure(*lines, height=240, x_title=unit, y_title=_("loss"))
    figure.update_xaxes(fixedrange=True)
    figure.update_yaxes(fixedrange=True, rangemode="tozero")
    return figure


def histograms_figure(before: np.ndarray, after: np.ndarray) -> go.Figure:
    """Return how two sets of values are spread, one over the other.

    Args:
        before: float (n,).
        after: likewise.
    """
    low = float(min(before.min(), after.min()))
    high = float(max(before.max(), after.max()))
    traces = []
    for values, name, colour in ((before, _("Before"), _QUIET), (after, _("After"), TRAIN)):
        counts, edges = np.histogram(values, 60, range=(low, high))
        traces.append(
            go.Scatter(
                x=(edges[:-1] + edges[1:]) / 2, y=counts / counts.sum(), name=name, mode="lines",
                line={"color": colour, "shape": "hvh", "width": 2}, fill="tozeroy",
                hoverinfo="skip",
            )
        )  # fmt: skip
    figure = new_figure(*traces, height=220, x_title=_("value"), y_title=_("share"))
    figure.update_xaxes(fixedrange=True)
    figure.update_yaxes(fixedrange=True, tickformat=".0%")
    return figure


def answer_bars(names: Sequence[str], probs: Sequence[float], label: int) -> go.Figure:
    """Return the probability of every class; the true one is marked by a word.

    Args:
        names: of the classes.
        probs: 0 to 1.
        label: number of the true class.
    """
    places = list(range(len(names)))
    texts = [f"<b>{name} ✓</b>" if n == label else name for n, name in enumerate(names)]
    bars = go.Bar(
        x=list(probs), y=places, orientation="h", text=[percent(p) for p in probs],
        textposition="outside", cliponaxis=False, hoverinfo="skip",
        marker={"color": [class_colour(n) for n in places]},
    )  # fmt: skip
    figure = new_figure(bars, height=26 * len(names) + 24)
    figure.update_layout(showlegend=False, margin={"l": 8, "r": 48, "t": 8, "b": 8}, bargap=0.3)
    figure.update_xaxes(range=[0, 1.02], visible=False, fixedrange=True)
    figure.update_yaxes(
        tickvals=places, ticktext=texts, autorange="reversed", showgrid=False, fixedrange=True
    )
    return figure
