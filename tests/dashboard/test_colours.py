import itertools
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from dashboard import colours

ROOT = Path(__file__).parent.parent.parent
THEME = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]

SPLITS = ("train", "validation", "test")

MISSING_CONES = {
    "none": np.eye(3),
    "red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998]],
    "green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
              [-0.011820, 0.042940, 0.968881]],
    "blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
             [0.004733, 0.691367, 0.303900]],
}  # fmt: skip
"""What is seen, from linear RGB (Machado, Oliveira and Fernandes 2009, severity 1)."""

TO_CONES = np.array([
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
])  # fmt: skip
TO_OKLAB = np.array([
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
])  # fmt: skip
"""Source: B. Ottosson 2020, https://bottosson.github.io/posts/oklab/."""


def linear(colour: str) -> np.ndarray:
    values = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def oklab(rgb: np.ndarray) -> np.ndarray:
    return TO_OKLAB @ np.cbrt(TO_CONES @ rgb.clip(0, 1))


def contrast(one: str, other: str) -> float:
    """Contrast ratio of WCAG 2, 1 to 21."""
    weights = np.array([0.2126, 0.7152, 0.0722])
    low, high = sorted([linear(one) @ weights + 0.05, linear(other) @ weights + 0.05])
    return high / low


@pytest.mark.parametrize("missing", MISSING_CONES)
def test_the_classes_can_be_told_apart_without_some_cones(missing):
    seen = [oklab(np.array(MISSING_CONES[missing]) @ linear(c)) for c in colours.CLASSES]
    distances = [np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)]
    assert min(distances) > 0.13  # Paul Tol's ten "muted" colours reach 0.04


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_classes_stand_out_from_both_backgrounds(mode):
    background = THEME[mode]["backgroundColor"]
    assert min(contrast(c, background) for c in colours.CLASSES) > 1.8


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_lines_and_text_stand_out_from_the_background(mode):
    background = THEME[mode]["backgroundColor"]
    lines = [colours.split_colour(s, dark=mode == "dark") for s in SPLITS]
    assert min(contrast(c, background) for c in lines) >= 3
    assert contrast(THEME[mode]["textColor"], background) >= 7
    assert contrast(THEME[mode]["textColor"], THEME[mode]["secondaryBackgroundColor"]) >= 7
    assert contrast(THEME[mode]["primaryColor"], background) >= 4.5


def test_there_are_ten_classes_and_the_eleventh_begins_again():
    assert len(set(colours.CLASSES)) == 10
    assert all(re.fullmatch("#[0-9A-F]{6}", c) for c in colours.CLASSES)
    assert colours.class_colour(10) == colours.class_colour(0)
