"""Step 9: dropout in train and in eval mode, and what the tutorial's wording gets wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.i18n import _
from dashboard.learn_lesson import Lesson, pick_name
from dashboard.learn_question import Choice
from dashboard.learn_stage import Map, Stage, Table, draw_stage
from dashboard.learn_study import Study
from dashboard.numbers import percent

if TYPE_CHECKING:
    from torch import Tensor

_DRAW = "learn_dropout_seed"
_SIDE = 8


def lesson() -> Lesson:
    """Return the step."""
    return Lesson(
        [
            _(
                "In training, dropout sets each value to zero with probability p, drawn anew at "
                "every step. No unit can rely on a certain other one, so that the network learns "
                "things that hold more widely."
            ),
            _(
                "The tutorial says that the outputs are scaled down after training, when the "
                "network is used. So it was in the first paper (2014). PyTorch does it the other "
                "way round: the values that stay are multiplied by 1 ÷ (1 − p) **during "
                "training**, and `eval()` does nothing at all."
            ),
            _(
                "Either way the mean is the same in both modes, which is what the next layer "
                "counts on. Compare the means over 1,000 draws with that of eval mode."
            ),
        ],
        _show,
        _("Dropout with p = 0.5, train mode: a value of 0.8 stays. What is it afterwards?"),
        [
            Choice("0.8", _("So it was in the paper of 2014. PyTorch makes up for it at once.")),
            Choice(
                "0.4", _("That is its mean over many draws with the paper's way, not one value.")
            ),
            Choice(
                "1.6", _("0.8 ÷ (1 − 0.5) = 1.6: it stands in for the one that was dropped."), True
            ),
        ],
    )


def _show(study: Study, words: DeltaGenerator) -> None:
    from cifar_core.lessons.dropout import drop, drop_as_first_published, mean_over_draws

    with st.container(horizontal=True, gap="medium"):
        names = {"train": "model.train()", "eval": "model.eval()"}
        training = pick_name(_("Mode"), names, key="learn_dropout_mode") == "train"
        ways = {"now": "PyTorch", "then": _("The paper of 2014")}
        way = pick_name(_("Scaling"), ways, key="learn_dropout_way")
        rate = st.slider("p", 0.0, 0.9, 0.5, 0.1, key="learn_dropout_rate", persist_state="session")
    seed = st.session_state.setdefault(_DRAW, 0)
    values = study.trace.hidden
    work = drop if way == "now" else drop_as_first_published
    dropped = work(values, rate, training=training, seed=seed)
    words.code(
        f"drop = nn.Dropout(p={rate:g})\n"
        f"drop.{'train' if training else 'eval'}()\n"
        f"y = drop(x)  # × {dropped.factor:.3g}",
        language="python",
        wrap_lines=True,
    )
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        mean = mean_over_draws(values, rate, inverted=way == "now")
        at_rest = work(values, rate, training=False, seed=seed).after.mean()
        st.metric(_("Mean of this draw"), f"{float(dropped.after.mean()):.4f}")
        st.metric(_("Mean over 1,000 draws, train"), f"{mean:.4f}")
        st.metric(_("Mean in eval mode"), f"{float(at_rest):.4f}")
        st.button(
            _("Draw again"), key="learn_dropout_draw", icon=":material/casino:",
            disabled=not training, on_click=lambda: st.session_state.update({_DRAW: seed + 1}),
        )  # fmt: skip
    _draw(values, dropped.kept, dropped.after)


def _draw(values: Tensor, kept: Tensor, after: Tensor) -> None:
    import torch

    shown = torch.where(kept, after, torch.nan).reshape(_SIDE, -1)
    before, now = values.reshape(_SIDE, -1), after.reshape(_SIDE, -1)
    peak = max(float(before.abs().max()), float(now.abs().max()), 1e-6)
    share = float((~kept).float().mean())
    draw_stage(
        Stage(
            [
                Map(_("Before"), before, peak=peak, note=_("the 64 units after ReLU")),
                Map(
                    _("After"), shown, peak=peak,
                    note=_("{share} dropped, crossed out").format(share=percent(share, 0)),
                ),
            ],
            target=1,
            side=0,
            largest=32,
            least=16,
            detail=Table([(_("Before"), 4, [before]), (_("After"), 4, [now])]),
        ),
        key="learn_stage_dropout",
    )  # fmt: skip
