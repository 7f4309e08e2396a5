"""The chosen runs side by side: curves, the settings that differ, and what chance explains."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from cifar_core.comparison import (
    accuracy_difference,
    difference_over_seeds,
    differing_settings,
    mean_over_seeds,
    seed_groups,
)
from cifar_core.run_summaries import RunSummary
from dashboard.charts import CONFIG
from dashboard.i18n import _
from dashboard.markdown import plain
from dashboard.numbers import count, percent
from dashboard.runs_charts import AXES, MEASURES, RunCurve, curves_figure, parallel_figure
from dashboard.runs_table import run_colour
from dashboard.services import get_store
from dashboard.train_labels import choice_label, data_label, field_label, run_label

_IMAGE_BUTTON = CONFIG | {
    "displayModeBar": True,
    "modeBarButtons": [["toImage"]],
    "toImageButtonOptions": {"format": "svg", "filename": "runs"},
}
MANY = 6
"""From so many runs on, lines across all settings say more than a table."""
_TICK_S = 3.0


def show_curves(chosen: Sequence[RunSummary]) -> None:
    """Draw the curves of the chosen runs over each other; they grow while one of them goes on."""
    measures = {
        "val_accuracy": _("Validation accuracy"), "val_loss": _("Validation loss"),
        "train_accuracy": _("Training accuracy"), "train_loss": _("Training loss"),
        "learning_rate": _("Learning rate"),
    }  # fmt: skip
    axes = {"epoch": _("Epoch"), "step": _("Step"), "time": _("Minutes of training")}
    which, by, kind = st.columns([5, 3, 2], gap="small", vertical_alignment="bottom")
    measure = which.selectbox(
        _("Curve"), _measures_of(chosen), format_func=measures.__getitem__, key="runs_measure",
        persist_state="session",
    )  # fmt: skip
    axis = by.segmented_control(
        _("By"), AXES, default="epoch", required=True, format_func=axes.__getitem__,
        key="runs_axis", persist_state="session", width="stretch",
    )  # fmt: skip
    picture = kind.segmented_control(
        _("Picture as"), ["svg", "png"], default="svg", required=True, key="runs_picture",
        format_func=str.upper, help=_("What the camera button of the plot saves."),
    )  # fmt: skip
    _draw_curves(chosen, measure, str(axis), (axes[str(axis)], measures[measure]), str(picture))


def _measures_of(chosen: Sequence[RunSummary]) -> list[str]:
    """Return the curves that a run may have: without validation images there are none of those."""
    validated = any(s.val_accuracy is not None or not s.epochs for s in chosen)
    return [name for name in MEASURES if validated or not name.startswith("val_")]


def _draw_curves(
    chosen: Sequence[RunSummary], measure: str, axis: str, titles: tuple[str, str], picture: str
) -> None:
    live = any(summary.is_live for summary in chosen)

    @st.fragment(run_every=_TICK_S if live else None)
    def draw() -> None:
        curves = [
            RunCurve(run_label(s.run), run_colour(number), get_store().epochs(s.run.run_id))
            for number, s in enumerate(chosen)
        ]
        if not any(curve.epochs for curve in curves):
            st.caption(_("The curves begin with the end of the first epoch."))
            return
        options = {"format": picture, "filename": f"runs-{measure}", "scale": 2}
        st.plotly_chart(
            curves_figure(curves, measure, axis, titles),
            key="runs_curves",
            config=_IMAGE_BUTTON | {"toImageButtonOptions": options},
            alt=f"{titles[1]}: " + ", ".join(curve.name for curve in curves),
        )

    draw()


def show_settings(chosen: Sequence[RunSummary]) -> None:
    """Draw a table of the settings that differ, and only those."""
    differing = differing_settings([summary.run.config for summary in chosen])
    if not differing:
        st.caption(_("All settings are the same."))
        return
    rows = {
        plain(field_label(name)): [plain(setting_words(name, value)) for value in values]
        for name, values in differing.items()
    }
    header = {_("Setting"): list(rows)}
    columns = {
        f"{number + 1} · {plain(run_label(summary.run))}": [row[number] for row in rows.values()]
        for number, summary in enumerate(chosen)
    }
    st.table(header | columns, border="horizontal")
    if len(chosen) >= MANY:
        _show_parallel(chosen, differing)


def setting_words(name: str, value: object) -> str:
    """Return the value of a setting as the visitor reads it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if name == "data":
        return data_label(str(value))
    if isinstance(value, str):
        try:
            return choice_label(value)
        except KeyError:  # a device, for example, is called what it is called
            return value
    return f"{value:g}" if isinstance(value, float) else str(value)


def _show_parallel(chosen: Sequence[RunSummary], differing: dict[str, list[object]]) -> None:
    places = [n for n, s in enumerate(chosen) if s.val_accuracy is not None]
    if len(places) < MANY:
        return
    st.caption(
        _("A line for each run, across the settings that differ, in the colour of its curve.")
    )
    columns = {
        field_label(name): [
            v if _is_number(v := values[n]) else setting_words(name, v) for n in places
        ]
        for name, values in differing.items()
    }
    runs = [(run_label(chosen[n].run), run_colour(n)) for n in places]
    accuracies = [chosen[n].val_accuracy or 0.0 for n in places]
    st.plotly_chart(
        parallel_figure(columns, (_("Validation accuracy"), accuracies), runs),
        key="runs_parallel",
        config=CONFIG,
        alt=_("The settings of the chosen runs and the accuracy that each led to"),
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def show_verdicts(chosen: Sequence[RunSummary]) -> None:
    """Say in sentences which of the chosen runs are better, and whether that may be chance."""
    for sentence in verdicts(chosen):
        st.markdown(plain(sentence))


def verdicts(chosen: Sequence[RunSummary]) -> list[str]:
    """Return what the test accuracies of runs say of them.

    Runs that differ in their seed alone count as repetitions of one; two such groups are compared
    by Welch's test, two single runs by the images that they were tested on.

    Args:
        chosen: at least one.
    """
    tested = [s for s in chosen if s.test_accuracy is not None and s.test_images]
    groups = [[tested[n] for n in group] for group in seed_groups([s.run.config for s in tested])]
    said = [_repetition(group) for group in groups]
    if len(groups) >= 2:
        return [*said, _group_difference(groups[0], groups[1])]
    if len(tested) >= 2 and not groups:
        ranked = sorted(tested, key=lambda s: -(s.test_accuracy or 0.0))
        said.append(_run_difference(ranked[0], ranked[1]))
    return said


def _repetition(group: Sequence[RunSummary]) -> str:
    found = mean_over_seeds([s.test_accuracy or 0.0 for s in group])
    words = _(
        "{name}, {times} seeds: {mean} on the test images on average (95 % interval {low} to "
        "{high}, Student)."
    )
    return words.format(
        name=run_label(group[0].run), times=count(len(group)), mean=percent(found.estimate, 2),
        low=percent(max(0.0, found.low), 2), high=percent(min(1.0, found.high), 2),
    )  # fmt: skip


def _group_difference(first: Sequence[RunSummary], second: Sequence[RunSummary]) -> str:
    values = [[s.test_accuracy or 0.0 for s in group] for group in (first, second)]
    found = difference_over_seeds(values[0], values[1])
    one, two = run_label(first[0].run), run_label(second[0].run)
    if found.estimate < 0:
        one, two = two, one
        low, high = -found.high, -found.low
    else:
        low, high = found.low, found.high
    return _difference_words(one, two, abs(found.estimate), low, high, _("over the seeds, Welch"))


def _run_difference(first: RunSummary, second: RunSummary) -> str:
    found = accuracy_difference(
        first.test_accuracy or 0.0, first.test_images,
        second.test_accuracy or 0.0, second.test_images,
    )  # fmt: skip
    method = _("by the number of test images, Newcombe")
    one, two = run_label(first.run), run_label(second.run)
    return _difference_words(one, two, found.estimate, found.low, found.high, method)


def _difference_words(
    first: str, second: str, gap: float, low: float, high: float, method: str
) -> str:
    facts = _(
        "{first} is {gap} points above {second} on the test images (95 % interval {low} to {high}, "
        "{method})."
    ).format(
        first=first, second=second, gap=f"{100 * gap:.2f}", low=f"{100 * low:.2f}",
        high=f"{100 * high:.2f}", method=method,
    )  # fmt: skip
    if low > 0:
        return facts + " " + _("That is larger than the noise.")
    return facts + " " + _("That may be noise: repeat both with a few seeds to know.")
