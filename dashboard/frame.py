"""What surrounds every page; ``st.App`` runs this script, and this script runs the page."""

from pathlib import Path

import streamlit as st

from dashboard.i18n import _
from dashboard.navigation import pages
from dashboard.page_root import mark_document

# Before the menu: without an icon of our own, the browser would fetch one from a server of Google.
st.set_page_config(page_icon=Path(__file__).parent / "icon.svg", layout="wide")
current = st.navigation(pages(), position="top")
st.set_page_config(page_title=f"{current.title} · " + _("CIFAR-10 workbench"), layout="wide")
# Drawn after the page, although it runs before it: a page that stops must not lose it.
body = st.container()
mark_document()
with body:
    current.run()
