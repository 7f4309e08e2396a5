"""The heads of cat and dog from the front: ears, eyes and muzzle tell them apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .canvas import Canvas
from .coats import Coat
from .colours import BLACK, mix, pick_colour, plain
from .draws import Draws, Field
from .shapes import (
    Frame,
    blend,
    ellipse,
    limb,
    triangle,
)

CAT_EYES = "b8c24a d9b23a 7fae5a 8fc0d8 c98a2f"
DOG_EYES = "2a1a10 3d2716 1b1512 5a3a1c"
PINK = plain("d98f8c")


@dataclass(frozen=True)
class Face:
    """What tells one pet's head from another's, per image; the head's half width is about 1."""

    wide: Field
    tall: Field
    upright: Field
    ear: Field
    eye: Field
    iris: Field
    muzzle: Field
    nose: Field
    turn: Field


def cat_face(draws: Draws) -> Face:
    """Return a broad head with pointed ears, large bright eyes and a small nose."""
    return Face(
        wide=draws.uniform(0.92, 1.08),
        tall=draws.uniform(0.78, 0.9),
        upright=draws.chance(0.985),
        ear=draws.uniform(0.85, 1.2),
        eye=draws.uniform(0.16, 0.23),
        iris=pick_colour(draws, CAT_EYES),
        muzzle=draws.uniform(0.24, 0.34),
        nose=draws.uniform(0.08, 0.13),
        turn=draws.bell(-0.4, 0.4),
    )


def dog_face(draws: Draws) -> Face:
    """Return a longer head, its ears mostly hanging, with small dark eyes and a large nose."""
    return Face(
        wide=draws.uniform(0.76, 0.98),
        tall=draws.uniform(0.84, 1.0),
        upright=draws.chance(0.3),
        ear=draws.uniform(0.65, 1.1),
        eye=draws.uniform(0.1, 0.16),
        iris=pick_colour(draws, DOG_EYES),
        muzzle=draws.uniform(0.34, 0.5),
        nose=draws.uniform(0.15, 0.23),
        turn=draws.bell(-0.45, 0.45),
    )


def paint_front(canvas: Canvas, frame: Frame, coat: Coat, face: Face) -> None:
    """Paint head and chest from the front."""
    chest = limb(frame, (-0.3 * face.turn, 0.7), (-0.9 * face.turn, 2.4), 0.7, 1.15)
    canvas.body(frame, chest, coat.hair * 0.85, depth=0.7)
    bib = ellipse(frame, 0, 1.5, 0.4, 0.7)
    canvas.fill(frame, bib, coat.pale, 0.5)
    paint_head(canvas, frame, coat, face)


def paint_head(canvas: Canvas, frame: Frame, coat: Coat, face: Face) -> None:
    """Paint a pet's head from the front, its middle at (0, 0)."""
    for side in (-1.0, 1.0):
        _paint_upright_ear(canvas, frame, coat, face, side)
    jaw = ellipse(frame, 0.4 * face.turn, 0.4, face.muzzle + 0.3, 0.52)
    head = blend(0.2, ellipse(frame, 0, 0, face.wide, face.tall), jaw)
    canvas.body(frame, head, coat.hair, depth=0.7)
    for side in (-1.0, 1.0):
        _paint_hanging_ear(canvas, frame, coat, face, side)
        _paint_eye(canvas, frame, face, side)
    _paint_muzzle(canvas, frame, coat, face)


def _paint_upright_ear(canvas: Canvas, frame: Frame, coat: Coat, face: Face, side: float) -> None:
    outer, inner = side * 0.98 * face.wide, side * 0.2 * face.wide
    tip = (side * 0.82 * face.wide + 0.15 * face.turn, -0.55 - 0.85 * face.ear)
    ear = triangle(frame, (outer, -0.2), (inner, -0.7), tip)
    canvas.fill(frame, ear, coat.hair * 0.85, face.upright)
    lining = triangle(frame, (0.86 * outer, -0.45), (side * 0.42, -0.72), (tip[0], tip[1] + 0.25))
    canvas.fill(frame, lining, mix(coat.hair, PINK, 0.6), 0.8 * face.upright)


def _paint_hanging_ear(canvas: Canvas, frame: Frame, coat: Coat, face: Face, side: float) -> None:
    root = (side * 0.72 * face.wide, -0.6)
    end = (side * (face.wide + 0.12), 0.05 + 0.45 * face.ear)
    ear = limb(frame, root, end, 0.2, 0.3)
    canvas.fill(frame, ear, coat.hair * 0.7, 1 - face.upright)


def _paint_eye(canvas: Canvas, frame: Frame, face: Face, side: float) -> None:
    x, y = side * 0.4 * face.wide + 0.5 * face.turn, -0.12
    canvas.fill(frame, ellipse(frame, x, y, face.eye * 1.25, face.eye * 1.1), BLACK, 0.75)
    canvas.fill(frame, ellipse(frame, x, y, face.eye, face.eye * 0.9), face.iris)
    canvas.fill(frame, ellipse(frame, x, y, 0.4 * face.eye, 0.8 * face.eye), BLACK)
    glint = ellipse(frame, x - 0.06, y - 0.07, 0.05, 0.05)
    canvas.fill(frame, glint, plain("ffffff"), 0.8)


def _paint_muzzle(canvas: Canvas, frame: Frame, coat: Coat, face: Face) -> None:
    x = 0.7 * face.turn
    muzzle = ellipse(frame, x, 0.42, face.muzzle * 1.15, face.muzzle)
    canvas.body(frame, muzzle, mix(coat.hair, coat.pale, 0.8), depth=face.muzzle, gloss=0.35)
    mouth = limb(frame, (x, 0.4), (x, 0.5 + 0.5 * face.muzzle), 0.035)
    canvas.fill(frame, mouth, BLACK, 0.6)
    nose = ellipse(frame, x, 0.42 - 0.5 * face.muzzle, face.nose * 1.2, face.nose)
    pink = np.asarray(face.nose < 0.11, dtype=np.float32)
    canvas.fill(frame, nose, mix(BLACK, PINK, 0.8 * pink))
