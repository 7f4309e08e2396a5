"""Step 3: ReLU, and why there must be a bend."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.charts import CONFIG
from dashboard.i18n import _
from dashboard.learn_charts import activation_figure
from dashboard.learn_lesson import Lesson, choose_map, pick_name
from dashboard.learn_question import Choice
from dashboard.learn_stage import Map, Stage, Table, draw_stage
from dashboard.learn_study import Study
from dashboard.numbers import percent

_CODE = {
    "relu": "nn.ReLU()  # max(0, x)",
    "leaky_relu": "nn.LeakyReLU(0.1)  # max(0, x) + 0.1 * min(0, x)",
    "sigmoid": "nn.Sigmoid()  # 1 / (1 + exp(-x))",
    "identity": "nn.Identity()  # x",
}


def lesson() -> Lesson:
    """Return the step."""
    return Lesson(
        [
            _(
                "ReLU keeps what is positive and makes everything else zero. It works on every "
                "value alone and has nothing to learn."
            ),
            _(
                "Without a bend, two layers in a row would be no more than one: a weighted sum of "
                "weighted sums is a weighted sum. The bend is what lets a network draw curves."
            ),
            _(
                "Where the output is zero the gradient is zero, too. A unit that is negative for "
                "every picture gets no gradient and learns no more: it is **dead**. Move the shift "
                "to the left and watch it happen."
            ),
        ],
        _show,
        _("Why does an activation stand between two linear layers?"),
        [
            Choice(
                _("Without it, the two could do no more than one linear layer."),
                _("W₂(W₁x + b₁) + b₂ is again some Wx + b. The bend makes the difference."),
                True,
            ),
            Choice(
                _("It makes the computation faster."),
                _("It is one more thing to compute; cheap, but not free."),
            ),
            Choice(
                _("It keeps the values between 0 and 1."),
                _("A sigmoid does. ReLU has no upper end, which keeps its gradient alive."),
            ),
        ],
    )


def _show(study: Study, words: DeltaGenerator) -> None:
    from cifar_core.lessons.maps import activate

    names = {
        "relu": "ReLU", "leaky_relu": "Leaky ReLU", "sigmoid": "Sigmoid", "identity": _("None"),
    }  # fmt: skip
    with st.container(horizontal=True, gap="medium"):
        chosen = pick_name(_("Activation"), names, key="learn_activation")
        number = choose_map(study.network.conv1.out_channels, key="learn_activation_map")
        shift = st.slider(
            _("Shift"), -2.0, 2.0, 0.0, 0.1, key="learn_activation_shift", persist_state="session",
            help=_("Added to every value first, as the bias of the layer before is."),
        )  # fmt: skip
    words.code(_CODE[chosen], language="python", wrap_lines=True)
    result = activate(study.trace.convolved[number], chosen, shift)
    peak = max(float(result.before.abs().max()), float(result.after.abs().max()))
    draw_stage(
        Stage(
            [
                Map(_("Before"), result.before, peak=peak, note=_("from the convolution")),
                Map(
                    _("After"), result.after, peak=peak,
                    note=_("{share} are zero").format(share=percent(result.share_of_zeros, 0)),
                ),
            ],
            target=1,
            largest=8,
            side=0,
            detail=Table(
                [
                    (_("Before"), 4, [result.before]),
                    (_("After"), 4, [result.after]),
                    (_("Gradient"), 4, [result.gradient]),
                ]
            ),
        ),
        key="learn_stage_activation",
    )  # fmt: skip
    st.plotly_chart(
        activation_figure(chosen, result.before.flatten().numpy()),
        key="learn_activation_plot",
        config=CONFIG,
        alt=_("The activation as a curve, and how many values of the map lie where"),
    )
