"""What every step of the Learn page has."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.i18n import _
from dashboard.learn_question import Choice

if TYPE_CHECKING:
    from dashboard.learn_study import Study


@dataclass(frozen=True)
class Lesson:
    """A step in the visitor's language.

    Attributes:
        paragraphs: the explanation, in Markdown.
        show: draws what can be touched, for a study; what it says of it in code or in a formula
            goes to the column of the words.
        question: asked at the end.
        choices: its answers; without any nothing is asked.
        needs_picture: whether the visitor's picture matters here.
        needs_network: likewise the visitor's network; otherwise a fresh one learns.
        has_action: whether it has a primary button of its own.
    """

    paragraphs: Sequence[str]
    show: Callable[["Study", DeltaGenerator], None]
    question: str = ""
    choices: Sequence[Choice] = ()
    needs_picture: bool = True
    needs_network: bool = True
    has_action: bool = False


def choose_map(count: int, *, key: str) -> int:
    """Draw a slider over the feature maps; return the chosen one's number, from 0."""
    number: int = st.slider(
        _("Feature map"), 1, count, 1, key=key, persist_state="session",
        help=_("The convolution makes one map with each of its filters."),
    )  # fmt: skip
    return number - 1


def pick(label: str, options: Sequence[int], *, key: str, default: int, help: str = "") -> int:
    """Draw small numbers side by side; return the chosen one."""
    chosen = st.segmented_control(
        label, options, default=default, required=True, key=key, persist_state="session",
        help=help or None,
    )  # fmt: skip
    return default if chosen is None else int(chosen)


def pick_name(label: str, names: dict[str, str], *, key: str, help: str = "") -> str:
    """Draw named choices side by side; return the key of the chosen one, at first the first."""
    first = next(iter(names))
    chosen = st.segmented_control(
        label, list(names), default=first, required=True, format_func=names.__getitem__, key=key,
        persist_state="session", help=help or None,
    )  # fmt: skip
    return first if chosen is None else str(chosen)


def number_text(value: float, digits: int = 4) -> str:
    """Return a number with a true minus sign."""
    return f"{value:.{digits}f}".replace("-", "\N{MINUS SIGN}")


def size_formula(size: int, kernel: int, stride: int, padding: int, dilation: int) -> str:
    """Return the output-size formula of a window with the numbers filled in, as LaTeX."""
    from cifar_core.lessons.convolution import Slide, output_size

    result = output_size(size, kernel, Slide(stride, padding, dilation))
    top = rf"{size} + 2 \cdot {padding} - {dilation} \cdot ({kernel} - 1) - 1"
    whole = rf"\left\lfloor \frac{{{top}}}{{{stride}}} \right\rfloor + 1"
    # in two lines: the result must not stick out of a narrow column
    return rf"\begin{{aligned}} & {whole} \\ & = \mathbf{{{result}}} \end{{aligned}}"
