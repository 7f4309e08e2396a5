"""Airplane: airliner, jet fighter, propeller plane, or seen from below."""

from __future__ import annotations

import numpy as np

from .canvas import Canvas, paint_views
from .colours import ACCENT, BLACK, LIVERY, mix, pick_colour, plain
from .draws import Draws, Field, Number
from .shapes import (
    Frame,
    Pose,
    blend,
    box,
    ellipse,
    frame_of,
    limb,
    polygon,
    round_box,
    union,
)

WHITE = plain("f4f4f1")
GLASS = plain("2e3b47")
WATERS = "4f7f9f 2f5878 5f7378 3f6f74 7d98a8 35505f"


def paint_airplane(canvas: Canvas, draws: Draws) -> None:
    """Paint an airliner from the side, a plane from below, a jet fighter or a small propeller."""
    views = (_airliner, _plane_below, _fighter, _propeller)
    paint_views(canvas, draws, views, (0.42, 0.22, 0.18, 0.18))


def _air_frame(draws: Draws, low: float, high: float) -> Frame:
    pose = Pose(
        draws.bell(-0.35, 0.35),
        draws.bell(-0.35, 0.35),
        draws.uniform(low, high),
        draws.bell(-0.25, 0.25),
        draws.side(),
        draws.uniform(0.8, 1.1),
    )
    return frame_of(pose)


def _airliner(canvas: Canvas, draws: Draws) -> None:
    """Paint an airliner from the side, nose to the right, a little from above or below."""
    frame = _air_frame(draws, 0.75, 1.25)
    colour, accent = pick_colour(draws, LIVERY), pick_colour(draws, ACCENT)
    thick, view = draws.uniform(0.085, 0.125), draws.uniform(0.2, 0.55)
    far = polygon(frame, (-0.02, -0.02), (0.2, -0.02), (-0.1, -0.8 * view), (-0.2, -0.8 * view))
    canvas.fill(frame, far, colour * 0.75)
    fin = polygon(frame, (-0.86, -0.42), (-0.72, -0.42), (-0.5, -0.04), (-0.8, -0.04))
    canvas.fill(frame, fin, mix(colour, accent, draws.chance(0.7)))
    hull = limb(frame, (-0.55, 0), (0.6, 0), thick, thick)
    tail = limb(frame, (-0.5, -0.01), (-0.88, -0.07), thick * 0.9, 0.03)
    nose = ellipse(frame, 0.62, 0.01, 0.24, thick)
    canvas.body(frame, union(hull, tail, nose), colour, depth=thick)
    _paint_windows(canvas, draws, frame, thick, accent)
    plane = polygon(frame, (-0.78, -0.06), (-0.6, -0.06), (-0.82, 0.3 * view), (-0.94, 0.3 * view))
    canvas.fill(frame, plane, colour * 0.85)
    wing = polygon(frame, (-0.12, 0.03), (0.2, 0.03), (-0.2, view + 0.05), (-0.34, view + 0.05))
    canvas.fill(frame, wing, colour * draws.uniform(0.6, 1.0))
    engine = round_box(frame, (0.1, 0.1 + 0.25 * view), (0.12, 0.055), 0.05)
    canvas.body(frame, engine, mix(colour, accent, 0.3) * 0.8, depth=0.06)
    _paint_wheels_down(canvas, draws, frame, thick)


def _paint_windows(canvas: Canvas, draws: Draws, frame: Frame, thick: Field, accent: Field) -> None:
    """Paint the row of windows, the cockpit and, for some, a stripe."""
    stripe = box(frame, 0, 0.25 * thick, 0.72, 0.2 * thick)
    canvas.fill(frame, stripe, accent, draws.chance(0.5) * 0.9)
    row = box(frame, 0.02, -0.25 * thick, 0.55, 0.016)
    canvas.fill(frame, row, GLASS, 0.75)
    cockpit = polygon(frame, (0.66, -0.07), (0.74, -0.06), (0.79, -0.015), (0.68, -0.015))
    canvas.fill(frame, cockpit, GLASS)


def _paint_wheels_down(canvas: Canvas, draws: Draws, frame: Frame, thick: Field) -> None:
    there = draws.chance(0.3)
    legs = [limb(frame, (x, 0.05), (x, thick + 0.14), 0.022) for x in (-0.05, 0.55)]
    tyres = [ellipse(frame, x, thick + 0.16, 0.05, 0.05) for x in (-0.05, 0.55)]
    canvas.fill(frame, union(*legs, *tyres), BLACK, there)


def _plane_below(canvas: Canvas, draws: Draws) -> None:
    """Paint a plane from below or above: two swept wings and a tailplane."""
    pose = Pose(
        draws.bell(-0.3, 0.3),
        draws.bell(-0.3, 0.3),
        draws.uniform(0.65, 1.15),
        draws.uniform(-0.9, 0.9),
        draws.side(),
        draws.uniform(0.75, 1.15),
    )
    frame = frame_of(pose)
    colour, sweep = pick_colour(draws, LIVERY) * 0.85, draws.uniform(0.1, 0.45)
    squash = draws.uniform(0.45, 1.0)
    chord = draws.uniform(0.09, 0.15)
    for side, shade in ((-1.0, 0.95), (1.0, 0.7)):
        tip, tail = side * 0.85 * squash, side * 0.33 * squash
        wing = _span(frame, (0.12, chord), (0.12 - sweep, 0.04), tip)
        canvas.fill(frame, wing, colour * shade)
        plane = _span(frame, (-0.68, 0.08), (-0.72 - 0.4 * sweep, 0.03), tail)
        canvas.fill(frame, plane, colour * shade)
        engine = limb(frame, (0.06, 0.42 * tip), (0.18, 0.42 * tip), 0.045)
        canvas.fill(frame, engine, colour * 0.6, 0.9)
    hull = limb(frame, (-0.8, 0), (0.75, 0), 0.045, 0.09)
    canvas.body(frame, hull, colour * 1.1, depth=0.09)
    canvas.fill(frame, ellipse(frame, 0.72, 0, 0.06, 0.05), GLASS, draws.chance(0.5))


def _span(
    frame: Frame, root: tuple[Number, Number], tip: tuple[Number, Number], y: Number
) -> Field:
    """Return a wing from the hull to height ``y``; root and tip are (middle x, half chord)."""
    up = np.asarray(y) < 0
    edges = []
    for lead, low in ((root, 0.0), (tip, y)):
        edges.append(((lead[0] - lead[1], low), (lead[0] + lead[1], low)))
    (a, b), (c, d) = edges
    clockwise = polygon(frame, a, b, d, c)
    return np.where(up, polygon(frame, c, d, b, a), clockwise)


def _fighter(canvas: Canvas, draws: Draws) -> None:
    """Paint a jet fighter: a pointed hull, delta wings, twin fins."""
    frame = _air_frame(draws, 0.75, 1.2)
    colour = pick_colour(draws, "8f98a1 5d6670 6f7a6a 42505c a7adb0 3f6fa8 b8b2a2")
    view = draws.uniform(0.25, 0.6)
    far = polygon(frame, (-0.5, -0.04), (0.15, -0.04), (-0.45, -0.75 * view), (-0.6, -0.75 * view))
    canvas.fill(frame, far, colour * 0.8)
    fin = polygon(frame, (-0.82, -0.42), (-0.68, -0.42), (-0.38, -0.05), (-0.75, -0.05))
    canvas.fill(frame, fin, colour * 0.9)
    hull = limb(frame, (-0.68, 0), (0.2, 0), 0.095, 0.1)
    nose = limb(frame, (0.1, 0), (0.88, 0.03), 0.1, 0.012)
    canvas.body(frame, union(hull, nose), colour, depth=0.1)
    canvas.fill(frame, ellipse(frame, 0.32, -0.08, 0.17, 0.06), GLASS)
    wing = polygon(frame, (-0.55, 0.03), (0.2, 0.03), (-0.5, view), (-0.68, view))
    canvas.fill(frame, wing, colour * draws.uniform(0.65, 0.95))
    canvas.fill(frame, ellipse(frame, -0.76, 0, 0.05, 0.08), BLACK)
    flame = limb(frame, (-0.8, 0), (-0.98, 0), 0.05, 0.015)
    canvas.fill(frame, flame, plain("f2b05a"), draws.chance(0.2))


def _propeller(canvas: Canvas, draws: Draws) -> None:
    """Paint a small propeller plane, for some with two wings one above the other."""
    frame = _air_frame(draws, 0.8, 1.25)
    colour = pick_colour(draws, ACCENT + " " + LIVERY + " d8b21c")
    wing_colour = mix(colour, pick_colour(draws, LIVERY), draws.chance(0.5))
    fin = polygon(frame, (-0.78, -0.28), (-0.64, -0.28), (-0.5, 0.0), (-0.76, 0.0))
    canvas.fill(frame, fin, wing_colour)
    nose = limb(frame, (0.1, 0.0), (0.48, 0.0), 0.14, 0.13)
    tail = limb(frame, (0.1, 0.0), (-0.72, -0.03), 0.14, 0.04)
    canvas.body(frame, blend(0.05, nose, tail), colour, depth=0.13)
    cabin = polygon(frame, (0.0, -0.24), (0.2, -0.24), (0.32, -0.1), (-0.1, -0.1))
    canvas.fill(frame, cabin, GLASS)
    high, view = draws.uniform(-0.26, 0.02), draws.uniform(0.04, 0.3)
    for level, there in ((high + 0.36, draws.chance(0.35)), (high, 1.0)):
        slab = polygon(
            frame,
            (0.02, level - 0.6 * view),
            (0.2, level - 0.6 * view),
            (0.3, level + view + 0.06),
            (-0.02, level + view + 0.06),
        )
        canvas.fill(frame, slab, wing_colour * 0.9, there)
    disc = ellipse(frame, 0.63, 0, 0.03, draws.uniform(0.22, 0.32))
    canvas.fill(frame, disc, plain("3a3a3a"), 0.75)
    strut = limb(frame, (0.2, 0.1), (0.28, 0.26), 0.025)
    wheel = ellipse(frame, 0.28, 0.28, 0.075, 0.075)
    canvas.fill(frame, union(strut, wheel), BLACK, draws.chance(0.7))
