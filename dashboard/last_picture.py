"""The picture that a visitor asked about last, so that other pages can look at the same one."""

from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

_KEY = "last_picture"


@dataclass(frozen=True, eq=False)
class LookedAt:
    """A picture as a network sees it.

    Attributes:
        image: uint8 (32, 32, 3).
        name: what the visitor calls it; not for Markdown.
        truth: name of its true class; empty where nobody knows.
    """

    image: NDArray[np.uint8]
    name: str
    truth: str = ""


def remember_picture(image: NDArray[np.uint8], name: str, truth: str) -> None:
    """Note what the visitor looks at; kept as long as the session."""
    st.session_state[_KEY] = LookedAt(image, name, truth)


def last_picture() -> LookedAt | None:
    """Return what the visitor looked at last; None before the first."""
    found = st.session_state.get(_KEY)
    return found if isinstance(found, LookedAt) else None
