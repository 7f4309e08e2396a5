"""The steps of the Learn page: their order, their address, and how one is laid out."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from cifar_core.errors import WorkbenchError
from dashboard import (
    learn_activation,
    learn_batch_norm,
    learn_convolution,
    learn_defects,
    learn_dropout,
    learn_duel,
    learn_linear,
    learn_loss,
    learn_optimiser,
    learn_overfitting,
    learn_pixels,
    learn_pooling,
    learn_saving,
)
from dashboard.i18n import _
from dashboard.learn_choice import choose_study
from dashboard.learn_lesson import Lesson
from dashboard.learn_question import answered_steps, ask
from dashboard.learn_rail import chosen_step, draw_rail
from dashboard.markdown import plain
from dashboard.models_waiting import first_wait
from dashboard.sentences import translated

PARAMETER = "step"
"""In the address: the number of the step, from 1, or a name of ``GAMES``."""
NUM_STEPS = 11
GAMES = ("bug", "you")
"""What comes after the steps."""
PAGE_STYLE = Path(__file__).parent / "browser" / "learn_page.css"


@dataclass(frozen=True)
class Step:
    """A step: its titles, short and long, and what makes it."""

    short: str
    title: str
    make: Callable[[], Lesson]


def steps() -> list[Step]:
    """Return the eleven steps and the games, in order."""
    return [
        Step(_("Tensor"), _("From picture to tensor"), learn_pixels.lesson),
        Step(_("Convolution"), _("Convolution"), learn_convolution.lesson),
        Step("ReLU", "ReLU", learn_activation.lesson),
        Step(_("Pooling"), _("Max-pooling"), learn_pooling.lesson),
        Step(_("Linear"), _("Flatten and linear"), learn_linear.lesson),
        Step(_("Loss"), _("Softmax and cross-entropy"), learn_loss.lesson),
        Step(_("Gradient"), _("Gradient and one step"), learn_optimiser.lesson),
        Step(_("Batch norm"), _("Batch normalisation"), learn_batch_norm.lesson),
        Step("Dropout", "Dropout", learn_dropout.lesson),
        Step(_("Overfitting"), _("Overfitting"), learn_overfitting.lesson),
        Step(_("Save, load"), _("Save, load, eval, no_grad"), learn_saving.lesson),
        Step(_("Bugs"), _("Spot the bug"), learn_defects.lesson),
        Step(_("You"), _("You against the model"), learn_duel.lesson),
    ]


def current_place() -> int:
    """Return the place of the step that the address names, from 0; the first where it does not."""
    text = st.query_params.get(PARAMETER, "")
    if text in GAMES:
        return NUM_STEPS + GAMES.index(text)
    number = int(text) if text.isdecimal() and len(text) < 3 else 1
    return number - 1 if 1 <= number <= NUM_STEPS else 0


def draw_steps(all_steps: list[Step], place: int) -> None:
    """Draw the rail."""
    draw_rail(
        [step.short for step in all_steps], place, answered_steps(), _go_where_chosen, NUM_STEPS
    )


def draw_step(all_steps: list[Step], place: int) -> None:
    """Draw one step, and the ways on: words and question left, what can be touched right."""
    step = all_steps[place]
    lesson = step.make()
    words, live = st.columns([5, 8], gap="large")
    with words:
        st.header(_heading(step, place), anchor=False)
        for paragraph in lesson.paragraphs:
            st.markdown(paragraph)
    with live, st.container(key="learn_live"), first_wait(480):
        try:
            lesson.show(choose_study(lesson), words)
        except WorkbenchError as error:
            st.error(plain(translated(str(error))))
    if lesson.choices:
        with words:
            ask(place, lesson.question, lesson.choices)
    _draw_ways_on(all_steps, place, lead=not lesson.has_action)


def _draw_ways_on(all_steps: list[Step], place: int, *, lead: bool) -> None:
    """Draw the buttons to the step before and to the next one.

    Args:
        all_steps: in order.
        place: of the one that is shown.
        lead: whether going on is the next sensible action.
    """
    with st.container(horizontal=True, horizontal_alignment="distribute", key="learn_ways_on"):
        if place > 0:
            st.button(
                all_steps[place - 1].title, key=f"learn_back_{place}", icon=":material/arrow_back:",
                on_click=_go, args=(place - 1,),
            )  # fmt: skip
        if place + 1 < len(all_steps):
            st.button(
                _("Next: {title}").format(title=all_steps[place + 1].title),
                key=f"learn_next_{place}",
                icon=":material/arrow_forward:", icon_position="right",
                type="primary" if lead else "secondary",
                on_click=_go, args=(place + 1,),
            )  # fmt: skip


def _heading(step: Step, place: int) -> str:
    return step.title if place >= NUM_STEPS else f"{place + 1}. {step.title}"


def _go(place: int) -> None:
    st.query_params[PARAMETER] = str(place + 1) if place < NUM_STEPS else GAMES[place - NUM_STEPS]


def _go_where_chosen() -> None:
    place = chosen_step()
    if place is not None:
        _go(place)
