"""Truck: lorry with box, tank or tipper, and pickup, from the side, the front and between."""

from __future__ import annotations

import numpy as np

from .canvas import Canvas, paint_views
from .colours import BLACK, BOXES, LORRY, PAINT, mix, pick_colour, plain
from .draws import Draws, Field, Number
from .shapes import (
    Frame,
    Pose,
    box,
    ellipse,
    frame_of,
    limb,
    polygon,
    round_box,
)
from .vehicles import (
    GLASS,
    LAMP,
    RUBBER,
    angled_frames,
    paint_cabin,
    paint_wheels,
    shine,
    side_frame,
)


def paint_truck(canvas: Canvas, draws: Draws) -> None:
    """Paint a truck: with a box or load from the side, a pickup, the front, or at an angle."""
    views = (_box_truck, _pickup, _front_truck, _angled_truck)
    paint_views(canvas, draws, views, (0.34, 0.2, 0.2, 0.26))


def _box_truck(canvas: Canvas, draws: Draws) -> None:
    """Paint a lorry from the side: cab to the right, box, tank, tipper or logs behind it."""
    frame = side_frame(draws, 0.75, 1.1)
    colour, load = pick_colour(draws, LORRY), pick_colour(draws, LORRY + " " + BOXES)
    canvas.shadow(frame, 0.46, 0.85)
    top, cab_top = draws.uniform(-0.6, -0.2), draws.uniform(-0.42, -0.24)
    gap = draws.uniform(0.3, 0.45)
    canvas.fill(frame, box(frame, 0, 0.3, 0.86, 0.05), RUBBER)
    _paint_load(canvas, draws, frame, load, (-0.88, gap - 0.06, top))
    _paint_cab(canvas, draws, frame, colour, (gap, cab_top))
    rear = draws.uniform(-0.75, -0.5)
    paint_wheels(canvas, frame, (rear, rear + 0.29, gap + 0.26), 0.35, draws.uniform(0.12, 0.15))


def _paint_load(
    canvas: Canvas,
    draws: Draws,
    frame: Frame,
    colour: Field,
    outline: tuple[Number, Number, Number],
) -> None:
    """Paint what a lorry carries between (back x, front x, top y)."""
    back, front, top = outline
    middle, half = 0.5 * (back + front), 0.5 * (front - back)
    crate = box(frame, middle, 0.5 * (top + 0.26), half, 0.5 * (0.26 - top))
    tank = round_box(frame, (middle, 0.06), (half, 0.22), 0.2)
    tipper = polygon(
        frame, (back, -0.12), (front, -0.22), (front - 0.06, 0.26), (back + 0.16, 0.26)
    )
    kind = draws.uniform()
    shape = np.where(kind < 0.62, crate, np.where(kind < 0.8, tank, tipper))
    canvas.fill(frame, shape, shine(frame, colour, top, 0.3))
    ribs = np.maximum(shape, np.abs(frame.x - middle) - draws.uniform(0.0, 0.03))
    canvas.fill(frame, ribs, colour * 0.7, 0.8)
    stripe = np.maximum(shape, np.abs(frame.y - draws.uniform(-0.2, 0.15)) - 0.05)
    canvas.fill(frame, stripe, pick_colour(draws, BOXES), draws.chance(0.4) * 0.9)


def _paint_cab(
    canvas: Canvas, draws: Draws, frame: Frame, colour: Field, place: tuple[Number, Number]
) -> None:
    """Paint a lorry's cab from the side, from x on and up to y of ``place``."""
    x, top = place
    lean, front = draws.uniform(0.0, 0.2), x + draws.uniform(0.36, 0.48)
    cab = polygon(frame, (x, top), (front - lean, top), (front, 0.02), (front, 0.34), (x, 0.34))
    canvas.fill(frame, cab, shine(frame, colour, top, 0.34))
    corners = (
        (x + 0.1, top + 0.08),
        (front - lean - 0.04, top + 0.08),
        (front - 0.06, -0.02),
        (x + 0.1, -0.02),
    )
    canvas.fill(frame, polygon(frame, *corners), pick_colour(draws, GLASS))
    canvas.fill(frame, box(frame, front - 0.03, 0.2, 0.04, 0.05), LAMP)
    pipe = limb(frame, (x - 0.03, top - 0.16), (x - 0.03, 0.2), 0.025)
    canvas.fill(frame, pipe, plain("8d9096"), draws.chance(0.4))


def _pickup(canvas: Canvas, draws: Draws) -> None:
    """Paint a pickup from the side: a car in front, an open bed behind."""
    frame = side_frame(draws, 0.75, 1.1)
    colour, glass = pick_colour(draws, PAINT + " " + LORRY), pick_colour(draws, GLASS)
    canvas.shadow(frame, 0.46, 0.85)
    deck, tall = draws.uniform(-0.14, -0.06), draws.uniform(0.26, 0.36)
    back = draws.uniform(-0.22, -0.06)
    load = ellipse(frame, -0.5, deck, 0.28, draws.uniform(0.1, 0.26))
    canvas.fill(frame, load, pick_colour(draws, "7a6248 4a4a44 8f8f88 5c6a3a"), draws.chance(0.35))
    outline = ((back, 0.44), (back + 0.05, 0.26), (deck, deck - tall))
    paint_cabin(canvas, frame, colour, glass, outline)
    body = round_box(frame, (0, 0.5 * (deck + 0.32)), (0.86, 0.5 * (0.32 - deck)), 0.05)
    canvas.fill(frame, body, shine(frame, colour, deck, 0.32))
    canvas.fill(frame, box(frame, -0.5, deck + 0.03, 0.32, 0.025), BLACK, 0.6)
    canvas.fill(frame, box(frame, 0, 0.28, 0.84, 0.05), BLACK, 0.6)
    canvas.fill(frame, box(frame, 0.82, deck + 0.12, 0.05, 0.05), LAMP)
    paint_wheels(canvas, frame, (-0.52, 0.54), 0.34, draws.uniform(0.16, 0.2))


def _front_truck(canvas: Canvas, draws: Draws) -> None:
    """Paint a lorry from the front: tall, flat, a large windscreen, the box behind it."""
    pose = Pose(
        draws.bell(-0.3, 0.3),
        draws.bell(-0.1, 0.2),
        draws.uniform(0.7, 1.1),
        draws.bell(-0.06, 0.06),
        1.0,
        draws.uniform(0.85, 1.1),
    )
    frame = frame_of(pose)
    colour = pick_colour(draws, LORRY)
    canvas.shadow(frame, 0.72, 0.7)
    top = draws.uniform(-0.8, -0.55)
    crate = box(frame, draws.uniform(-0.08, 0.08), 0.5 * (top + 0.5), 0.56, 0.5 * (0.5 - top))
    canvas.fill(frame, crate, pick_colour(draws, LORRY) * 0.8, draws.chance(0.65))
    for side in (-0.38, 0.38):
        canvas.fill(frame, round_box(frame, (side, 0.62), (0.13, 0.14), 0.04), RUBBER)
    roof = draws.uniform(-0.56, -0.4)
    cab = round_box(frame, (0, 0.5 * (roof + 0.6)), (0.5, 0.5 * (0.6 - roof)), 0.07)
    canvas.fill(frame, cab, shine(frame, colour, roof, 0.6))
    pane = round_box(frame, (0, roof + 0.25), (0.42, 0.16), 0.04)
    canvas.fill(frame, pane, pick_colour(draws, GLASS) * (1 + 0.25 * canvas.coarse))
    grille = box(frame, 0, 0.22, draws.uniform(0.18, 0.34), draws.uniform(0.08, 0.18))
    bars = _bars(frame)
    canvas.fill(frame, grille, mix(plain("9a9da2"), BLACK, bars))
    for side in (-0.38, 0.38):
        canvas.fill(frame, ellipse(frame, side, 0.38, 0.09, 0.07), LAMP)
        mirror = box(frame, 1.52 * side, roof + 0.22, 0.04, 0.11)
        canvas.fill(frame, mirror, BLACK)
    canvas.fill(frame, box(frame, 0, 0.54, 0.5, 0.06), BLACK, 0.65)


def _bars(frame: Frame) -> Field:
    """Return the bars of a grille, 0 to 1."""
    turn = frame.y * 8
    bars: Field = np.abs(turn - np.floor(turn) - 0.5) * 2
    return bars


def _angled_truck(canvas: Canvas, draws: Draws) -> None:
    """Paint a lorry seen from one corner: its box to the left, the cab's front to the right."""
    side, front = angled_frames(draws, 0.3)
    colour, load = pick_colour(draws, LORRY), pick_colour(draws, LORRY + " " + BOXES)
    canvas.shadow(side, 0.54, 0.85)
    top, cab_top = draws.uniform(-0.72, -0.4), draws.uniform(-0.5, -0.32)
    canvas.fill(side, box(side, -0.3, 0.4, 0.58, 0.07), RUBBER)
    _paint_load(canvas, draws, side, load, (-0.88, -0.02, top))
    flank = polygon(side, (-0.02, cab_top), (0.32, cab_top), (0.32, 0.48), (-0.02, 0.48))
    canvas.fill(side, flank, shine(side, colour, cab_top, 0.48))
    glass = pick_colour(draws, GLASS)
    canvas.fill(side, box(side, 0.15, cab_top + 0.22, 0.11, 0.12), glass)
    nose = polygon(front, (0.3, cab_top), (0.78, cab_top), (0.8, 0.48), (0.3, 0.48))
    canvas.fill(front, nose, shine(front, colour * draws.uniform(0.6, 1.25), cab_top, 0.48))
    canvas.fill(front, box(front, 0.55, cab_top + 0.22, 0.2, 0.14), glass * 1.2)
    canvas.fill(front, box(front, 0.55, 0.16, 0.13, 0.1), BLACK, 0.8)
    for x in (0.38, 0.73):
        canvas.fill(front, ellipse(front, x, 0.32, 0.06, 0.06), LAMP)
    canvas.fill(front, box(front, 0.55, 0.44, 0.25, 0.04), BLACK, 0.6)
    paint_wheels(canvas, side, (-0.7, -0.42, 0.14), 0.46, draws.uniform(0.12, 0.15))
