"""How every page begins."""

import streamlit as st

from dashboard.i18n import LANGUAGES, _, choose_language, language


def open_page(title: str, sentence: str) -> None:
    """Draw the title, the switch of language beside it, and what a visitor does here.

    Args:
        title: a word or two, in the visitor's language.
        sentence: one sentence, likewise.
    """
    with st.container(
        horizontal=True,
        wrap=False,
        vertical_alignment="center",
    ):
        st.title(title, anchor=False, width="stretch")
        _language_switch()
    st.markdown(sentence)


def _language_switch() -> None:
    """Offer the language that is not shown; it is named in its own words."""
    other = next(name for name in LANGUAGES if name != language())
    st.button(
        LANGUAGES[other],
        key="frame_language_switch",
        icon=":material/translate:",
        type="tertiary",
        help=_("Show the pages in another language"),
        on_click=choose_language,
        args=(other,),
    )
