"""What is looked at, as the link says it: ``?data=builtin&split=test&class=cat&page=3``.

The view belongs to the session, the widgets are set from it when the visitor comes to the page, and
the address follows the widgets. A link, and the browser's way back, win over what the session
remembers; the menu, whose links say nothing, does not.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from cifar_core.config import FITS

TRAIN, TEST = "train", "test"
ALL_CLASSES = ""

SOURCE_KEY, SPLIT_KEY = "dataset_source", "dataset_split"
CLASS_KEY, FIT_KEY = "dataset_class", "dataset_fit"
IMAGE_KEY = "dataset_image"
"""Index in the set of the image that is open; None for none. No widget."""

_PAGE_KEY = "dataset_page_start"
"""A page to begin with and how often that was set. ``st.pagination`` has a default page, and warns
where the session sets its page as well: a new beginning is a new widget."""

_JUST_SET_KEY = "dataset_widgets_just_set"
"""Whether the session set the widgets in this run or before it, so that they may have no default,
which Streamlit would warn of."""

_VIEW_KEY, _SEEN_KEY = "dataset_view", "dataset_address_seen"
_WRITTEN_AT_KEY = "dataset_address_written_at"
_NAMES = ("data", "fit", "split", "class", "page", "image")
_MAX_LETTERS = 4000
_LATE_S = 2.0
"""A click that was on its way while the address changed still brings the old address with it."""


@dataclass(frozen=True)
class View:
    """What a visitor looks at.

    Attributes:
        data: the source.
        fit: how own pictures come to a square; one of ``config.FITS``.
        split: ``TRAIN`` or ``TEST``.
        class_name: of the images shown; ``ALL_CLASSES`` for all.
        page: of the grid, from 1; there may be fewer.
        image: index in the set of the image that is open, from 0; there may be fewer.
    """

    data: str
    fit: str = FITS[0]
    split: str = TRAIN
    class_name: str = ALL_CLASSES
    page: int = 1
    image: int | None = None

    @classmethod
    def from_params(cls, params: Mapping[str, str], default_data: str) -> View:
        """Read a link; whatever is missing or makes no sense is as if it were not there."""
        data = params.get("data", "").strip()
        split, fit = params.get("split", TRAIN), params.get("fit", "")
        page = _whole_number(params.get("page", ""))
        return cls(
            data=data if data and "\0" not in data and len(data) < _MAX_LETTERS else default_data,
            fit=fit if fit in FITS else FITS[0],
            split=split if split in (TRAIN, TEST) else TRAIN,
            class_name=params.get("class", ALL_CLASSES),
            page=page or 1,
            image=_whole_number(params.get("image", "")),
        )

    def to_params(self) -> dict[str, str]:
        """Return what a link to this view says."""
        params = {"data": self.data}
        if self.fit != FITS[0]:
            params["fit"] = self.fit
        if self.split != TRAIN:
            params["split"] = self.split
        if self.class_name != ALL_CLASSES:
            params["class"] = self.class_name
        if self.page != 1:
            params["page"] = str(self.page)
        if self.image is not None:
            params["image"] = str(self.image)
        return params


def open_view(default_data: str) -> View:
    """Return the view that address and session ask for, and set the widgets to it.

    Call it before the widgets are drawn.

    Args:
        default_data: the source where neither names one.
    """
    known: View | None = st.session_state.get(_VIEW_KEY)
    entered = SOURCE_KEY not in st.session_state  # widgets are forgotten on other pages
    asked = _address()
    says_something_new = bool(asked) if entered else _is_news(asked)
    view = View.from_params(asked, default_data) if known is None or says_something_new else known
    if entered or view != known:
        _set_widgets(view)
    st.session_state[_VIEW_KEY], st.session_state[_SEEN_KEY] = view, asked
    return view


def publish_view(default_data: str, **changes: Any) -> None:
    """Remember what the widgets show now, and put it into the address.

    Nothing is put there while the bare address means the same: it would stand between the visitor
    and the page before this one.

    Args:
        default_data: as for ``open_view``.
        changes: fields of ``View`` that may have changed.
    """
    view = replace(st.session_state[_VIEW_KEY], **changes)
    st.session_state[_VIEW_KEY], st.session_state[_JUST_SET_KEY] = view, False
    if View.from_params(_address(), default_data) == view:
        return
    others = {k: v for k, v in st.query_params.to_dict().items() if k not in _NAMES}
    st.query_params.from_dict({**others, **view.to_params()})
    st.session_state[_SEEN_KEY] = _address()
    st.session_state[_WRITTEN_AT_KEY] = time.monotonic()


def show_source(data: str, fit: str = FITS[0]) -> None:
    """Look at another source from its beginning; for callbacks.

    Args:
        data: the source.
        fit: how own pictures come to a square.
    """
    view = View(data, fit)
    st.session_state[_VIEW_KEY] = view
    _set_widgets(view)


def may_have_defaults() -> bool:
    """Return whether the widgets may be drawn with what they show as their default.

    They should: on a busy machine a browser sometimes forgets what its widgets were set to and
    sends their defaults, as if the visitor had chosen them. Nothing changes then.
    """
    return not st.session_state.get(_JUST_SET_KEY, True)


def to_first_page() -> None:
    """Go to the first page of the grid; for callbacks."""
    _begin_at_page(1)


def page_widget() -> tuple[str, int]:
    """Return the key of the widget that chooses the page, and the page that it begins with."""
    page, times = st.session_state[_PAGE_KEY]
    return f"dataset_page_{times}", page


def _set_widgets(view: View) -> None:
    st.session_state[_JUST_SET_KEY] = True
    st.session_state[SOURCE_KEY] = view.data
    st.session_state[FIT_KEY] = view.fit
    st.session_state[SPLIT_KEY] = view.split
    st.session_state[CLASS_KEY] = view.class_name
    st.session_state[IMAGE_KEY] = view.image
    _begin_at_page(view.page)


def _begin_at_page(page: int) -> None:
    _old_page, times = st.session_state.get(_PAGE_KEY, (1, 0))
    st.session_state[_PAGE_KEY] = page, times + 1


def _is_news(asked: dict[str, str]) -> bool:
    """Whether the browser brings another address than it was last seen with: its way back."""
    if asked == st.session_state.get(_SEEN_KEY):
        return False
    written_at: float = st.session_state.get(_WRITTEN_AT_KEY, -_LATE_S)
    return time.monotonic() - written_at >= _LATE_S


def _address() -> dict[str, str]:
    return {name: st.query_params[name] for name in _NAMES if name in st.query_params}


def _whole_number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
