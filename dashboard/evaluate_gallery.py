"""Images of an evaluation side by side; a click tells what the network says of one, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from cifar_core.errors import CheckpointError, ConfigError
from dashboard.class_names import class_name
from dashboard.dataset_grid import GridShape, Tile, image_grid, opened_number
from dashboard.evaluate_question import Question
from dashboard.i18n import _
from dashboard.markdown import plain
from dashboard.numbers import count, percent
from dashboard.predict_answers import answer_images
from dashboard.predict_pictures import from_data_set
from dashboard.predict_views import show_answer
from dashboard.sentences import translated

if TYPE_CHECKING:
    from torch import Tensor

    from cifar_core.answers import Answers

PER_PAGE = 40
_OPENED = "evaluate_opened"
"""In the session: the position of the image whose dialog is open, and its gallery."""
WIDE = GridShape(columns=10, narrow_columns=4, largest_factor=3)
SLIM = GridShape(columns=6, narrow_columns=4, narrow_below=420, largest_factor=3)


def show_gallery(
    question: Question, answers: Answers, rows: Tensor, *, key: str, label: str, shape: GridShape
) -> None:
    """Draw images, a page at a time, each with the network's answer under it.

    Args:
        question: whose images they are.
        answers: to all images of the question.
        rows: int64 (m,), which of the answers, in this order.
        key: of the widgets, unique on the page.
        label: what the images are together.
        shape: how many stand in a row.
    """
    if not len(rows):
        st.caption(_("There is no such image."))
        return
    pages = -(-len(rows) // PER_PAGE)
    page = min(int(st.session_state.get(f"{key}_page") or 1), pages)
    shown = rows[(page - 1) * PER_PAGE : page * PER_PAGE]
    positions = answers.positions[shown]
    image_grid(
        question.images.images[positions].numpy(),
        [_tile(question, answers, row, key) for row in shown.tolist()],
        key=f"{key}_grid", label=label, shape=shape,
        hint=_("Arrow keys go from image to image; Enter opens one."),
        on_open=lambda: _open(key),
    )  # fmt: skip
    if pages > 1:
        st.pagination(pages, key=f"{key}_page", width=340)
    opened = st.session_state.get(_OPENED)
    if opened and opened[0] == key:
        _open_dialog(question, int(opened[1]))


def _tile(question: Question, answers: Answers, row: int, key: str) -> Tile:
    classes = question.images.classes
    answer = class_name(classes[int(answers.predictions[row])])
    truth = class_name(classes[int(answers.labels[row])])
    sure = percent(float(answers.confidences[row]), 0)
    position = int(answers.positions[row])
    said = _("{truth}, called {answer} with {sure}").format(truth=truth, answer=answer, sure=sure)
    return Tile(
        f"{answer} {sure}", said, position, st.session_state.get(_OPENED) == (key, position)
    )


def _open(key: str) -> None:
    number = opened_number(f"{key}_grid")
    if number is not None:
        st.session_state[_OPENED] = (key, number)


def _close() -> None:
    st.session_state[_OPENED] = None


def _open_dialog(question: Question, position: int) -> None:
    if not 0 <= position < len(question.images):  # the images changed meanwhile
        return
    truth = question.images.classes[int(question.images.labels[position])]
    title = _("{name}, image {number}").format(name=class_name(truth), number=count(position))
    st.dialog(plain(title), width="large", on_dismiss=_close)(_tell)(question, position, truth)


def _tell(question: Question, position: int, truth: str) -> None:
    """Fill the dialog of one image."""
    image = question.images.images[position].numpy()
    picture = from_data_set(image, _("Image {number}").format(number=position), truth)
    try:
        (answer,) = answer_images(question.entry.path, np.stack([image]), [truth])
        show_answer(question.entry, picture, image, answer)
    except (CheckpointError, ConfigError) as error:
        st.error(plain(translated(str(error))))
