"""Every run in one table: which is better, in what do they differ, and is it more than chance?"""

import streamlit as st

from cifar_core.run_summaries import summarise_runs
from dashboard.i18n import _
from dashboard.page import open_page
from dashboard.runs_actions import show_actions, show_news
from dashboard.runs_compare import show_curves, show_settings, show_verdicts
from dashboard.runs_store import show_deleted, show_import, show_room
from dashboard.runs_table import choose_runs
from dashboard.runs_watch import show_empty, watch_states
from dashboard.services import get_store

open_page(_("Runs"), _("Every training in one table: choose some, see which is better and why."))
show_news()
summaries = summarise_runs(get_store())
if not summaries:
    show_empty()
else:
    chosen = choose_runs(summaries)
    watch_states(summaries)
    if chosen:
        show_actions(chosen)
        show_curves(chosen)
        show_verdicts(chosen)
    else:
        st.caption(_("Choose runs by the boxes on the left: their curves appear here."))
    if len(chosen) > 1:
        st.subheader(_("What differs"), anchor=False)
        show_settings(chosen)

room, bring, deleted = st.tabs(
    [_("Room"), _("Bring a run"), _("Deleted")], key="runs_tabs", on_change="rerun"
)
if room.open:
    with room:
        show_room(summaries)
if bring.open:
    with bring:
        show_import()
if deleted.open:
    with deleted:
        show_deleted()
