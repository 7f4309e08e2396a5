"""What the answers show: the numbers, the matrix with its images, and the tabs under it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from cifar_core.evaluation_jobs import TEST, VALIDATION
from cifar_core.scores import Evaluation
from dashboard.charts import CONFIG
from dashboard.class_names import class_name
from dashboard.evaluate_charts import class_figure, reliability_figure
from dashboard.evaluate_gallery import SLIM, WIDE, show_gallery
from dashboard.evaluate_matrix import CELL, CELL_IMAGES, show_matrix
from dashboard.evaluate_progress import known_answers, open_answers, openings_words
from dashboard.evaluate_question import Question, part_words, validation_plan
from dashboard.i18n import _
from dashboard.markdown import plain
from dashboard.models_text import kind_words
from dashboard.numbers import count, percent

if TYPE_CHECKING:
    from cifar_core.answers import Answers


@st.cache_data(max_entries=32, show_spinner=False)
def score(key: str, classes: tuple[str, ...], _answers: Answers) -> Evaluation:
    """Return the scores of answers; ``key`` tells them from all others."""
    from cifar_core.evaluation import score_logits

    return score_logits(_answers.logits, _answers.labels, classes)


def show_numbers(question: Question, evaluation: Evaluation) -> None:
    """Draw accuracy with its interval, and what the images are."""
    with st.container(horizontal=True, gap="large", vertical_alignment="bottom"):
        st.metric(_("Accuracy"), percent(evaluation.accuracy), width="content")
        st.metric(_("Among the first two"), percent(evaluation.top2_accuracy), width="content")
        st.metric(_("Loss"), f"{evaluation.loss:.3f}", width="content")
        st.metric(_("Calibration error"), percent(evaluation.ece), width="content")
    interval = _("95 % interval {low} to {high}, over {count} images of {source}.").format(
        low=percent(evaluation.accuracy_low), high=percent(evaluation.accuracy_high),
        count=count(evaluation.num_images), source=question.source,
    )  # fmt: skip
    st.caption(plain(f"{interval} {part_words(question)}"))
    if words := kind_words(question.entry, drawn=question.images.drawn):
        st.caption(f":orange[:material/warning:] {plain(words)}")
    if question.plan.part == TEST:
        st.caption(openings_words(question.plan))


def show_confusions(question: Question, answers: Answers, evaluation: Evaluation) -> None:
    """Draw the matrix, and beside it the images of the chosen cell."""
    names = [class_name(name) for name in question.images.classes]
    label, prediction = _chosen_cell(evaluation)
    matrix, images = st.columns([11, 9], gap="large")
    with matrix:
        st.subheader(_("What is taken for what"), anchor=False)
        show_matrix(evaluation.confusion, names)
    with images:
        rows = answers.in_cell(label, prediction)
        words = _("{name} recognised") if label == prediction else _("{name} taken for {answer}")
        title = words.format(name=names[label], answer=names[prediction])
        st.subheader(plain(f"{title}: {count(len(rows))}"), anchor=False)
        show_gallery(question, answers, rows, key=CELL_IMAGES, label=title, shape=SLIM)


def _chosen_cell(evaluation: Evaluation) -> tuple[int, int]:
    """Return the chosen cell, at first the most frequent mistake."""
    size = len(evaluation.per_class)
    cell = st.session_state.get(CELL)
    if isinstance(cell, list) and max(cell) < size:
        return cell[0], cell[1]
    mistakes = [(n, i, j) for i, row in enumerate(evaluation.confusion)
                for j, n in enumerate(row) if i != j]  # fmt: skip
    _number, i, j = max(mistakes, default=(0, 0, 0))
    st.session_state[CELL] = [i, j]
    return i, j


def show_classes(question: Question, evaluation: Evaluation) -> None:
    """Draw precision, recall and F1 of each class."""
    st.caption(
        _(
            "**Precision**: of the images called so, how many are. **Recall**: of the images of "
            "the class, how many are called so. **F1**: one number for both, near the lower one."
        )
    )
    names = [class_name(score.name) for score in evaluation.per_class]
    figure = class_figure(
        evaluation.per_class,
        names,
        (_("Class precision"), _("Class recall"), _("F1")),
        dark=_is_dark(),
    )
    alt = ", ".join(
        f"{name} {percent(score.f1)}"
        for name, score in zip(names, evaluation.per_class, strict=True)
    )
    st.plotly_chart(figure, key="evaluate_classes", config=CONFIG, alt=f"F1: {alt}")


def show_mistakes(question: Question, answers: Answers) -> None:
    """Draw the mistakes that the network is surest of."""
    rows = answers.worst_mistakes()
    st.caption(
        _(
            "Wrong, and sure of it: {count} mistakes, the most confident first. Some are the "
            "network's fault; some pictures would puzzle anybody, or carry a wrong label."
        ).format(count=count(len(rows)))
    )
    label = _("The most confident mistakes")
    show_gallery(question, answers, rows, key="evaluate_mistakes", label=label, shape=WIDE)


def show_uncertain(question: Question, answers: Answers) -> None:
    """Draw the images between whose two likeliest classes the network can hardly choose."""
    st.caption(_("Its two likeliest classes are nearly equal here: it can hardly choose."))
    label = _("The least certain answers")
    show_gallery(
        question, answers, answers.least_certain(), key="evaluate_uncertain", label=label,
        shape=WIDE,
    )  # fmt: skip


def show_calibration(question: Question, answers: Answers) -> None:
    """Draw whether the network is as often right as it is sure, before and after scaling."""
    from cifar_core.metrics import calibration_error, reliability_bins

    st.caption(
        _(
            "Of the answers that the network is 80 % sure of, 80 % should be right. Under the "
            "dotted line it is too sure of itself, above it too modest."
        )
    )
    temperature, judged = _fit(question, answers)
    before = reliability_bins(judged.logits, judged.labels)
    after = reliability_bins(judged.logits / temperature, judged.labels) if temperature else ()
    with st.container(horizontal=True, gap="large"):
        st.metric(_("Calibration error"), percent(calibration_error(before)), width="content")
        if temperature:
            st.metric(_("After scaling"), percent(calibration_error(after)), width="content")
            st.metric(_("Temperature"), f"{temperature:.2f}", width="content")
    names = (_("As it is"), _("After temperature scaling"), _("As sure as right"))
    titles = (_("How sure it is"), _("How often it is right"))
    figure = reliability_figure(before, after, names, titles, dark=_is_dark())
    alt = _("Calibration error {error}").format(error=percent(calibration_error(before)))
    st.plotly_chart(figure, key="evaluate_reliability", config=CONFIG, alt=alt)


def _fit(question: Question, answers: Answers) -> tuple[float | None, Answers]:
    """Return a temperature from validation images, and answers that had no part in finding it."""
    from cifar_core.answers import Answers
    from cifar_core.calibration import fit_temperature

    if question.plan.part == VALIDATION:
        st.caption(
            _(
                "One number divides all logits: no answer changes, only how sure it is. Found on "
                "every second validation image; judged, here, on the others."
            )
        )
        found = fit_temperature(answers.logits[::2], answers.labels[::2])
        return found, Answers(answers.logits[1::2], answers.labels[1::2], answers.positions[1::2])
    plan = validation_plan(question)
    if plan is None:
        st.caption(
            _("Temperature scaling needs validation images of this model, and there are none.")
        )
        return None, answers
    validation = known_answers(plan)
    if validation is not None:
        st.caption(
            _(
                "One number divides all logits: no answer changes, only how sure it is. Found on "
                "the validation images alone."
            )
        )
        return fit_temperature(validation.logits, validation.labels), answers
    st.caption(_("Temperature scaling needs the answers to the validation images:"))
    open_answers(plan, key="evaluate_calibration")
    return None, answers


def _is_dark() -> bool:
    return st.context.theme.type == "dark"
