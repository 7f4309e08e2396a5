"""The tutorial's layers, one a step, to be touched: on a picture and a network of one's own."""

import streamlit as st

from dashboard.i18n import _
from dashboard.learn_page import (
    PAGE_STYLE,
    current_place,
    draw_step,
    draw_steps,
    steps,
)
from dashboard.page import open_page

open_page(
    _("Learn"),
    _("What every layer does, step by step, on a picture and a network of your choice."),
)
st.html(PAGE_STYLE)
all_steps, place = steps(), current_place()
draw_steps(all_steps, place)
draw_step(all_steps, place)
