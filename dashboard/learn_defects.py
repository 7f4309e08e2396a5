"""After the steps: spot the bug. Two short trainings, one of them with a tutorial's mistake."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.charts import CONFIG
from dashboard.i18n import _
from dashboard.learn_charts import courses_figure
from dashboard.learn_lesson import Lesson, pick_name
from dashboard.learn_study import ON_THE_SPOT, Study, drawings_on_the_spot
from dashboard.numbers import megabytes, percent

if TYPE_CHECKING:
    from cifar_core.lessons.defects import Course, Parts

PARAMETER = "bug"
NUM_PICTURES = 1600
_SHARES = (1000, 300, 300)
"""Of training, validation and test pictures; none of them is a test picture of the data set."""
_COURSES = "learn_bug_courses"
_WORKING_HEIGHT = 560


@dataclass(frozen=True)
class Bug:
    """A mistake in words.

    Attributes:
        title: what was done wrong.
        reason: what it does to the numbers, and why.
        code: how it is done right.
    """

    title: str
    reason: str
    code: str


def bugs() -> dict[str, Bug]:
    """Return every mistake in the visitor's language, by its name in ``lessons.defects``."""
    return {
        "no_transform": Bug(
            _("The transform was never passed"),
            _(
                "The network gets numbers from 0 to 255. Its first answers are huge, so that the "
                "loss starts far above 2.303, and after the wild first steps it is stuck there."
            ),
            "dataset = CIFAR10(root, transform=transform)",
        ),
        "no_zero_grad": Bug(
            _("The gradients are never set to zero"),
            _(
                "Every batch adds to the gradients of all before it: at the end they are many "
                "times as long, and point to the past. The loss hardly falls, or rises again."
            ),
            "optimizer.zero_grad()\nloss.backward()\noptimizer.step()",
        ),
        "double_softmax": Bug(
            _("A softmax before the cross-entropy"),
            _(
                "`CrossEntropyLoss` contains one already. With two, the loss cannot fall below "
                "1.461 for ten classes, and the gradient is faint: it learns slowly."
            ),
            "loss = nn.CrossEntropyLoss()(logits, labels)",
        ),
        "no_eval": Bug(
            _("No `eval()` before validation"),
            _(
                "Dropout goes on while validating. The training loss is the same to the last "
                "digit, but the validation loss is higher, because half of the units are missing."
            ),
            "model.eval()\nvalidate(model)\nmodel.train()",
        ),
        "no_no_grad": Bug(
            _("No `no_grad()` while validating"),
            _(
                "All curves are the same. But every layer's values are kept for a backward pass "
                "that never comes: memory for nothing, until there is none left."
            ),
            "with torch.no_grad():\n    logits = model(images)",
        ),
        "test_as_validation": Bug(
            _("The test set is used for validation"),
            _(
                "The training is the same, and the test accuracy is never lower, often higher: "
                "the epoch was chosen by the very pictures that should judge it. It promises more "
                "than new pictures will keep."
            ),
            "best = max(epochs, key=lambda e: e.val_accuracy)  # never test",
        ),
        "wrong_normalization": Bug(
            _("Another normalisation when predicting"),
            _(
                "Training and validation are the same. But whoever asks the finished network "
                "gives it numbers from 0 to 1 where it has learned −1 to 1: far fewer are right."
            ),
            "inputs = transform(picture)  # the one of the training",
        ),
    }


def lesson() -> Lesson:
    """Return the game."""
    return Lesson(
        [
            _(
                "Seven mistakes that give no error message. Two trainings ran here, with the same "
                "weights, batches and dropout; in one of them a mistake is switched on."
            ),
            _(
                "Compare the curves and the numbers: every mistake leaves a trace somewhere. Which "
                "one is it?"
            ),
        ],
        _show,
        needs_picture=False,
        needs_network=False,
        has_action=True,
    )


def _show(study: Study, words: DeltaGenerator) -> None:
    names = {"guess": _("Guess"), "look": _("Look at one")}
    is_guess = pick_name(_("Game"), names, key="learn_bug_mode") == "guess"
    known, draw = bugs(), _asked_draw()
    if is_guess:
        name = hidden_bug(draw)
    else:
        name = st.selectbox(
            _("Mistake"), list(known), format_func=lambda key: known[key].title.replace("`", ""),
            key="learn_bug_choice", persist_state="session",
        )  # fmt: skip
    healthy, ill = _courses(study, name)
    _draw_curves(healthy, ill)
    _draw_numbers(healthy, ill)
    with words:
        if is_guess:
            _draw_guess(known, name, draw)
        else:
            _explain(known[name])


def hidden_bug(draw: int) -> str:
    """Return the mistake of a round; seven rounds in a row show all of them."""
    from cifar_core.lessons.defects import DEFECTS

    around, place = divmod(draw - 1, len(DEFECTS))
    return DEFECTS[int(np.random.default_rng(around + 5).permutation(len(DEFECTS))[place])]


def split_pictures(count: int) -> tuple[int, int, int]:
    """Return how many of so many pictures are for training, validation and test."""
    total = min(count, sum(_SHARES))
    val = max(1, total * _SHARES[1] // sum(_SHARES))
    return total - 2 * val, val, val


def _asked_draw() -> int:
    text = st.query_params.get(PARAMETER, "")
    return int(text) if text.isdecimal() and 0 < int(text[:6]) == int(text) else 1


def _courses(study: Study, name: str) -> tuple[Course, Course]:
    """Return both trainings; those of this session are kept."""
    kept = st.session_state.setdefault(_COURSES, {})
    place = st.empty()
    wanted = [(study.data, _count(study), defect) for defect in ("", name)]
    missing = [key for key in wanted if key not in kept]
    if missing:
        with place.container(height=_WORKING_HEIGHT, border=False):
            for key in missing:
                kept[key] = _train(study, key[2])
        place.empty()
    return kept[wanted[0]], kept[wanted[1]]


def _train(study: Study, defect: str) -> Course:
    from cifar_core.lessons.defects import EPOCHS, train_with

    text = _("Training with the mistake …") if defect else _("Training without a mistake …")
    bar = st.progress(0.0, text=text)
    return train_with(
        _parts(study), defect, seed=0, told=lambda epoch: bar.progress(epoch / EPOCHS, text=text)
    )


def _count(study: Study) -> int:
    return len(study.learned) + len(study.fresh)


def _parts(study: Study) -> Parts:
    """Return pictures for both trainings, none of them from the data set's test part."""
    import torch

    from cifar_core.lessons.defects import Part, Parts

    if study.data == ON_THE_SPOT:
        source = drawings_on_the_spot(NUM_PICTURES)
        positions = torch.arange(len(source))
    else:
        source = study.learned.source
        positions = torch.cat([study.learned.indices, study.fresh.indices])
    order = torch.randperm(len(positions), generator=torch.Generator().manual_seed(1))
    sizes = split_pictures(len(positions))
    parts = []
    for start, end in pairwise(accumulate(sizes, initial=0)):
        chosen = positions[order[start:end]]
        parts.append(Part(source.images[chosen], source.labels[chosen]))
    return Parts(parts[0], parts[1], parts[2], source.num_classes)


def _draw_curves(healthy: Course, ill: Course) -> None:
    left, right = st.columns(2, gap="medium")
    for column, title, key, values, unit in (
        (
            left,
            _("**Training loss**"),
            "train",
            (healthy.train_losses, ill.train_losses),
            _("step"),
        ),
        (right, _("**Validation loss**"), "val", (healthy.val_losses, ill.val_losses), _("epoch")),
    ):
        with column:
            st.markdown(title)
            st.plotly_chart(
                courses_figure(*values, unit), key=f"learn_bug_{key}", config=CONFIG,
                alt=_("The loss of both trainings"),
            )  # fmt: skip


def _draw_numbers(healthy: Course, ill: Course) -> None:
    rows: dict[str, Callable[[Course], str]] = {
        _("First loss"): lambda c: f"{c.train_losses[0]:.3f}",
        _("Training loss, last epoch"): lambda c: f"{float(np.mean(c.train_losses[-20:])):.3f}",
        _("Validation loss"): lambda c: f"{c.val_losses[-1]:.3f}",
        _("Validation accuracy, best epoch"): lambda c: percent(max(c.val_accuracies)),
        _("Test accuracy of that epoch"): lambda c: percent(c.reported),
        _("Right when asked again later"): lambda c: percent(c.predicted),
        _("Length of the last gradient"): lambda c: f"{c.gradient_norm:.2f}",
        _("Memory kept while validating"): lambda c: megabytes(c.bytes_kept),
    }
    st.table(
        {
            " ": list(rows),
            _("Healthy"): [work(healthy) for work in rows.values()],
            _("With the bug"): [work(ill) for work in rows.values()],
        }
    )


def _draw_guess(known: dict[str, Bug], name: str, draw: int) -> None:
    with st.container(border=True, key="learn_question"):
        answer = st.radio(
            _("Which mistake is it?"), list(known), index=None, key=f"learn_bug_answer_{draw}",
            format_func=lambda key: known[key].title, persist_state="session",
        )  # fmt: skip
        if answer == name:
            st.success(_("**Right.** {reason}").format(reason=known[name].reason))
            st.code(known[name].code, language="python", wrap_lines=True)
        elif answer is not None:
            text = _("That one would look different: {reason}")
            st.error(text.format(reason=known[answer].reason))
        st.button(
            _("Another one"), key="learn_bug_next", icon=":material/shuffle:",
            type="primary" if answer == name else "secondary", on_click=_next, args=(draw + 1,),
        )  # fmt: skip


def _next(draw: int) -> None:
    st.query_params[PARAMETER] = str(draw)


def _explain(bug: Bug) -> None:
    with st.container(border=True, key="learn_question"):
        st.markdown(f"**{bug.title}**")
        st.markdown(bug.reason)
        st.code(bug.code, language="python", wrap_lines=True)
