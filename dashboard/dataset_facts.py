"""What is said of a set that is ready: how it stands, what it holds, what was left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cifar_core.data.image_set import FEW_IMAGES, scarce_classes
from cifar_core.data.split_sizes import part_sizes
from dashboard.class_names import class_name
from dashboard.i18n import _, ngettext
from dashboard.markdown import plain
from dashboard.navigation import exists, page
from dashboard.numbers import count
from dashboard.sentences import translated
from dashboard.train_settings import set_settings

_NAMED = 8

if TYPE_CHECKING:
    from cifar_core.data.image_set import ImageSet


def describe_set(data: ImageSet, source: str, fit: str, place: DeltaGenerator) -> None:
    """Say in a line how a set stands and what it holds, and offer to train on it.

    Args:
        data: the set.
        source: its name in a config.
        fit: how its pictures came to a square.
        place: where to say it.
    """
    facts = [
        _("{count} images in {classes} classes").format(
            count=count(len(data)), classes=data.num_classes
        )
    ]
    if data.drawn:
        facts.append(_("drawn by the program, not photographed"))
    with place:
        st.badge(_("Ready"), icon=":material/check:", color="green")
        st.markdown(" · ".join(facts), width="content")
        if exists("train") and st.button(
            _("Train on these images"), key="dataset_train", type="primary"
        ):
            set_settings({"data": source, "fit": fit})
            st.switch_page(page("train"))


def show_cautions(data: ImageSet) -> None:
    """Say what a set lacks that a training would need."""
    if not data.num_test:
        kept = part_sizes(data.num_train, 0)[1]
        st.caption(
            _(
                "There is no test part: a training keeps {count} of these images for its test, "
                "the same share of every class, drawn by the run's seed."
            ).format(count=count(kept))
        )
    few = [f"{class_name(name)} ({number})" for name, number in scarce_classes(data).items()]
    if few:
        shown = ", ".join(few[:_NAMED]) + (" …" if len(few) > _NAMED else "")
        words = _(
            "Few training images: {classes}. A network learns little from fewer than about "
            "{limit} of a class, and validation and test take their share of them."
        )
        st.warning(plain(words.format(classes=shown, limit=FEW_IMAGES)), icon=":material/warning:")


def show_notes(data: ImageSet) -> None:
    """Show, folded, what was left out of a set and why."""
    if not data.notes:
        return
    words = ngettext("{count} note on this set", "{count} notes on this set", len(data.notes))
    with st.expander(words.format(count=len(data.notes)), icon=":material/info:"):
        for note in data.notes:
            st.markdown("- " + plain(translated(note)))
