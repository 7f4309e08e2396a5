"""The answers on the page: one picture with the reasons, or several as a table."""

import streamlit as st

from cifar_core.library import ModelEntry
from dashboard.charts import CONFIG
from dashboard.class_names import class_name
from dashboard.i18n import _, ngettext
from dashboard.markdown import plain
from dashboard.numbers import count, percent
from dashboard.pictures import enlarge_png
from dashboard.predict_answers import (
    METHODS,
    Answer,
    Heat,
    Verdict,
    explain,
    normalised_view,
    overlay_pixels,
)
from dashboard.predict_charts import Bar, probability_bars
from dashboard.predict_pictures import Bytes, Picture, Refused
from dashboard.predict_table import answers_csv, thumbnail
from dashboard.sentences import translated

_TOP = 5
_SIDE = 256
_SHOWN_REFUSALS = 5
_SHOWN_ROWS, _ROW_HEIGHT = 6, 64
_ITS_ANSWER = -1
"""In the list of classes to explain: whichever the network answers."""


def show_refused(refused: list[Refused]) -> None:
    """Say why files were refused, each in its sentence; many in a fold."""
    for file in refused[:_SHOWN_REFUSALS]:
        st.error(plain(translated(file.reason)), icon=":material/broken_image:")
    rest = refused[_SHOWN_REFUSALS:]
    if rest:
        text = ngettext(
            "{count} more file was refused", "{count} more files were refused", len(rest)
        )
        with st.expander(text.format(count=len(rest))):
            for file in rest:
                st.markdown(plain(translated(file.reason)))


def show_hint() -> None:
    """Say what will stand here."""
    with st.container(border=True, height=360, vertical_alignment="center"):
        st.markdown(
            _("The answer appears here: what the network sees, what it says, and why."),
            text_alignment="center",
        )


def show_answer(entry: ModelEntry, picture: Picture, image: Bytes, answer: Answer) -> None:
    """Draw one picture, the answer, and where it comes from.

    Raises:
        CheckpointError: the model cannot be read.
        ConfigError: there is nothing in it that could explain the answer.
    """
    _show_verdict(answer)
    pictures = st.container(horizontal=True, gap="small", key="predict_pictures")
    label, method, strength = _choose_explanation(answer)
    heat = explain(entry.path, image, label, method)
    st.caption(_explanation(heat, method))
    with pictures:
        if not picture.is_small:
            _figure(picture.shown, plain(picture.name), _("The picture as it was given"))
        _show_seen(entry, image)
        large = enlarge_png(overlay_pixels(image, heat, strength), 1)
        caption = _("Where it sees {name}").format(name=plain(class_name(answer.classes[label])))
        _figure(large, caption, caption)
    with pictures if picture.is_small else st.container():
        _show_bars(answer)


def choose_row(pictures: list[Picture], images: Bytes, answers: list[Answer]) -> int:
    """Draw a table with a row for each picture; return the number of the chosen one."""
    event = st.dataframe(
        {
            _("Picture"): [thumbnail(image) for image in images],
            _("File"): [picture.name for picture in pictures],
            _("Answer"): [class_name(answer.name) for answer in answers],
            _("Probability"): [100 * answer.confidence for answer in answers],
            _("Second guess"): [_second_guess(answer) for answer in answers],
        },
        hide_index=True,
        row_height=_ROW_HEIGHT,
        height="auto" if len(pictures) <= _SHOWN_ROWS else _SHOWN_ROWS * _ROW_HEIGHT,
        key="predict_table",
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            _("Picture"): st.column_config.ImageColumn(width="small"),
            _("Probability"): st.column_config.ProgressColumn(
                format="%.1f %%", min_value=0, max_value=100
            ),
        },
        alt=_("Table of the pictures with the network's answers"),
    )
    rows = event.selection.rows
    return rows[0] if rows and rows[0] < len(pictures) else 0


def show_csv(pictures: list[Picture], answers: list[Answer], refused: list[Refused]) -> None:
    """Offer the table with the probability of every class as a file."""
    st.download_button(
        _("Table as CSV"), answers_csv(pictures, answers, refused), "answers.csv", "text/csv",
        key="predict_csv", icon=":material/download:", on_click="ignore",
    )  # fmt: skip


def _show_verdict(answer: Answer) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.header(
            f"{plain(class_name(answer.name))} {plain(percent(answer.confidence))}",
            anchor=False,
            width="content",
        )
        truth = plain(class_name(answer.truth))
        if answer.verdict == Verdict.RIGHT:
            st.badge(_("Right"), icon=":material/check:", color="green")
        elif answer.verdict == Verdict.WRONG:
            text = _("Wrong: the true class is {name}").format(name=truth)
            st.badge(text, icon=":material/close:", color="red")
        elif answer.verdict == Verdict.FOREIGN:
            text = _("The true class is {name}, which this network was not taught").format(
                name=truth
            )
            st.badge(text, icon=":material/question_mark:", color="gray")
    if answer.is_unsure:
        st.markdown(
            _(
                ":material/help: It is not sure: no class reaches {limit}. It knows {count} "
                "classes and must choose one, whatever the picture shows."
            ).format(limit=plain(percent(0.5, 0)), count=count(len(answer.classes)))
        )


def _show_bars(answer: Answer) -> None:
    bars = [
        Bar(class_name(answer.classes[label]), label, answer.probs[label])
        for label in answer.ranked()[:_TOP]
    ]
    st.plotly_chart(
        probability_bars(bars),
        key="predict_bars",
        config=CONFIG,
        alt=", ".join(f"{bar.name} {percent(bar.prob)}" for bar in bars),
    )


def _choose_explanation(answer: Answer) -> tuple[int, str, float]:
    """Draw the controls of the heat map; return class, method, and strength from 0 to 1."""
    ranked = answer.ranked()

    def title(label: int) -> str:
        if label == _ITS_ANSWER:
            return _("Its answer: {name}").format(name=class_name(answer.name))
        return f"{class_name(answer.classes[label])} · {percent(answer.probs[label])}"

    which, how, strength = st.columns([4, 4, 3], gap="small")
    chosen = which.selectbox(
        _("What speaks for"), [_ITS_ANSWER, *ranked], format_func=title, key="predict_explained"
    )
    names = {"grad_cam": "Grad-CAM", "occlusion": _("Covering")}
    method = how.segmented_control(
        _("Method"), METHODS, default="grad_cam", required=True, format_func=names.__getitem__,
        key="predict_method", persist_state="session", width="stretch", wrap=True,
        help=_(
            "Grad-CAM follows the answer back into the last convolution. Covering lays a grey "
            "square over each place in turn and watches the probability fall."
        ),
    )  # fmt: skip
    share = strength.slider(
        _("Strength of the colours"), 0, 100, 55, format="%d %%", key="predict_strength",
        persist_state="session",
    )  # fmt: skip
    label = ranked[0] if chosen == _ITS_ANSWER else chosen
    return label, str(method or "grad_cam"), share / 100


def _explanation(heat: Heat, method: str) -> str:
    if not heat.values.any():
        return _("Nothing in this picture speaks for it.")
    if method == "grad_cam":
        return _("Yellow places speak for it most, dark blue ones not at all.")
    return _(
        "Yellow places matter most: covering the strongest costs {points} points of probability."
    ).format(points=f"{heat.largest_drop * 100:.0f}")


def _show_seen(entry: ModelEntry, image: Bytes) -> None:
    with st.container(width=_SIDE, gap="xsmall"):
        if st.session_state.get("predict_normalised"):
            view, low, high = normalised_view(entry.path, image)
            _figure(
                enlarge_png(view, 8), _("Its numbers: {low} to {high}").format(
                    low=f"{low:.2f}", high=f"{high:.2f}"
                ), _("The picture as normalised numbers"),
            )  # fmt: skip
        else:
            text = _("What the network sees: 32 × 32 pixels")
            _figure(enlarge_png(image, 8), text, text)
        st.toggle(_("As normalised numbers"), key="predict_normalised")


def _figure(content: bytes, caption: str, alt: str) -> None:
    st.image(content, caption=caption, width=_SIDE, alt=alt)


def _second_guess(answer: Answer) -> str:
    label = answer.ranked()[1]
    return f"{class_name(answer.classes[label])} · {percent(answer.probs[label])}"
