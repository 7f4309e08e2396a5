"""Several pictures at once: the rows of the table, and the same as CSV. No Streamlit."""

import csv
import io
from collections.abc import Sequence

import numpy as np

from dashboard.pictures import data_url
from dashboard.predict_answers import Answer
from dashboard.predict_pictures import Picture, Refused

_THUMBNAIL_FACTOR = 2
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def thumbnail(image: np.ndarray) -> str:
    """Return what the network sees as text that a table shows as a picture."""
    return data_url(image, _THUMBNAIL_FACTOR)


def answers_csv(
    pictures: Sequence[Picture], answers: Sequence[Answer], refused: Sequence[Refused]
) -> bytes:
    """Return a row for each picture, also for the refused ones.

    Args:
        pictures: those that were answered.
        answers: of the same length.
        refused: the others.

    Returns:
        UTF-8 with a byte-order mark, which spreadsheets need to read names in any script.
    """
    classes = answers[0].classes if answers else ()
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["picture", "answer", "probability", *map(_cell, classes), "problem"])
    for picture, answer in zip(pictures, answers, strict=True):
        probs = [f"{prob:.6f}" for prob in answer.probs]
        row = [_cell(picture.name), _cell(answer.name), f"{answer.confidence:.6f}", *probs, ""]
        writer.writerow(row)
    for file in refused:
        writer.writerow([_cell(file.name), "", "", *[""] * len(classes), _cell(file.reason)])
    return text.getvalue().encode("utf-8-sig")


def _cell(text: str) -> str:
    """Return text from outside so that no spreadsheet takes it for a formula."""
    return "'" + text if text.startswith(_FORMULA_STARTS) else text
