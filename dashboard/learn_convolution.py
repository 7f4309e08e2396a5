"""Step 2: convolution, by the network's own filters and by classic ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.dataset_inspector import channel_names
from dashboard.i18n import _
from dashboard.learn_lesson import Lesson, pick, size_formula
from dashboard.learn_question import Choice
from dashboard.learn_stage import Link, Map, Products, Stage, draw_stage
from dashboard.learn_study import Study

if TYPE_CHECKING:
    from torch import Tensor

    from cifar_core.lessons.convolution import Convolution, Slide


def lesson() -> Lesson:
    """Return the step."""
    return Lesson(
        [
            _(
                "A filter is a small window of weights. It is laid on the picture; each weight is "
                "multiplied with the number under it; all products and a bias are added. That sum "
                "is one pixel of the output. Then the window moves on."
            ),
            _(
                "The same few weights are used at every place, so a filter finds its pattern "
                "wherever it is. The tutorial's layer has 18 filters of 3 × 3 × 3 weights."
            ),
            _(
                "**Stride** is how far the window jumps, **padding** a border of zeros, "
                "**dilation** the distance between its cells. They decide the size of the output:"
            ),
        ],
        _show,
        _(
            "A picture of 32 × 32 goes through a filter of 5 × 5 with stride 1 and no padding. How "
            "large is the output?"
        ),
        [
            Choice(
                "32 × 32", _("Only with a padding of 2: the window must not leave the picture.")
            ),
            Choice("28 × 28", _("32 − (5 − 1) − 1 = 27, divided by 1, plus 1: 28."), True),
            Choice(
                "27 × 27", _("Almost: the first place counts too, which is the + 1 at the end.")
            ),
        ],
    )


def _show(study: Study, words: DeltaGenerator) -> None:
    from cifar_core.lessons.convolution import Slide, convolve

    with st.container(horizontal=True, gap="medium"):
        chosen = _choose_filter(study)
        stride = pick(_("Stride"), [1, 2, 3, 4], key="learn_conv_stride", default=1)
        padding = pick(_("Padding"), [0, 1, 2, 3], key="learn_conv_padding", default=1)
        dilation = pick(_("Dilation"), [1, 2, 3], key="learn_conv_dilation", default=1)
    slide = Slide(stride, padding, dilation)
    weight, bias = _weights(study, chosen)
    result = convolve(study.inputs[0], weight, bias, slide)
    kernel = weight.shape[-1]
    words.latex(size_formula(32, kernel, stride, padding, dilation))
    words.code(
        _code(kernel, slide, filters=18 if chosen.isdecimal() else 1),
        language="python",
        wrap_lines=True,
    )
    _draw(study, result, slide, kernel)


def _choose_filter(study: Study) -> str:
    """Draw the list of filters; return a number of the network's own, or a classic one's name."""
    own = _("Filter {number} of your network") if study.entry else _("Filter {number}, random")
    names = {
        str(number): own.format(number=number + 1)
        for number in range(study.network.conv1.out_channels)
    }
    names |= {
        "vertical_edges": _("Vertical edges (Sobel)"),
        "horizontal_edges": _("Horizontal edges (Sobel)"),
        "blur": _("Blur, 3 × 3"),
        "wide_blur": _("Blur, 5 × 5"),
        "sharpen": _("Sharpen"),
    }
    chosen = st.selectbox(
        _("Filter"), list(names), format_func=names.__getitem__, key="learn_conv_filter",
        index=list(names).index("vertical_edges"), persist_state="session",
    )  # fmt: skip
    return str(chosen)


def _weights(study: Study, chosen: str) -> tuple[Tensor, float]:
    from cifar_core.lessons.convolution import classic_weight

    layer = study.network.conv1
    if not chosen.isdecimal():
        return classic_weight(chosen), 0.0
    assert layer.bias is not None
    return layer.weight[int(chosen)].detach(), layer.bias[int(chosen)].item()


def _code(kernel: int, slide: Slide, filters: int) -> str:
    return (
        f"nn.Conv2d(3, {filters}, kernel_size={kernel}, stride={slide.stride},\n"
        f"          padding={slide.padding}, dilation={slide.dilation})"
    )


def _draw(study: Study, result: Convolution, slide: Slide, kernel: int) -> None:
    normalization = study.normalization
    shown = normalization.undo(result.padded[None])[0].permute(2, 0, 1).float() / 255
    height, width = result.output.shape
    note = _("a border of {padding} zeros: mid-grey").format(padding=slide.padding)
    maps = [
        Map(
            _("Picture"), shown, "rgb", border=slide.padding,
            note=note if slide.padding else _("no border"),
        ),
        Map(_("What the filter finds"), result.output, note=f"{height} × {width}"),
    ]  # fmt: skip
    draw_stage(
        Stage(
            maps,
            target=1,
            link=Link(kernel, slide.stride, slide.dilation),
            detail=Products(result.padded, result.weight, result.bias, channel_names()),
            largest=8,
        ),
        key="learn_stage_convolution",
    )
