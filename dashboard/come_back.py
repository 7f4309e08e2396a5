"""Runs the page again when a visitor comes back to it: nothing ticks while nobody looks."""

import streamlit as st

from dashboard.browser_side import read_source


def refresh_on_return(*, key: str) -> None:
    """Run the page once more whenever its tab or window is returned to.

    For a page on which nothing moves by itself, while something may be started elsewhere: in the
    shell, or in another browser.

    Args:
        key: of the component, unique on the page.
    """
    _COME_BACK(key=key, height=1, on_back_change=lambda: None)


_COME_BACK = st.components.v2.component(
    "come_back", html="<span></span>", js=read_source("come_back.js")
)
