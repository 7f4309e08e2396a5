"""Step 6: softmax and cross-entropy, and why the loss starts at ln 10."""

from __future__ import annotations

import math

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.charts import CONFIG
from dashboard.class_names import class_name
from dashboard.i18n import _
from dashboard.learn_charts import answer_bars, loss_figure
from dashboard.learn_lesson import Lesson
from dashboard.learn_question import Choice
from dashboard.learn_study import Study
from dashboard.numbers import percent


def lesson() -> Lesson:
    """Return the step."""
    return Lesson(
        [
            _(
                "The network's answers, the **logits**, may be any numbers. Softmax makes "
                "probabilities of them: e to the power of each, divided by the sum of all."
            ),
            _(
                "**Cross-entropy** looks at the true class alone: minus the logarithm of its "
                "probability. Sure and right costs nothing; sure and wrong costs much."
            ),
            _(
                "A fresh network finds ten classes about equally likely, 0.1 each. So the loss of "
                "every training starts near −ln 0.1 = ln 10 = **2.303**. A loss that stays there "
                "has learned nothing."
            ),
            _(
                "`nn.CrossEntropyLoss` contains the softmax. The tutorial put another one before "
                "it: then even a perfect answer costs 1.461, and the gradient is faint."
            ),
        ],
        _show,
        _("A fresh network is to tell 100 classes apart. Where does its loss start?"),
        [
            Choice("2.303", _("That is ln 10, for ten classes.")),
            Choice("4.605", _("−ln (1/100) = ln 100 = 4.605."), True),
            Choice("100", _("The loss is a logarithm: ten times the classes add 2.303.")),
        ],
    )


def _show(study: Study, words: DeltaGenerator) -> None:
    from cifar_core.lessons.loss import best_doubled_loss, follow_loss

    names = [class_name(name) for name in study.classes]
    with st.container(horizontal=True, gap="medium"):
        label = st.selectbox(
            _("True class"), range(len(names)), index=study.label or 0,
            format_func=names.__getitem__, key=f"learn_loss_label_{study.label}",
        )  # fmt: skip
        scale = st.slider(
            _("Logits times"), 0.0, 3.0, 1.0, 0.1, key="learn_loss_scale", persist_state="session",
            help=_("At 0 all classes are equally likely; above 1 the network is surer of itself."),
        )  # fmt: skip
    steps = follow_loss(study.trace.logits, label, scale)
    prob = float(steps.probs[label])
    words.code(
        "loss = nn.CrossEntropyLoss()(logits, labels)\n"
        f"# -log({prob:.4f}) = {steps.loss:.4f}",
        language="python",
        wrap_lines=True,
    )  # fmt: skip
    with st.container(horizontal=True, gap="medium"):
        st.metric(_("Loss"), f"{steps.loss:.4f}")
        st.metric(_("Probability of the true class"), percent(prob))
        st.metric(
            _("Loss with a softmax too many"), f"{steps.doubled:.4f}",
            help=_("Never below {least}, however good the answer is.").format(
                least=f"{best_doubled_loss(len(names)):.3f}"
            ),
        )  # fmt: skip
    bars, curve = st.columns(2, gap="medium")
    with bars:
        st.plotly_chart(
            answer_bars(names, steps.probs.tolist(), label), key="learn_loss_bars", config=CONFIG,
            alt=_("The probability of every class"),
        )  # fmt: skip
    with curve:
        st.plotly_chart(
            loss_figure(max(prob, math.exp(-60)), 1 / len(names)), key="learn_loss_curve",
            config=CONFIG, alt=_("The loss over the probability of the true class"),
        )  # fmt: skip
    with st.expander(_("Every number"), icon=":material/table_rows:"):
        st.table(
            {
                _("Class"): names,
                _("Logit z"): [f"{value:.4f}" for value in steps.logits.tolist()],
                _("e^z"): [f"{value:.4f}" for value in steps.exponentials.tolist()],
                _("Softmax"): [f"{value:.4f}" for value in steps.probs.tolist()],
                _("Gradient"): [f"{value:+.4f}" for value in steps.gradient.tolist()],
            }
        )
