"""The eleven steps side by side, where the visitor is, and what is done; ``browser/learn_rail``."""

from collections.abc import Callable, Sequence

import streamlit as st

from dashboard.browser_side import read_source
from dashboard.i18n import _

_KEY = "learn_rail"
_GAME_MARKS = ("?", "★")


def draw_rail(
    titles: Sequence[str], current: int, done: set[int], go: Callable[[], None], num_steps: int
) -> None:
    """Draw the steps as buttons.

    Args:
        titles: a word or two each, in order.
        current: place of the one that is shown, from 0.
        done: places of those whose question was answered.
        go: called when one is chosen; ``chosen_step`` tells which.
        num_steps: how many of them are steps; those after them are games.
    """
    _RAIL(
        data={
            "label": _("All steps"),
            "current": current,
            "steps": [
                {
                    "title": title,
                    "mark": _GAME_MARKS[place - num_steps]
                    if place >= num_steps
                    else str(place + 1),
                    "done": place in done,
                    "name": _name(place, title, is_game=place >= num_steps, done=place in done),
                }
                for place, title in enumerate(titles)
            ],
        },
        key=_KEY,
        on_chosen_change=go,
    )


def chosen_step() -> int | None:
    """Return the place that was just chosen; for ``go``."""
    place = st.session_state[_KEY].chosen
    return place if isinstance(place, int) else None


def _name(place: int, title: str, *, is_game: bool, done: bool) -> str:
    text = title if is_game else _("Step {number}: {title}").format(number=place + 1, title=title)
    return _("{step}, done").format(step=text) if done else text


_RAIL = st.components.v2.component(
    "learn_rail",
    html=read_source("learn_rail.html"),
    css=read_source("learn_rail.css"),
    js=read_source("elements.js", "learn_rail.js"),
)
