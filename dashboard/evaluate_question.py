"""What is asked on the Evaluate page: which network, on which images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from cifar_core.data.extra_tests import list_extra_tests, open_extra_test
from cifar_core.data.sources import summarise_source
from cifar_core.evaluation_jobs import EXTRA, TEST, VALIDATION, EvaluationPlan
from cifar_core.library import ModelEntry
from cifar_core.provenance import has_learned_from, training_settings
from cifar_core.workspace import Workspace
from dashboard.i18n import _
from dashboard.models_text import model_option
from dashboard.predict_examples import ready_sources, source_title
from dashboard.services import get_image_set, get_model, get_workspace

if TYPE_CHECKING:
    from cifar_core.data.image_set import ImageSet

MODEL, DATA, PART = "evaluate_model", "evaluate_data", "evaluate_part"
_PARAMETERS = {MODEL: "model", DATA: "data", PART: "part"}
"""In the address, by the key of the widget."""
_EXTRA = "extra:"
"""Before the name of an extra test set, where others are data sources."""


@dataclass(frozen=True, eq=False)
class Question:
    """A network and the images that it is to answer.

    Attributes:
        entry: the model.
        plan: what is computed.
        images: the set that the plan's images are positions in.
        source: what a person calls that set.
    """

    entry: ModelEntry
    plan: EvaluationPlan
    images: ImageSet
    source: str


def choose_question(models: list[ModelEntry]) -> Question | None:
    """Draw the three choices; return None where there are no images for the model.

    Args:
        models: at least one that is not damaged, newest first.

    Raises:
        CheckpointError: the model cannot be read.
        DatasetError: the images cannot be opened.
    """
    which, images, part = st.columns([4, 3, 3], gap="small")
    by_id = {entry.model_id: entry for entry in models}
    with which:
        entry = by_id[_choose(MODEL, _("Model"), list(by_id), lambda m: model_option(by_id[m]))]
    sources = _sources_for(entry)
    if not sources:
        return None
    with images:
        source = _choose(DATA, _("Images"), sources, _source_name)
    parts = _parts_of(entry, source)
    with part:
        chosen = _choose(PART, _("Part"), parts, _part_name)
    return ask(entry, source, chosen)


def ask(entry: ModelEntry, source: str, part: str) -> Question:
    """Return a question in the model's own split of the images.

    Args:
        entry: the model.
        source: a data source, or an extra test set with its prefix.
        part: a value of ``evaluation_jobs.PARTS``.

    Raises:
        CheckpointError: the model cannot be read.
        DatasetError: the images cannot be opened.
    """
    info = get_model(entry.path).info
    is_extra = source.startswith(_EXTRA)
    extra = source.removeprefix(_EXTRA) if is_extra else ""
    if is_extra:
        images = open_extra_test(get_workspace(), extra, info.classes)
    else:
        images = get_image_set(source, entry.fit)
    config = training_settings(info, images)
    plan = EvaluationPlan(
        model_path=str(entry.path),
        weights=info.weights_sha256 or f"{entry.path} {entry.path.stat().st_mtime_ns}",
        data="" if is_extra else source,
        fit=entry.fit,
        fingerprint=images.fingerprint,
        part=part,
        extra=extra,
        seed=config.seed if config else 0,
        train_size=config.train_size if config else None,
        val_size=config.val_size if config else None,
    )
    return Question(entry, plan, images, _source_name(source))


def validation_plan(question: Question) -> EvaluationPlan | None:
    """Return the plan for the model's validation images; of another set for an extra test set.

    Returns:
        None where there are no such images.

    Raises:
        DatasetError: the images cannot be opened.
    """
    entry, source = question.entry, question.plan.data
    if not source:
        others = [data for data in _sources_for(entry) if not data.startswith(_EXTRA)]
        source = next(iter(others), "")
    if not source or VALIDATION not in _parts_of(entry, source):
        return None
    return ask(entry, source, VALIDATION).plan


def part_words(question: Question) -> str:
    """Say in a sentence what the images are to the network."""
    known = has_learned_from(get_model(question.entry.path).info, question.images)
    if question.plan.part == EXTRA:
        return _("An extra test set. No run of this program chooses anything by it.")
    if question.plan.part == TEST:
        return _("Test images: no training of this program sees them.")
    if known:
        return _("Validation images of its own training: it took no step on them.")
    if known is False:
        return _("A tenth of the training images, of a set that it was not trained on.")
    return _("A tenth of the training images. Whether it has learned from them is not known.")


def _choose(key: str, label: str, options: list[str], name: Callable[[str], str]) -> str:
    """Draw a list whose choice stands in the address, and is taken from there at first."""
    parameter = _PARAMETERS[key]
    asked, last = st.query_params.get(parameter, ""), st.session_state.get(key)
    chosen = next((value for value in (asked, last) if value in options), options[0])
    st.session_state[key] = chosen
    if asked != chosen:
        st.query_params[parameter] = str(chosen)

    def remember() -> None:
        st.query_params[parameter] = st.session_state[key]

    st.selectbox(
        label, options, format_func=name, key=key, on_change=remember, persist_state="session"
    )
    return str(chosen)


def _sources_for(entry: ModelEntry) -> list[str]:
    """Return the image sets whose classes are the model's, its own first."""
    root = str(get_workspace().root)
    found = _with_classes(tuple(ready_sources(entry)), entry.fit, entry.classes, root)
    extra = list_extra_tests(get_workspace(), entry.classes)
    return [*found, *(_EXTRA + test.name for test in extra)]


# The signature of a large folder takes a second, and every click on the page would wait for it.
@st.cache_data(ttl=20, max_entries=32, show_spinner=False)
def _with_classes(
    sources: tuple[str, ...], fit: str, classes: tuple[str, ...], root: str
) -> list[str]:
    workspace = Workspace(Path(root))
    summaries = {data: summarise_source(data, workspace, fit=fit) for data in sources}
    return [data for data, found in summaries.items() if found and found.classes == classes]


def _parts_of(entry: ModelEntry, source: str) -> list[str]:
    if source.startswith(_EXTRA):
        return [EXTRA]
    config = training_settings(get_model(entry.path).info, get_image_set(source, entry.fit))
    has_validation = config is None or config.val_size != 0
    return [VALIDATION, TEST] if has_validation else [TEST]


def _source_name(source: str) -> str:
    return source.removeprefix(_EXTRA) if source.startswith(_EXTRA) else source_title(source)


def _part_name(part: str) -> str:
    return {VALIDATION: _("Validation"), TEST: _("Test"), EXTRA: _("All of it")}[part]
