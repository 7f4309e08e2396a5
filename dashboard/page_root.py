"""What a page tells the browser's document: its language, its theme, the choice of a language."""

import streamlit as st

from dashboard.browser_side import read_source
from dashboard.i18n import COOKIE, chosen_language, html_language


def mark_document() -> None:
    """Set the document's language and theme, and keep a chosen language in a cookie."""
    _PAGE_ROOT(
        data={"language": html_language(), "cookie": COOKIE, "chosen": chosen_language()},
        key="frame_page_root",
        height=1,
    )


# isolate_styles: the style sheet is for buttons outside of the component
_PAGE_ROOT = st.components.v2.component(
    "page_root",
    html="<span></span>",
    css=read_source("page_root.css"),
    js=read_source("colour.js", "page_root.js"),
    isolate_styles=False,
)
