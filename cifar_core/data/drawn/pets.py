"""Cat and dog: the same body, told apart by ears, muzzle, eyes and tail."""

from __future__ import annotations

from dataclasses import replace

from .canvas import Canvas, paint_views
from .coats import Coat, grow_coat, stripes
from .colours import CAT, DOG
from .draws import Draws, Field, Number
from .faces import Face, cat_face, dog_face, paint_front, paint_head
from .quadruped import Build, paint_quadruped, paint_side_face
from .shapes import (
    Frame,
    Pose,
    blend,
    closer,
    ellipse,
    frame_of,
    limb,
    triangle,
)


def paint_cat(canvas: Canvas, draws: Draws) -> None:
    """Paint a cat: near, sitting, lying or from the side."""
    paint_views(
        canvas, draws, (_near_cat, _sitting_cat, _lying_cat, _side_cat), (0.36, 0.26, 0.2, 0.18)
    )


def paint_dog(canvas: Canvas, draws: Draws) -> None:
    """Paint a dog: near, sitting, lying or from the side."""
    paint_views(
        canvas, draws, (_near_dog, _sitting_dog, _lying_dog, _side_dog), (0.34, 0.22, 0.14, 0.3)
    )


def _near_cat(canvas: Canvas, draws: Draws) -> None:
    coat = _cat_coat(canvas, draws)
    paint_front(canvas, _near_pose(draws), coat, cat_face(draws))


def _near_dog(canvas: Canvas, draws: Draws) -> None:
    coat = grow_coat(canvas, draws, DOG, patched=0.4)
    paint_front(canvas, _near_pose(draws), coat, dog_face(draws))


def _sitting_cat(canvas: Canvas, draws: Draws) -> None:
    coat = _cat_coat(canvas, draws)
    _paint_sitting(canvas, draws, coat, cat_face(draws))


def _sitting_dog(canvas: Canvas, draws: Draws) -> None:
    coat = grow_coat(canvas, draws, DOG, patched=0.4)
    _paint_sitting(canvas, draws, coat, dog_face(draws))


def _lying_cat(canvas: Canvas, draws: Draws) -> None:
    coat = _cat_coat(canvas, draws)
    _paint_lying(canvas, draws, coat, cat_face(draws))


def _lying_dog(canvas: Canvas, draws: Draws) -> None:
    coat = grow_coat(canvas, draws, DOG, patched=0.4)
    _paint_lying(canvas, draws, coat, dog_face(draws))


def _near_pose(draws: Draws) -> Frame:
    """Return the frame of a head that fills much of the picture."""
    scale = draws.uniform(0.36, 0.66)
    x, y = draws.bell(-0.4, 0.4), draws.bell(-0.35, 0.25)
    return frame_of(Pose(x, y, scale, draws.bell(-0.22, 0.22)))


def _cat_coat(canvas: Canvas, draws: Draws) -> Coat:
    """Return a cat's coat, often tabby."""
    coat = grow_coat(canvas, draws, CAT, patched=0.35)
    tilt = draws.uniform(-0.7, 0.7)
    x = frame_of(Pose(tilt=tilt)).x + 0.1 * canvas.coarse
    bars = stripes(x, draws.uniform(0.2, 0.34)) * draws.chance(0.45) * draws.uniform(0.2, 0.5)
    return Coat(coat.hair * (1 - bars), coat.pale)


def _paint_sitting(canvas: Canvas, draws: Draws, coat: Coat, face: Face) -> None:
    """Paint a sitting pet, whole, turned a little aside."""
    pose = Pose(
        draws.bell(-0.4, 0.4),
        draws.bell(-0.6, -0.15),
        draws.uniform(0.24, 0.36),
        draws.bell(-0.1, 0.1),
        draws.side(),
    )
    frame = frame_of(pose)
    lean = draws.uniform(-0.1, 0.5)
    canvas.shadow(frame, 2.95, 1.6)
    rump = (-lean, 2.2)
    tail_end = (-lean - draws.uniform(0.9, 1.7), draws.uniform(1.4, 3.0))
    canvas.fill(frame, limb(frame, rump, tail_end, 0.2, 0.13), coat.hair * 0.8)
    trunk = limb(frame, (0, 0.7), rump, 0.6, 1.0)
    thigh = ellipse(frame, -lean - 0.1, 2.45, 0.95, 0.55)
    legs = [limb(frame, (x, 1.3), (x, 2.85), 0.27, 0.2) for x in (-0.1, 0.42)]
    canvas.body(frame, blend(0.15, trunk, thigh, *legs), coat.hair * 0.92, depth=0.7)
    canvas.fill(frame, ellipse(frame, 0.2, 1.3, 0.3, 0.5), coat.pale, 0.6)
    paint_head(canvas, frame, coat, face)


def _paint_lying(canvas: Canvas, draws: Draws, coat: Coat, face: Face) -> None:
    """Paint a lying pet, its head at one end and turned to us."""
    flip = draws.side()
    pose = Pose(
        -flip * draws.uniform(0.1, 0.5),
        draws.bell(-0.2, 0.4),
        draws.uniform(0.24, 0.36),
        draws.bell(-0.15, 0.15),
        -flip,
    )
    frame = frame_of(pose)
    canvas.shadow(frame, 1.35, 3.0)
    long = draws.uniform(1.7, 2.6)
    end = (-long - 0.6, draws.uniform(0.0, 1.4))
    canvas.fill(frame, limb(frame, (-long, 1.0), end, 0.2, 0.14), coat.hair * 0.8)
    trunk = limb(frame, (-long, 0.6), (-0.4, 0.6), draws.uniform(0.7, 0.95), 0.7)
    paws = [limb(frame, (-0.3, 1.15), (x, 1.25), 0.25, 0.18) for x in (0.6, 1.0)]
    haunch = ellipse(frame, -long, 0.8, 0.85, 0.6)
    canvas.body(frame, blend(0.15, trunk, haunch, *paws), coat.hair * 0.92, depth=0.8)
    paint_head(canvas, frame, coat, face)


def _side_cat(canvas: Canvas, draws: Draws) -> None:
    coat, frame = _cat_coat(canvas, draws), _side_frame(draws)
    build = Build(
        half=draws.uniform(0.34, 0.46),
        chest=draws.uniform(0.15, 0.19),
        rump=draws.uniform(0.15, 0.19),
        leg=draws.uniform(0.36, 0.46),
        leg_r=draws.uniform(0.045, 0.06),
        neck=(draws.uniform(0.1, 0.2), draws.uniform(-0.26, -0.08)),
        neck_r=0.12,
        head_r=draws.uniform(0.15, 0.185),
        snout=(0.02, 0.02),
        snout_r=0.085,
        stride=draws.bell(-0.2, 0.2),
    )
    _paint_tail(canvas, draws, frame, coat, build, (0.3, 0.5), draws.uniform(0.04, 0.06))
    paint_quadruped(canvas, frame, coat, build)
    face, aside = cat_face(draws), draws.uniform(0.0, 0.35)
    head = closer(frame, build.head, 1.12 * build.head_r)
    paint_head(canvas, head, coat, replace(face, turn=aside))


def _side_dog(canvas: Canvas, draws: Draws) -> None:
    coat, frame = grow_coat(canvas, draws, DOG, patched=0.4), _side_frame(draws)
    build = Build(
        half=draws.uniform(0.3, 0.45),
        chest=draws.uniform(0.16, 0.22),
        rump=draws.uniform(0.12, 0.18),
        leg=draws.uniform(0.38, 0.58),
        leg_r=draws.uniform(0.045, 0.065),
        neck=(draws.uniform(0.1, 0.2), draws.uniform(-0.36, -0.14)),
        neck_r=0.12,
        head_r=draws.uniform(0.13, 0.165),
        snout=(draws.uniform(0.17, 0.26), draws.uniform(0.02, 0.1)),
        snout_r=draws.uniform(0.065, 0.09),
        stride=draws.bell(-0.25, 0.25),
    )
    _paint_tail(canvas, draws, frame, coat, build, (0.12, 0.36), draws.uniform(0.035, 0.065))
    paint_quadruped(canvas, frame, coat, build)
    _paint_side_ears(canvas, frame, coat, build, draws.chance(0.35), 0.9)
    paint_side_face(canvas, frame, coat, build)


def _side_frame(draws: Draws) -> Frame:
    """Return the frame of a pet that stands or walks, seen from the side."""
    scale = draws.uniform(0.8, 1.25)
    x, y = draws.bell(-0.35, 0.35), draws.bell(-0.25, 0.35)
    return frame_of(Pose(x, y, scale, draws.bell(-0.12, 0.12), draws.side()))


def _paint_tail(
    canvas: Canvas,
    draws: Draws,
    frame: Frame,
    coat: Coat,
    build: Build,
    reach: tuple[float, float],
    thick: Number,
) -> None:
    """Paint a tail that goes back, then up or down."""
    root = (-build.half - 0.5 * build.rump, -0.4 * build.rump)
    size = draws.uniform(*reach)
    bend = (root[0] - 0.6 * size, root[1] + size * draws.uniform(-0.6, 0.6))
    end = (bend[0] - size * draws.uniform(-0.4, 0.3), bend[1] - size * draws.uniform(-0.6, 1.1))
    canvas.fill(frame, limb(frame, root, bend, thick * 1.15, thick), coat.hair * 0.85)
    canvas.fill(frame, limb(frame, bend, end, thick, thick * 0.75), coat.hair * 0.85)


def _paint_side_ears(
    canvas: Canvas, frame: Frame, coat: Coat, build: Build, upright: Field, size: float
) -> None:
    """Paint both ears of a head from the side: triangles, or one flap where not ``upright``."""
    x, y, r = *build.head, build.head_r
    for back, dark in ((0.75, 0.65), (0.0, 0.9)):
        foot = x - r * (0.75 - back)
        tip = (foot + 0.35 * r, y - r * (1.0 + 0.85 * size))
        ear = triangle(frame, (foot, y - 0.5 * r), (foot + 0.8 * r, y - 0.7 * r), tip)
        canvas.fill(frame, ear, coat.hair * dark, upright)
    flap = limb(frame, (x - 0.35 * r, y - 0.6 * r), (x - 0.6 * r, y + 0.55 * r), 0.4 * r, 0.45 * r)
    canvas.fill(frame, flap, coat.hair * 0.65, 1 - upright)
