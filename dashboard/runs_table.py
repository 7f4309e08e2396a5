"""The table of all runs: search it, sort it, choose from it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import streamlit as st

from cifar_core.run_summaries import RunSummary
from dashboard import colours
from dashboard.i18n import _
from dashboard.numbers import ago, duration
from dashboard.states import state_word
from dashboard.train_labels import choice_label, data_label, run_label

PARAMETER = "runs"
"""In the address: the chosen runs, with commas between them."""
MAX_CHOSEN = 20
_SEARCH, _STATES, _TABLE = "runs_search", "runs_states", "runs_table"
_SHOWN_ROWS, _ROW_PX = 12, 38


def choose_runs(summaries: Sequence[RunSummary]) -> list[RunSummary]:
    """Draw search and table; return the chosen runs in the table's order.

    The choice stands in the address. Each chosen run has the colour that its curve has below.

    Args:
        summaries: of all runs, newest first; at least one.
    """
    found = _search(summaries)
    if not found:
        st.caption(_("No run fits this search."))
        return []
    asked = st.query_params.get(PARAMETER, "").split(",")
    places = [i for i, summary in enumerate(found) if summary.run.run_id in asked][:MAX_CHOSEN]
    chosen = [found[place] for place in places]
    order = {summary.run.run_id: number for number, summary in enumerate(chosen)}
    event = st.dataframe(
        table_columns(found, order),
        hide_index=True,
        row_height=_ROW_PX,
        height="auto" if len(found) <= _SHOWN_ROWS else (_SHOWN_ROWS + 1) * _ROW_PX,
        key=f"{_TABLE}_{_version(found)}",
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": places}},
        column_config=_column_config(),
        placeholder="–",
        alt=_("Table of all runs with state, settings and accuracies"),
    )
    rows = [row for row in event.selection.rows if row < len(found)][:MAX_CHOSEN]
    now = [found[row].run.run_id for row in sorted(rows)]
    if now != [summary.run.run_id for summary in chosen]:
        _remember(now)
        st.rerun()  # so that the colours in the table are those of the curves
    return chosen


def run_colour(number: int) -> str:
    """Return the colour of the run that was chosen as this one, from 0."""
    return colours.class_colour(number)


def table_columns(summaries: Sequence[RunSummary], order: dict[str, int]) -> dict[str, list[Any]]:
    """Return the table's columns, a value for each run.

    Args:
        summaries: of the runs.
        order: number of each chosen run, by its id.
    """
    return {
        " ": [_swatch(order.get(s.run.run_id)) for s in summaries],
        _("Name"): [run_label(s.run) for s in summaries],
        _("State"): [state_word(s.state) for s in summaries],
        _("Validation"): [_hundred(s.val_accuracy) for s in summaries],
        _("Test"): [_hundred(s.test_accuracy) for s in summaries],
        _("Network"): [choice_label(s.run.config.model) for s in summaries],
        _("Images"): [data_label(s.run.config.data) for s in summaries],
        _("Epochs"): [f"{s.epochs}/{s.run.config.epochs}" for s in summaries],
        _("Learning rate"): [s.run.config.learning_rate for s in summaries],
        _("Batch size"): [s.run.config.batch_size for s in summaries],
        _("Seed"): [s.run.config.seed for s in summaries],
        _("Time"): [duration(s.seconds) if s.seconds else "" for s in summaries],
        _("Begun"): [ago(s.run.created_at) for s in summaries],
        _("Tags"): [list(s.note.tags) for s in summaries],
        _("Notes"): [" ".join(s.note.notes.split()) for s in summaries],
    }


def _column_config() -> dict[str, Any]:
    percent = st.column_config.NumberColumn(format="%.1f %%", width="small")
    return {
        " ": st.column_config.ImageColumn(width=40),
        _("Name"): st.column_config.TextColumn(width="medium", pinned=True),
        _("Validation"): percent,
        _("Test"): percent,
        _("Learning rate"): st.column_config.NumberColumn(format="%g", width="small"),
        _("Batch size"): st.column_config.NumberColumn(width="small"),
        _("Seed"): st.column_config.NumberColumn(width="small"),
        _("Tags"): st.column_config.ListColumn(),
    }


def _search(summaries: Sequence[RunSummary]) -> list[RunSummary]:
    """Draw the search; return the runs that fit it."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            _("Search"), key=_SEARCH, icon=":material/search:", label_visibility="collapsed",
            placeholder=_("Name, network, images, tag, note or run id"), width=360,
        )  # fmt: skip
        tags = sorted({tag for summary in summaries for tag in summary.note.tags})
        wanted = (
            st.pills(_("Tags"), tags, selection_mode="multi", key=_STATES,
                     label_visibility="collapsed", wrap=True)
            if tags else []
        )  # fmt: skip
    return [s for s in summaries if fits(s, text or "", wanted or [])]


def fits(summary: RunSummary, text: str, tags: Sequence[str]) -> bool:
    """Whether a run has every word of a search somewhere, and every tag.

    Args:
        summary: of the run.
        text: words, in any case.
        tags: all of which it must have.
    """
    run = summary.run
    haystack = " ".join([
        run.run_id, run_label(run), run.config.model, choice_label(run.config.model),
        data_label(run.config.data), run.config.optimizer, state_word(summary.state),
        *summary.note.tags, summary.note.notes,
    ]).casefold()  # fmt: skip
    return all(word in haystack for word in text.casefold().split()) and all(
        tag in summary.note.tags for tag in tags
    )


def _version(found: Sequence[RunSummary]) -> str:
    """Return what changes when rows come or go: selected rows are known by their place alone."""
    return str(hash(tuple(summary.run.run_id for summary in found)))


def _remember(run_ids: list[str]) -> None:
    if run_ids:
        st.query_params[PARAMETER] = ",".join(run_ids)
    else:
        st.query_params.pop(PARAMETER, None)


def _swatch(number: int | None) -> str:
    """Return a small square in a run's colour as an image; nothing for a run not chosen."""
    if number is None:
        return ""
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20">'
        f'<rect x="2" y="2" width="16" height="16" rx="3" fill="{run_colour(number)}"/></svg>'
    )
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def _hundred(share: float | None) -> float | None:
    return None if share is None else 100 * share
