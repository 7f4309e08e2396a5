"""The parts of the Home page: the next step, three cards, a strip of pictures."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from cifar_core.library import ModelEntry
from cifar_core.models.texts import MODEL_TEXTS
from cifar_core.run_state import ACTIVE, ENDED, RunState
from cifar_core.store import RunRow
from dashboard.class_names import class_name
from dashboard.dataset_grid import GridShape, Tile, image_grid
from dashboard.home import Sample, Situation, answered_samples, drawn_samples, photo_samples
from dashboard.i18n import _
from dashboard.live_chart import mini_curve
from dashboard.markdown import plain
from dashboard.navigation import exists, page
from dashboard.numbers import ago, count, percent
from dashboard.pictures import enlarge_png
from dashboard.services import get_store, get_workspace
from dashboard.states import state_look, state_word

SAMPLE_SIZE = 128
"""Width of a sample in CSS pixels: four a pixel. It is sent twice as large, for fine screens."""
_CLASS_SHAPE = GridShape(columns=10, narrow_columns=5, narrow_below=700, largest_factor=3)
_BROKEN = frozenset({RunState.FAILED, RunState.CRASHED})


def next_step(situation: Situation) -> None:
    """Offer what is sensible now, as the page's only primary button."""
    label, target, query = _next_step(situation)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        if exists(target) and st.button(label, key="home_next", type="primary"):
            st.switch_page(page(target), query_params=query)
        _link("learn", _("Learn what every layer does"))


def _next_step(situation: Situation) -> tuple[str, str, dict[str, str]]:
    run, state = situation.run, situation.state
    if run and state in ACTIVE | {RunState.QUEUED}:
        return _("Watch it learn"), "train", {"run": run.run_id}
    if run and state in _BROKEN:
        return _("See what happened"), "train", {"run": run.run_id}
    if situation.best:
        return _("Try it on your own pictures"), "predict", {"model": situation.best.model_id}
    return _("Train your first network"), "train", {}


def data_card(situation: Situation) -> None:
    """Say which pictures there are."""
    with _card(_("Data")):
        if situation.photos:
            total = situation.photos.num_train + situation.photos.num_test
            st.markdown("**CIFAR-10**")
            st.markdown(_("{count} photos in ten classes, ready.").format(count=count(total)))
            _link("dataset", _("Look at the pictures"))
        else:
            total = situation.drawings.num_train + situation.drawings.num_test
            text = (
                _("{count} drawings in ten classes, ready.")
                if situation.drawings_ready
                else _("{count} drawings in ten classes, made here when first needed.")
            )
            st.markdown(f"**{_('Built-in drawings')}**")
            st.markdown(text.format(count=count(total)))
            _link("dataset", _("Get CIFAR-10"))


def training_card(situation: Situation) -> None:
    """Say what is going on, or how the last run ended."""
    with _card(_("Training"), situation.state):
        if situation.run is None:
            st.markdown(_("Nothing has been trained yet. A first run takes about a minute."))
            return
        if situation.state in _BROKEN:
            st.markdown(plain(situation.run.message) or _("Its process ended without a word."))
        if mini_curve(situation.run.run_id, key="home_curve"):
            st.rerun()
        st.caption(_run_sentence(situation.run, situation.num_waiting))
        if situation.state in ENDED:
            _link("train", _("Train another"))


def _run_sentence(run: RunRow, num_waiting: int) -> str:
    network = MODEL_TEXTS[run.config.model].title
    parts = [plain(run.name) or _(network), ago(run.finished_at or run.created_at)]
    if num_waiting:
        parts.append(_("{count} waiting in line").format(count=num_waiting))
    return " · ".join(parts)


def model_card(situation: Situation) -> None:
    """Show the best model so far."""
    model = situation.best
    with _card(_("Best model")):
        if model is None or model.accuracy is None:
            st.markdown(_("The first one appears here when a training ends."))
            if situation.shipped:
                query = {"model": situation.shipped.model_id}
                _link("predict", _("Ask one that comes with the program"), query)
            return
        of_test = model.accuracy_of == "test"
        st.metric(
            _("right on test pictures") if of_test else _("right on validation pictures"),
            percent(model.accuracy),
        )
        st.caption("  \n".join(filter(None, [_interval(model), _origin(model)])))
        _link("predict", _("Predict"), {"model": model.model_id})


def _interval(model: ModelEntry) -> str:
    if model.accuracy_low is None or model.accuracy_high is None:
        return ""
    return _("95 % interval {low} to {high}").format(
        low=percent(model.accuracy_low), high=percent(model.accuracy_high)
    )


def _origin(model: ModelEntry) -> str:
    network = MODEL_TEXTS[model.network].title if model.network in MODEL_TEXTS else ""
    data = _("Built-in drawings") if model.drawn else plain(model.data_name)
    parts = [plain(model.name) or _(network), data, ago(model.created_at)]
    return " · ".join(filter(None, parts))


def sample_strip(situation: Situation) -> None:
    """Show pictures: with the best model's answers, or the ten classes before there is one."""
    run_id = situation.best.run_id if situation.best else ""
    samples: Sequence[Sample] = answered_samples(get_store(), run_id) if run_id else ()
    if not samples:
        _class_strip(situation)
        return
    st.subheader(_("What the best model says"), anchor=False)
    st.caption(_("Validation pictures, which it has not been trained on."))
    with st.container(horizontal=True, gap="small", key="home_samples"):
        for sample in samples:
            caption, alt = _words(sample)
            st.image(enlarge_png(sample.image, 8), caption=caption, width=SAMPLE_SIZE, alt=alt)


def _class_strip(situation: Situation) -> None:
    """Show a picture of each class, in one row or in two of five: photos where there are some."""
    st.subheader(_("The ten classes"), anchor=False)
    samples: Sequence[Sample] = photo_samples(get_workspace()) if situation.photos else ()
    if samples:
        st.caption(_("A training photo of each, from CIFAR-10."))
    else:
        samples = drawn_samples()
        st.caption(_("Drawn by this program; CIFAR-10 has photos of the same things."))
    names = [class_name(sample.label) for sample in samples]
    image_grid(
        np.stack([sample.image for sample in samples]),
        [Tile(name, name) for name in names],
        key="home_classes",
        label=_("The ten classes"),
        shape=_CLASS_SHAPE,
    )


def _words(sample: Sample) -> tuple[str, str]:
    """Return a caption in markdown, and the same for somebody who does not see the picture."""
    label, answer = class_name(sample.label), class_name(sample.answer)
    if not sample.answer:
        return plain(label), label
    sure = percent(sample.confidence, 0).replace(" ", "\N{NO-BREAK SPACE}")
    if sample.is_right:
        alt = _("{label}, recognised").format(label=label)
        return f":green[:material/check:] {plain(label)} {sure}", alt
    alt = _("{label}, taken for {answer}").format(label=label, answer=answer)
    return f":red[:material/close:] {plain(label)} → {plain(answer)} {sure}", alt


def _card(title: str, state: RunState | None = None) -> st.delta_generator.DeltaGenerator:
    """Return a card to draw in, with its title and, for a run, its state."""
    card = st.container(border=True, height="stretch")
    head = card.container(horizontal=True, vertical_alignment="center")
    head.subheader(title, anchor=False, width="content")
    if state is not None:
        colour, icon = state_look(state)
        head.badge(state_word(state), icon=icon, color=colour)
    return card


def _link(name: str, label: str, query: dict[str, str] | None = None) -> None:
    if exists(name):
        st.page_link(page(name), label=label, icon=None, query_params=query)
