"""What stands in the place of an answer while torch is imported, which takes seconds, once."""

import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import streamlit as st


def first_wait(height: int) -> AbstractContextManager[Any]:
    """Draw a skeleton as long as the block runs; nothing where torch is there: that would flash.

    Args:
        height: of what will come, in pixels.
    """
    return nullcontext() if "torch" in sys.modules else st.skeleton(height=height)
