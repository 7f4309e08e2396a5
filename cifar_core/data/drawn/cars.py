"""Automobile: saloon, hatchback, sports car, van, from the side, the front and between."""

from __future__ import annotations

import numpy as np

from .canvas import Canvas, paint_views
from .colours import BLACK, PAINT, mix, pick_colour, plain
from .draws import Draws
from .shapes import (
    Frame,
    Pose,
    box,
    ellipse,
    frame_of,
    polygon,
    round_box,
    union,
)
from .vehicles import (
    GLASS,
    LAMP,
    RUBBER,
    TAIL_LAMP,
    angled_frames,
    paint_cabin,
    paint_wheels,
    shine,
    side_frame,
)


def paint_automobile(canvas: Canvas, draws: Draws) -> None:
    """Paint a car: from the side, the front or back, or at an angle."""
    paint_views(canvas, draws, (_side_car, _front_car, _angled_car), (0.36, 0.27, 0.37))


def _side_car(canvas: Canvas, draws: Draws) -> None:
    """Paint a saloon, hatchback, sports car or van from the side; its nose points right."""
    frame = side_frame(draws, 0.75, 1.1)
    colour, glass = pick_colour(draws, PAINT), pick_colour(draws, GLASS)
    half, deck = draws.uniform(0.74, 0.88), draws.uniform(-0.1, 0.0)
    tall, wheel = draws.uniform(0.22, 0.42), draws.uniform(0.14, 0.18)
    canvas.shadow(frame, 0.42, half)
    back, front = draws.uniform(-0.78, -0.4), draws.uniform(0.12, 0.42)
    rear_pillar, windscreen = draws.uniform(0.05, 0.22), draws.uniform(0.16, 0.34)
    roof = (back + rear_pillar, np.maximum(front - windscreen, back + rear_pillar + 0.26))
    paint_cabin(canvas, frame, colour, glass, ((back, front), roof, (deck, deck - tall)))
    hood = deck + draws.uniform(0.0, 0.1)
    shell = round_box(frame, (0.0, 0.5 * (hood + 0.32)), (half, 0.5 * (0.32 - hood)), 0.1)
    rear = round_box(frame, (-0.2, 0.5 * (deck + 0.32)), (half - 0.22, 0.5 * (0.32 - deck)), 0.08)
    canvas.fill(frame, union(shell, rear), shine(frame, colour, deck, 0.32))
    canvas.fill(frame, box(frame, 0, 0.27, half - 0.02, 0.05), BLACK, 0.55)
    canvas.fill(frame, ellipse(frame, half - 0.05, hood + 0.12, 0.07, 0.055), LAMP)
    canvas.fill(frame, box(frame, -half + 0.04, deck + 0.12, 0.045, 0.05), TAIL_LAMP)
    axle = draws.uniform(0.46, 0.54)
    paint_wheels(canvas, frame, (-axle, axle), 0.31, wheel)


def _front_car(canvas: Canvas, draws: Draws) -> None:
    """Paint a car from the front or the back."""
    pose = Pose(
        draws.bell(-0.35, 0.35),
        draws.bell(-0.2, 0.35),
        draws.uniform(0.7, 1.15),
        draws.bell(-0.08, 0.08),
        1.0,
        draws.uniform(0.9, 1.15),
    )
    frame = frame_of(pose)
    colour, glass = pick_colour(draws, PAINT), pick_colour(draws, GLASS)
    canvas.shadow(frame, 0.5, 0.75)
    for side in (-0.46, 0.46):
        canvas.fill(frame, round_box(frame, (side, 0.42), (0.12, 0.13), 0.04), RUBBER)
    roof, lean = draws.uniform(-0.52, -0.36), draws.uniform(0.1, 0.2)
    corners = ((-0.5 + lean, roof), (0.5 - lean, roof), (0.54, -0.02), (-0.54, -0.02))
    cabin = polygon(frame, *corners)
    canvas.fill(frame, cabin, colour)
    sheen = 1 + 0.25 * canvas.coarse - 0.5 * (frame.y + 0.2)
    canvas.fill(frame, cabin + 0.06, glass * sheen)
    shell = round_box(frame, (0, 0.18), (0.64, 0.24), 0.12)
    canvas.fill(frame, shell, shine(frame, colour, -0.06, 0.42))
    _paint_front(canvas, draws, frame)


def _paint_front(canvas: Canvas, draws: Draws, frame: Frame) -> None:
    """Paint lamps, grille, bumper and plate of a car's front or back."""
    rear = draws.chance(0.3)
    lamp = mix(LAMP, TAIL_LAMP, rear)
    wide = draws.uniform(0.08, 0.14)
    for side in (-0.47, 0.47):
        canvas.fill(frame, round_box(frame, (side, 0.12), (wide, 0.07), 0.05), lamp)
    grille = round_box(frame, (0, 0.15), (0.26, draws.uniform(0.04, 0.09)), 0.03)
    canvas.fill(frame, grille, BLACK, 0.85 * (1 - rear))
    canvas.fill(frame, box(frame, 0, 0.35, 0.6, 0.05), BLACK, draws.uniform(0.2, 0.8))
    canvas.fill(frame, box(frame, 0, 0.31, 0.15, 0.045), plain("e9e6d8"), 0.9)


def _angled_car(canvas: Canvas, draws: Draws) -> None:
    """Paint a car seen from one corner: its side to the left, its front to the right."""
    side, front = angled_frames(draws, 0.28)
    colour, glass = pick_colour(draws, PAINT), pick_colour(draws, GLASS)
    deck, tall = draws.uniform(-0.12, -0.02), draws.uniform(0.22, 0.36)
    canvas.shadow(side, 0.44, 0.85)
    back = draws.uniform(-0.75, -0.5)
    roof_back = back + draws.uniform(0.1, 0.25)
    paint_cabin(canvas, side, colour, glass, ((back, 0.3), (roof_back, 0.08), (deck, deck - tall)))
    shield = polygon(
        front, (0.08, deck - tall + 0.02), (0.36, deck - tall + 0.05), (0.72, deck), (0.3, deck)
    )
    canvas.fill(front, shield, glass * 1.25)
    body = polygon(side, (-0.86, deck + 0.04), (0.3, deck), (0.3, 0.36), (-0.84, 0.32))
    canvas.fill(side, body, shine(side, colour, deck, 0.36))
    nose = polygon(front, (0.28, deck), (0.74, deck + 0.04), (0.8, 0.32), (0.28, 0.37))
    canvas.fill(front, nose, shine(front, colour * draws.uniform(0.6, 1.25), deck, 0.4))
    for x in (0.36, 0.72):
        canvas.fill(front, ellipse(front, x, deck + 0.16, 0.065, 0.06), LAMP)
    canvas.fill(front, box(front, 0.54, deck + 0.18, 0.1, 0.05), BLACK, 0.8)
    canvas.fill(front, box(front, 0.54, 0.31, 0.25, 0.045), BLACK, 0.6)
    paint_wheels(canvas, side, (-0.56, 0.1), 0.34, draws.uniform(0.13, 0.17))
