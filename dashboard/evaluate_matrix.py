"""The confusion matrix: what is taken for what, every cell a button to its images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboard import colours
from dashboard.browser_side import read_source
from dashboard.i18n import _
from dashboard.numbers import count, percent

CELL = "evaluate_cell"
"""In the session: the chosen cell, [true class, answer]."""
CELL_IMAGES = "evaluate_cell_images"
CELL_PAGE = f"{CELL_IMAGES}_page"
"""Of the images of the chosen cell: another cell begins at its first page."""
_MATRIX = "evaluate_matrix"
_FAINTEST = 0.06
"""Colour of a cell with a single image, so that it differs from an empty one."""


def show_matrix(confusion: Sequence[Sequence[int]], names: Sequence[str]) -> None:
    """Draw the matrix; a click puts its cell into the session under ``CELL``.

    Args:
        confusion: images by true class (row) and answer (column).
        names: what the visitor calls the classes.
    """
    words = {"counts": _("Number of images"), "shares": _("Share of the class")}
    shares = st.segmented_control(
        _("Numbers"), list(words), default="counts", required=True,
        key="evaluate_numbers", label_visibility="collapsed", persist_state="session",
        format_func=words.__getitem__,
    )  # fmt: skip
    dark = st.context.theme.type == "dark"
    _CONFUSION(
        data={
            "names": list(names),
            "cells": matrix_cells(confusion, names, shares=shares == "shares"),
            "title": _("Rows: the true class. Columns: the network's answer."),
            "hint": _("Arrow keys go from cell to cell; Enter shows the images of one."),
            "chosen": st.session_state.get(CELL),
            "right": colours.split_colour("train", dark=dark),
            "wrong": colours.split_colour("validation", dark=dark),
            "lightText": "#0F1216" if dark else "#FFFFFF",
            "darkText": "#0F1216",
        },
        key=_MATRIX,
        on_cell_change=_choose,
    )


def matrix_cells(
    confusion: Sequence[Sequence[int]], names: Sequence[str], *, shares: bool
) -> list[list[dict[str, Any]]]:
    """Return text, spoken text and strength of colour, 0 to 1, of every cell.

    A cell is as strong as its share of the class; a mistake is measured against the largest one.

    Args:
        confusion: images by true class (row) and answer (column).
        names: what the visitor calls the classes.
        shares: whether the text is the share of the class instead of the number of images.
    """
    rows = [[number / max(1, sum(row)) for number in row] for row in confusion]
    worst = max((s for i, row in enumerate(rows) for j, s in enumerate(row) if i != j), default=0)

    def cell(i: int, j: int) -> dict[str, Any]:
        number, share = confusion[i][j], rows[i][j]
        words = _("{name} recognised") if i == j else _("{name} taken for {answer}")
        said = words.format(name=names[i], answer=names[j])
        scale = 1.0 if i == j else 0.85 / (worst or 1)
        return {
            "text": (percent(share, 0) if shares else count(number)) if number else "",
            "label": f"{said}: {count(number)} · {percent(share)}",
            "strength": max(_FAINTEST, share * scale) if number else 0.0,
        }

    size = range(len(names))
    return [[cell(i, j) for j in size] for i in size]


def _choose() -> None:
    cell = st.session_state[_MATRIX].cell
    if isinstance(cell, list) and len(cell) == 2:
        st.session_state[CELL] = [int(cell[0]), int(cell[1])]
        st.session_state.pop(CELL_PAGE, None)


_CONFUSION = st.components.v2.component(
    "confusion_matrix",
    html=read_source("confusion_matrix.html"),
    css=read_source("confusion_matrix.css"),
    js=read_source("confusion_matrix.js"),
)
