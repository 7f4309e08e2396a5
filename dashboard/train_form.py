"""The form of the Train page: every setting as a widget, made from its field's help and bounds."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from cifar_core import cost
from cifar_core.config import BUILTIN, CIFAR10, FIELDS, TrainConfig
from cifar_core.data.sources import has_cifar10, summarise_source
from cifar_core.data.split_sizes import SplitSizes, split_sizes
from cifar_core.data.summary import SetSummary
from cifar_core.errors import ConfigError, DatasetError
from cifar_core.models.texts import MODEL_TEXTS
from cifar_core.presets import Preset, apply_preset, presets
from cifar_core.store import RunRow
from cifar_core.workspace import Workspace
from dashboard.dataset_sources import Readiness, known_sources, look_at
from dashboard.i18n import _
from dashboard.numbers import count
from dashboard.services import get_workspace
from dashboard.train_fields import draw_field, draw_learning_rate
from dashboard.train_finder import draw_finder
from dashboard.train_labels import choice_label, data_label, field_label
from dashboard.train_settings import current_config, read_settings, set_settings, widget_key

_MAX_SOURCES = 20


@dataclass(frozen=True)
class Order:
    """What the form asks for.

    Attributes:
        config: the settings; None where they contradict each other.
        images: what the source holds; None where only preparing it can tell.
        sizes: of the run's three parts; None where either is not known.
        problem: why it cannot be started, in a sentence; empty where it can.
    """

    config: TrainConfig | None = None
    images: SetSummary | None = None
    sizes: SplitSizes | None = None
    problem: str = ""


def draw_form(runs: list[RunRow]) -> Order:
    """Draw presets and the first settings; return what the form asks for, all settings included.

    Args:
        runs: newest last; their sources are offered again.
    """
    settings = read_settings()
    images, problem = _find_images(
        str(settings["data"]), str(settings["fit"]), str(get_workspace().root)
    )
    _draw_presets(images)
    _draw_data(runs)
    _draw_model(images)
    epochs, batch_size = st.columns(2)
    with epochs:
        draw_field("epochs")
    with batch_size:
        draw_field("batch_size")
    draw_learning_rate()
    order = _order(images, problem)
    draw_finder(order.config, problem=order.problem)
    return order


def _order(images: SetSummary | None, problem: str) -> Order:
    """Check the settings on their own and against the images."""
    try:
        config = current_config()
    except ConfigError as error:
        return Order(images=images, problem=str(error))
    if problem or images is None:
        return Order(config, problem=problem)
    try:
        return Order(config, images, split_sizes(images.num_train, images.num_test, config))
    except ConfigError as error:
        return Order(config, images, problem=str(error))


@st.cache_data(ttl=10, max_entries=64, show_spinner=False)
def _find_images(data: str, fit: str, root: str) -> tuple[SetSummary | None, str]:
    """Return what a source holds where that is known, else a sentence if it cannot be used.

    Large folders take a moment to look at, and the form asks at every change.
    """
    workspace = Workspace(Path(root))
    source = look_at(data, workspace, fit=fit)
    if source.problem:
        return None, source.problem
    if source.readiness == Readiness.UNPREPARED and data not in (BUILTIN, CIFAR10):
        return None, ""
    try:
        return summarise_source(data, workspace, fit=fit), ""
    except DatasetError as error:
        return None, str(error)


# --- presets


def _draw_presets(images: SetSummary | None) -> None:
    has_gpu = cost.known_device(get_workspace()) in ("cuda", "mps")
    with st.container(horizontal=True, gap="xsmall", key="train_presets"):
        for preset in presets(has_gpu=has_gpu):
            st.button(
                _(preset.title),
                key=f"train_preset_{preset.name}",
                help=_(preset.description),
                disabled=images is None,
                on_click=_use_preset,
                args=(preset, images),
            )


def _use_preset(preset: Preset, images: SetSummary) -> None:
    kept = {name: read_settings()[name] for name in ("data", "fit", "seed", "device", "processes")}
    set_settings(apply_preset(preset, TrainConfig(**kept), images).to_dict())


# --- the first settings


def _draw_data(runs: list[RunRow]) -> None:
    st.selectbox(
        field_label("data"),
        _sources(runs),
        format_func=data_label,
        key=widget_key("data"),
        help=_("A set by its name, or type the path of a folder or archive on this computer."),
        accept_new_options=True,
        persist_state="session",
    )


def _sources(runs: list[RunRow]) -> list[str]:
    """Return what can be chosen: named sets, the form's own, and paths that were used before."""
    workspace = get_workspace()
    known = [d for d in known_sources(workspace) if d != CIFAR10 or has_cifar10(workspace)]
    chosen = str(st.session_state[widget_key("data")])
    recent = [run.config.data for run in reversed(runs)]
    return list(dict.fromkeys([*known, chosen, *recent]))[:_MAX_SOURCES]


def _draw_model(images: SetSummary | None) -> None:
    st.pills(
        field_label("model"),
        FIELDS["model"].choices,
        format_func=choice_label,
        key=widget_key("model"),
        required=True,
        wrap=True,
        persist_state="session",
    )
    text = MODEL_TEXTS.get(st.session_state[widget_key("model")])
    if text:
        st.caption(_(text.description) + " " + _parameters(text.parameters, images))


def _parameters(parameters: int, images: SetSummary | None) -> str:
    """Say how large a network is; stated for ten classes, other numbers change it a little."""
    if images is None or len(images.classes) == 10:
        return _("{count} parameters.").format(count=count(parameters))
    digits = len(str(parameters)) - 2
    return _("About {count} parameters.").format(count=count(round(parameters, -digits)))
