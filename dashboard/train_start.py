"""Under the form: what the run costs, the button that starts it, and its learning rates."""

import streamlit as st

from cifar_core import cost, jobs
from cifar_core.errors import WorkbenchError
from cifar_core.run_state import ACTIVE, RunState
from cifar_core.standby import keep_worker_ready
from cifar_core.store import RunRow, Store
from dashboard.charts import CONFIG
from dashboard.i18n import _
from dashboard.markdown import plain
from dashboard.numbers import count
from dashboard.schedule_chart import schedule_figure
from dashboard.sentences import translated
from dashboard.services import get_store
from dashboard.train_budget import draw_budget
from dashboard.train_form import Order
from dashboard.train_labels import about
from dashboard.train_settings import VISIT_KEY, current_config

_PROBLEM_KEY = "train_start_problem"
_STEPS_WITHOUT_SIZES = 100
_ASK_EVERY_S = 1.0


def draw_schedule(order: Order) -> None:
    """Draw the learning rate over the run."""
    if order.config is None:
        return
    config, steps = order.config, _STEPS_WITHOUT_SIZES
    if order.sizes:
        steps = cost.count_steps(config, order.sizes) // config.epochs
    st.caption(_("Learning rate over the epochs"))
    st.plotly_chart(
        schedule_figure(config, steps),
        key="train_schedule_plot",
        config=CONFIG | {"staticPlot": True},
        alt=_("The learning rate over the epochs of this run"),
    )


def draw_cost(order: Order, runs: list[RunRow], *, busy: bool) -> None:
    """Say how many steps the run has and how long they take.

    Args:
        order: what the form asks for.
        runs: all runs, newest last.
        busy: whether something trains now; measuring would then disturb, and measure, that.
    """
    if order.sizes:
        _draw_cost(order, runs, busy=busy)
    elif order.config and not order.problem:
        st.caption(_("How long it takes can be said once the images have been prepared."))


def _draw_cost(order: Order, runs: list[RunRow], *, busy: bool) -> None:
    assert order.config and order.sizes
    store, config = get_store(), order.config
    known = cost.speed_of_runs(store, runs, config) or cost.read_measurement(
        store.workspace, config
    )
    waits = not known and not busy and cost.start_measuring(store.workspace, config)

    @st.fragment(run_every=_ASK_EVERY_S if waits else None)
    def say_cost() -> None:
        if waits and (
            cost.read_measurement(store.workspace, config)
            or not cost.start_measuring(store.workspace, config)
        ):
            st.rerun()
        st.markdown(_cost_words(order, known, waits=waits, busy=busy))

    say_cost()
    if known:
        draw_budget(order, known)


def _cost_words(order: Order, speed: float | None, *, waits: bool, busy: bool) -> str:
    assert order.config and order.sizes
    steps = count(cost.count_steps(order.config, order.sizes))
    if speed:
        seconds = cost.estimate_seconds(order.config, order.sizes, speed)
        words = _("{steps} steps, about **{time}** on this machine.")
        if order.config.early_stopping is not None:
            words = _("{steps} steps, at most about **{time}** on this machine.")
        return words.format(steps=steps, time=about(seconds))
    if waits:
        return _("{steps} steps. Measuring how long they take …").format(steps=steps)
    if busy:
        words = _("{steps} steps. How long they take is measured when nothing trains.")
        return words.format(steps=steps)
    return _("{steps} steps.").format(steps=steps)


def draw_start(order: Order, runs: list[RunRow], *, busy: bool) -> None:
    """Draw the button, and why it cannot be pressed where it cannot."""
    twin = find_twin(order, runs)
    for problem in filter(None, (order.problem, st.session_state.pop(_PROBLEM_KEY, ""))):
        st.error(plain(translated(problem)), icon=":material/error:")
    if twin:
        st.caption(
            _("A run with these very settings goes on or waits. Change any of them to add another.")
        )
    st.button(
        _("Add to the line") if busy else _("Start"),
        key=VISIT_KEY,
        icon=":material/playlist_add:" if busy else ":material/play_arrow:",
        type="secondary" if busy else "primary",
        width="stretch",
        disabled=bool(order.problem or order.config is None or twin),
        on_click=_start,
    )


def prepare_start(store: Store) -> None:
    """Let a process wait for a click on Start, so that the first step follows at once."""
    try:
        keep_worker_ready(store.workspace.root)
    except WorkbenchError as error:
        st.error(plain(translated(str(error))), icon=":material/error:")


def find_twin(order: Order, runs: list[RunRow]) -> RunRow | None:
    """Return a run that goes on or waits and would do the very same: the same seed, step by step.

    It keeps ten clicks in a row from starting ten runs, whichever browser they come from.
    """
    if order.config is None:
        return None
    wanted = order.config.with_absolute_data()
    is_open = ACTIVE | {RunState.QUEUED}
    alike = (run for run in runs if run.config == wanted)
    return next((run for run in alike if jobs.run_state(run) in is_open), None)


def _start() -> None:
    """Start what the form says now; it is checked again, for a click may come from anywhere."""
    store = get_store()
    try:
        order = Order(current_config())
        if not find_twin(order, store.runs()):
            _start_run(store, order)
    except WorkbenchError as error:
        st.session_state[_PROBLEM_KEY] = str(error)


def _start_run(store: Store, order: Order) -> None:
    assert order.config
    run_id = jobs.start_run(store, order.config)
    st.query_params.pop("run", None)
    if store.run(run_id).state == RunState.QUEUED:
        st.toast(
            _("It is in line and starts when a place is free."), icon=":material/playlist_add:"
        )
