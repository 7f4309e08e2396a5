import csv
import io

import numpy as np

from dashboard.predict_answers import Answer
from dashboard.predict_pictures import Refused, from_data_set
from dashboard.predict_table import answers_csv, thumbnail

CLASSES = ("cat", "=dog")


def rows_of(content: bytes) -> list[dict[str, str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def picture(name: str):
    return from_data_set(np.zeros((32, 32, 3), np.uint8), name, "")


def test_every_picture_has_a_row_also_the_refused_ones():
    rows = rows_of(
        answers_csv(
            [picture("a, b.png"), picture("照片.jpg")],
            [Answer((0.75, 0.25), CLASSES), Answer((0.125, 0.875), CLASSES)],
            [Refused("notes.png", 'It is "text".')],
        )
    )
    assert [row["picture"] for row in rows] == ["a, b.png", "照片.jpg", "notes.png"]
    assert [row["answer"] for row in rows] == ["cat", "'=dog", ""]
    assert [row["probability"] for row in rows] == ["0.750000", "0.875000", ""]
    assert [row["cat"] for row in rows] == ["0.750000", "0.125000", ""]
    assert [row["problem"] for row in rows] == ["", "", 'It is "text".']


def test_no_name_becomes_a_formula_in_a_spreadsheet():
    rows = rows_of(answers_csv([picture("=1+1.png")], [Answer((1.0, 0.0), CLASSES)], []))
    assert rows[0]["picture"] == "'=1+1.png"
    assert "'=dog" in rows[0]


def test_a_thumbnail_is_a_small_picture_as_text():
    assert thumbnail(np.zeros((32, 32, 3), np.uint8)).startswith("data:image/png;base64,")
