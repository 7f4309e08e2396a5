"""Deer and horse: long-legged grazers, told apart by antlers, ears, mane, tail and weight."""

from __future__ import annotations

import numpy as np

from .canvas import Canvas, paint_views
from .coats import Coat, grow_coat
from .colours import BLACK, DEER, HORSE, mix, pick_colour, plain
from .draws import Draws, Field, Number
from .quadruped import Build, paint_quadruped, paint_side_face
from .shapes import Frame, Pose, blend, ellipse, frame_of, limb, triangle, union

BONE = plain("b9a27f")
WHITE = plain("efe8da")
RIDER = "b03a2e 2f4f8f e8e4da 27303a 5a7a4a"


def paint_deer(canvas: Canvas, draws: Draws) -> None:
    """Paint a deer: from the side, or its head and neck."""
    paint_views(canvas, draws, (_side_deer, _near_deer), (0.72, 0.28))


def paint_horse(canvas: Canvas, draws: Draws) -> None:
    """Paint a horse: from the side, or its head and neck."""
    paint_views(canvas, draws, (_side_horse, _near_horse), (0.72, 0.28))


def _side_frame(draws: Draws) -> Frame:
    """Return the frame of an animal seen from the side."""
    scale = draws.uniform(0.7, 1.1)
    x, y = draws.bell(-0.35, 0.3), draws.bell(-0.15, 0.3)
    stretch = draws.uniform(0.7, 1.05)
    return frame_of(Pose(x, y, scale, draws.bell(-0.1, 0.1), draws.side(), stretch))


def _neck(
    draws: Draws, reach: tuple[float, float], rise: tuple[float, float]
) -> tuple[Field, Field]:
    """Return the way from shoulder to head: up, or down to the grass for some."""
    grazing = draws.chance(0.18)
    down = draws.uniform(0.2, 0.45)
    return (draws.uniform(*reach) + 0.1 * grazing, mix(-draws.uniform(*rise), down, grazing))


def _side_deer(canvas: Canvas, draws: Draws) -> None:
    frame = _side_frame(draws)
    coat = _deer_coat(canvas, draws)
    build = Build(
        half=draws.uniform(0.32, 0.44),
        chest=draws.uniform(0.15, 0.19),
        rump=draws.uniform(0.14, 0.18),
        leg=draws.uniform(0.54, 0.72),
        leg_r=draws.uniform(0.03, 0.042),
        neck=_neck(draws, (0.12, 0.3), (0.3, 0.5)),
        neck_r=draws.uniform(0.065, 0.09),
        head_r=draws.uniform(0.085, 0.105),
        snout=(draws.uniform(0.13, 0.19), draws.uniform(0.03, 0.12)),
        snout_r=0.05,
        stride=draws.bell(-0.3, 0.3),
    )
    x, y = build.head
    _paint_antlers(canvas, draws, frame, (x - 0.03, y - 0.06), draws.uniform(0.8, 1.2))
    tail = ellipse(frame, -build.half - build.rump, -0.02, 0.06, 0.1)
    canvas.fill(frame, tail, WHITE, 0.9)
    paint_quadruped(canvas, frame, coat, build)
    for side in (-0.13, 0.03):
        ear = limb(frame, (x - 0.03, y - 0.05), (x + side - 0.06, y - 0.17), 0.035, 0.045)
        canvas.fill(frame, ear, coat.hair * 0.8)
    paint_side_face(canvas, frame, coat, build)


def _deer_coat(canvas: Canvas, draws: Draws) -> Coat:
    """Return a deer's coat, for some with the white spots of a fawn."""
    coat = grow_coat(canvas, draws, DEER, patched=0.1)
    spots = np.minimum(np.maximum((canvas.fine[:, ::-1] - 0.45) * 6, 0), 1)
    return Coat(mix(coat.hair, WHITE, spots * 0.8 * draws.chance(0.2)), coat.pale)


def _paint_antlers(
    canvas: Canvas, draws: Draws, frame: Frame, foot: tuple[Number, Number], size: Number
) -> None:
    """Paint two antlers with their tines, on about half the heads."""
    there = draws.chance(0.55)
    spread, rise = draws.uniform(0.14, 0.3) * size, draws.uniform(0.25, 0.42) * size
    thick = 0.026 * size
    parts = []
    for side in (-1.0, 1.0):
        bend = (foot[0] + side * spread, foot[1] - 0.5 * rise)
        tip = (foot[0] + side * 0.8 * spread, foot[1] - 1.25 * rise)
        tine = (foot[0] + side * 0.25 * spread, foot[1] - rise)
        parts += [limb(frame, foot, bend, thick), limb(frame, bend, tip, thick)]
        middle = (foot[0] + side * 0.6 * spread, foot[1] - 0.35 * rise)
        parts.append(limb(frame, middle, tine, thick))
    canvas.fill(frame, union(*parts), BONE * draws.uniform(0.45, 1.1), there)


def _near_deer(canvas: Canvas, draws: Draws) -> None:
    """Paint a deer's head from the front, large ears out to the sides."""
    pose = Pose(
        draws.bell(-0.4, 0.4),
        draws.bell(-0.1, 0.4),
        draws.uniform(0.75, 1.2),
        draws.bell(-0.15, 0.15),
    )
    frame, coat, turn = frame_of(pose), _deer_coat(canvas, draws), draws.bell(-0.2, 0.2)
    _paint_antlers(canvas, draws, frame, (0.0, -0.25), 1.7)
    neck = limb(frame, (0, 0), (-2.0 * turn, 1.3), 0.17, 0.4)
    canvas.body(frame, neck, coat.hair * 0.75, depth=0.3)
    lift = draws.uniform(-0.5, -0.28)
    for side in (-1.0, 1.0):
        root, tip = (side * 0.14, -0.2), (side * 0.5, lift)
        middle = (0.5 * (root[0] + tip[0]), 0.5 * (root[1] + tip[1]))
        ear = union(limb(frame, root, middle, 0.05, 0.11), limb(frame, middle, tip, 0.11, 0.02))
        canvas.fill(frame, ear, coat.hair * 0.85)
        canvas.fill(frame, ear + 0.055, coat.pale, 0.8)
    nose = (turn, 0.4)
    head = blend(0.1, ellipse(frame, 0, -0.12, 0.22, 0.22), limb(frame, (0, 0), nose, 0.17, 0.1))
    canvas.body(frame, head, coat.hair, depth=0.2)
    _paint_near_face(canvas, frame, coat, nose, 0.17 * np.ones_like(turn))


def _paint_near_face(
    canvas: Canvas, frame: Frame, coat: Coat, nose: tuple[Number, Number], apart: Field
) -> None:
    """Paint both eyes, the muzzle and the nose of a head seen from the front."""
    canvas.fill(frame, ellipse(frame, nose[0], nose[1] + 0.02, 0.12, 0.09), coat.pale, 0.6)
    canvas.fill(frame, ellipse(frame, nose[0], nose[1] - 0.01, 0.075, 0.055), BLACK)
    for side in (-1.0, 1.0):
        eye = ellipse(frame, side * apart + 0.3 * nose[0], -0.1, 0.055, 0.055)
        canvas.fill(frame, eye - 0.03, coat.pale, 0.6)
        canvas.fill(frame, eye, BLACK)


def _side_horse(canvas: Canvas, draws: Draws) -> None:
    frame = _side_frame(draws)
    coat = grow_coat(canvas, draws, HORSE, patched=0.2)
    mane = mix(coat.hair, pick_colour(draws, "1b1613 2a2019 e2d3b5 4a3322"), 0.8)
    build = Build(
        half=draws.uniform(0.38, 0.48),
        chest=draws.uniform(0.18, 0.23),
        rump=draws.uniform(0.18, 0.23),
        leg=draws.uniform(0.54, 0.7),
        leg_r=draws.uniform(0.04, 0.052),
        neck=_neck(draws, (0.2, 0.34), (0.26, 0.46)),
        neck_r=draws.uniform(0.1, 0.13),
        head_r=draws.uniform(0.095, 0.115),
        snout=(draws.uniform(0.14, 0.22), draws.uniform(0.1, 0.2)),
        snout_r=0.07,
        stride=draws.bell(-0.35, 0.35),
    )
    _paint_horse_tail(canvas, draws, frame, mane, build)
    paint_quadruped(canvas, frame, coat, build)
    _paint_mane(canvas, frame, coat, mane, build)
    paint_side_face(canvas, frame, coat, build)
    _paint_rider(canvas, draws, frame, build)


def _paint_horse_tail(
    canvas: Canvas, draws: Draws, frame: Frame, mane: Field, build: Build
) -> None:
    root = (-build.half - 0.7 * build.rump, -0.5 * build.rump)
    swing = draws.uniform(0.05, 0.3)
    bend = (root[0] - swing, root[1] + 0.12)
    end = (bend[0] - 0.3 * swing, bend[1] + draws.uniform(0.2, 0.5))
    canvas.fill(frame, limb(frame, root, bend, 0.05, 0.06), mane)
    canvas.fill(frame, limb(frame, bend, end, 0.065, 0.04), mane)


def _paint_mane(canvas: Canvas, frame: Frame, coat: Coat, mane: Field, build: Build) -> None:
    """Paint the crest of the neck, the forelock and the ears."""
    x, y = build.head
    start = (build.half - 0.12, -0.75 * build.chest)
    crest = limb(frame, start, (x - 0.09, y - 0.06), 0.09, 0.055)
    canvas.fill(frame, crest + 0.03 * canvas.fine, mane)
    for side in (-0.02, 0.05):
        ear = triangle(
            frame, (x - 0.07 + side, y - 0.05), (x + 0.03 + side, y - 0.07), (x + side, y - 0.2)
        )
        canvas.fill(frame, ear, coat.hair * 0.8)


def _paint_rider(canvas: Canvas, draws: Draws, frame: Frame, build: Build) -> None:
    """Paint a saddle with a rider on a few horses."""
    there = draws.chance(0.16)
    seat, cloth = -build.chest, pick_colour(draws, RIDER)
    canvas.fill(frame, ellipse(frame, 0, seat, 0.18, 0.08), plain("3a2417"), there)
    canvas.fill(frame, limb(frame, (0.02, seat), (0.06, seat - 0.36), 0.09, 0.1), cloth, there)
    leg = limb(frame, (0.03, seat), (0.1, seat + 0.3), 0.07, 0.05)
    canvas.fill(frame, leg, pick_colour(draws, "d8d2c4 2b2f3a 5a4a3a"), there)
    canvas.fill(frame, ellipse(frame, 0.08, seat - 0.55, 0.09, 0.1), plain("b98a6c"), there)
    canvas.fill(frame, ellipse(frame, 0.07, seat - 0.61, 0.1, 0.06), plain("22201f"), there)


def _near_horse(canvas: Canvas, draws: Draws) -> None:
    """Paint a horse's head and neck from the side."""
    pose = Pose(
        draws.bell(-0.3, 0.3),
        draws.bell(-0.3, 0.1),
        draws.uniform(0.85, 1.3),
        draws.bell(-0.25, 0.25),
        draws.side(),
    )
    frame, coat = frame_of(pose), grow_coat(canvas, draws, HORSE, patched=0.1)
    mane = mix(coat.hair, pick_colour(draws, "1b1613 2a2019 e2d3b5 4a3322"), 0.8)
    nose = (draws.uniform(0.36, 0.52), draws.uniform(0.28, 0.5))
    neck = limb(frame, (-0.05, -0.1), (-0.7, 1.2), 0.22, 0.55)
    head = limb(frame, (0.0, -0.15), nose, 0.21, 0.12)
    for side in (-0.1, 0.04):
        ear = triangle(frame, (side - 0.06, -0.25), (side + 0.1, -0.28), (side + 0.03, -0.58))
        canvas.fill(frame, ear, coat.hair * (0.75 - side))
    canvas.body(frame, blend(0.1, neck, head), coat.hair, depth=0.3)
    crest = limb(frame, (-0.12, -0.32), (-0.85, 0.8), 0.1, 0.2) + 0.08 * canvas.fine
    canvas.fill(frame, crest, mane)
    blaze = limb(frame, (0.12, -0.2), (nose[0] + 0.02, nose[1] - 0.12), 0.04)
    canvas.fill(frame, blaze, WHITE, draws.chance(0.4) * 0.85)
    canvas.fill(frame, ellipse(frame, *nose, 0.12, 0.11), mix(coat.hair * 0.6, BLACK, 0.3))
    canvas.fill(frame, ellipse(frame, 0.08, -0.12, 0.05, 0.045), BLACK)
    canvas.fill(frame, ellipse(frame, nose[0] + 0.05, nose[1], 0.03, 0.03), BLACK)
