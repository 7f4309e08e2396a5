from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from cifar_core.data.image_set import CIFAR10_CLASSES
from cifar_core.lessons.duel import score_answers
from cifar_core.library import find_model
from dashboard.learn_duel import answers_html, checked_answers, scores_html, where_from
from dashboard.learn_study import ON_THE_SPOT


def test_answers_for_these_pictures_count():
    assert checked_answers({"draw": 3, "answers": [0, 9]}, 3, 2, 10) == [0, 9]


@pytest.mark.parametrize(
    "sent",
    [
        None,
        "answers",
        {"draw": 2, "answers": [0, 1]},
        {"draw": 3, "answers": [0]},
        {"draw": 3, "answers": [0, 10]},
        {"draw": 3, "answers": [0, -1]},
        {"draw": 3, "answers": [0, "1"]},
        {"draw": 3, "answers": [0, True]},
        {"draw": 3},
    ],
)
def test_anything_else_from_a_browser_does_not(sent):
    assert checked_answers(sent, 3, 2, 10) is None


def test_both_scores_stand_beside_the_known_human_level():
    html = scores_html(score_answers([1] * 20, [1] * 18 + [0] * 2), score_answers([0], [1]))
    assert "18 / 20" in html and "90 %" in html
    assert "0 / 1" in html
    assert "94 %" in html


def test_a_class_name_is_text_and_no_html():
    html = answers_html(
        np.zeros((1, 32, 32, 3), np.uint8), [0], {"You": [1]}, ["<b>a</b>", "<script>"]
    )
    assert "<script>" not in html and "&lt;script&gt;" in html


@pytest.mark.parametrize(
    ("data", "changes", "words"),
    [
        (ON_THE_SPOT, {"drawn": True}, "made on the spot"),
        ("builtin", {"drawn": True}, "not trained on. These are drawings"),
        ("cifar10", {"name": "CIFAR-10"}, "it has an advantage"),
        ("/a/copy", {"name": "copy"}, "Nobody knows"),
    ],
)
def test_what_the_pictures_are_to_a_shipped_network_is_said(
    workspace, tiny_set, data, changes, words
):
    source = replace(tiny_set, classes=CIFAR10_CLASSES, **changes)
    entry = find_model(workspace, "shipped-simple_cnn")
    study = SimpleNamespace(data=data, entry=entry, fresh=SimpleNamespace(source=source))
    assert words in where_from(study)
    assert "fresh" not in where_from(study)
