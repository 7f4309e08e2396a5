"""One model: its numbers, what can be done with it, and what is inside."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import streamlit as st

from cifar_core import library
from cifar_core.errors import CheckpointError
from cifar_core.library import ModelEntry
from cifar_core.model_notes import MAX_NAME
from dashboard.file_links import FileLink, file_links
from dashboard.i18n import _
from dashboard.markdown import plain
from dashboard.models_epochs import show_epochs
from dashboard.models_files import (
    FORMATS,
    SNIPPET_NAME,
    file_name,
    missing_packages,
)
from dashboard.models_filters import show_filters
from dashboard.models_gallery import close_model, delete
from dashboard.models_graph import chosen_layer, layer_drawing
from dashboard.models_graph_layout import lay_out
from dashboard.models_inside import layer_columns, look_inside, origin_rows, receipts, settings_rows
from dashboard.models_maps import LAYER, show_feature_maps
from dashboard.models_text import (
    accuracy_interval,
    accuracy_label,
    facts_line,
    model_title,
)
from dashboard.models_waiting import first_wait
from dashboard.models_weights import show_weights
from dashboard.navigation import exists, page
from dashboard.numbers import count, percent
from dashboard.services import get_model, get_workspace

if TYPE_CHECKING:
    from cifar_core.inspection import LayerRow

_TROUBLE = "models_trouble"
_TABS, _DRAWING = "models_tabs", "models_graph"
_MOST_ROWS = 10
"""Of a drawing that is shown whole; a longer one scrolls in its own room."""


def show_head(entry: ModelEntry) -> None:
    """Draw the way back, the name, and the buttons to rename and delete."""
    st.button(
        _("All models"), key="models_back", type="tertiary", icon=":material/arrow_back:",
        on_click=close_model,
    )  # fmt: skip
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.header(plain(model_title(entry)), anchor=False, width="content")
        with st.container(horizontal=True, width="content"):
            with st.popover(_("Rename"), icon=":material/edit:", type="tertiary"):
                _rename_form(entry)
            st.button(
                _("Delete"), key="models_delete", type="tertiary", icon=":material/delete:",
                on_click=delete, args=(entry,),
            )  # fmt: skip
    st.caption(facts_line(entry))


def show_actions(entry: ModelEntry) -> None:
    """Draw how good it is, the button that leads to Predict, and the files to take home."""
    value = "—" if entry.accuracy is None else percent(entry.accuracy)
    st.metric(accuracy_label(entry), value)
    if accuracy_interval(entry):
        st.caption(accuracy_interval(entry))
    if exists("predict") and st.button(
        _("Try it on a picture"), key="models_predict", type="primary",
        icon=":material/image_search:", width="stretch",
    ):  # fmt: skip
        st.switch_page(page("predict"), query_params={"model": entry.model_id})
    if exists("evaluate") and st.button(
        _("See where it is wrong"), key="models_evaluate", icon=":material/rule:", width="stretch"
    ):
        st.switch_page(page("evaluate"), query_params={"model": entry.model_id})
    st.markdown("**" + _("Take it home") + "**")
    links = [_file_link(entry, format, purpose) for format, purpose in _purposes().items()]
    file_links(links, key="models_files")


def show_inside(entry: ModelEntry) -> None:
    """Draw what is inside, where it comes from, and the script that uses the files.

    Raises:
        CheckpointError: the model cannot be read.
        ConfigError: it has nothing of the kind that is to be shown.
    """
    with first_wait(400):
        look_inside(entry.path)
    shown = {
        _("Layers"): _show_layers,
        _("Filters"): show_filters,
        _("Feature maps"): show_feature_maps,
        _("Weights"): show_weights,
        _("Past epochs"): show_epochs,
        _("Origin"): _show_origin,
        _("Python"): _show_snippet,
    }
    tabs = st.tabs(list(shown), key=_TABS, on_change="rerun")
    for tab, show in zip(tabs, shown.values(), strict=True):
        if tab.open:  # only the open one is computed
            with tab:
                show(entry)


def _rename_form(entry: ModelEntry) -> None:
    with st.form("models_rename_form", border=False):
        st.text_input(
            _("Name"), value=entry.name, max_chars=MAX_NAME,
            key=f"models_name_{entry.model_id}",
        )  # fmt: skip
        st.form_submit_button(
            _("Save"), key="models_rename", on_click=_rename, args=(entry.model_id,)
        )


def _rename(model_id: str) -> None:
    try:
        library.rename_model(
            get_workspace(), model_id, str(st.session_state[f"models_name_{model_id}"])
        )
    except CheckpointError as error:
        st.session_state[_TROUBLE] = str(error)


def _purposes() -> dict[str, str]:
    return {
        "pt": _("The weights for PyTorch, as the tutorial saves them."),
        "safetensors": _("The same weights, safe to share, with this description inside."),
        "onnx": _("The whole network for other programs. Made when you click: a few seconds."),
    }


def _file_link(entry: ModelEntry, format: str, purpose: str) -> FileLink:
    missing = missing_packages(format)
    if missing:
        text = _("This needs packages that are not installed: pip install {packages}")
        return FileLink(f".{format}", "", "", text.format(packages=" ".join(missing)))
    address = f"api/models/{quote(entry.model_id)}/files/{format}"
    return FileLink(f".{format}", address, file_name(entry, format), purpose)


def _show_layers(entry: ModelEntry) -> None:
    inside = look_inside(entry.path)
    st.caption(
        _(
            "In the order in which they run, for one picture: {parameters} numbers that training "
            "adjusts, {flops} million operations."
        ).format(
            parameters=count(sum(row.parameters for row in inside.layers)),
            flops=f"{sum(row.flops for row in inside.layers) / 1e6:,.1f}",
        )
    )
    st.caption(_("Click a layer to see what it makes of a picture."))
    layout = lay_out(inside.graph)
    is_long = max(box.row for box in layout.boxes) > _MOST_ROWS
    with st.container(height=560 if is_long else "content", border=False, key="models_graph_room"):
        layer_drawing(layout, key=_DRAWING, on_choose=_open_layer)
    with st.expander(_("As a table")):
        _show_layer_table(inside.layers)


def _show_layer_table(layers: list[LayerRow]) -> None:
    st.dataframe(
        layer_columns(layers),
        hide_index=True,
        key="models_layers",
        column_config={
            name: st.column_config.NumberColumn(format="localized")
            for name in (_("Parameters"), _("Operations"))
        },
        alt=_("Table of the network's layers with shapes and parameters"),
    )


def _open_layer() -> None:
    """Show what the clicked layer makes of a picture; a callback."""
    layer = chosen_layer(_DRAWING)
    if layer:
        st.session_state[LAYER] = layer
        st.session_state[_TABS] = _("Feature maps")


def _show_origin(entry: ModelEntry) -> None:
    info = get_model(entry.path).info
    if not info.config:
        st.caption(
            _(
                "The file holds weights only: what it was trained on is not known. Classes and "
                "normalisation are assumed to be the tutorial's."
            )
        )
    st.table(
        {plain(name): plain(text) for name, text in origin_rows(info).items()},
        border="horizontal",
        hide_header=True,
    )
    for name, text in receipts(info).items():
        st.caption(name)
        st.code(text, language=None, wrap_lines=True)
    settings = settings_rows(info)
    if settings:
        with st.expander(_("Settings of the training")):
            st.table(
                {plain(name): plain(text) for name, text in settings.items()},
                border="horizontal",
                hide_header=True,
            )
    if entry.run_id and exists("train"):
        st.page_link(
            page("train"), label=_("See how it learned"), icon=":material/show_chart:",
            query_params={"run": entry.run_id},
        )  # fmt: skip


def _show_snippet(entry: ModelEntry) -> None:
    from cifar_core.snippets import python_snippet

    info = get_model(entry.path).info
    format = st.segmented_control(
        _("File"), FORMATS, default="pt", required=True, key="models_snippet_format",
        format_func=lambda name: f".{name}", label_visibility="collapsed",
    )  # fmt: skip
    st.caption(
        _("Save this as {script} beside {file}; it needs nothing of this program.").format(
            script=f"**{SNIPPET_NAME}**", file=f"**{plain(file_name(entry, format or 'pt'))}**"
        )
    )
    snippet = python_snippet(
        info.model, info.classes, info.normalization.mean,
        info.normalization.std, format or "pt", file_name=file_name(entry, format or "pt"),
        fit=info.fit,
    )  # fmt: skip
    st.code(snippet, language="python", wrap_lines=True)
