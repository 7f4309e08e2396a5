"""The list of models: a card each, what was deleted, and where a new one can be brought in."""

import streamlit as st

from cifar_core import library
from cifar_core.errors import CheckpointError
from cifar_core.jobs import run_state
from cifar_core.library import ModelEntry
from cifar_core.run_state import ACTIVE
from dashboard.i18n import _
from dashboard.markdown import plain
from dashboard.models_inside import filter_strip
from dashboard.models_text import (
    accuracy_interval,
    accuracy_label,
    facts_line,
    model_title,
)
from dashboard.navigation import exists, page
from dashboard.numbers import ago, percent
from dashboard.sentences import translated
from dashboard.services import get_store, get_workspace

PARAMETER = "model"
"""In the address: the model that is open."""
_PER_PAGE = 12
_PAGE = "models_page"
"""The page that was shown last; no widget."""
_DELETED, _TROUBLE = "models_just_deleted", "models_trouble"


def open_model(model_id: str) -> None:
    """Show this model from the next run of the page on; a callback."""
    st.query_params[PARAMETER] = model_id


def close_model() -> None:
    """Show the list again; a callback."""
    st.query_params.pop(PARAMETER, None)


def delete(entry: ModelEntry) -> None:
    """Delete a model and show the list, with a way back; a callback."""
    try:
        library.delete_model(get_workspace(), entry.model_id)
        library.purge_models(get_workspace())
    except CheckpointError as error:
        st.session_state[_TROUBLE] = str(error)
        return
    st.session_state[_DELETED] = entry
    close_model()


def bring_back(entry: ModelEntry) -> None:
    """Undo a deletion; a callback."""
    st.session_state.pop(_DELETED, None)
    try:
        library.restore_model(get_workspace(), entry.model_id)
    except CheckpointError as error:
        st.session_state[_TROUBLE] = str(error)


def show_news() -> None:
    """Say what was just deleted, with a button to undo it, and what went wrong."""
    trouble = st.session_state.pop(_TROUBLE, "")
    if trouble:
        st.error(plain(translated(trouble)))
    entry = st.session_state.get(_DELETED)
    if entry is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        st.markdown(_("{name} was deleted.").format(name=f"**{plain(model_title(entry))}**"))
        st.button(
            _("Undo"), key="models_undo", icon=":material/undo:", on_click=bring_back, args=(entry,)
        )


def show_gallery(models: list[ModelEntry]) -> None:
    """Draw a card for each model, twelve at a time."""
    num_pages = -(-len(models) // _PER_PAGE)
    # The last page may have gone with its last model. ``st.pagination`` has a default page, and
    # warns where the session sets another: with another number of pages, it is another widget.
    begin, key = min(st.session_state.get(_PAGE, 1), num_pages), f"{_PAGE}_of_{num_pages}"
    current = st.session_state[_PAGE] = st.session_state.get(key, begin)
    first = (current - 1) * _PER_PAGE
    training = _training_runs()
    with st.grid("auto", min_column_width=260, gap="small"):
        for entry in models[first : first + _PER_PAGE]:
            _card(entry, is_training=entry.run_id in training)
    if num_pages > 1:
        st.pagination(num_pages, default=begin, key=key, persist_state="session")


def show_empty() -> None:
    """Say what will stand here, and how it comes here."""
    with st.container(border=True):
        st.markdown(
            _(
                "**No model yet.** Every training leaves one here: with its accuracy, its layers "
                "and a file to take home."
            )
        )
        if exists("train") and st.button(
            _("Train your first network"),
            key="models_train",
            type="primary",
            icon=":material/show_chart:",
        ):
            st.switch_page(page("train"))


def show_deleted() -> None:
    """List what can be brought back, folded."""
    deleted = library.deleted_models(get_workspace())
    if not deleted:
        return
    with st.expander(_("Deleted models ({count})").format(count=len(deleted))):
        st.caption(_("An uploaded file is kept for seven days; other models for good."))
        for entry in deleted[:20]:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"{plain(model_title(entry))} · {ago(entry.deleted_at)}")
                st.button(
                    _("Bring back"),
                    key=f"models_back_{entry.model_id}",
                    type="tertiary",
                    icon=":material/undo:",
                    on_click=bring_back,
                    args=(entry,),
                )


def _card(entry: ModelEntry, *, is_training: bool) -> None:
    with st.container(border=True, gap="xsmall", height="stretch"):
        st.markdown(f"**{plain(model_title(entry))}**")
        if entry.damage:
            st.markdown(f":red[:material/error:] {plain(translated(entry.damage))}")
        else:
            _show_filters(entry)
            _show_accuracy(entry)
        st.caption(facts_line(entry))
        with st.container(
            horizontal=True, vertical_alignment="bottom", height="stretch", wrap=False
        ):
            st.button(
                _("Open"), key=f"models_open_{entry.model_id}", on_click=open_model,
                args=(entry.model_id,),
            )  # fmt: skip
            if is_training:
                st.badge(_("still training"), icon=":material/show_chart:")


def _show_filters(entry: ModelEntry) -> None:
    strip = filter_strip(str(entry.path), entry.path.stat().st_mtime_ns)
    if strip:
        st.image(strip, alt=_("The first filters of the network, as small colour patches"))


def _show_accuracy(entry: ModelEntry) -> None:
    value = "—" if entry.accuracy is None else percent(entry.accuracy)
    st.metric(accuracy_label(entry), value)
    if entry.accuracy is None:
        st.caption(_("The file does not say how good it is."))
    elif accuracy_interval(entry):
        st.caption(accuracy_interval(entry))


def _training_runs() -> set[str]:
    return {run.run_id for run in get_store().runs() if run_state(run) in ACTIVE}
