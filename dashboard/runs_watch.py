"""Keeps the Runs page true while something trains, and says what is there before the first run."""

from collections.abc import Sequence

import streamlit as st

from cifar_core.run_summaries import RunSummary, live_signs, signs_of
from dashboard.i18n import _
from dashboard.navigation import page
from dashboard.services import get_store

_TICK_S = 3.0


def watch_states(summaries: Sequence[RunSummary]) -> None:
    """Draw the page again when a run begins, ends, or closes an epoch; without live runs, never.

    Args:
        summaries: what the page shows.
    """
    if not any(summary.is_live for summary in summaries):
        return
    before = signs_of(summaries)

    @st.fragment(run_every=_TICK_S)
    def look() -> None:
        if live_signs(get_store()) != before:
            st.rerun()

    look()


def show_empty() -> None:
    """Say what will stand here, and lead to where a run begins."""
    with st.container(border=True):
        st.markdown(_("**No run yet.** Each training has its line here, to compare and to keep."))
        if st.button(
            _("Train your first network"), key="runs_train", type="primary",
            icon=":material/show_chart:",
        ):  # fmt: skip
            st.switch_page(page("train"))
