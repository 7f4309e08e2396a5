"""The learning rate over a run that has not begun. Pure: no Streamlit, no torch."""

import plotly.graph_objects as go

from cifar_core.config import TrainConfig
from cifar_core.schedule import schedule_factor
from dashboard.charts import new_figure
from dashboard.colours import TRAIN

MAX_POINTS = 240
HEIGHT = 110


def schedule_figure(config: TrainConfig, steps_per_epoch: int) -> go.Figure:
    """Return the small plot under the form: epochs to the right, the rate upwards.

    Args:
        config: the settings.
        steps_per_epoch: at least 1.
    """
    epochs, rates = schedule_points(config, steps_per_epoch)
    line = go.Scatter(
        x=epochs, y=rates, mode="lines", line={"color": TRAIN, "width": 2}, hoverinfo="skip"
    )
    figure = new_figure(line, height=HEIGHT)
    figure.update_layout(margin={"l": 8, "r": 8, "t": 8, "b": 8}, showlegend=False)
    figure.update_xaxes(range=[0, config.epochs], nticks=6, fixedrange=True)
    figure.update_yaxes(
        range=[0, config.learning_rate * 1.08], nticks=4, fixedrange=True, exponentformat="power"
    )
    return figure


def schedule_points(config: TrainConfig, steps_per_epoch: int) -> tuple[list[float], list[float]]:
    """Return epochs passed and the learning rate there, at most about ``MAX_POINTS`` of them.

    The first and the last step, and both sides of every drop, are among them.
    """
    total = config.epochs * steps_per_epoch
    steps = {round(i * (total - 1) / (MAX_POINTS - 1)) for i in range(MAX_POINTS)}
    if config.schedule == "step":
        drop = config.step_epochs * steps_per_epoch
        drops = range(drop, total, max(drop, total // (MAX_POINTS // 4)))
        steps |= {step - 1 for step in drops} | set(drops)
    ordered = sorted(steps)
    rates = [config.learning_rate * schedule_factor(config, s, steps_per_epoch) for s in ordered]
    return [step / steps_per_epoch for step in ordered], rates
