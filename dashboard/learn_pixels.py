"""Step 1: from picture to tensor, and back."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.dataset_inspector import channel_names
from dashboard.i18n import _
from dashboard.learn_lesson import Lesson, number_text, pick_name
from dashboard.learn_question import Choice
from dashboard.learn_stage import Map, Stage, Table, draw_stage
from dashboard.learn_study import Study


def lesson() -> Lesson:
    """Return the step."""
    return Lesson(
        [
            _(
                "A network sees numbers, not pictures. A colour picture of 32 × 32 pixels is "
                "stored as 3,072 whole numbers from 0 to 255: how much red, green and blue every "
                "pixel has."
            ),
            _(
                "`ToTensor` divides them by 255 and puts the colours first, so that the shape is "
                "3 × 32 × 32. `Normalize` subtracts a mean and divides by a standard deviation: "
                "the numbers then lie around zero, where networks learn fastest. To show a picture "
                "again, do both backwards."
            ),
            _(
                "The tutorial wrote these lines and never handed `transform` to its data set. A "
                "transform that is not passed does nothing."
            ),
        ],
        _show,
        _("With mean 0.5 and deviation 0.5, what does a black pixel (stored as 0) become?"),
        [
            Choice("−1", _("(0 ÷ 255 − 0.5) ÷ 0.5 = −1. White becomes +1, mid-grey 0."), True),
            Choice("0", _("That would be mid-grey: the mean of 0.5 is subtracted first.")),
            Choice("−0.5", _("After the mean is subtracted it is −0.5; then comes a division.")),
        ],
    )


def _show(study: Study, words: DeltaGenerator) -> None:
    import torch

    from cifar_core.data.transforms import Normalization
    from cifar_core.lessons.pixels import SCALED_ONLY, follow_pixels

    names = {
        "half": _("0.5, as in the tutorial"),
        "own": _("The data set's own"),
        "none": _("None"),
    }
    chosen = pick_name(_("Normalize"), names, key="learn_normalize")
    source = study.learned.source
    choices = {"half": Normalization(), "own": Normalization(source.mean, source.std)}
    steps = follow_pixels(torch.from_numpy(study.image), choices.get(chosen, SCALED_ONLY))
    words.code(
        _code(steps.mean, steps.std, use=chosen != "none"), language="python", wrap_lines=True
    )
    stored = steps.stored.permute(2, 0, 1).float()
    restored = steps.restored.permute(2, 0, 1).float()
    peak = float(steps.normalised.abs().max())
    planes = [
        Map(name, steps.normalised[channel], peak=peak)
        for channel, name in enumerate(channel_names())
    ]
    draw_stage(
        Stage(
            [
                Map(_("Picture"), steps.scaled, "rgb", note=_("32 × 32 × 3, from 0 to 255")),
                Map(_("And back"), restored / 255, "rgb", note=_("from the tensor")),
                *planes,
            ],
            rows=[[0, 1], [2, 3, 4]],
            largest=7,
            least=3,
            side=0,
            detail=Table(
                [
                    (_("Stored"), 0, list(stored)),
                    (_("÷ 255"), 4, list(steps.scaled)),
                    (_("Normalised"), 4, list(steps.normalised)),
                    (_("And back"), 0, list(restored)),
                ],
                channel_names(),
            ),
        ),
        key="learn_stage_pixels",
    )
    low, high = float(steps.normalised.min()), float(steps.normalised.max())
    st.caption(
        _("The tensor: 3 × 32 × 32, from {low} to {high}, mean {mean}.").format(
            low=number_text(low, 3),
            high=number_text(high, 3),
            mean=number_text(float(steps.normalised.mean()), 3),
        )
    )


def _code(mean: tuple[float, ...], std: tuple[float, ...], *, use: bool) -> str:
    if not use:
        return "transform = transforms.ToTensor()"

    def triple(values: tuple[float, ...]) -> str:
        return "(" + ", ".join(f"{value:.3g}" for value in values) + ")"

    return (
        "transform = transforms.Compose([\n"
        "    transforms.ToTensor(),\n"
        f"    transforms.Normalize({triple(mean)},\n"
        f"                         {triple(std)}),\n"
        "])\n"
        "CIFAR10(root, transform=transform)"
    )
