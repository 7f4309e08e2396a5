"""A row of a list on the Dataset page: what it is, and what can be done with it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import streamlit as st

from dashboard.i18n import _


def row(key: str, name: str, facts: str) -> AbstractContextManager[Any]:
    """Draw a name and facts, both Markdown; what is drawn inside stands at the right end."""
    line = st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key=key
    )
    line.markdown(f"**{name}** :small[:gray[{facts}]]", width="content")
    return line.container(horizontal=True, width="content", vertical_alignment="center")


def delete_button(
    key: str, words: str, delete: Callable[[str], None], which: str, *, refusal: str = ""
) -> None:
    """Draw a button that says what will be gone and asks again before it deletes.

    Args:
        key: of the second button.
        words: what will be gone.
        delete: called with ``which``.
        which: the thing.
        refusal: why it cannot be deleted now; empty where it can.
    """
    with st.popover(
        _("Delete"), icon=":material/delete:", type="tertiary", disabled=bool(refusal),
        help=refusal or None,
    ):  # fmt: skip
        st.markdown(words)
        st.button(_("Delete for good"), key=key, on_click=delete, args=(which,))
