"""Settings as widgets, each made from its field's help and bounds in ``cifar_core.config``."""

import math

import streamlit as st

from cifar_core.config import DEFAULTS, FIELDS, KINDS, is_own
from cifar_core.cost import known_gpus
from dashboard.i18n import _
from dashboard.services import get_workspace
from dashboard.train_labels import choice_label, field_label, none_label
from dashboard.train_settings import read_settings, widget_key

FIRST = ("data", "model", "epochs", "batch_size", "learning_rate")
GROUPS = {
    "optimiser": ("optimizer", "momentum", "nesterov", "weight_decay", "clip_norm"),
    "schedule": ("schedule", "warmup_epochs", "step_epochs", "step_factor"),
    "pictures": ("fit", "flip", "shift", "cutout", "normalization"),
    "overfitting": ("label_smoothing", "dropout", "early_stopping", "keep_weights"),
    "parts": ("train_size", "val_size", "test_size", "views"),
    "computer": ("seed", "device", "processes", "precision", "layout", "keep_epochs_mb"),
}
"""The settings under "More settings", by what they are about."""

STEPS = {
    "momentum": 0.01,
    "weight_decay": 1e-4,
    "warmup_epochs": 0.5,
    "clip_norm": 0.5,
    "keep_epochs_mb": 50,
}
"""Of the buttons beside a number; 0.05 for other fractions and 1 for whole numbers."""

RATES = (*(float(f"{digit}e{power}") for power in range(-5, 0) for digit in (1, 2, 5)), 1.0)
_SLIDER_KEY = "train_rate_slider"


def draw_more_settings() -> None:
    """Draw all other settings, folded."""
    with st.expander(_("More settings"), icon=":material/tune:", key="train_more"):
        _draw_groups()


def draw_learning_rate() -> None:
    """Draw the number and a slider over decades; the number is what counts."""
    spec = FIELDS["learning_rate"]
    rate = st.session_state[widget_key("learning_rate")] or DEFAULTS["learning_rate"]
    number, slider = st.columns([2, 3], vertical_alignment="bottom")
    with number:
        st.number_input(
            field_label("learning_rate"),
            min_value=spec.low,
            max_value=spec.high,
            step=_rate_step(rate),
            format="%g",
            key=widget_key("learning_rate"),
            help=_(spec.help),
            persist_state="session",
        )
    st.session_state[_SLIDER_KEY] = min(RATES, key=lambda r: abs(math.log(r / max(rate, 1e-9))))
    with slider:
        st.select_slider(
            _("Learning rate, by decades"),
            RATES,
            format_func=lambda r: f"{r:g}",
            key=_SLIDER_KEY,
            label_visibility="collapsed",
            on_change=_take_rate_from_slider,
        )


def _rate_step(rate: float) -> float:
    """Return a tenth of a round rate, so that it can go down as well as up."""
    power = math.floor(math.log10(max(rate, 1e-9)))
    is_round = math.isclose(rate, 10.0**power)
    return float(f"{10.0 ** (power - is_round):.0e}")


def _take_rate_from_slider() -> None:
    st.session_state[widget_key("learning_rate")] = st.session_state[_SLIDER_KEY]


def _draw_groups() -> None:
    titles = {
        "optimiser": _("Optimiser"),
        "schedule": _("Learning rate over time"),
        "pictures": _("What the network sees"),
        "overfitting": _("Against overfitting"),
        "parts": _("How many images"),
        "computer": _("Computer"),
    }
    for group, fields in GROUPS.items():
        st.markdown(f"**{titles[group]}**")
        with st.grid(2, min_column_width=160, vertical_alignment="bottom"):
            for field in fields:
                if _has_meaning(field):
                    draw_field(field)


def _has_meaning(field: str) -> bool:
    """Whether a setting can change anything with these images on this machine."""
    settings = read_settings()
    if field == "fit":
        return is_own(str(settings["data"]))
    if field == "processes":
        return settings["processes"] != 1 or known_gpus(get_workspace()) > 1
    return True


def draw_field(field: str) -> None:
    """Draw a setting's widget; one that does nothing with the others as they are is greyed out."""
    kind, optional = KINDS[field]
    key, help_text = widget_key(field), _(FIELDS[field].help)
    is_idle = field in _idle_fields()
    if FIELDS[field].choices:
        st.selectbox(
            field_label(field), FIELDS[field].choices, format_func=choice_label, key=key,
            help=help_text, disabled=is_idle, persist_state="session",
        )  # fmt: skip
    elif kind is bool:
        st.toggle(
            field_label(field), key=key, help=help_text, disabled=is_idle, persist_state="session"
        )
    elif kind is str:
        st.text_input(field_label(field), key=key, help=help_text, persist_state="session")
    else:
        _draw_number(field, help_text, optional=optional, is_idle=is_idle)


def _draw_number(field: str, help_text: str, *, optional: bool, is_idle: bool) -> None:
    spec, kind = FIELDS[field], KINDS[field][0]
    assert spec.low is not None and spec.high is not None
    st.number_input(
        field_label(field),
        min_value=kind(spec.low),
        max_value=kind(spec.high),
        value=None if optional else "min",
        step=kind(STEPS.get(field, 1 if kind is int else 0.05)),
        format="%g" if kind is float else None,
        key=widget_key(field),
        help=help_text,
        placeholder=none_label(field) if optional else None,
        disabled=is_idle,
        persist_state="session",
    )


def _idle_fields() -> frozenset[str]:
    """Return the settings that change nothing with the others as they are."""
    settings = read_settings()
    idle = set()
    if settings["optimizer"] != "sgd":
        idle |= {"momentum", "nesterov"}
    if settings["schedule"] != "step":
        idle |= {"step_epochs", "step_factor"}
    if settings["model"] != "vgg":
        idle.add("dropout")
    return frozenset(idle)
