"""The picture that a model's layers are shown with: an example, or the last one of Predict."""

import streamlit as st

from cifar_core.errors import DatasetError
from cifar_core.library import ModelEntry
from dashboard.class_names import class_name
from dashboard.dataset_grid import GridShape, Tile, image_grid, opened_number
from dashboard.example_pool import Pool, pool_of, pool_words
from dashboard.i18n import _
from dashboard.last_picture import LookedAt, last_picture
from dashboard.markdown import plain
from dashboard.navigation import exists, page
from dashboard.predict_examples import ready_sources, source_title
from dashboard.sentences import translated
from dashboard.services import get_image_set

_NUM_EXAMPLES = 8
_ORIGIN, _CHOSEN, _DRAW, _GRID = (
    "models_picture_origin", "models_picture_chosen", "models_picture_draw", "models_picture_grid",
)  # fmt: skip
_EXAMPLES, _LAST = "examples", "last"
_SHAPE = GridShape(columns=8, narrow_columns=4, narrow_below=460, largest_factor=2)


def choose_picture(entry: ModelEntry) -> LookedAt | None:
    """Draw the ways to a picture; return the chosen one, None where there is none yet."""
    last = last_picture()
    if last and _origin() == _LAST:
        return last
    sources = ready_sources(entry)
    if sources:
        try:
            return _choose_example(entry, sources[0])
        except DatasetError as error:
            st.error(plain(translated(str(error))))
            return last
    if last:
        return last
    st.markdown(_("There is no picture to look at yet: get a data set, or ask on Predict."))
    if exists("dataset"):
        st.page_link(page("dataset"), label=_("Get a data set"))
    return None


def _origin() -> str:
    names = {_EXAMPLES: _("Examples"), _LAST: _("The last one on Predict")}
    return str(
        st.segmented_control(
            _("Picture"), list(names), format_func=names.__getitem__, default=_EXAMPLES,
            required=True, key=_ORIGIN, persist_state="session",
        )
    )  # fmt: skip


def _choose_example(entry: ModelEntry, data: str) -> LookedAt:
    images = get_image_set(data, entry.fit)
    pool = pool_of(entry, images)
    shown = pool.draw(_NUM_EXAMPLES, st.session_state.setdefault(_DRAW, 0))
    words = [class_name(images.classes[int(images.labels[place])]) for place in shown]
    image_grid(
        images.images[shown].numpy(),
        [
            Tile(word, _("Example: {name}").format(name=word), place)
            for word, place in zip(words, shown, strict=True)
        ],
        key=_GRID,
        label=_("Example images"),
        hint=_("Choose one to see what the layers make of it."),
        shape=_SHAPE,
        on_open=_choose,
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(plain(pool_words(pool, source_title(data))), width="stretch")
        st.button(
            _("Other examples"), key="models_picture_other", icon=":material/shuffle:",
            type="tertiary", on_click=_draw_again,
        )  # fmt: skip
    position = _position(pool, shown[0])
    truth = images.classes[int(images.labels[position])]
    return LookedAt(
        images.images[position].numpy(), _("Image {number}").format(number=position), truth
    )


def _position(pool: Pool, otherwise: int) -> int:
    chosen = st.session_state.get(_CHOSEN, -1)
    return chosen if chosen in pool else otherwise


def _choose() -> None:
    number = opened_number(_GRID)
    if number is not None:
        st.session_state[_CHOSEN] = number


def _draw_again() -> None:
    st.session_state[_DRAW] += 1
    st.session_state.pop(_CHOSEN, None)
