"""Keeps the Runs page true while something trains, and says what is there before the first run."""

from collections.abc import Sequence

import streamlit as st

from cifar_core.run_summaries import RunSummary, summarise_runs
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
    before = _fingerprint(summaries)

    @st.fragment(run_every=_TICK_S)
    def look() -> None:
        if _fingerprint(summarise_runs(get_store())) != before:
            st.rerun()

    look()


def _fingerprint(summaries: Sequence[RunSummary]) -> list[tuple[object, ...]]:
    return [(s.run.run_id, s.state, s.epochs, bool(s.test_accuracy)) for s in summaries]


def show_empty() -> None:
    """Say what will stand here, and lead to where a run begins."""
    with st.container(border=True):
        st.markdown(_("**No run yet.** Each training has its line here, to compare and to keep."))
        if st.button(
            _("Train your first network"), key="runs_train", type="primary",
            icon=":material/show_chart:",
        ):  # fmt: skip
            st.switch_page(page("train"))
