"""A question after each step: checked at once, with the reason."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from dashboard.i18n import _

_DONE = "learn_done"


@dataclass(frozen=True)
class Choice:
    """An answer that can be chosen, and what is said then."""

    text: str
    reason: str
    right: bool = False


def answered_steps() -> set[int]:
    """Return the places of the steps whose question was answered rightly in this session."""
    return set(st.session_state.get(_DONE, ()))


def ask(place: int, question: str, choices: Sequence[Choice]) -> None:
    """Draw a question and, once answered, whether that is right and why.

    Args:
        place: of the step, from 0.
        question: one or two sentences.
        choices: at least two, one of them right.
    """
    key = f"learn_answer_{place}"
    with st.container(border=True, key="learn_question"):
        answer = st.radio(
            f"**{question}**", range(len(choices)), index=None, key=key,
            format_func=lambda number: choices[number].text, persist_state="session",
        )  # fmt: skip
        if answer is None:
            return
        chosen = choices[answer]
        if chosen.right:
            st.success(
                _("**Right.** {reason}").format(reason=chosen.reason), icon=":material/check:"
            )
            _note_done(place)
        else:
            text = _("**Not quite.** {reason}").format(reason=chosen.reason)
            st.error(text, icon=":material/close:")


def _note_done(place: int) -> None:
    """Keep that a step is done; the rail, which was drawn before, then shows it."""
    if place not in answered_steps():
        st.session_state[_DONE] = [*st.session_state.get(_DONE, ()), place]
        st.rerun()
