"""How the weights of each layer are spread: a table of small histograms, and one of them large."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from cifar_core.errors import CheckpointError
from cifar_core.library import ModelEntry
from cifar_core.run_paths import kept_epochs
from dashboard.charts import CONFIG
from dashboard.i18n import _
from dashboard.markdown import plain
from dashboard.models_charts import weight_figure
from dashboard.models_graph_layout import kind_title
from dashboard.services import get_model

if TYPE_CHECKING:
    from cifar_core.weight_statistics import WeightHistogram

_SHOWN_ROWS = 9


def show_weights(entry: ModelEntry) -> None:
    """Draw the table and the histogram of the chosen row.

    Raises:
        CheckpointError: the model cannot be read.
    """
    get_model(entry.path)  # raises outside of the cache
    histograms = _histograms(str(entry.path), entry.path.stat().st_mtime_ns)
    st.caption(
        _(
            "What training has adjusted. Most weights stay near zero; the few far ones carry what "
            "was learned. Choose a row to see it large."
        )
    )
    rows = _table(histograms)
    chosen = histograms[rows[0] if rows and rows[0] < len(histograms) else 0]
    start = _start_of(entry, chosen)
    st.markdown(f"**{plain(chosen.name)}**")
    st.plotly_chart(
        weight_figure(
            chosen.counts, chosen.reach, start=start.counts if start else None, titles=_titles(),
            dark=st.context.theme.type == "dark",
        ),
        key="models_weights_chart",
        config=CONFIG,
        alt=_("Histogram of the weights {name}").format(name=chosen.name),
    )  # fmt: skip


@st.cache_data(max_entries=16, show_spinner=False)
def _histograms(path: str, mtime_ns: int) -> list[WeightHistogram]:
    from cifar_core.weight_statistics import weight_histograms

    return weight_histograms(get_model(Path(path)).network)


def _table(histograms: list[WeightHistogram]) -> list[int]:
    """Draw the table; return the chosen rows."""
    event = st.dataframe(
        {
            _("Weights"): [h.name for h in histograms],
            _("Distribution"): [list(h.counts) for h in histograms],
            _("Kind"): [kind_title(h.kind) for h in histograms],
            _("Number"): [h.count for h in histograms],
            _("Mean"): [h.mean for h in histograms],
            _("Deviation"): [h.std for h in histograms],
        },
        hide_index=True,
        height="auto" if len(histograms) <= _SHOWN_ROWS else 35 * (_SHOWN_ROWS + 1),
        key="models_weights",
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            _("Distribution"): st.column_config.BarChartColumn(width="small"),
            _("Number"): st.column_config.NumberColumn(format="localized"),
            _("Mean"): st.column_config.NumberColumn(format="%.4f"),
            _("Deviation"): st.column_config.NumberColumn(format="%.4f"),
        },
        alt=_("Table of the weights of each layer with their spread"),
    )
    return list(event.selection.rows)


def _titles() -> dict[str, str]:
    return {
        "now": _("Now"),
        "start": _("Before training"),
        "x": _("weight"),
        "y": _("how many"),
    }


def _start_of(entry: ModelEntry, now: WeightHistogram) -> WeightHistogram | None:
    """Return the same weights before the first step, where the run kept them."""
    path = kept_epochs(entry.path.parent).get(0) if entry.source == "run" else None
    if path is None:
        return None
    from cifar_core.weight_statistics import weight_histograms

    try:
        network = get_model(path).network
    except CheckpointError:  # the run tidied up meanwhile, or the file is damaged: shown without
        return None
    found = weight_histograms(network, reaches={now.name: now.reach})
    return next((h for h in found if h.name == now.name and h.shape == now.shape), None)
