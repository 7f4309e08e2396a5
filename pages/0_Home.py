"""What this is, how things stand, and where to go next."""

import streamlit as st

from dashboard import home_cards
from dashboard.home import look_around
from dashboard.i18n import _
from dashboard.page import open_page
from dashboard.services import get_store

open_page(
    _("Teach a network to see"),
    _(
        "Train a small image classifier on CIFAR-10 and watch it learn, step by step. Then find "
        "out what it sees, where it is wrong, and what it says about your own pictures."
    ),
)
situation = look_around(get_store())
home_cards.next_step(situation)
data, training, model = st.columns(3)
with data:
    home_cards.data_card(situation)
with training:
    home_cards.training_card(situation)
with model:
    home_cards.model_card(situation)
home_cards.sample_strip(situation)
