"""The settings in the form: in the widgets of the session, and in the address of the page.

Every field of ``TrainConfig`` has a widget with the key ``train_<field>``. A link sets all of them;
afterwards the address follows the widgets, so that it can be copied at any time.
"""

import time
from typing import Any

import streamlit as st

from cifar_core.config import DEFAULTS, FIELDS, KINDS, TrainConfig
from cifar_core.config_link import read_link, write_link
from dashboard.i18n import _
from dashboard.markdown import plain
from dashboard.sentences import translated

VISIT_KEY = "train_start"
"""A widget of this page only: Streamlit forgets it when the visitor goes to another one."""

_ADDRESS, _WRITTEN_AT, _PROBLEMS = "train_address", "train_written_at", "train_link_problems"
_LATE_S = 2.0


def widget_key(field: str) -> str:
    """Return the key of a field's widget."""
    return f"train_{field}"


def open_settings() -> tuple[str, ...]:
    """Bring the session up to date with the address; call it before the widgets are drawn.

    Returns:
        A sentence for each word of the link that made no sense, until a setting is changed.
    """
    asked = _words_of_address()
    if asked != st.session_state.get(_ADDRESS, {}) and _is_a_link(asked):
        linked = read_link(asked)
        set_settings({**DEFAULTS, **linked.values})
        st.session_state[_ADDRESS] = asked
        st.session_state[_PROBLEMS] = (write_link(linked.values), linked.problems)
    for field, default in DEFAULTS.items():
        st.session_state.setdefault(widget_key(field), default)
    words, problems = st.session_state.get(_PROBLEMS, ({}, ()))
    return problems if words == write_link(read_settings()) else ()


def _words_of_address() -> dict[str, str]:
    return {name: st.query_params[name] for name in FIELDS if name in st.query_params}


def _is_a_link(asked: dict[str, str]) -> bool:
    """Whether the address is news: a link, or the browser's way back; not the menu's bare one.

    A click that was on its way while the address changed still brings the old address with it; it
    shows by a widget that has changed, or by coming right after.
    """
    if VISIT_KEY not in st.session_state:
        return bool(asked)
    if write_link(read_settings()) != st.session_state.get(_ADDRESS, {}):
        return False
    written_at: float = st.session_state.get(_WRITTEN_AT, 0.0)
    return time.monotonic() - written_at > _LATE_S


def draw_link_problems(problems: tuple[str, ...]) -> None:
    """Say which words of the link were left out."""
    for problem in problems:
        st.warning(
            _("Left out of the link:") + " " + plain(translated(problem)),
            icon=":material/link_off:",
        )


def set_settings(values: dict[str, Any]) -> None:
    """Put values into the widgets; call it before they are drawn, or in a callback."""
    for field, value in values.items():
        st.session_state[widget_key(field)] = value


def read_settings() -> dict[str, Any]:
    """Return what the widgets hold, by field, in the fields' types where they fit."""
    return {field: _typed(field, st.session_state[widget_key(field)]) for field in FIELDS}


def current_config() -> TrainConfig:
    """Return the settings in the form.

    Raises:
        ConfigError: they contradict each other, or a client sent what no widget offers.
    """
    return TrainConfig.from_dict(read_settings())


def write_address() -> None:
    """Let the address say what the widgets hold; call it after they were drawn."""
    words = write_link(read_settings())
    if words != _words_of_address():
        others = {k: v for k, v in st.query_params.to_dict().items() if k not in FIELDS}
        st.query_params.from_dict({**others, **words})
        st.session_state[_WRITTEN_AT] = time.monotonic()
    st.session_state[_ADDRESS] = words


def _typed(field: str, value: Any) -> Any:
    """Return a number without the noise of the browser's steps; other values as they are."""
    if KINDS[field][0] is float and isinstance(value, int | float):
        return float(f"{value:.6g}")
    return value.strip() if field == "data" and isinstance(value, str) else value
