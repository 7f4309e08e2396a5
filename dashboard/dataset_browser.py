"""The images themselves: chips for the classes, a grid in pages, and one image large."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from cifar_core.config import NORMALIZATIONS
from dashboard.class_names import class_name
from dashboard.dataset_address import (
    ALL_CLASSES,
    CLASS_KEY,
    IMAGE_KEY,
    SPLIT_KEY,
    TEST,
    TRAIN,
    page_widget,
    publish_view,
    to_first_page,
)
from dashboard.dataset_grid import Tile, image_grid, opened_number
from dashboard.dataset_inspector import pixel_inspector
from dashboard.dataset_samples import PER_PAGE, num_pages, page_of, sample_order
from dashboard.i18n import _, ngettext
from dashboard.markdown import plain
from dashboard.numbers import count

if TYPE_CHECKING:
    from cifar_core.data.image_set import ImageSet

MOST_CHIPS = 24
"""More classes than that are chosen from a list."""
_GRID_KEY = "dataset_grid"
_PAGES_WIDTH_PX = 400

Ints = NDArray[np.int64]


def normalization_words() -> dict[str, str]:
    """Return what the visitor calls each normalisation."""
    return {"half": _("Half: −1 to 1"), "dataset": _("Data set: mean 0, std 1")}


def choose_normalization(key: str) -> str:
    """Draw the choice between the normalisations, and return the chosen one."""
    words = normalization_words()
    chosen = st.segmented_control(
        _("Normalisation"),
        NORMALIZATIONS,
        default=NORMALIZATIONS[0],
        required=True,
        format_func=words.__getitem__,
        key=key,
    )
    return chosen if chosen in NORMALIZATIONS else NORMALIZATIONS[0]


@st.fragment
def browse_samples(data: ImageSet, title: str, default_data: str) -> None:
    """Draw filter, grid and pages; a click in them runs nothing else of the page.

    Args:
        data: whose images are shown.
        title: what the visitor calls it.
        default_data: see ``publish_view``.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        split = _choose_split(data)
        name = _choose_class(data)
    order = _order(data.fingerprint, split, name, data)
    page = _current_page(order)
    image = _open_number(data)
    if len(order):
        _draw_grid(data, title, page_of(order, page), image)
    else:
        st.info(_("This class has no images in this part."))
    _choose_page(order, page)
    publish_view(default_data, split=split, class_name=name, page=page, image=image)
    if image is not None:
        _open_image(data, image)


def part_of(data: ImageSet, split: str) -> slice:
    """Return where the images of a part are in the set."""
    return slice(data.num_train) if split == TRAIN else slice(data.num_train, len(data))


def image_name(data: ImageSet, number: int) -> str:
    """Return what an image is called: its class, and its place in its part."""
    name = class_name(data.classes[int(data.labels[number])])
    if number < data.num_train:
        return _("{name}, training image {number}").format(name=name, number=count(number + 1))
    place = number - data.num_train + 1
    return _("{name}, test image {number}").format(name=name, number=count(place))


# --- filter and pages


def _choose_split(data: ImageSet) -> str:
    splits = [TRAIN, TEST] if data.num_test else [TRAIN]
    if st.session_state.get(SPLIT_KEY) not in splits:
        st.session_state[SPLIT_KEY] = TRAIN
    words = {
        TRAIN: _("Training images: {count}").format(count=count(data.num_train)),
        TEST: _("Test images: {count}").format(count=count(data.num_test)),
    }
    st.segmented_control(
        _("Part"),
        splits,
        format_func=words.__getitem__,
        required=True,
        key=SPLIT_KEY,
        on_change=to_first_page,
        label_visibility="collapsed",
    )
    return str(st.session_state[SPLIT_KEY])


def _choose_class(data: ImageSet) -> str:
    options = [ALL_CLASSES, *data.classes]
    if st.session_state.get(CLASS_KEY) not in options:
        st.session_state[CLASS_KEY] = ALL_CLASSES
    few = data.num_classes <= MOST_CHIPS

    def word(option: str) -> str:
        if option == ALL_CLASSES:
            return _("All classes")
        return plain(class_name(option)) if few else class_name(option)

    if few:
        st.pills(
            _("Class"), options, format_func=word, required=True, key=CLASS_KEY,
            on_change=to_first_page, label_visibility="collapsed", wrap=True,
        )  # fmt: skip
    else:
        st.selectbox(
            _("Class"), options, format_func=word, key=CLASS_KEY, on_change=to_first_page,
            label_visibility="collapsed", width=320,
        )  # fmt: skip
    return str(st.session_state[CLASS_KEY])


@st.cache_data(max_entries=256, show_spinner=False)
def _order(fingerprint: str, split: str, name: str, _data: ImageSet) -> Ints:
    """Return which images of the set are shown, in their order, int64 (n,)."""
    part = part_of(_data, split)
    label = None if name == ALL_CLASSES else _data.classes.index(name)
    return sample_order(_data.labels[part].numpy(), label) + (part.start or 0)


def _current_page(order: Ints) -> int:
    """Return the page that the widget under the grid shows, before that is drawn."""
    key, start = page_widget()
    return min(max(1, int(st.session_state.get(key) or start)), num_pages(len(order)))


def _choose_page(order: Ints, page: int) -> None:
    first, last = (page - 1) * PER_PAGE, min(page * PER_PAGE, len(order))
    words = _("{first} to {last} of {count}").format(
        first=count(first + 1), last=count(last), count=count(len(order))
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        if len(order):
            st.caption(words, width="content")
        # A width of its own: told to fit its content, it hides numbers that there is room for.
        st.pagination(
            num_pages(len(order)), default=page, key=page_widget()[0], width=_PAGES_WIDTH_PX
        )


# --- grid and single image


def _draw_grid(data: ImageSet, title: str, numbers: Ints, opened: int | None) -> None:
    images = data.images[numbers].numpy()
    labels = data.labels[numbers].tolist()
    tiles = [
        Tile(class_name(data.classes[label]), image_name(data, number), number, number == opened)
        for label, number in zip(labels, numbers.tolist(), strict=True)
    ]
    shown = ngettext("{count} image", "{count} images", len(tiles)).format(count=len(tiles))
    image_grid(
        images,
        tiles,
        key=_GRID_KEY,
        label=_("{images} of {name}").format(images=shown, name=title),
        hint=_("Arrow keys go from image to image; Enter opens one."),
        on_open=_take_opened,
    )


def _take_opened() -> None:
    st.session_state[IMAGE_KEY] = opened_number(_GRID_KEY)


def _open_number(data: ImageSet) -> int | None:
    number = st.session_state.get(IMAGE_KEY)
    if not isinstance(number, int) or not 0 <= number < len(data):
        st.session_state[IMAGE_KEY] = number = None
    return number


def _close_image() -> None:
    st.session_state[IMAGE_KEY] = None


def _open_image(data: ImageSet, number: int) -> None:
    title = plain(image_name(data, number))
    st.dialog(title, width="large", on_dismiss=_close_image)(_inspect)(data, number)


def _inspect(data: ImageSet, number: int) -> None:
    """Fill the dialog of one image."""
    from dashboard.dataset_transforms import normalised_image

    normalization = choose_normalization("dataset_inspector_normalization")
    image = data.images[number]
    pixel_inspector(
        image.numpy(),
        normalised_image(image, data, normalization),
        alt=_("{image}, enlarged").format(image=image_name(data, number)),
        key="dataset_inspector",
    )
    if data.drawn:
        st.caption(_("Drawn by the program, not photographed."))
