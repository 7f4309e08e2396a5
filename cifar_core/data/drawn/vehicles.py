"""What cars and trucks have in common: how they stand, shine, and roll."""

from __future__ import annotations

import numpy as np

from .canvas import Canvas
from .colours import plain
from .draws import Draws, Field, Number
from .shapes import (
    Frame,
    Pose,
    ellipse,
    frame_of,
    polygon,
    union,
)

GLASS = "2b3a46 4f6675 8fa9b8 1d2429 6b7f8a"
RUBBER = plain("17171a")
HUB = plain("a9adb2")
LAMP = plain("f7f1d8")
TAIL_LAMP = plain("b3201c")


def side_frame(draws: Draws, low: float, high: float) -> Frame:
    """Return the frame of a vehicle seen from the side."""
    pose = Pose(
        draws.bell(-0.35, 0.35),
        draws.bell(-0.1, 0.4),
        draws.uniform(low, high),
        draws.bell(-0.1, 0.1),
        draws.side(),
        draws.uniform(0.85, 1.1),
    )
    return frame_of(pose)


def angled_frames(draws: Draws, edge: float) -> tuple[Frame, Frame]:
    """Return frames of the long and the short side of a vehicle, meeting at x = ``edge``.

    Both lean towards the corner that is nearest to us, which is what makes the picture look deep.
    """
    pose = Pose(
        draws.bell(-0.3, 0.3),
        draws.bell(-0.1, 0.3),
        draws.uniform(0.75, 1.15),
        draws.bell(-0.06, 0.06),
        draws.side(),
    )
    flat = frame_of(pose)
    slope, turn = draws.uniform(0.12, 0.26), draws.uniform(0.2, 0.34)
    away, beyond = edge - flat.x, flat.x - edge
    # Far things are smaller: heights shrink with the distance from the near corner.
    long = Frame(flat.x, flat.y * (1 + slope * np.maximum(away, 0)), flat.pixels)
    short = Frame(flat.x, flat.y * (1 + turn * np.maximum(beyond, 0)), flat.pixels)
    return long, short


def paint_wheels(
    canvas: Canvas, frame: Frame, places: tuple[Number, ...], y: Number, radius: Number
) -> None:
    """Paint wheels with their hubs at the given x."""
    tyres = union(*(ellipse(frame, x, y, radius, radius) for x in places))
    canvas.fill(frame, tyres, RUBBER)
    canvas.fill(frame, tyres + 0.55 * radius, HUB, 0.9)


def shine(frame: Frame, colour: Field, top: Number, bottom: Number) -> Field:
    """Return paint that mirrors the sky above and the road below."""
    part = np.minimum(np.maximum((frame.y - top) / (bottom - top), 0), 1)
    band = np.minimum(np.maximum(1 - np.abs(part - 0.3) * 6, 0), 1)
    paint: Field = colour * (1.15 - 0.5 * part) + 0.13 * band
    return paint


def paint_cabin(
    canvas: Canvas,
    frame: Frame,
    colour: Field,
    glass: Field,
    outline: tuple[tuple[Number, Number], tuple[Number, Number], tuple[Number, Number]],
) -> None:
    """Paint the upper half of a car: ``outline`` is feet x, roof x, and (foot y, roof y)."""
    (back, front), (roof_back, roof_front), (foot, roof) = outline
    corners = ((roof_back, roof), (roof_front, roof), (front, foot + 0.06), (back, foot + 0.06))
    cabin = polygon(frame, *corners)
    canvas.fill(frame, cabin, colour * 0.95)
    pane = np.maximum(cabin + 0.06, frame.y - foot + 0.01)
    sheen = 1 + 0.8 * np.maximum(foot - 0.15 - frame.y, 0) + 0.15 * canvas.coarse
    canvas.fill(frame, pane, glass * sheen)
    middle = 0.5 * (back + front)
    canvas.fill(frame, np.maximum(cabin, np.abs(frame.x - middle) - 0.025), colour * 0.8)
