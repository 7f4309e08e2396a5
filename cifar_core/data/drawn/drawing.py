"""Labels to pictures, chunk by chunk; joins scenery, subjects and finish."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from . import airplanes, birds, cars, frogs, hoofed, pets, ships, trucks
from .canvas import Canvas
from .draws import Draws, draw_words
from .finish import blur, grain, light_up, occlude, to_bytes
from .scenery import HOUSE, LAND, SKY, STREET, WATER, paint_scenery, several

VERSION = 2
"""Raised whenever any pixel changes."""
CHUNK = 640
"""Images drawn at once: enough of each class to fill an operation, few enough for the cache."""
GRAIN = 0.1
"""The strongest noise of a sensor, as a share of white."""

_WILD = several((LAND, 0.85), ({"dry": 1, "yard": 1, "rock": 1, "mud": 1}, 0.15))
_PETS = several((HOUSE, 0.6), (LAND, 0.4))
_DAMP = {"leaves": 2, "mud": 2, "grass": 1.5, "rock": 1.2, "lake": 1, "cloth": 1, "wood": 1}
_BIRDS = several((SKY, 0.3), (LAND, 0.45), ({"lake": 2, "sea": 1, "leaves": 2, "yard": 1}, 0.25))
_FLYING = several((SKY, 0.6), ({"runway": 2, "meadow": 1, "sea": 1, "dry": 1, "snow": 1}, 0.4))


@dataclass(frozen=True)
class Subject:
    """A class: its name, what paints it, the places it is found in, how often grass hides it."""

    name: str
    paint: Callable[[Canvas, Draws], None]
    places: dict[str, float]
    growth: float


SUBJECTS = (
    Subject("airplane", airplanes.paint_airplane, _FLYING, 0.03),
    Subject("automobile", cars.paint_automobile, STREET, 0.12),
    Subject("bird", birds.paint_bird, _BIRDS, 0.2),
    Subject("cat", pets.paint_cat, _PETS, 0.2),
    Subject("deer", hoofed.paint_deer, _WILD, 0.25),
    Subject("dog", pets.paint_dog, _PETS, 0.2),
    Subject("frog", frogs.paint_frog, several((_DAMP, 0.75), (HOUSE, 0.25)), 0.25),
    Subject("horse", hoofed.paint_horse, _WILD, 0.25),
    Subject("ship", ships.paint_ship, several((WATER, 0.9), (SKY, 0.1)), 0.03),
    Subject("truck", trucks.paint_truck, STREET, 0.12),
)
"""The classes in the order of CIFAR-10."""


def draw_chunk(
    labels: npt.NDArray[np.int64], *, seed: int, first_index: int
) -> npt.NDArray[np.uint8]:
    """Return the pictures of a chunk, all in this thread.

    Args:
        labels: int64 (N,), 0 to 9.
        seed: 0 to 2**64 - 1.
        first_index: index of the first image, not negative.

    Returns:
        uint8 (N, 32, 32, 3).
    """
    words = draw_words(seed, VERSION, first=first_index, count=len(labels))
    images = np.empty((len(labels), 32, 32, 3), dtype=np.uint8)
    for label, subject in enumerate(SUBJECTS):
        rows = np.flatnonzero(labels == label)
        if rows.size:
            images[rows] = _draw_class(Draws(words[rows]), subject)
    return images


def _draw_class(draws: Draws, subject: Subject) -> npt.NDArray[np.uint8]:
    """Return pictures of one class, uint8 (N, 32, 32, 3)."""
    scenery, finish = draws.section("scenery"), draws.section("finish")
    canvas = Canvas.blank(scenery)
    paint_scenery(canvas, scenery, subject.places)
    subject.paint(canvas, draws.section("subject"))
    occlude(canvas, finish, subject.growth)
    light_up(canvas, finish)
    blur(canvas, finish)
    grain(canvas, finish, GRAIN)
    return to_bytes(canvas.rgb)
