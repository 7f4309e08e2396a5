"""A look back: how the first filters and the answers to one picture changed from epoch to epoch."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from cifar_core.library import ModelEntry
from cifar_core.run_paths import kept_epochs
from dashboard.charts import CONFIG
from dashboard.class_names import class_name
from dashboard.colours import class_colour
from dashboard.i18n import _
from dashboard.last_picture import LookedAt
from dashboard.markdown import plain
from dashboard.models_charts import class_lines
from dashboard.models_filters import filter_pixels, filter_tiles
from dashboard.models_picture import choose_picture
from dashboard.models_tiles import share_bars
from dashboard.navigation import exists, page
from dashboard.numbers import percent
from dashboard.pictures import enlarge_png

_TOP = 5

Floats = NDArray[np.float32]
Kept = tuple[tuple[int, str, int], ...]
"""Epoch, path and time of change of each file."""


@dataclass(frozen=True, eq=False)
class Timeline:
    """What the kept epochs have in common.

    Attributes:
        epochs: in order; 0 is before the first step.
        filters: of the first layer, float32 (epochs, n, 3, k, k).
        accuracies: on the validation images; None where they are not known.
        probs: of one picture's classes, float32 (epochs, classes).
    """

    epochs: tuple[int, ...]
    filters: Floats
    accuracies: tuple[float | None, ...]
    probs: Floats


def show_epochs(entry: ModelEntry) -> None:
    """Draw the look back, or say why there is none.

    Raises:
        CheckpointError: a kept file cannot be read.
    """
    kept = _kept(entry)
    if len(kept) < 2:
        _say_why_not(entry)
        return
    picture = choose_picture(entry)
    if picture is None:
        return
    _read_outside_of_the_cache(kept)
    with st.skeleton(height=420):
        timeline = _timeline(kept, hashlib.sha256(picture.image.tobytes()).hexdigest(), picture)
    _look_back(entry, timeline, picture)


@st.fragment
def _look_back(entry: ModelEntry, timeline: Timeline, picture: LookedAt) -> None:
    """Draw slider, filters and answers; a fragment, so that the slider moves only them."""
    epoch = st.select_slider(
        _("Epoch"), timeline.epochs, value=timeline.epochs[-1], key="models_epoch",
        format_func=lambda number: str(number) if number else _("start"),
    )  # fmt: skip
    place = timeline.epochs.index(int(epoch))
    st.caption(_epoch_words(timeline, place))
    filters, answers = st.columns(2, gap="large")
    with filters:
        st.markdown("**" + _("The first filters") + "**")
        peaks = np.abs(timeline.filters).max((0, 2, 3, 4), keepdims=True)[0]
        st.html(filter_tiles(filter_pixels(timeline.filters[place], peaks)))
        st.caption(_("Each filter in the contrast of its strongest moment."))
    with answers:
        st.markdown("**" + _("What it says of the picture") + "**")
        _show_answers(entry, timeline, picture, place)


def _show_answers(entry: ModelEntry, timeline: Timeline, picture: LookedAt, place: int) -> None:
    labels = shown_classes(timeline.probs, entry.classes, picture.truth)
    names = [class_name(entry.classes[label]) for label in labels]
    shares = timeline.probs[place]
    bars = [
        (name, float(shares[label]), class_colour(label), percent(float(shares[label])))
        for label, name in zip(labels, names, strict=True)
    ]
    st.html(share_bars(bars, _("Probabilities of the likeliest classes")))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.image(enlarge_png(picture.image, 4), width=64, alt=picture.name)
        if picture.truth:
            truth = _("True class: {name}").format(name=class_name(picture.truth))
            st.caption(plain(truth), width="content")
    st.plotly_chart(
        class_lines(timeline.epochs, timeline.probs, labels, names, x_title=_("epoch")),
        key="models_epochs_chart", config=CONFIG,
        alt=_("Lines: the probabilities of the likeliest classes over the epochs"),
    )  # fmt: skip


def shown_classes(probs: Floats, classes: tuple[str, ...], truth: str) -> list[int]:
    """Return the classes worth showing: the likeliest at the end, and the true one.

    Args:
        probs: float (epochs, classes).
        classes: their names.
        truth: name of the true one; empty where nobody knows.
    """
    ranked = [int(label) for label in np.argsort(-probs[-1], kind="stable")]
    labels = ranked[:_TOP]
    if truth in classes and classes.index(truth) not in labels:
        labels[-1] = classes.index(truth)
    return labels


def _epoch_words(timeline: Timeline, place: int) -> str:
    epoch, accuracy = timeline.epochs[place], timeline.accuracies[place]
    if epoch == 0:
        return _("Before the first step: random weights, and guesses.")
    text = _("After epoch {epoch}").format(epoch=epoch)
    if accuracy is None:
        return text
    return text + " · " + _("validation accuracy {share}").format(share=percent(accuracy))


def _say_why_not(entry: ModelEntry) -> None:
    if entry.source != "run":
        st.markdown(_("A model from elsewhere has no past here: its run kept the weights, if any."))
        return
    st.markdown(
        _(
            "This run kept no weights of past epochs. New runs keep some as long as they have room "
            "for them: “Room for past epochs” in the settings."
        )
    )
    if exists("train"):
        st.page_link(page("train"), label=_("Train another"))


def _kept(entry: ModelEntry) -> Kept:
    """Return the kept epochs; one that vanishes meanwhile is left out."""
    if entry.source != "run":
        return ()
    found = []
    for epoch, path in kept_epochs(entry.path.parent).items():
        try:
            found.append((epoch, str(path), path.stat().st_mtime_ns))
        except FileNotFoundError:  # thinned out by the run, which still trains
            continue
    return tuple(found)


def _read_outside_of_the_cache(kept: Kept) -> None:
    """Read one file first: its sentence would otherwise come with the cache's trace."""
    from cifar_core.checkpoint import load_model

    load_model(Path(kept[-1][1]))


@st.cache_data(max_entries=8, show_spinner=False)
def _timeline(kept: Kept, digest: str, _picture: LookedAt) -> Timeline:
    import torch

    from cifar_core.checkpoint import load_model
    from cifar_core.filters import first_layer_weights
    from cifar_core.prediction import predict_images

    image = torch.from_numpy(_picture.image)[None]
    filters, accuracies, probs = [], [], []
    for _epoch, path, _changed in kept:
        model = load_model(Path(path))
        filters.append(first_layer_weights(model.network).numpy())
        accuracy = model.info.metrics.get("val_accuracy")
        accuracies.append(accuracy if isinstance(accuracy, float) else None)
        preprocessing = model.info.preprocessing
        probs.append(predict_images(model.network, image, preprocessing)[0].numpy())
    return Timeline(
        tuple(epoch for epoch, _path, _changed in kept),
        np.stack(filters),
        tuple(accuracies),
        np.stack(probs),
    )
