"""Step 11: save, load, and why ``eval()`` and ``no_grad()`` matter."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.class_names import class_name
from dashboard.i18n import _
from dashboard.learn_lesson import Lesson
from dashboard.learn_question import Choice
from dashboard.learn_study import Study
from dashboard.numbers import count, megabytes, percent

BATCH = 64
_EVAL, _NO_GRAD = "model.eval()", "torch.no_grad()"


def lesson() -> Lesson:
    """Return the step."""
    return Lesson(
        [
            _(
                "A `state_dict` holds the weights by name, and nothing else: to load it, build the "
                "same network first. `weights_only=True` reads numbers and never runs code that "
                "somebody hid in the file."
            ),
            _(
                "**`eval()`** switches dropout off and makes batch norm use its averages. Without "
                "it the same picture gets another answer each time."
            ),
            _(
                "**`no_grad()`** stops torch from keeping every layer's values for a backward pass "
                "that never comes. The answers are the same; the memory is not. The tutorial had "
                "neither when it validated."
            ),
        ],
        _show,
        _("Why call `model.eval()` before asking the network?"),
        [
            Choice(
                _("Dropout stops, and batch norm uses its averages."),
                _("These layers do something else in training than in use."),
                True,
            ),
            Choice(
                _("No gradients are computed any more."),
                _("That is `torch.no_grad()`. The two are independent; one needs both."),
            ),
            Choice(
                _("The weights can no longer be changed."),
                _("They can: `eval()` only switches the mode of the layers."),
            ),
        ],
    )


def _show(study: Study, words: DeltaGenerator) -> None:
    with st.container(horizontal=True, gap="large"):
        use_eval = st.toggle(_EVAL, True, key="learn_eval", persist_state="session")
        no_grad = st.toggle(_NO_GRAD, True, key="learn_no_grad", persist_state="session")
    words.code(_code(use_eval=use_eval, no_grad=no_grad), language="python", wrap_lines=True)
    asked, kept = st.columns(2, gap="medium")
    with asked:
        _ask(study, training=not use_eval)
    with kept:
        _measure(study, grad=not no_grad)
    _save(study)


def _code(*, use_eval: bool, no_grad: bool) -> str:
    lines = [
        'torch.save(model.state_dict(), "model.pt")',
        "",
        "model = SimpleCNN()",
        'weights = torch.load("model.pt", weights_only=True)',
        "model.load_state_dict(weights)",
    ]
    lines += ["model.eval()"] if use_eval else []
    lines += (
        ["with torch.no_grad():", "    logits = model(images)"]
        if no_grad
        else ["logits = model(images)"]
    )
    return "\n".join(lines)


def _ask(study: Study, *, training: bool) -> None:
    from cifar_core.lessons.saving import ask_several_times

    st.markdown(_("**The same picture, asked three times**"))
    probs = ask_several_times(study.network, study.inputs, training=training)
    for number, row in enumerate(probs):
        label = int(row.argmax())
        text = _("{number}: {name} {share}").format(
            number=number + 1,
            name=class_name(study.classes[label]),
            share=percent(float(row[label]), 2),
        )
        st.progress(float(row[label]), text=text)
    st.caption(_("Your network, with dropout (p = 0.5) before the last layer."))


def _measure(study: Study, *, grad: bool) -> None:
    from cifar_core.lessons.saving import bytes_kept_for_backward

    inputs, _labels = study.batch(BATCH, 0)
    num_bytes = bytes_kept_for_backward(study.network, inputs, grad=grad)
    st.metric(_("Kept for a backward pass"), megabytes(num_bytes) if num_bytes else "0")
    st.caption(_("For a batch of {count} pictures.").format(count=len(inputs)))


def _save(study: Study) -> None:
    from cifar_core.lessons.saving import save_and_load

    trip = save_and_load(study.network, study.inputs)
    st.markdown(_("**What is in model.pt**"))
    shapes = [" × ".join(f"{size:,}" for size in shape) for _name, shape in trip.names]
    st.table({_("Name"): [f"`{name}`" for name, _shape in trip.names], _("Shape"): shapes})
    st.caption(
        _(
            "{count} bytes. Saved, loaded and asked again: the answers differ by {difference}."
        ).format(count=count(trip.num_bytes), difference=f"{trip.largest_difference:g}")
    )
