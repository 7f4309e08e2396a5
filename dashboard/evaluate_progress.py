"""From a question to its answers: there already, being computed, or to be asked for."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from cifar_core.background import JobState
from cifar_core.evaluation_jobs import (
    TEST,
    EvaluationPlan,
    answers_path,
    cancel_evaluation,
    find_evaluation,
    start_evaluation,
)
from cifar_core.openings import count_openings
from dashboard.i18n import _, ngettext
from dashboard.markdown import plain
from dashboard.numbers import count, duration, percent
from dashboard.sentences import translated
from dashboard.services import get_workspace

if TYPE_CHECKING:
    from cifar_core.answers import Answers
    from cifar_core.background import BackgroundJob

_POLL_S = 0.5


def known_answers(plan: EvaluationPlan) -> Answers | None:
    """Return the answers to a plan where they were computed, shared by all visitors."""
    path = answers_path(get_workspace(), plan)
    try:
        return _load(str(path), path.stat().st_mtime_ns)
    except FileNotFoundError:
        return None


def open_answers(plan: EvaluationPlan, *, key: str) -> Answers | None:
    """Return the answers to a plan, or offer to compute them and show how far that is.

    Args:
        plan: what is asked.
        key: of the widgets, unique on the page.
    """
    job = find_evaluation(get_workspace(), plan)
    if job is not None and job.is_active:
        _watch(plan, key)
        return None
    answers = known_answers(plan)
    if answers is None:
        _offer(plan, job, key)
    return answers


@st.cache_resource(max_entries=16, show_spinner=False)
def _load(path: str, mtime_ns: int) -> Answers | None:
    from cifar_core.answers import load_answers

    return load_answers(Path(path))


def _offer(plan: EvaluationPlan, job: BackgroundJob | None, key: str) -> None:
    if job is not None:
        _tell_how_it_ended(job)
    is_test = plan.part == TEST
    if is_test:
        st.markdown(openings_words(plan))
    label = _("Open the test images") if is_test else _("Evaluate")
    st.button(
        label, key=f"{key}_start", type="primary", icon=":material/play_arrow:",
        on_click=_start, args=(plan,),
    )  # fmt: skip


def openings_words(plan: EvaluationPlan) -> str:
    """Say how often the test images were looked at, and why that matters."""
    run_id = Path(plan.model_path).parent.name  # an upload's folder is no run
    found = count_openings(get_workspace(), plan.fingerprint, weights=plan.weights, run_id=run_id)
    if not found.total:
        return _("These test images were not looked at yet, by no run and by nobody.")
    looked = ngettext(
        "These test images were looked at **{times} time** so far, by runs at their end and by "
        "people.",
        "These test images were looked at **{times} times** so far, by runs at their end and by "
        "people.",
        found.total,
    ).format(times=count(found.total))
    own = _("For this model: {times}.").format(times=count(found.by_model))
    why = _(
        "Whoever looks often and keeps what did best has chosen by the test images, and the "
        "accuracy on them flatters; choose by validation images."
    )
    return f"{looked} {own} {why}"


def _start(plan: EvaluationPlan) -> None:
    start_evaluation(get_workspace(), plan)


def _tell_how_it_ended(job: BackgroundJob) -> None:
    if job.state == JobState.FAILED:
        st.error(plain(translated(job.message)))
    elif job.state == JobState.CRASHED:
        st.error(
            _(
                "The evaluation ended without saying why; perhaps the machine ran out of memory, "
                "or was switched off. Try again."
            )
        )
    elif job.state == JobState.CANCELLED:
        st.caption(_("The evaluation was cancelled; nothing of it was kept."))


@st.fragment(run_every=_POLL_S)
def _watch(plan: EvaluationPlan, key: str) -> None:
    """Show how far an evaluation is; ticks only while there is one."""
    job = find_evaluation(get_workspace(), plan)
    if job is None or not job.is_active:
        st.rerun()
    st.progress(job.share, text=_progress_text(job))
    st.button(
        _("Cancel"), key=f"{key}_cancel", disabled=job.cancel_requested,
        on_click=cancel_evaluation, args=(get_workspace(), plan),
    )  # fmt: skip
    st.caption(_("You can leave this page meanwhile: the evaluation goes on."))


def _progress_text(job: BackgroundJob) -> str:
    if job.cancel_requested:
        return _("Cancelling …")
    if not job.total:
        return _("The network is being read") + " …"
    parts = [
        _("{done} of {total} images").format(done=count(job.done), total=count(job.total)),
        percent(job.share, 0),
    ]
    if job.share > 0.05:
        left_s = (time.time() - job.started_at) * (1 - job.share) / job.share
        parts.append(_("about {time} left").format(time=duration(left_s)))
    return " · ".join(parts)
