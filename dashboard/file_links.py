"""Buttons that make a file and give it to the visitor; see ``file_routes``.

While a file is made its button says so; where it cannot be made, the reason stands below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import streamlit as st

from dashboard.browser_side import read_source
from dashboard.i18n import _, language


@dataclass(frozen=True)
class FileLink:
    """A file to take home.

    Attributes:
        label: what its button says.
        address: where it is, relative to the app's; "" where it cannot be made here.
        name: of the file.
        note: a sentence below the button.
    """

    label: str
    address: str
    name: str
    note: str = ""


def file_links(files: Sequence[FileLink], *, key: str) -> None:
    """Draw one button a file, one below the other.

    Args:
        files: what is offered.
        key: of the component, unique on the page.
    """
    _FILES(
        data={
            "files": [asdict(file) for file in files],
            "lang": language(),
            "words": {
                "making": _("It is being made …"),
                "away": _("The server does not answer. Try again."),
            },
        },
        key=key,
    )


_FILES = st.components.v2.component(
    "file_links",
    html="<div class='files'></div>",
    css=read_source("file_links.css"),
    js=read_source("elements.js", "file_links.js"),
)
