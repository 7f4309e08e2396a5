"""The right side of the Train page: one run, alive or ended."""

from pathlib import Path

import streamlit as st

from cifar_core.errors import RunError
from cifar_core.jobs import run_state
from cifar_core.run_state import ACTIVE, RunState
from cifar_core.store import RunRow, Store
from cifar_core.workspace import Workspace
from dashboard.example_strip import example_strip
from dashboard.i18n import _
from dashboard.live_chart import live_chart
from dashboard.markdown import plain
from dashboard.navigation import exists, page
from dashboard.numbers import count, percent
from dashboard.sentences import translated
from dashboard.services import get_store, get_workspace
from dashboard.states import state_look
from dashboard.train_controls import TROUBLE_KEY, draw_buttons
from dashboard.train_doctor import draw_doctor
from dashboard.train_labels import run_label, state_label
from dashboard.train_view import RunView, current_run, log_tail, view_run
from dashboard.train_words import end_words, progress_words, time_words

PAGE_STYLE = Path(__file__).parent / "browser" / "train_page.css"

_TICK_S, _EAGER_TICK_S = 2.5, 0.5
_NOTHING = "–"
_HUGE = 1e4


def choose_run(store: Store, runs: list[RunRow]) -> RunView | None:
    """Return the run that the address names, else the one that is going on, else the newest.

    Args:
        store: of the runs.
        runs: newest last.
    """
    current = current_run(store, runs)
    asked = st.query_params.get("run")
    if asked and (current is None or asked != current.run_id):
        try:
            view = view_run(store, asked)
        except RunError as error:
            st.warning(plain(translated(str(error))), icon=":material/link_off:")
        else:
            _offer_current(current)
            return view
    return view_run(store, current.run_id) if current else None


def _offer_current(current: RunRow | None) -> None:
    if current and run_state(current) in ACTIVE:
        st.button(
            _("Show the run that is going on"), key="train_show_current", type="tertiary",
            icon=":material/arrow_forward:", on_click=_show_current,
        )  # fmt: skip


def _show_current() -> None:
    st.query_params.pop("run", None)


def draw_run(view: RunView) -> None:
    """Draw everything about a run; its numbers, curves and pictures move while it trains."""
    with st.container(horizontal=True, vertical_alignment="center", key="train_head"):
        st.subheader(plain(run_label(view.run)), anchor=False, width="stretch")
        with st.container(horizontal=True, width="content", gap="xsmall", key="train_buttons"):
            draw_buttons(view)
    if trouble := st.session_state.pop(TROUBLE_KEY, ""):
        st.error(plain(translated(trouble)), icon=":material/error:")
    _draw_moving_part(view)
    draw_doctor(view)
    if view.num_steps or view.is_live:
        live_chart(view.run.run_id, key="train_chart")
    if view.is_described:
        _draw_examples(view)
    _draw_log(view)


def draw_nothing_yet() -> None:
    """Say what will be here, before the first run."""
    with st.container(
        border=True, height=420, horizontal_alignment="center", vertical_alignment="center"
    ):
        st.subheader(_("Nothing has been trained yet"), anchor=False, text_alignment="center")
        st.markdown(
            _(
                "Press Start. Here the loss falls while the network learns, and eight pictures "
                "show what it takes them for."
            ),
            text_alignment="center",
        )


# --- what moves


def _draw_moving_part(view: RunView) -> None:
    """Draw state and numbers; while the run goes on, again and again.

    Only this part runs again. When something changes that the rest of the page shows, such as the
    state, it asks for the whole page once; when the run has ended nothing ticks any more.
    """
    eager = bool(view.waiting) or view.state == RunState.STARTING
    tick_s = (_EAGER_TICK_S if eager else _TICK_S) if view.is_live else None
    first = True

    @st.fragment(run_every=tick_s)
    def moving_part() -> None:
        nonlocal first
        now = view if first else _fresh_view(view.run.run_id, str(get_workspace().root))
        first = False
        if now.fingerprint != view.fingerprint:
            st.rerun()
        _draw_state(now)
        if now.is_live or now.num_steps:
            _draw_numbers(now)

    moving_part()


@st.cache_resource(ttl=0.5, max_entries=16, show_spinner=False)
def _fresh_view(run_id: str, root: str) -> RunView:
    """Look at a run; viewers within half a second share one look."""
    return view_run(Store(Workspace(Path(root))), run_id)


def _draw_state(view: RunView) -> None:
    colour, icon = state_look(view.state)
    with st.container(key="train_state"):
        badge = f":{colour}-badge[{icon} {state_label(view.state, view.run.phase)}]"
        st.markdown(f"{badge} &ensp;{progress_words(view)}")
    if view.is_live:
        st.progress(view.share, text=time_words(view))
    elif view.state in (RunState.FAILED, RunState.CRASHED):
        st.error(end_words(view), icon=":material/error:")
    else:
        st.markdown(end_words(view))
    if not view.is_live and view.has_model:
        _draw_links()


def _draw_links() -> None:
    with st.container(horizontal=True, key="train_links"):
        if exists("predict"):
            st.page_link(page("predict"), label=_("Try it on pictures"))
        if exists("models"):
            st.page_link(page("models"), label=_("Take the model home"))


def _draw_numbers(view: RunView) -> None:
    numbers = _live_numbers(view) if view.is_live else _end_numbers(view)
    with st.grid(4, min_column_width=124, gap="xsmall", key="train_numbers"):
        for label, value in numbers:
            st.metric(label, value)


def _live_numbers(view: RunView) -> list[tuple[str, str]]:
    step, accuracy = view.step, view.val_accuracy
    return [
        (_("Validation accuracy"), _NOTHING if accuracy is None else percent(accuracy)),
        (_("Training loss"), _loss_word(view.loss)),
        (_("Images a second"), count(view.images_per_s) if step else _NOTHING),
        (_("Learning rate"), f"{step.learning_rate:.3g}" if step else _NOTHING),
    ]


def _end_numbers(view: RunView) -> list[tuple[str, str]]:
    test, best = view.run.result.get("test"), view.best_epoch
    validation = best.val_accuracy if best else None
    return [
        (_("Test accuracy"), percent(test["accuracy"]) if test else _NOTHING),
        (_("Best validation"), _NOTHING if validation is None else percent(validation)),
        (_("Training loss"), _loss_word(view.loss)),
        (_("Images a second"), count(view.images_per_s) if view.step else _NOTHING),
    ]


def _loss_word(loss: float | None) -> str:
    """Return a loss, short even where it has exploded."""
    if loss is None:
        return _NOTHING
    return f"{loss:.3f}" if abs(loss) < _HUGE else f"{loss:.2g}"


def _draw_examples(view: RunView) -> None:
    heading = st.empty()
    if example_strip(view.run, live=view.is_live, key="train_examples"):
        heading.caption(_("What the network says of validation images it does not learn from"))


def _draw_log(view: RunView) -> None:
    box = st.expander(_("Log"), icon=":material/terminal:", key="train_log", on_change="rerun")
    if not box.open:
        return

    @st.fragment(run_every=_TICK_S if view.is_live else None)
    def tail() -> None:
        st.code(log_tail(get_store(), view.run.run_id) or " ", language=None, height=280)

    with box:
        tail()
