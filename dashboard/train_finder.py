"""The learning-rate finder on the Train page: a button, progress, and a curve with suggestions."""

import streamlit as st

from cifar_core import lr_jobs
from cifar_core.background import JobState
from cifar_core.config import TrainConfig
from cifar_core.errors import WorkbenchError
from cifar_core.lr_jobs import RateSearch
from cifar_core.rate_curve import suggest_rates
from dashboard.charts import CONFIG
from dashboard.i18n import _
from dashboard.markdown import plain
from dashboard.numbers import count
from dashboard.rate_chart import rate_figure
from dashboard.sentences import translated
from dashboard.services import get_workspace
from dashboard.train_settings import set_settings

_OPEN_KEY, _TROUBLE_KEY = "train_finder_open", "train_finder_trouble"
_TICK_S = 0.7


def draw_finder(config: TrainConfig | None, *, problem: str) -> None:
    """Draw the button, or what it has brought about for the settings in the form.

    Args:
        config: the settings; None where they contradict each other.
        problem: why they cannot be trained with; empty where they can.
    """
    if trouble := st.session_state.pop(_TROUBLE_KEY, ""):
        st.error(plain(translated(trouble)), icon=":material/error:")
    search = lr_jobs.find_search(get_workspace(), config) if config and not problem else None
    if config and search and search.is_active:
        _draw_progress(config, search)
    elif config and search and st.session_state.get(_OPEN_KEY) and search.state in _SHOWN:
        _draw_result(config, search)
    else:
        _draw_button(config, problem=problem)
    if config and not problem:
        _draw_others(config)


_SHOWN = frozenset({JobState.FINISHED, JobState.FAILED, JobState.CRASHED})


def _draw_button(config: TrainConfig | None, *, problem: str) -> None:
    st.button(
        _("Find a learning rate"),
        key="train_find_rate",
        icon=":material/query_stats:",
        type="tertiary",
        help=_(
            "Trains a copy of the network for about a hundred steps, each with a larger rate, and "
            "looks where the loss falls. Nothing of it is kept but the curve."
        ),
        disabled=config is None or bool(problem),
        on_click=_start,
        args=(config, False),
    )


def _start(config: TrainConfig, again: bool) -> None:
    """Open what is known for these settings; search where nothing is, or again."""
    st.session_state[_OPEN_KEY] = True
    try:
        known = lr_jobs.find_search(get_workspace(), config)
        if again or known is None or known.state != JobState.FINISHED:
            lr_jobs.start_search(get_workspace(), config)
    except (WorkbenchError, OSError) as error:
        st.session_state[_TROUBLE_KEY] = str(error)


def _cancel(settings: dict[str, object]) -> None:
    lr_jobs.cancel_search(get_workspace(), TrainConfig.from_dict(settings))


def _close() -> None:
    st.session_state[_OPEN_KEY] = False


# --- while it goes on


def _draw_progress(config: TrainConfig, search: RateSearch) -> None:
    """Draw a bar that moves; the page runs again when the search has ended."""
    st.session_state[_OPEN_KEY] = True  # whoever comes while it goes on sees what it finds

    @st.fragment(run_every=_TICK_S)
    def move() -> None:
        now = lr_jobs.find_search(get_workspace(), config)
        if now is None or not now.is_active:
            st.rerun()
        st.progress(now.share, text=_progress_words(now))

    with st.container(horizontal=True, vertical_alignment="center", key="train_finder_bar"):
        with st.container(width="stretch"):
            move()
        st.button(
            _("Cancel"), key="train_finder_cancel", type="tertiary", icon=":material/close:",
            disabled=search.cancel_requested, on_click=_cancel, args=(search.settings,),
        )  # fmt: skip


def _progress_words(search: RateSearch) -> str:
    if search.phase == lr_jobs.TESTING:
        words = _("Testing learning rates: {done} of {total}")
        return words.format(done=count(search.done), total=count(search.total))
    if search.phase == lr_jobs.PREPARING and search.total:
        words = _("the images are prepared first, once: {done} of {total}")
        return words.format(done=count(search.done), total=count(search.total))
    return _("a few seconds until the first step")


def _draw_others(config: TrainConfig) -> None:
    """Offer to cancel searches that go on for settings which are no longer in the form."""
    for search in lr_jobs.other_searches(get_workspace(), config):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(_("A search for other settings goes on."), width="stretch")
            st.button(
                _("Cancel"), key=f"train_finder_cancel_{search.pid}", type="tertiary",
                on_click=_cancel, args=(search.settings,),
            )  # fmt: skip


# --- afterwards


def _draw_result(config: TrainConfig, search: RateSearch) -> None:
    if search.state != JobState.FINISHED:
        words = plain(translated(search.message)) or _("The search ended without a result.")
        st.error(words, icon=":material/error:")
        _draw_result_buttons(config, {})
        return
    found = suggest_rates(search.points, config)
    if found.advised is None or found.valley is None:
        st.warning(_("The loss fell at none of the rates; nothing can be suggested."))
        _draw_result_buttons(config, {})
        return
    st.plotly_chart(
        rate_figure(search.points, found, dark=st.context.theme.type == "dark"),
        key="train_finder_plot",
        config=CONFIG,
        alt=_("The training loss at each learning rate tried, with two rates marked"),
    )
    _draw_result_buttons(config, {"advised": found.advised, "valley": found.valley})


def _draw_result_buttons(config: TrainConfig, rates: dict[str, float]) -> None:
    titles = {
        "advised": _("Use {rate}"),
        "valley": _("Use {rate}, careful"),
    }
    with st.container(horizontal=True, gap="xsmall", key="train_finder_buttons"):
        for name, rate in rates.items():
            rounded = float(f"{rate:.2g}")
            st.button(
                titles[name].format(rate=f"{rounded:g}"), key=f"train_finder_use_{name}",
                icon=":material/check:" if name == "advised" else None,
                disabled=config.learning_rate == rounded,
                on_click=set_settings, args=({"learning_rate": rounded},),
            )  # fmt: skip
        if not rates:
            st.button(
                _("Again"), key="train_finder_again", type="tertiary",
                on_click=_start, args=(config, True),
            )  # fmt: skip
        st.button(_("Close"), key="train_finder_close", type="tertiary", on_click=_close)
