"""After the steps: you against the model, on twenty pictures that neither has learned from."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cifar_core.lessons.duel import (
    HUMAN_ACCURACY,
    NUM_PICTURES,
    Score,
    draw_places,
    score_answers,
)
from cifar_core.provenance import has_learned_from
from dashboard.browser_side import read_source
from dashboard.class_names import class_name
from dashboard.dataset_samples import sheet_png
from dashboard.i18n import _
from dashboard.learn_lesson import Lesson
from dashboard.learn_study import ON_THE_SPOT, Study
from dashboard.models_text import kind_words
from dashboard.numbers import percent
from dashboard.pictures import data_url, png_url
from dashboard.services import get_model

if TYPE_CHECKING:
    from torch import Tensor

PARAMETER = "draw"
_KEY = "learn_duel"
_SHEET_COLUMNS = 10


def lesson() -> Lesson:
    """Return the game."""
    return Lesson(
        [
            _(
                "Twenty pictures, ten classes. Say what you see: click, or press the number before "
                "the class. The network then answers the same pictures."
            ),
            _(
                "A. Karpathy tried in 2011 how well a trained person does on CIFAR-10: "
                "about **94 %**. The pictures are small, and some are hard."
            ),
        ],
        _show,
        needs_picture=False,
    )


def _show(study: Study, words: DeltaGenerator) -> None:
    import torch

    draw = _asked_draw()
    places = draw_places(len(study.fresh), draw, NUM_PICTURES)
    images, labels = study.fresh.take(torch.tensor(places))
    with words:
        st.caption(where_from(study))
    finished = st.session_state.get(_KEY, {}).get("finished")
    answers = checked_answers(finished, draw, len(places), len(study.classes))
    if answers is None:
        _draw_quiz(study, images, draw)
    else:
        _draw_result(study, images, labels.tolist(), answers)
        st.button(
            _("Again, with other pictures"), key="learn_duel_again", icon=":material/shuffle:",
            type="primary", on_click=_again, args=(draw + 1,),
        )  # fmt: skip


def checked_answers(finished: object, draw: int, count: int, classes: int) -> list[int] | None:
    """Return the answers that the browser sent, or None where they are not for these pictures.

    Args:
        finished: whatever came.
        draw: which pictures are shown.
        count: how many they are.
        classes: how many classes there are.
    """
    if not isinstance(finished, dict) or finished.get("draw") != draw:
        return None
    answers = finished.get("answers")
    if not isinstance(answers, list) or len(answers) != count:
        return None
    if not all(type(answer) is int and 0 <= answer < classes for answer in answers):
        return None
    return answers


def _asked_draw() -> int:
    text = st.query_params.get(PARAMETER, "")
    return int(text) if text.isdecimal() and len(text) < 9 else 1


def _again(draw: int) -> None:
    st.query_params[PARAMETER] = str(draw)


def where_from(study: Study) -> str:
    """Say in a sentence or two what the pictures are to the network."""
    if study.entry is None:
        return _("Pictures that nothing has been trained on. This network is fresh: it guesses.")
    if study.data == ON_THE_SPOT and study.entry.data_name and not study.entry.drawn:
        words = _("Drawings made on the spot, which no network has been trained on.")
        return f"{words} {kind_words(study.entry, drawn=True)}".strip()
    if study.entry.source == "run" and study.entry.data == study.data:
        return _(
            "Validation pictures of the network's own run: it has not learned from them, though "
            "its best epoch may have been chosen by them. Test pictures are left alone."
        )
    known = has_learned_from(get_model(study.entry.path).info, study.fresh.source)
    if known:
        return _(
            "Photos that this network was trained on: it has an advantage. Train a Simple CNN of "
            "your own for a fair game."
        )
    if known is False:
        words = _("Pictures of a set that this network was not trained on.")
        return f"{words} {kind_words(study.entry, drawn=study.fresh.source.drawn)}".strip()
    return _(
        "Validation pictures. Nobody knows whether this network has learned from some of them: it "
        "comes from elsewhere."
    )


def _draw_quiz(study: Study, images: Tensor, draw: int) -> None:
    _QUIZ(
        data={
            "draw": draw,
            "count": len(images),
            "sheet": png_url(sheet_png(images.numpy(), _SHEET_COLUMNS)),
            "columns": _SHEET_COLUMNS,
            "classes": [class_name(name) for name in study.classes],
            "words": {
                "progress": _("Picture {number} of {total}"),
                "picture": _("What is this?"),
                "back": _("One back"),
            },
        },
        key=_KEY,
        on_finished_change=lambda: None,
    )


def _draw_result(study: Study, images: Tensor, labels: list[int], answers: list[int]) -> None:
    from cifar_core.data.transforms import Preprocessing
    from cifar_core.prediction import predict_images

    probs = predict_images(study.network, images, Preprocessing(study.normalization))
    given = probs.argmax(1).tolist()
    you, model = score_answers(answers, labels), score_answers(given, labels)
    st.subheader(_verdict(you, model), anchor=False)
    st.html(scores_html(you, model))
    classes = [class_name(name) for name in study.classes]
    st.html(answers_html(images.numpy(), labels, {_("You"): answers, _("Network"): given}, classes))


def _verdict(you: Score, model: Score) -> str:
    if you.right == model.right:
        return _("A draw")
    return _("You are ahead") if you.right > model.right else _("The network is ahead")


def scores_html(you: Score, model: Score) -> str:
    """Return both scores and the known human level as bars with their intervals."""
    rows = [
        (_("You"), you.accuracy, f"{you.right} / {you.total}", (you.low, you.high)),
        (_("Network"), model.accuracy, f"{model.right} / {model.total}", (model.low, model.high)),
        (_("A trained person, 2011"), HUMAN_ACCURACY, "", None),
    ]
    body = "".join(_score_row(*row) for row in rows)
    note = _("The thin lines are 95 % intervals: twenty pictures say little.")
    return f"<div class='duel-scores'>{body}</div><p class='duel-note'>{escape(note)}</p>"


def _score_row(name: str, share: float, right: str, interval: tuple[float, float] | None) -> str:
    whisker = ""
    words = right
    if interval:
        low, high = interval
        whisker = f"<u style='left:{100 * low:.1f}%;width:{100 * (high - low):.1f}%'></u>"
        words = f"{right} · {percent(low, 0)}–{percent(high, 0)}"
    kind = "" if interval else " data-known='true'"
    return (
        f"<div><span>{escape(name)}</span><b>{percent(share, 0)}</b>"
        f"<div class='duel-bar'{kind}><i style='width:{100 * share:.1f}%'></i>{whisker}</div>"
        f"<small>{escape(words)}</small></div>"
    )


def answers_html(
    images: np.ndarray, labels: list[int], given: dict[str, list[int]], classes: list[str]
) -> str:
    """Return every picture with its class and what each player said.

    Args:
        images: uint8 (n, 32, 32, 3).
        labels: the true classes.
        given: answers by player.
        classes: names in the visitor's language.
    """
    cards = []
    for number, label in enumerate(labels):
        lines = "".join(
            _answer_line(player, classes, answers[number], label)
            for player, answers in given.items()
        )
        picture = data_url(images[number], 3)
        name = escape(classes[label])
        cards.append(
            f"<figure><img src='{picture}' width='96' height='96' alt='{name}'>"
            f"<figcaption><b>{name}</b>{lines}</figcaption></figure>"
        )
    return f"<div class='duel-answers'>{''.join(cards)}</div>"


def _answer_line(player: str, classes: list[str], answer: int, label: int) -> str:
    right = answer == label
    mark, word = ("✓", _("right")) if right else ("✕", _("wrong"))
    said = "" if right else f" {escape(classes[answer])}"
    return (
        f"<span data-right='{str(right).lower()}'>{escape(player)} "
        f"<em aria-label='{escape(word)}'>{mark}</em>{said}</span>"
    )


_QUIZ = st.components.v2.component(
    "learn_duel",
    html=read_source("learn_duel.html"),
    css=read_source("learn_duel.css"),
    js=read_source("learn_duel.js"),
)
