"""Step 5: flatten and linear: 4608 to 64 to 10, and where the numbers come from."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.i18n import _
from dashboard.learn_lesson import Lesson, number_text
from dashboard.learn_question import Choice
from dashboard.learn_stage import Map, Stage, Table, draw_stage
from dashboard.learn_study import Study
from dashboard.numbers import count

if TYPE_CHECKING:
    from torch import Tensor

_COLUMNS = 6


def lesson() -> Lesson:
    """Return the step."""
    return Lesson(
        [
            _(
                "`Flatten` lays the 18 maps of 16 × 16 one after the other: "
                "18 × 16 × 16 = **4,608** numbers, and no longer a picture."
            ),
            _(
                "Each of the **64** units of the linear layer multiplies all 4,608 with weights of "
                "its own and adds a bias: 4,608 × 64 + 64 parameters. The last layer makes **10** "
                "sums of the 64, one a class: the logits."
            ),
            _(
                "Nearly all parameters of the tutorial's network are in that first linear layer. A "
                "convolution is so much smaller because it uses its weights at every place again."
            ),
        ],
        _show,
        _(
            "Without the padding the convolution gives 30 × 30, and pooling 15 × 15. How many "
            "inputs must the first linear layer have now?"
        ),
        [
            Choice("4,608", _("That is 18 × 16 × 16. PyTorch would stop: the shapes do not fit.")),
            Choice("4,050", _("18 × 15 × 15 = 4,050."), True),
            Choice("225", _("15 × 15 is one map; there are 18 of them.")),
        ],
    )


def _show(study: Study, words: DeltaGenerator) -> None:
    from cifar_core.lessons.linear import layer_sizes

    with st.container(horizontal=True, gap="medium"):
        filters = st.slider(
            _("Filters"), 6, 64, 18, 2, key="learn_linear_filters", persist_state="session"
        )
        hidden = st.slider(
            _("Units"), 16, 256, 64, 16, key="learn_linear_hidden", persist_state="session"
        )
    sizes = layer_sizes(filters, hidden, len(study.classes))
    st.html(flow_html([(s.name, s.shape, s.parameters, s.sum) for s in sizes]))
    flat = filters * 16 * 16
    words.code(
        f"nn.Flatten(),  # {filters} * 16 * 16 = {flat}\n"
        f"nn.Linear({flat}, {hidden}),\n"
        "nn.ReLU(),\n"
        f"nn.Linear({hidden}, {len(study.classes)})",
        language="python",
        wrap_lines=True,
    )
    _show_unit(study)


def _show_unit(study: Study) -> None:
    from cifar_core.lessons.linear import look_at_unit, maps_side_by_side

    layer = study.network.fc1
    st.markdown(_("**One unit of this network**"))
    number = st.slider(
        _("Unit"), 1, layer.out_features, 1, key="learn_linear_unit", persist_state="session"
    )
    trace = study.trace
    unit = look_at_unit(layer, trace.flat, number - 1)

    def grid(values: Tensor) -> Tensor:
        return maps_side_by_side(values.reshape(trace.pooled.shape), _COLUMNS)

    inputs, weight, products = grid(unit.inputs), grid(unit.weight), grid(unit.products)
    draw_stage(
        Stage(
            [
                Map(_("4,608 inputs"), inputs, note=_("18 maps of 16 × 16")),
                Map(_("× its weights"), weight, note=_("one for each input")),
                Map(_("= products"), products),
            ],
            target=2,
            rows=[[0, 1], [2]],
            side=1,
            largest=3,
            least=2,
            detail=Table(
                [
                    (_("Input value"), 4, [inputs]),
                    (_("Weight"), 4, [weight]),
                    (_("Product"), 4, [products]),
                ]
            ),
        ),
        key="learn_stage_linear",
    )
    st.markdown(
        _(
            "Sum of the 4,608 products {sum} + bias {bias} = **{output}**, after ReLU {hidden}"
        ).format(
            sum=number_text(unit.output - unit.bias), bias=number_text(unit.bias),
            output=number_text(unit.output), hidden=number_text(float(trace.hidden[number - 1])),
        )
    )  # fmt: skip


def flow_html(sizes: list[tuple[str, tuple[int, ...], int, str]]) -> str:
    """Return the network as boxes: what every layer hands on, and its parameters.

    Args:
        sizes: name, shape, parameters and how they are counted, of each layer.
    """
    total = sum(parameters for _name, _shape, parameters, _sum in sizes)
    boxes = [_box(_("picture"), (3, 32, 32), 0, "", total)]
    boxes += [_box(*size, total) for size in sizes]
    line = _("{count} parameters in all").format(count=f"<b>{count(total)}</b>")
    return f"<div class='learn-flow'>{''.join(boxes)}</div><p class='learn-total'>{line}</p>"


def _box(name: str, shape: tuple[int, ...], parameters: int, sum_text: str, total: int) -> str:
    dimensions = " × ".join(f"{size:,}" for size in shape)
    bar = f"<i style='width:{max(3, round(100 * parameters / total))}%'></i>" if parameters else ""
    numbers = f"<small title='{escape(sum_text)}'>{count(parameters)}</small>" if parameters else ""
    sums = f"<small class='learn-how'>{escape(sum_text)}</small>" if sum_text else ""
    return f"<div><span>{escape(name)}</span><b>{dimensions}</b>{numbers}{sums}{bar}</div>"
