"""What can be done with the chosen runs: name, repeat, go on, take home, delete."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import quote

import streamlit as st

from cifar_core import jobs
from cifar_core.config_link import write_link
from cifar_core.errors import WorkbenchError
from cifar_core.run_notes import (
    MAX_NAME,
    MAX_NOTES,
    MAX_TAG,
    MAX_TAGS,
    delete_runs,
    write_note,
)
from cifar_core.run_state import RESUMABLE
from cifar_core.run_summaries import RunSummary
from dashboard.file_links import FileLink, file_links
from dashboard.i18n import _, ngettext
from dashboard.markdown import plain
from dashboard.navigation import page
from dashboard.numbers import count
from dashboard.runs_files import file_name
from dashboard.runs_fork import fork_form
from dashboard.sentences import translated
from dashboard.services import get_store
from dashboard.train_labels import run_label

TROUBLE, NEWS = "runs_trouble", "runs_news"
MAX_REPEATS = 10


def show_actions(chosen: Sequence[RunSummary]) -> None:
    """Draw the buttons for the chosen runs."""
    with st.container(horizontal=True, key="runs_actions"):
        if len(chosen) == 1:
            _show_single(chosen[0])
        many = _("Delete {count} runs").format(count=len(chosen))
        st.button(
            _("Delete this run") if len(chosen) == 1 else many,
            key="runs_delete", icon=":material/delete:", type="tertiary",
            disabled=any(summary.is_live for summary in chosen),
            on_click=_try, args=(lambda: _delete(chosen),),
        )  # fmt: skip


def _show_single(summary: RunSummary) -> None:
    run = summary.run
    if st.button(_("Watch it"), key="runs_watch", icon=":material/show_chart:"):
        st.switch_page(page("train"), query_params={"run": run.run_id})
    if st.button(_("Its settings in the form"), key="runs_clone", icon=":material/content_copy:"):
        st.switch_page(page("train"), query_params=write_link(run.config.to_dict()))
    if summary.state in RESUMABLE:
        st.button(
            _("Continue"), key="runs_resume", icon=":material/resume:",
            on_click=_try, args=(lambda: jobs.resume_run(get_store(), run.run_id),),
        )  # fmt: skip
    with st.popover(_("Repeat"), icon=":material/repeat:"):
        _repeat_form(summary)
    with st.popover(_("Train on"), icon=":material/call_split:"):
        fork_form(summary, _try)
    with st.popover(_("Name and tags"), icon=":material/label:"):
        _note_form(summary)
    with st.popover(_("Take it home"), icon=":material/download:"):
        _downloads(summary)


def _repeat_form(summary: RunSummary) -> None:
    st.markdown(
        _("Train the same with other seeds: how much of the result is luck? They wait in line.")
    )
    times = st.number_input(_("How often"), 1, MAX_REPEATS, 4, key="runs_times")
    st.button(
        _("Repeat"), key="runs_repeat", type="primary",
        on_click=_try, args=(lambda: _repeat(summary, int(times)),),
    )  # fmt: skip


def _repeat(summary: RunSummary, times: int) -> None:
    store, config = get_store(), summary.run.config
    alike = [run.config for run in store.runs() if run.config.replace(seed=config.seed) == config]
    taken = {other.seed for other in alike}
    seeds = [seed for seed in range(len(taken) + times + 1) if seed not in taken][:times]
    for seed in seeds:
        jobs.start_run(store, config.replace(seed=seed), name=run_label(summary.run))
    words = ngettext("{count} run was put in line.", "{count} runs were put in line.", len(seeds))
    st.session_state[NEWS] = words.format(count=count(len(seeds)))


def _note_form(summary: RunSummary) -> None:
    run_id, note = summary.run.run_id, summary.note
    with st.form(f"runs_note_{run_id}", border=False):
        name = st.text_input(_("Name"), summary.run.name, max_chars=MAX_NAME)
        tags = st.text_input(
            _("Tags"), ", ".join(note.tags), max_chars=(MAX_TAG + 2) * MAX_TAGS,
            help=_("Words with commas between them."),
        )  # fmt: skip
        notes = st.text_area(_("Notes"), note.notes, max_chars=MAX_NOTES)
        if st.form_submit_button(_("Save"), type="primary"):
            write_note(get_store(), run_id, name=name, tags=tags.split(","), notes=notes)
            st.rerun()


def _downloads(summary: RunSummary) -> None:
    run_id = summary.run.run_id
    labels = {
        "zip": _("Everything as .zip"),
        "epochs.csv": _("Epochs as .csv"),
        "steps.csv": _("Steps as .csv"),
        "toml": _("Settings as .toml"),
    }
    links = [
        FileLink(label, f"api/runs/{quote(run_id)}/files/{kind}", file_name(run_id, kind))
        for kind, label in labels.items()
    ]
    file_links(links, key="runs_files")
    st.caption(_("The .zip can be brought in again, here or on another machine."))


def _delete(chosen: Sequence[RunSummary]) -> None:
    delete_runs(get_store(), [summary.run.run_id for summary in chosen])
    words = ngettext("{count} run was deleted.", "{count} runs were deleted.", len(chosen))
    st.session_state[NEWS] = words.format(count=count(len(chosen)))


def _try(act: Callable[[], object]) -> None:
    """Do something in a callback; what goes wrong is told by ``show_news``."""
    try:
        act()
    except WorkbenchError as error:
        st.session_state[TROUBLE] = str(error)


def show_news() -> None:
    """Say what was done, or why not, in the run of the page before."""
    if news := st.session_state.pop(NEWS, ""):
        st.success(plain(news), icon=":material/check_circle:")
    if trouble := st.session_state.pop(TROUBLE, ""):
        st.error(plain(translated(trouble)), icon=":material/error:")
