"""What is said of a set that is ready: how it stands, what it holds, what was left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.i18n import _, ngettext
from dashboard.markdown import plain
from dashboard.navigation import exists, page
from dashboard.numbers import count
from dashboard.train_settings import set_settings

if TYPE_CHECKING:
    from cifar_core.data.image_set import ImageSet


def describe_set(data: ImageSet, source: str, place: DeltaGenerator) -> None:
    """Say in a line how a set stands and what it holds, and offer to train on it.

    Args:
        data: the set.
        source: its name in a config.
        place: where to say it.
    """
    facts = [
        _("{count} images in {classes} classes").format(
            count=count(len(data)), classes=data.num_classes
        )
    ]
    if data.drawn:
        facts.append(_("drawn by the program, not photographed"))
    if not data.num_test:
        facts.append(_("no test part"))
    with place:
        st.badge(_("Ready"), icon=":material/check:", color="green")
        st.markdown(" · ".join(facts), width="content")
        if exists("train") and st.button(
            _("Train on these images"), key="dataset_train", type="primary"
        ):
            set_settings({"data": source})
            st.switch_page(page("train"))


def show_notes(data: ImageSet) -> None:
    """Show, folded, what was left out of a set and why."""
    if not data.notes:
        return
    words = ngettext("{count} note on this set", "{count} notes on this set", len(data.notes))
    with st.expander(words.format(count=len(data.notes)), icon=":material/info:"):
        for note in data.notes:
            st.markdown("- " + plain(note))
