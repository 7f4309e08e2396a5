"""The curves that move: components that poll the run's route for new points only.

``st.plotly_chart`` would put a new chart in the place of the old one at every change, and lose the
visitor's zoom. These draw in place, and ask the server for a few hundred bytes a second, while
their tab is visible and the run goes on. The browser's side is in ``browser/``.
"""

import streamlit as st

from cifar_core.jobs import run_state
from cifar_core.run_state import ENDED
from cifar_core.store import RunRow
from dashboard import colours
from dashboard.browser_side import read_source
from dashboard.i18n import _
from dashboard.routes import PLOTLY_ADDRESS
from dashboard.services import get_store


def live_chart(run_id: str, *, key: str, height: int = 400) -> None:
    """Draw a run's loss, accuracy and learning rate, and go on drawing while it trains.

    Args:
        run_id: a run of the store.
        key: of the component, unique on the page.
        height: of the loss plot, in pixels; accuracy and learning rate are half as high, beside
            each other under it, or below each other on a phone.

    Raises:
        RunError: there is no such run.
    """
    run = get_store().run(run_id)
    _LIVE_CHART(
        data={
            "run": run_id,
            "session": _session(run),
            "height": height,
            "plotly": PLOTLY_ADDRESS.lstrip("/"),
            "labels": _labels(),
            "colours": _colours(),
        },
        key=key,
    )


def mini_curve(run_id: str, *, key: str) -> bool:
    """Draw a run's loss as one small line, with its progress; it moves while the run trains.

    Args:
        run_id: a run of the store.
        key: of the component, unique on the page.

    Returns:
        Whether the run has ended since the page was drawn; the page runs again at that moment.

    Raises:
        RunError: there is no such run.
    """
    run = get_store().run(run_id)
    result = _MINI_CURVE(
        data={
            "run": run_id,
            "session": _session(run),
            "live": run_state(run) not in ENDED,
            "labels": {
                "alt": _("Training loss of this run, smoothed"),
                "waiting": _("The curve begins with the first step."),
                "progress": _("step {step} of {total} · loss {loss}"),
            },
        },
        key=key,
        on_ended_change=lambda: None,
    )
    return bool(result.ended)


def _session(run: RunRow) -> str:
    """Return a text that changes when a run is taken up again: the browser then asks again."""
    return f"{run.pid} {run.process_started} {run.finished_at}"


def _labels() -> dict[str, str]:
    return {
        "loss": _("Loss"),
        "accuracy": _("Accuracy"),
        "learning_rate": _("Learning rate"),
        "step": _("step"),
        "step_loss": _("Training, each step"),
        "smoothed": _("Training, smoothed"),
        "train_loss": _("Training, epoch mean"),
        "val_loss": _("Validation"),
        "train": _("Training"),
        "validation": _("Validation"),
        "smoothing": _("Smoothing"),
        "span": _("over {steps} steps"),
        "no_smoothing": _("none"),
        "log": _("Logarithmic axis"),
        "hint": _("Drag to zoom, double-click to zoom out"),
        "waiting": _("The curve begins with the first step."),
        "trouble": _("The server does not answer; trying again."),
        "rate_mark": _("learning rate {rate}"),
        "resumed_mark": _("resumed"),
    }


def _colours() -> dict[str, dict[str, str]]:
    return {
        mode: {
            split: colours.split_colour(split, dark=mode == "dark")
            for split in ("train", "validation")
        }
        for mode in ("light", "dark")
    }


# isolate_styles: Plotly puts its own style sheet into the head of the page.
_LIVE_CHART = st.components.v2.component(
    "live_chart",
    html=read_source("live_chart.html"),
    css=read_source("live_chart.css"),
    js=read_source("lines.js", "feed.js", "colour.js", "figures.js", "live_chart.js"),
    isolate_styles=False,
)

_MINI_CURVE = st.components.v2.component(
    "mini_curve",
    html=read_source("mini_curve.html"),
    css=read_source("mini_curve.css"),
    js=read_source("lines.js", "feed.js", "mini_curve.js"),
)
