"""Step 7: the gradient, and one step of SGD and of Adam from the same weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.charts import CONFIG
from dashboard.i18n import _
from dashboard.learn_charts import rates_figure
from dashboard.learn_lesson import Lesson
from dashboard.learn_question import Choice
from dashboard.learn_stage import Map, Stage, Table, draw_stage
from dashboard.learn_study import Study

if TYPE_CHECKING:
    from torch import Tensor

    from cifar_core.lessons.optimizers import OneStep

BATCH = 32
_RATES = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0]


def lesson() -> Lesson:
    """Return the step."""
    return Lesson(
        [
            _(
                "The gradient says, for every weight, how the loss would change if that weight "
                "grew a little. A step goes the other way. Here one batch of 32 training pictures "
                "is computed, and both optimisers take one step from the same weights."
            ),
            _(
                "**SGD** moves each weight by learning rate × gradient: small gradients, small "
                "steps. **Adam** divides by the gradient's usual size, so that in its first step "
                "nearly every weight moves by the learning rate itself."
            ),
            _(
                "That is why 0.001 suits Adam, while plain SGD wants a larger rate. Beyond the "
                "valley of the curve a step overshoots, and the loss rises."
            ),
        ],
        _show,
        _("What happens without `optimizer.zero_grad()`, as in the tutorial?"),
        [
            Choice(
                _("The gradients of all batches so far add up."),
                _("`backward()` adds to what is there. The steps grow and point to the past."),
                True,
            ),
            Choice(
                _("The weights become zero."),
                _("It clears the gradients, not the weights; and here it is missing."),
            ),
            Choice(
                _("Nothing: PyTorch clears them by itself."),
                _("It does not, so that several batches can be added up on purpose."),
            ),
        ],
    )


def _show(study: Study, words: DeltaGenerator) -> None:
    from cifar_core.lessons.optimizers import take_one_step

    with st.container(horizontal=True, gap="medium"):
        rate = st.select_slider(
            _("Learning rate"), _RATES, 1e-3, format_func=lambda value: f"{value:g}",
            key="learn_rate", persist_state="session",
        )  # fmt: skip
        number = st.slider(
            _("Filter"), 1, study.network.conv1.out_channels, 1, key="learn_step_filter",
            persist_state="session",
        )  # fmt: skip
    words.code(
        "optimizer.zero_grad()\n"
        "loss = criterion(model(images), labels)\n"
        "loss.backward()   # fills weight.grad\n"
        f"optimizer.step()  # lr={rate:g}",
        language="python",
        wrap_lines=True,
    )
    inputs, labels = study.batch(BATCH, draw=0)
    step = take_one_step(study.network, inputs, labels, rate)
    with st.container(horizontal=True, gap="medium"):
        st.metric(_("Loss before"), f"{step.loss:.4f}")
        for name, title in (("sgd", "SGD"), ("adam", "Adam")):
            change = step.losses[name] - step.loss
            st.metric(
                _("After one step of {optimizer}").format(optimizer=title),
                f"{step.losses[name]:.4f}", f"{change:+.4f}", delta_color="inverse",
            )  # fmt: skip
    _draw_weights(step, number - 1)
    losses = _losses(study.identity, study)
    st.plotly_chart(
        rates_figure(_RATES, losses, step.loss, rate), key="learn_step_plot", config=CONFIG,
        alt=_("The loss after one step over the learning rate, for SGD and for Adam"),
    )  # fmt: skip


@st.cache_data(max_entries=16, show_spinner=False)
def _losses(identity: tuple[str, ...], _study: Study) -> dict[str, list[float]]:
    """Return the loss after one step of each size; the same whatever slider is moved."""
    from cifar_core.lessons.optimizers import losses_after

    inputs, labels = _study.batch(BATCH, draw=0)
    return losses_after(_study.network, inputs, labels, _RATES)


def _draw_weights(step: OneStep, number: int) -> None:
    def flat(values: Tensor) -> Tensor:
        """Lay the three colours of a filter side by side: (3, 3, 3) to (3, 9)."""
        return values[number].permute(1, 0, 2).reshape(3, 9)

    weight, gradient = flat(step.weight), flat(step.gradient)
    sgd, adam = flat(step.changes["sgd"]), flat(step.changes["adam"])
    peak = max(float(sgd.abs().max()), float(adam.abs().max()))
    draw_stage(
        Stage(
            [
                Map(_("Weights"), weight, note=_("3 × 3, for red, green and blue")),
                Map(_("Gradient"), gradient, note=_("of the loss")),
                Map(_("SGD adds"), sgd, peak=peak, note=_("− rate × gradient")),
                Map(_("Adam adds"), adam, peak=peak, note=_("same colours as for SGD")),
            ],
            rows=[[0, 1], [2, 3]],
            target=1,
            side=0,
            largest=30,
            least=16,
            detail=Table(
                [
                    (_("Weight"), 5, [weight]),
                    (_("Gradient"), 5, [gradient]),
                    (_("SGD adds"), 6, [sgd]),
                    (_("Adam adds"), 6, [adam]),
                ]
            ),
        ),
        key="learn_stage_step",
    )
