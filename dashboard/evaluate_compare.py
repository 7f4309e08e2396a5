"""Two networks on the same images: where they differ, and whether that can be chance."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from cifar_core.evaluation_jobs import VALIDATION
from cifar_core.library import ModelEntry
from cifar_core.provenance import has_learned_from, training_settings
from dashboard.evaluate_gallery import WIDE, show_gallery
from dashboard.evaluate_progress import open_answers
from dashboard.evaluate_question import Question
from dashboard.i18n import _
from dashboard.markdown import plain
from dashboard.models_text import model_option, model_title
from dashboard.numbers import count, percent
from dashboard.services import get_model

if TYPE_CHECKING:
    from torch import Tensor

    from cifar_core.answers import Answers
    from cifar_core.mcnemar import Disagreement


def show_comparison(question: Question, answers: Answers, models: list[ModelEntry]) -> None:
    """Draw the choice of a second network, and how the two compare.

    Args:
        question: the first network and the images.
        answers: the first network's.
        models: all of the workspace.

    Raises:
        CheckpointError: the second model cannot be read.
    """
    first = question.entry
    others = {
        entry.model_id: entry
        for entry in models
        if entry.model_id != first.model_id and entry.classes == first.classes
    }
    if not others:
        st.caption(_("There is no second model with these classes yet. Train one, or upload one."))
        return
    chosen = st.selectbox(
        _("Compare with"), list(others), format_func=lambda key: model_option(others[key]),
        key="evaluate_second",
    )  # fmt: skip
    second = others[chosen]
    other = open_answers(_same_images(question, second).plan, key="evaluate_second")
    if other is None:
        return
    fair = _unseen_by(question, second, answers.positions)
    if not bool(fair.all()):
        text = _("{count} images are left out: {name} has learned from them.")
        left_out = count(int((~fair).sum()))
        st.caption(plain(text.format(count=left_out, name=model_title(second))))
    info = get_model(second.path).info
    if question.plan.part == VALIDATION and has_learned_from(info, question.images) is None:
        text = _("Whether {name} has learned from these images is not known.")
        st.caption(plain(text.format(name=model_title(second))))
    if bool(fair.any()):
        _show_difference(question, answers.only(fair), second, other.only(fair))


def _unseen_by(question: Question, entry: ModelEntry, positions: Tensor) -> Tensor:
    """Return which images a model was not trained on, bool (n,): its run may have split otherwise.

    Args:
        question: whose images they are.
        entry: the model.
        positions: of the images in their set, int64 (n,).
    """
    import torch

    from cifar_core.data.splits import split_images

    config = training_settings(get_model(entry.path).info, question.images)
    if config is None:
        return torch.ones(len(positions), dtype=torch.bool)
    return ~torch.isin(positions, split_images(question.images, config).train.indices)


def _same_images(question: Question, entry: ModelEntry) -> Question:
    """Return the question to another network, in the split of the first one."""
    info = get_model(entry.path).info
    weights = info.weights_sha256 or f"{entry.path} {entry.path.stat().st_mtime_ns}"
    plan = replace(question.plan, model_path=str(entry.path), weights=weights)
    return replace(question, entry=entry, plan=plan)


def _show_difference(
    question: Question, answers: Answers, second: ModelEntry, other: Answers
) -> None:
    from cifar_core.mcnemar import compare_answers

    found = compare_answers(answers.right, other.right)
    one, two = model_title(question.entry), model_title(second)
    st.markdown(plain(difference_words(found, one, two)))
    galleries = {
        "first": (_("Only {name} is right").format(name=one), answers.right & ~other.right),
        "second": (_("Only {name} is right").format(name=two), other.right & ~answers.right),
        "neither": (_("Neither is right"), ~answers.right & ~other.right),
    }
    labels = {
        key: f"{plain(title)}: {count(int(mask.sum()))}" for key, (title, mask) in galleries.items()
    }
    which = st.segmented_control(
        _("Which images"), list(galleries), default="first", required=True,
        key="evaluate_difference", format_func=labels.__getitem__,
        label_visibility="collapsed",
    )  # fmt: skip
    title, mask = galleries[str(which or "first")]
    st.caption(_("Under each picture: what {name} says of it.").format(name=plain(one)))
    rows = mask.nonzero().squeeze(1)
    show_gallery(question, answers, rows, key=f"evaluate_{which}", label=title, shape=WIDE)


def difference_words(found: Disagreement, first: str, second: str) -> str:
    """Say in sentences how two networks differ, and whether chance explains it.

    Args:
        found: how they did on the same images.
        first: what the visitor calls the first.
        second: likewise.
    """
    from cifar_core.mcnemar import SIGNIFICANT_BELOW

    facts = _(
        "{first} alone recognises {only_first} images, {second} alone {only_second}; both "
        "{both}, neither {neither}."
    ).format(
        first=first, second=second, only_first=count(found.only_first),
        only_second=count(found.only_second), both=count(found.both_right),
        neither=count(found.both_wrong),
    )  # fmt: skip
    chance = percent(found.p_value, 1 if found.p_value >= 0.001 else 3)
    if found.p_value < SIGNIFICANT_BELOW:
        better = first if found.only_first > found.only_second else second
        verdict = _(
            "Were they equally good, chance would tilt it so far in {chance} of all cases only: "
            "{better} is better on images like these (McNemar's test)."
        ).format(chance=chance, better=better)
    else:
        verdict = _(
            "Were they equally good, chance would tilt it so far in {chance} of all cases: this "
            "difference proves nothing (McNemar's test)."
        ).format(chance=chance)
    return f"{facts} {verdict}"
