"""Step 8: batch normalisation in train and in eval mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.charts import CONFIG
from dashboard.i18n import _, ngettext
from dashboard.learn_charts import histograms_figure
from dashboard.learn_lesson import Lesson, choose_map, pick_name
from dashboard.learn_question import Choice
from dashboard.learn_stage import Map, Stage, Table, draw_stage
from dashboard.learn_study import Study

if TYPE_CHECKING:
    from torch import Tensor

    from cifar_core.lessons.batch_norm import BatchNormed

_SEEN_BATCH = 32
_OTHERS = "learn_norm_others"


def lesson() -> Lesson:
    """Return the step."""
    return Lesson(
        [
            _(
                "Batch norm takes a channel's values, subtracts their mean and divides by their "
                "standard deviation; then it scales by γ and adds β, which are learned (here 1 and "
                "0). The next layer always meets numbers of a like size, and learns faster."
            ),
            _(
                "In **train** mode mean and variance are those of the batch. So the same picture "
                "gets other numbers in other company. In **eval** mode they are the averages kept "
                "from training: the same picture, the same numbers."
            ),
            _(
                "The averages move by a tenth with each batch. After too few batches they are "
                "wrong, and eval mode is worse than train mode: try 0 and 1."
            ),
        ],
        _show,
        _("Somebody forgot `eval()` and asks about one picture at a time. What happens?"),
        [
            Choice(
                _("The picture is normalised by its own mean and variance."),
                _("A batch of one is its own company. The answers differ from those in training."),
                True,
            ),
            Choice(
                _("Nothing: the layer remembers the averages."),
                _("It does remember them, but in train mode it does not use them."),
            ),
            Choice(
                _("PyTorch refuses to answer."),
                _("Only where a channel has a single value. A map of 32 × 32 has 1,024."),
            ),
        ],
    )


def _show(study: Study, words: DeltaGenerator) -> None:
    with st.container(horizontal=True, gap="medium"):
        names = {"train": "model.train()", "eval": "model.eval()"}
        training = pick_name(_("Mode"), names, key="learn_norm_mode") == "train"
        size = st.select_slider(
            _("Batch size"), [2, 4, 8, 16, 32, 64], 4, key="learn_norm_size",
            persist_state="session",
        )  # fmt: skip
        num_seen = st.select_slider(
            _("Batches seen in training"), [0, 1, 3, 10, 30], 30, key="learn_norm_seen",
            persist_state="session",
        )  # fmt: skip
        channel = choose_map(study.network.conv1.out_channels, key="learn_norm_map")
    draw = st.session_state.setdefault(_OTHERS, 1)
    seen = [_maps(study.batch(_SEEN_BATCH, 1000 + n)[0], study) for n in range(num_seen)]
    first, second = (
        _in_company(study, channel, size, number, training=training, seen=seen)
        for number in (draw, draw + 1)
    )
    words.code(
        f"norm = nn.BatchNorm2d({study.network.conv1.out_channels})\n"
        f"norm.{'train' if training else 'eval'}()\n"
        "y = norm(x)  # (x - mean) / sqrt(var + eps)",
        language="python",
        wrap_lines=True,
    )
    words.latex(rf"y = \frac{{x {-first.mean:+.4f}}}{{\sqrt{{{first.var:.4f} + 10^{{-5}}}}}}")
    _draw(first, second, draw)
    st.plotly_chart(
        histograms_figure(first.before.flatten().numpy(), first.after.flatten().numpy()),
        key="learn_norm_plot", config=CONFIG,
        alt=_("How the channel's values are spread before and after"),
    )  # fmt: skip


def _maps(inputs: Tensor, study: Study) -> Tensor:
    maps: Tensor = study.network.conv1(inputs)
    return maps.detach()


def _in_company(
    study: Study, channel: int, size: int, draw: int, *, training: bool, seen: list[Tensor]
) -> BatchNormed:
    """Return the picture's channel, normalised in a batch with others."""
    import torch

    from cifar_core.lessons.batch_norm import normalise_batch

    others, _labels = study.batch(size - 1, draw)
    maps = _maps(torch.cat([study.inputs, others]), study)
    return normalise_batch(maps, channel, training=training, seen=seen)


def _draw(first: BatchNormed, second: BatchNormed, draw: int) -> None:
    before, one, other = first.before[0], first.after[0], second.after[0]
    count = len(first.before) - 1
    together = ngettext("with {count} other picture", "with {count} other pictures", count)
    together = together.format(count=count)
    peak = max(float(one.abs().max()), float(other.abs().max()))
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        st.metric(_("Mean that is subtracted"), f"{first.mean:.4f}")
        st.metric(_("Variance"), f"{first.var:.4f}")
        st.metric(_("Largest difference by company"), f"{float((one - other).abs().max()):.4f}")
        st.button(
            _("Other company"), key="learn_norm_draw", icon=":material/shuffle:",
            on_click=lambda: st.session_state.update({_OTHERS: draw + 2}),
        )  # fmt: skip
    draw_stage(
        Stage(
            [
                Map(_("Before"), before, note=_("the picture's channel")),
                Map(_("After, company A"), one, peak=peak, note=together),
                Map(_("After, company B"), other, peak=peak, note=together),
            ],
            target=1,
            largest=7,
            least=3,
            detail=Table(
                [
                    (_("Before"), 4, [before]),
                    (_("After, company A"), 4, [one]),
                    (_("After, company B"), 4, [other]),
                ]
            ),
        ),
        key="learn_stage_norm",
    )
