"""The image sets that visitors brought: what each takes on the disk, and how to delete it."""

import streamlit as st

from cifar_core.config import BUILTIN
from cifar_core.errors import DatasetError
from cifar_core.own_sets import OwnSet, delete_own_set, list_own_sets
from dashboard.dataset_address import SOURCE_KEY, show_source
from dashboard.dataset_preparation import look_again
from dashboard.dataset_rows import delete_button, row
from dashboard.i18n import _
from dashboard.markdown import plain
from dashboard.numbers import megabytes
from dashboard.sentences import translated
from dashboard.services import get_workspace

_PROBLEM_KEY = "dataset_own_problem"


def show_own_sets() -> None:
    """Draw, folded, the sets with their sizes and a way to delete each; nothing without any."""
    own = list_own_sets(get_workspace())
    problem = st.session_state.pop(_PROBLEM_KEY, "")
    if not own and not problem:
        return
    title = _("Your own images: {size} on this machine").format(
        size=megabytes(sum(each.size_bytes for each in own))
    )
    with st.expander(title, icon=":material/folder_open:", key="dataset_own_sets"):
        if problem:
            st.error(plain(translated(problem)))
        for number, each in enumerate(own):
            _show_row(number, each)


def _show_row(number: int, own: OwnSet) -> None:
    kind = _("uploaded") if own.is_upload else plain(own.data)
    with row(f"dataset_own_row_{number}", plain(own.name), f"{megabytes(own.size_bytes)} · {kind}"):
        st.button(
            _("Show"), key=f"dataset_own_show_{number}", type="tertiary",
            on_click=show_source, args=(own.data,),
        )  # fmt: skip
        delete_button(
            f"dataset_own_delete_{number}",
            _(
                "The uploaded archive and the images prepared from it are removed. Runs and models "
                "that were trained on them stay."
            )
            if own.is_upload
            else _("The images prepared from it are removed; the folder itself is not touched."),
            _delete,
            own.data,
            refusal=_("A run or a preparation uses it now.") if own.used_by else "",
        )


def _delete(data: str) -> None:
    try:
        delete_own_set(get_workspace(), data)
    except DatasetError as error:
        st.session_state[_PROBLEM_KEY] = str(error)
        return
    look_again()
    if st.session_state.get(SOURCE_KEY) == data:
        show_source(BUILTIN)
