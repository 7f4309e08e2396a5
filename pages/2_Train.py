"""Choose settings, start, and watch a network learn.

Nothing of a run lives here: the page reads the store, so that a refresh, another browser or a new
server shows the same run at the step where it is.
"""

import streamlit as st

from cifar_core.jobs import run_state
from cifar_core.run_state import ACTIVE, ENDED
from dashboard.i18n import _
from dashboard.page import open_page
from dashboard.services import get_store
from dashboard.train_fields import draw_more_settings
from dashboard.train_form import draw_form
from dashboard.train_list import draw_list
from dashboard.train_run import PAGE_STYLE, choose_run, draw_nothing_yet, draw_run
from dashboard.train_settings import draw_link_problems, open_settings, write_address
from dashboard.train_start import draw_cost, draw_schedule, draw_start, prepare_start

open_page(_("Train"), _("Choose settings, press Start, and watch the network learn."))
st.html(PAGE_STYLE)
store = get_store()
runs = store.runs()
states = {run.run_id: run_state(run) for run in runs}
busy = any(state in ACTIVE for state in states.values())
draw_link_problems(open_settings())

settings, results = st.columns([7, 13], gap="medium")
with settings:
    order = draw_form(runs)
    draw_cost(order, runs, busy=busy)
    draw_start(order, runs, busy=busy)
    draw_more_settings()
    draw_schedule(order)
write_address()

with results, st.container(key="train_live" if busy else "train_results"):
    view = choose_run(store, runs)
    if view and view.is_live != (states.get(view.run.run_id, view.state) not in ENDED):
        st.rerun()  # it ended, or began, while the form was drawn: start, order and list follow
    if view is None:
        draw_nothing_yet()
    else:
        draw_run(view)
draw_list(runs, view.run.run_id if view else "")
if not busy:
    prepare_start(store)  # last: the page is there already
