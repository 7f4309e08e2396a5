"""Under the cost of a run: let a time decide how many epochs it has."""

import streamlit as st

from cifar_core.data.split_sizes import split_sizes
from cifar_core.errors import ConfigError
from cifar_core.time_budget import fit_into
from dashboard.i18n import _
from dashboard.markdown import plain
from dashboard.sentences import translated
from dashboard.train_form import Order
from dashboard.train_settings import read_settings, set_settings

_OPEN_KEY = "train_budget"
_MINUTES_KEY = "train_budget_minutes"
_PROBLEM_KEY = "train_budget_problem"


def draw_budget(order: Order, images_per_s: float) -> None:
    """Draw the question for the time.

    Args:
        order: what the form asks for; its images are known.
        images_per_s: training images a second with these settings on this machine.
    """
    with st.popover(
        _("Fit to a time"), icon=":material/timer:", type="tertiary",
        key=_OPEN_KEY, on_change="rerun",
    ):  # fmt: skip
        minutes = st.number_input(
            _("Minutes"), min_value=0.5, max_value=10_000.0, value=5.0, step=1.0,
            format="%g", key=_MINUTES_KEY,
        )  # fmt: skip
        st.caption(
            _(
                "Chooses the epochs, and where they do not fill the time also the training images, "
                "so that the run ends in time with its schedule complete."
            )
        )
        if problem := st.session_state.pop(_PROBLEM_KEY, ""):
            st.error(plain(translated(problem)), icon=":material/error:")
        st.button(
            _("Choose the epochs"), key="train_budget_fit", type="primary", width="stretch",
            on_click=_fit, args=(order, 60 * minutes, images_per_s),
        )  # fmt: skip


def _fit(order: Order, seconds: float, images_per_s: float) -> None:
    """Write epochs and training images into the form, or a sentence why that cannot be."""
    assert order.config and order.images
    config = order.config.replace(train_size=None)
    try:
        sizes = split_sizes(order.images.num_train, order.images.num_test, config)
        fitted = fit_into(seconds, config, sizes, images_per_s)
    except ConfigError as error:
        st.session_state[_PROBLEM_KEY] = str(error)
        return
    st.session_state[_OPEN_KEY] = False  # the form below shows what was chosen
    set_settings({
        **read_settings(), "epochs": fitted.epochs, "train_size": fitted.train_size,
        "warmup_epochs": fitted.warmup_epochs,
    })  # fmt: skip
