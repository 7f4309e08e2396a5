"""Step 4: max-pooling."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.i18n import _
from dashboard.learn_lesson import Lesson, choose_map, pick, pick_name, size_formula
from dashboard.learn_question import Choice
from dashboard.learn_stage import Link, Map, Stage, Window, draw_stage
from dashboard.learn_study import Study


def lesson() -> Lesson:
    """Return the step."""
    return Lesson(
        [
            _(
                "Max-pooling looks at 2 × 2 values at a time and keeps the largest. Height and "
                "width are halved, so that the next layer has a quarter of the work."
            ),
            _(
                "A pattern that moves by a pixel often gives the same result: the network cares "
                "less about where exactly something is. There are no weights and nothing to learn."
            ),
        ],
        _show,
        _("How many weights does `nn.MaxPool2d(2, 2)` learn for 18 maps?"),
        [
            Choice("0", _("It only compares. Nothing in it can be adjusted."), True),
            Choice("4", _("A convolution of 2 × 2 would have four a channel; this only compares.")),
            Choice("72", _("4 × 18 would be a convolution's weights; this only compares.")),
        ],
    )


def _show(study: Study, words: DeltaGenerator) -> None:
    from cifar_core.lessons.maps import pool

    names = {"max": _("Largest"), "mean": _("Mean")}
    with st.container(horizontal=True, gap="medium"):
        kind = pick_name(_("Keep the"), names, key="learn_pool_kind")
        window = pick(_("Window"), [2, 3, 4], key="learn_pool_window", default=2)
        stride = pick(_("Stride"), [1, 2, 3, 4], key="learn_pool_stride", default=2)
        number = choose_map(study.network.conv1.out_channels, key="learn_pool_map")
    before = study.trace.activated[number]
    after = pool(before, kind, window, stride)
    words.latex(size_formula(32, window, stride, 0, 1))
    name = "MaxPool2d" if kind == "max" else "AvgPool2d"
    words.code(
        f"nn.{name}(kernel_size={window}, stride={stride})", language="python", wrap_lines=True
    )
    peak = float(before.abs().max())
    height, width = after.shape
    draw_stage(
        Stage(
            [
                Map(_("Before"), before, peak=peak, note=_("after ReLU, 32 × 32")),
                Map(_("After"), after, peak=peak, note=f"{height} × {width}"),
            ],
            target=1,
            link=Link(window, stride),
            largest=9,
            side=0,
            detail=Window(mark_largest=kind == "max"),
        ),
        key="learn_stage_pooling",
    )
