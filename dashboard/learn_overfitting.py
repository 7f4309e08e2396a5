"""Step 10: overfitting. A real run on few pictures, and its gap."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cifar_core import jobs
from cifar_core.config import BUILTIN, TrainConfig
from cifar_core.data import drawn
from cifar_core.data.split_sizes import part_sizes
from cifar_core.errors import RunError, WorkbenchError
from cifar_core.run_state import RunState
from dashboard.i18n import _
from dashboard.learn_lesson import Lesson, pick
from dashboard.learn_question import Choice
from dashboard.learn_study import ON_THE_SPOT, Study
from dashboard.live_chart import live_chart
from dashboard.markdown import plain
from dashboard.navigation import exists, page
from dashboard.numbers import count, percent
from dashboard.sentences import translated
from dashboard.services import get_store
from dashboard.states import state_look, state_word
from dashboard.train_view import RunView, view_run

PARAMETER = "run"
_SIZES = (100, 300, 1000, 3000)
_EPOCHS = {100: 40, 300: 30, 1000: 20, 3000: 12}
_TROUBLE = "learn_overfit_trouble"
_TICK_S = 1.0


def lesson() -> Lesson:
    """Return the step."""
    return Lesson(
        [
            _(
                "With few pictures a network can learn them by heart. The training loss falls to "
                "nothing, while the validation loss, on pictures it has never seen, turns round "
                "and rises. The **gap** between the two is overfitting."
            ),
            _(
                "Train on 100 pictures and watch it open. Then take more, or let each be mirrored "
                "and moved a little each time, and watch it close."
            ),
            _(
                "This is a run like any other: it goes on when you leave, and it stands in the "
                "list of runs."
            ),
        ],
        _show,
        _("Training accuracy 99 %, validation accuracy 45 %. What helps most?"),
        [
            Choice(
                _("To train longer."),
                _("It already knows its pictures by heart; longer only makes it surer of them."),
            ),
            Choice(
                _("More training pictures, or augmentation."),
                _("Both make learning by heart harder and seeing what they share easier."),
                True,
            ),
            Choice(
                _("A larger network."),
                _("It has enough room already: it could remember every training picture."),
            ),
        ],
        needs_picture=False,
        needs_network=False,
        has_action=True,
    )


def overfit_config(data: str, num_images: int, train_size: int, *, augment: bool) -> TrainConfig:
    """Return the settings of a run on few pictures.

    Args:
        data: where they come from.
        num_images: training and validation pictures there are.
        train_size: how many to train on.
        augment: whether to mirror and move them.
    """
    return TrainConfig(
        data=data,
        epochs=_EPOCHS.get(train_size, 20),
        batch_size=min(32, train_size),
        train_size=train_size,
        val_size=_val_size(num_images),
        test_size=None if num_images < 5000 else 500,
        keep_weights="last",
        flip=augment,
        shift=2 if augment else 0,
    )


def sizes_for(num_images: int) -> list[int]:
    """Return how many pictures can be trained on, of so many for training and validation."""
    left = num_images - _val_size(num_images)
    return [size for size in _SIZES if size <= left] or [left]


def _val_size(num_images: int) -> int:
    return max(1, min(1000, num_images // 5))


def _show(study: Study, words: DeltaGenerator) -> None:
    data = study.data
    source = study.learned.source
    num_images = part_sizes(source.num_train, source.num_test)[0]
    if data == ON_THE_SPOT:
        data, num_images = BUILTIN, drawn.NUM_TRAIN
    sizes = sizes_for(num_images)
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        size = pick(_("Training pictures"), sizes, key="learn_overfit_size", default=sizes[0])
        augment = st.toggle(
            _("Mirror and move"), False, key="learn_overfit_augment", persist_state="session"
        )
        config = overfit_config(data, num_images, size, augment=augment)
        st.button(
            _("Train"), key="learn_overfit_start", type="primary", icon=":material/play_arrow:",
            on_click=_start, args=(config, size),
        )  # fmt: skip
    words.code(
        f"few = Subset(train_set, range({size}))\n"
        f"loader = DataLoader(\n    few, batch_size={config.batch_size}, shuffle=True\n)",
        language="python",
        wrap_lines=True,
    )
    if trouble := st.session_state.pop(_TROUBLE, ""):
        st.error(plain(translated(trouble)), icon=":material/error:")
    run_id = st.query_params.get(PARAMETER, "")
    if run_id:
        _show_run(run_id)
    else:
        _say_what_comes(study.data)


def _say_what_comes(data: str) -> None:
    with st.container(
        border=True, height=360, horizontal_alignment="center", vertical_alignment="center"
    ):
        st.markdown(
            _(
                "Press Train: a fresh network learns, and two curves part, the loss on known "
                "pictures and that on new ones."
            ),
            text_alignment="center",
        )
        if data == ON_THE_SPOT:
            st.caption(
                _("The first time, the drawings are made before; that takes a minute or two."),
                text_alignment="center",
            )


def _start(config: TrainConfig, size: int) -> None:
    try:
        run_id = jobs.start_run(
            get_store(), config, name=_("Learn: {count} pictures").format(count=count(size))
        )
    except WorkbenchError as error:
        st.session_state[_TROUBLE] = str(error)
    else:
        st.query_params[PARAMETER] = run_id


def _show_run(run_id: str) -> None:
    try:
        view = view_run(get_store(), run_id)
    except RunError as error:
        st.warning(plain(translated(str(error))), icon=":material/link_off:")
        return

    @st.fragment(run_every=_TICK_S if view.is_live else None)
    def numbers() -> None:
        now = view_run(get_store(), run_id)
        if now.state != view.state:
            st.rerun()
        _draw_numbers(now)

    numbers()
    live_chart(run_id, key="learn_overfit_chart", height=300)
    if exists("train"):
        st.page_link(page("train"), label=_("Open this run"), query_params={"run": run_id})


def _draw_numbers(view: RunView) -> None:
    colour, icon = state_look(view.state)
    epoch = view.epochs[-1] if view.epochs else None
    with st.container(horizontal=True, gap="medium", key="learn_gap"):
        if epoch is None or epoch.val_accuracy is None:
            values = ["–"] * 3
        else:
            gap = epoch.train_accuracy - epoch.val_accuracy
            values = [percent(epoch.train_accuracy), percent(epoch.val_accuracy), percent(gap)]
        for label, value in zip(
            (_("Training accuracy"), _("Validation accuracy"), _("Gap")), values, strict=True
        ):
            st.metric(label, value)
    word = f":{colour}-badge[{icon} {state_word(view.state)}]"
    done, total = view.images_prepared
    if view.state in (RunState.FAILED, RunState.CRASHED):
        st.error(plain(translated(view.run.message)) or state_word(view.state))
    elif view.is_live and not view.num_steps and total:
        preparing = _("{done} of {total} pictures prepared").format(
            done=count(done), total=count(total)
        )
        st.markdown(f"{word} &ensp;{preparing}")
    else:
        text = _("epoch {epoch} of {total}").format(epoch=view.epoch, total=view.run.config.epochs)
        st.markdown(f"{word} &ensp;{text}")
