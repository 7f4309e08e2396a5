"""Frog: from the side, the front or above."""

from __future__ import annotations

from .canvas import Canvas, paint_views
from .coats import Coat, grow_coat
from .colours import BLACK, FROG, mix, pick_colour, plain
from .draws import Draws, Field
from .shapes import Frame, Pose, blend, box, ellipse, frame_of, limb, triangle, union


def paint_frog(canvas: Canvas, draws: Draws) -> None:
    """Paint a frog: from the side, from the front or from above."""
    paint_views(canvas, draws, (_side_frog, _front_frog, _top_frog), (0.5, 0.26, 0.24))


def _skin(canvas: Canvas, draws: Draws) -> Coat:
    """Return a frog's skin: blotched, wet, pale below."""
    coat = grow_coat(canvas, draws, FROG, patched=0.6, contrast=0.5)
    return Coat(coat.hair, mix(coat.pale, plain("d8d6a0"), 0.4))


def _side_frog(canvas: Canvas, draws: Draws) -> None:
    """Paint a sitting frog from the side."""
    pose = Pose(
        draws.bell(-0.35, 0.35),
        draws.bell(-0.2, 0.35),
        draws.uniform(0.8, 1.3),
        draws.bell(-0.2, 0.2),
        draws.side(),
    )
    frame, coat = frame_of(pose), _skin(canvas, draws)
    canvas.shadow(frame, 0.42, 0.6)
    rise = draws.uniform(0.12, 0.34)
    head = (draws.uniform(0.24, 0.36), -rise)
    trunk = limb(frame, (-0.36, 0.2), head, 0.2, 0.23)
    snout = ellipse(frame, head[0] + 0.17, head[1] + 0.05, 0.2, 0.14)
    eye = (head[0] + 0.06, head[1] - 0.2)
    bump = ellipse(frame, *eye, 0.12, 0.11)
    canvas.body(frame, blend(0.08, trunk, snout, bump), coat.hair, depth=0.25, gloss=0.65)
    belly = limb(frame, (0.0, 0.26), (head[0] + 0.12, head[1] + 0.2), 0.1, 0.07)
    canvas.fill(frame, belly, coat.pale, 0.75)
    _paint_frog_legs(canvas, frame, coat, head)
    mouth = limb(frame, (head[0] + 0.33, head[1] + 0.07), (head[0] - 0.02, head[1] + 0.12), 0.018)
    canvas.fill(frame, mouth, BLACK, 0.65)
    _paint_frog_eye(canvas, draws, frame, eye)


def _paint_frog_legs(canvas: Canvas, frame: Frame, coat: Coat, head: tuple[Field, Field]) -> None:
    """Paint the folded hind leg with its long foot, and the fore leg."""
    fore = limb(frame, (head[0] - 0.04, head[1] + 0.2), (head[0] + 0.06, 0.42), 0.075, 0.05)
    thigh = limb(frame, (-0.42, 0.24), (-0.02, 0.14), 0.13, 0.1)
    shank = limb(frame, (-0.02, 0.16), (-0.4, 0.4), 0.08, 0.06)
    foot = limb(frame, (-0.4, 0.41), (0.08, 0.43), 0.05, 0.035)
    canvas.body(frame, union(fore, thigh, shank, foot), coat.hair * 0.85, depth=0.12, gloss=0.6)


def _paint_frog_eye(
    canvas: Canvas, draws: Draws, frame: Frame, eye: tuple[Field | float, Field | float]
) -> None:
    iris = pick_colour(draws, "c9a23a 2a2a1c d8c86a b0522c")
    canvas.fill(frame, ellipse(frame, *eye, 0.085, 0.08), iris)
    canvas.fill(frame, ellipse(frame, *eye, 0.055, 0.045), BLACK)
    glint = ellipse(frame, eye[0] - 0.03, eye[1] - 0.03, 0.025, 0.025)
    canvas.fill(frame, glint, plain("ffffff"), 0.8)


def _front_frog(canvas: Canvas, draws: Draws) -> None:
    """Paint a frog that looks at us: wide mouth, eyes on top."""
    pose = Pose(
        draws.bell(-0.35, 0.35),
        draws.bell(-0.2, 0.35),
        draws.uniform(0.6, 1.1),
        draws.bell(-0.2, 0.2),
    )
    frame, coat = frame_of(pose), _skin(canvas, draws)
    canvas.shadow(frame, 0.45, 0.75)
    wide, apart = draws.uniform(0.36, 0.5), draws.uniform(0.2, 0.32)
    for side in (-1.0, 1.0):
        thigh = limb(frame, (side * 0.3, 0.35), (side * 0.72, 0.1), 0.14, 0.09)
        shank = limb(frame, (side * 0.72, 0.12), (side * 0.6, 0.42), 0.08, 0.06)
        canvas.body(frame, union(thigh, shank), coat.hair * 0.75, depth=0.12)
    eyes = [ellipse(frame, side * apart, -0.3, 0.13, 0.13) for side in (-1.0, 1.0)]
    head, trunk = ellipse(frame, 0, -0.08, wide, 0.25), ellipse(frame, 0, 0.22, 0.38, 0.26)
    canvas.body(frame, blend(0.08, head, trunk, *eyes), coat.hair, depth=0.3, gloss=0.6)
    canvas.fill(frame, ellipse(frame, 0, 0.22, 0.27, 0.22), coat.pale, 0.8)
    mouth = box(frame, 0, 0.02 + 0.25 * frame.x * frame.x, wide * 0.85, 0.022)
    canvas.fill(frame, mouth, BLACK, 0.7)
    for side in (-1.0, 1.0):
        fore = limb(frame, (side * 0.26, 0.2), (side * 0.3, 0.45), 0.07, 0.06)
        canvas.fill(frame, fore, coat.hair * 0.85)
        _paint_frog_eye(canvas, draws, frame, (side * apart, -0.32))


def _top_frog(canvas: Canvas, draws: Draws) -> None:
    """Paint a frog from above or behind, legs bent out to both sides."""
    pose = Pose(
        draws.bell(-0.3, 0.3),
        draws.bell(-0.3, 0.3),
        draws.uniform(0.65, 1.15),
        draws.uniform(-0.7, 0.7),
        1.0,
        draws.uniform(0.8, 1.1),
    )
    frame, coat = frame_of(pose), _skin(canvas, draws)
    canvas.glow(frame, ellipse(frame, 0, 0.1, 0.6, 0.6), BLACK, reach=0.3, strength=0.3)
    spread = draws.uniform(0.42, 0.62)
    legs: list[Field] = []
    for side in (-1.0, 1.0):
        knee, foot = (side * spread, 0.12), (side * 0.42, 0.52)
        legs += [limb(frame, (side * 0.12, 0.4), knee, 0.13, 0.09)]
        legs += [limb(frame, knee, foot, 0.08, 0.05), limb(frame, foot, (side * 0.66, 0.62), 0.045)]
        legs += [limb(frame, (side * 0.2, -0.1), (side * 0.46, -0.24), 0.07, 0.045)]
    canvas.body(frame, union(*legs), coat.hair * 0.85, depth=0.1)
    trunk = limb(frame, (0, 0.34), (0, -0.22), 0.2, 0.25)
    snout = ellipse(frame, 0, -0.42, 0.2, 0.16)
    eyes = [ellipse(frame, side * 0.19, -0.4, 0.1, 0.09) for side in (-1.0, 1.0)]
    canvas.body(frame, blend(0.06, trunk, snout, *eyes), coat.hair, depth=0.25, gloss=0.6)
    ridge = triangle(frame, (-0.03, 0.45), (0.03, 0.45), (0.0, -0.4))
    canvas.fill(frame, ridge, coat.pale, draws.chance(0.4) * 0.7)
    for side in (-1.0, 1.0):
        _paint_frog_eye(canvas, draws, frame, (side * 0.2, -0.42))
