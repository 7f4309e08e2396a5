"""Ship: freighter, liner, sailing boat, motor boat."""

from __future__ import annotations

import numpy as np

from .canvas import Canvas, paint_views
from .colours import ACCENT, BOXES, HULL, mix, pick_colour, plain
from .draws import Draws, Number
from .shapes import Frame, Pose, box, ellipse, frame_of, limb, polygon, triangle, union

WHITE = plain("f4f4f1")
GLASS = plain("2e3b47")
WATERS = "4f7f9f 2f5878 5f7378 3f6f74 7d98a8 35505f"


def paint_ship(canvas: Canvas, draws: Draws) -> None:
    """Paint a cargo ship, a liner, a sailing boat or a small boat."""
    views = (_cargo_ship, _liner, _sailing_boat, _motor_boat)
    paint_views(canvas, draws, views, (0.32, 0.26, 0.24, 0.18))


def _sea_frame(draws: Draws, low: float, high: float) -> Frame:
    pose = Pose(
        draws.bell(-0.35, 0.35),
        draws.bell(-0.05, 0.55),
        draws.uniform(low, high),
        draws.bell(-0.06, 0.06),
        draws.side(),
        draws.uniform(0.75, 1.1),
    )
    return frame_of(pose)


def _paint_hull(canvas: Canvas, draws: Draws, frame: Frame, deck: Number, half: Number) -> None:
    """Paint a hull from the deck to below the water, its bow to the right."""
    colour = pick_colour(draws, HULL)
    bow = half + draws.uniform(0.04, 0.16)
    hull = polygon(
        frame, (-half, deck), (bow, deck - 0.05), (half - 0.12, 0.34), (0.06 - half, 0.34)
    )
    canvas.fill(frame, hull, colour * (1.25 - 0.5 * (frame.y - deck)))
    boot = np.maximum(hull, 0.17 - frame.y)
    canvas.fill(frame, boot, pick_colour(draws, "8c2a22 2a2a2c 5a2a24"), draws.chance(0.6))
    rail = np.maximum(hull, np.abs(frame.y - deck - 0.03) - 0.02)
    canvas.fill(frame, rail, WHITE, draws.chance(0.5) * 0.9)


def _paint_water(canvas: Canvas, draws: Draws, frame: Frame, half: Number) -> None:
    """Let the hull sink into the water, with its mirror image, ripples and foam."""
    water = pick_colour(draws, WATERS) * (1 + 0.22 * canvas.fine)
    surface = 0.25 + 0.04 * canvas.coarse
    below = np.minimum(np.maximum((frame.y - surface) * 5, 0), 1)
    reach = np.minimum(np.maximum(1.3 - np.abs(frame.x) / (half + 0.3), 0), 1)
    canvas.fill(frame, surface - frame.y, water, 0.55 + 0.45 * below * (1 - 0.4 * reach))
    foam = box(frame, 0, 0.27, half + 0.1, 0.025) + 0.03 * canvas.fine
    canvas.fill(frame, foam, WHITE, draws.chance(0.6) * 0.75)


def _cargo_ship(canvas: Canvas, draws: Draws) -> None:
    """Paint a freighter with containers, or a grey warship's bare deck, bridge aft or midships."""
    frame = _sea_frame(draws, 0.8, 1.2)
    deck, half = draws.uniform(-0.08, 0.06), draws.uniform(0.66, 0.82)
    bridge, tall = draws.uniform(-0.6, 0.1), draws.uniform(0.28, 0.5)
    loaded = draws.chance(0.6)
    for number in range(5):
        x = -0.5 + 0.25 * number
        height = draws.uniform(0.06, 0.26)
        stack = box(frame, x, deck - 0.5 * height, 0.115, 0.5 * height)
        away = np.asarray(np.abs(bridge - x) > 0.2)
        canvas.fill(frame, stack, pick_colour(draws, BOXES), loaded * away)
    colour = pick_colour(draws, "e9e9e4 d8d5cb f1f0ea 9aa3a8")
    tower = box(frame, bridge, deck - 0.5 * tall, 0.15, 0.5 * tall)
    canvas.fill(frame, tower, colour * (1.05 - 0.3 * (frame.x - bridge)))
    panes = np.maximum(tower + 0.02, np.abs(frame.y - deck + tall - 0.09) - 0.03)
    canvas.fill(frame, panes, GLASS)
    funnel = box(frame, bridge - 0.2, deck - 0.35 * tall, 0.055, 0.42 * tall)
    canvas.fill(frame, funnel, pick_colour(draws, ACCENT))
    masts = [limb(frame, (x, deck), (x, deck - tall - 0.15), 0.018) for x in (0.5, bridge)]
    canvas.fill(frame, union(*masts), plain("4a4a4a"), 0.9)
    _paint_hull(canvas, draws, frame, deck, half)
    _paint_water(canvas, draws, frame, half)


def _liner(canvas: Canvas, draws: Draws) -> None:
    """Paint a passenger ship: white decks in steps, rows of windows, a funnel."""
    frame = _sea_frame(draws, 0.8, 1.2)
    deck, half = draws.uniform(-0.04, 0.08), draws.uniform(0.7, 0.84)
    decks, shift = draws.uniform(0.1, 0.16), draws.uniform(-0.15, 0.05)
    colour = mix(WHITE, pick_colour(draws, "e9e9e4 d8d5cb 9aa3a8 c9b48a"), 0.6)
    funnel = polygon(
        frame,
        (shift - 0.16, -0.62),
        (shift + 0.02, -0.62),
        (shift + 0.06, -0.2),
        (shift - 0.12, -0.2),
    )
    canvas.fill(frame, funnel, pick_colour(draws, ACCENT))
    for level in (2, 1, 0):
        wide = half - 0.14 - 0.12 * level
        y = deck - decks * (level + 0.5)
        storey = box(frame, shift * (1 + 0.3 * level), y, wide, 0.5 * decks)
        canvas.fill(frame, storey, colour * (1.05 - 0.06 * level))
        row = np.maximum(storey + 0.03, np.abs(frame.y - y) - 0.018)
        canvas.fill(frame, row, GLASS, 0.75)
    mast = limb(frame, (0.35, deck), (0.35, deck - 0.62), 0.015)
    canvas.fill(frame, mast, plain("5a5a5a"), draws.chance(0.6))
    _paint_hull(canvas, draws, frame, deck, half)
    _paint_water(canvas, draws, frame, half)


def _sailing_boat(canvas: Canvas, draws: Draws) -> None:
    """Paint a sailing boat with one or two sails."""
    frame = _sea_frame(draws, 0.65, 1.0)
    half, top = draws.uniform(0.36, 0.6), draws.uniform(-1.1, -0.7)
    mast = (draws.uniform(-0.05, 0.12), 0.05)
    sail = mix(WHITE, pick_colour(draws, ACCENT), draws.chance(0.25) * 0.8)
    canvas.fill(frame, limb(frame, mast, (mast[0], top - 0.04), 0.02), plain("6a5a48"))
    boom = (mast[0] - draws.uniform(0.3, 0.55), 0.0)
    main = triangle(frame, (mast[0] - 0.03, top), (mast[0] - 0.03, 0.0), boom)
    bright = 1 + 0.25 * (frame.x - mast[0]) + 0.06 * canvas.coarse
    canvas.fill(frame, main, sail * bright)
    jib = triangle(frame, (mast[0] + 0.03, top + 0.15), (mast[0] + 0.05, 0.02), (half + 0.05, 0.05))
    canvas.fill(frame, jib, sail * 0.85, draws.chance(0.7))
    _paint_hull(canvas, draws, frame, 0.08, half)
    _paint_water(canvas, draws, frame, half)


def _motor_boat(canvas: Canvas, draws: Draws) -> None:
    """Paint a motor boat, tug or fishing boat, throwing up spray."""
    frame = _sea_frame(draws, 0.65, 1.1)
    half, deck = draws.uniform(0.5, 0.72), draws.uniform(-0.04, 0.06)
    x, tall = draws.uniform(-0.35, 0.1), draws.uniform(0.2, 0.42)
    house = polygon(
        frame,
        (x - 0.2, deck - tall),
        (x + 0.14, deck - tall),
        (x + 0.26, deck + 0.02),
        (x - 0.22, deck + 0.02),
    )
    canvas.fill(frame, house, mix(WHITE, pick_colour(draws, BOXES), draws.chance(0.4)))
    panes = np.maximum(house + 0.04, np.abs(frame.y - deck + 0.62 * tall) - 0.06)
    canvas.fill(frame, panes, GLASS)
    mast = limb(frame, (x - 0.1, deck), (x - 0.1, deck - tall - 0.3), 0.018)
    canvas.fill(frame, mast, plain("4a4a4a"), draws.chance(0.6))
    _paint_hull(canvas, draws, frame, deck, half)
    _paint_water(canvas, draws, frame, half)
    spray = ellipse(frame, -half - 0.1, 0.26, 0.3, 0.08)
    canvas.glow(frame, spray, WHITE, reach=0.1, strength=draws.chance(0.5) * 0.8)
