"""Bird: perched, on the wing, swimming, or long-legged."""

from __future__ import annotations

from .canvas import Canvas, paint_views
from .coats import Coat, grow_coat
from .colours import BIRD, BLACK, WOOD, mix, pick_colour, plain
from .draws import Draws, Field, Number
from .shapes import Frame, Pose, blend, ellipse, frame_of, limb, triangle, union

BEAKS = "d9962f 3a3430 c9b45a 6b5a4a e0762a"
WATERS = "5f7f8a 3f5f66 6f8f86 4a6a82"


def paint_bird(canvas: Canvas, draws: Draws) -> None:
    """Paint a bird: perched, flying, swimming, or long-legged on the ground."""
    views = (_perched_bird, _flying_bird, _soaring_bird, _swimming_bird, _walking_bird)
    paint_views(canvas, draws, views, (0.4, 0.16, 0.16, 0.12, 0.16))


def _perched_bird(canvas: Canvas, draws: Draws) -> None:
    """Paint a bird on a branch or on the ground."""
    pose = Pose(
        draws.bell(-0.4, 0.4),
        draws.bell(-0.35, 0.3),
        draws.uniform(0.75, 1.3),
        draws.bell(-0.12, 0.12),
        draws.side(),
    )
    frame, coat = frame_of(pose), _plumage(canvas, draws)
    upright = draws.uniform(0.0, 0.42)
    head, rump = (0.3 - 0.3 * upright, -0.22 - 0.5 * upright), (-0.28 + 0.2 * upright, 0.14)
    _paint_perch(canvas, draws, frame)
    _paint_bird_legs(canvas, frame, 0.02, 0.48, 0.022)
    tail = (rump[0] - draws.uniform(0.25, 0.55), rump[1] + draws.uniform(-0.1, 0.35))
    canvas.fill(frame, limb(frame, rump, tail, 0.09, 0.05), coat.hair * 0.65)
    trunk = limb(frame, (head[0] - 0.12, head[1] + 0.24), rump, 0.24, 0.14)
    skull = ellipse(frame, *head, 0.17, 0.16)
    canvas.body(frame, blend(0.12, trunk, skull), coat.hair, depth=0.22)
    breast = ellipse(frame, head[0] - 0.02, head[1] + 0.34, 0.16, 0.2)
    canvas.fill(frame, breast, coat.pale, draws.uniform(0.2, 1))
    wing = limb(frame, (-0.02, -0.05 - 0.2 * upright), (rump[0] - 0.14, rump[1] + 0.02), 0.13, 0.05)
    canvas.body(frame, wing, coat.hair * 0.7, depth=0.12)
    _paint_beak(canvas, draws, frame, (head[0] + 0.12, head[1]), 0.08, (0.13, 0.27))
    canvas.fill(frame, ellipse(frame, head[0] + 0.06, head[1] - 0.04, 0.035, 0.035), BLACK)


def _plumage(canvas: Canvas, draws: Draws) -> Coat:
    return grow_coat(canvas, draws, BIRD, patched=0.3)


def _paint_perch(canvas: Canvas, draws: Draws, frame: Frame) -> None:
    """Paint the branch under a bird's feet, for most."""
    slope = draws.uniform(-0.3, 0.3)
    branch = limb(
        frame, (-2.5, 0.52 - 2 * slope), (2.5, 0.52 + 2 * slope), draws.uniform(0.03, 0.1)
    )
    canvas.fill(frame, branch, pick_colour(draws, WOOD), draws.chance(0.55))


def _paint_bird_legs(canvas: Canvas, frame: Frame, x: float, foot: float, thick: float) -> None:
    legs = [limb(frame, (x + dx, 0.1), (x + dx + 0.02, foot), thick) for dx in (-0.05, 0.08)]
    canvas.fill(frame, union(*legs), plain("5a4030"), 0.9)


def _paint_beak(
    canvas: Canvas,
    draws: Draws,
    frame: Frame,
    root: tuple[Number, Number],
    thick: float,
    reach: tuple[float, float],
) -> None:
    tip = (root[0] + draws.uniform(*reach), root[1] + draws.uniform(0.0, 0.08))
    beak = triangle(frame, (root[0], root[1] - thick), (root[0], root[1] + thick), tip)
    canvas.fill(frame, beak, pick_colour(draws, BEAKS))


def _flying_bird(canvas: Canvas, draws: Draws) -> None:
    """Paint a bird on the wing from the side, its wings up or down."""
    pose = Pose(
        draws.bell(-0.45, 0.45),
        draws.bell(-0.35, 0.4),
        draws.uniform(0.65, 1.15),
        draws.bell(-0.3, 0.3),
        draws.side(),
    )
    frame, coat = frame_of(pose), _plumage(canvas, draws)
    up = draws.chance(0.65)
    beat = mix(draws.uniform(0.35, 0.75), draws.uniform(-0.95, -0.5), up)
    _paint_wing(canvas, frame, coat.hair * 0.6, (draws.uniform(0.1, 0.45), 0.85 * beat))
    spread = draws.uniform(0.06, 0.15)
    tail = triangle(frame, (-0.25, 0.02), (-0.68, -spread), (-0.66, spread))
    canvas.fill(frame, tail, coat.hair * 0.75)
    trunk = limb(frame, (-0.3, 0.04), (0.22, -0.03), 0.08, 0.15)
    head = ellipse(frame, 0.38, -0.09, 0.12, 0.115)
    canvas.body(frame, blend(0.08, trunk, head), coat.hair, depth=0.14)
    canvas.fill(frame, limb(frame, (-0.1, 0.09), (0.25, 0.06), 0.05), coat.pale, 0.7)
    _paint_wing(canvas, frame, coat.hair * 0.9, (draws.uniform(-0.4, 0.0), beat))
    _paint_beak(canvas, draws, frame, (0.48, -0.08), 0.05, (0.1, 0.2))
    canvas.fill(frame, ellipse(frame, 0.42, -0.11, 0.03, 0.03), BLACK)


def _paint_wing(canvas: Canvas, frame: Frame, colour: Field, tip: tuple[Field, Field]) -> None:
    """Paint a wing: a broad arm and a narrow, darker hand."""
    wrist = (0.45 * tip[0] + 0.1, 0.55 * tip[1])
    arm = limb(frame, (0.02, -0.03), wrist, 0.19, 0.16)
    hand = limb(frame, wrist, (tip[0] - 0.15, 1.1 * tip[1]), 0.16, 0.025)
    canvas.body(frame, blend(0.08, arm, hand), colour, depth=0.16)


def _soaring_bird(canvas: Canvas, draws: Draws) -> None:
    """Paint a bird from below or in front, both wings spread: the gull a child draws."""
    pose = Pose(
        draws.bell(-0.45, 0.45),
        draws.bell(-0.4, 0.4),
        draws.uniform(0.6, 1.1),
        draws.uniform(-0.35, 0.35),
        1.0,
        draws.uniform(0.8, 1.1),
    )
    frame, coat = frame_of(pose), _plumage(canvas, draws)
    lift, droop = draws.uniform(-0.3, 0.02), draws.uniform(-0.15, 0.4)
    reach, chord = draws.uniform(0.38, 0.5), draws.uniform(0.09, 0.15)
    tail = triangle(frame, (0.0, 0.05), (-0.14, 0.46), (0.14, 0.46))
    canvas.fill(frame, tail, coat.hair * 0.8)
    for side, shade in ((-1.0, 0.95), (1.0, 0.75)):
        wrist = (side * reach, lift)
        arm = limb(frame, (0.0, 0.0), wrist, chord * 1.25, chord)
        hand = limb(frame, wrist, (side * 0.95, lift + droop), chord, 0.02)
        canvas.body(frame, union(arm, hand), coat.hair * shade, depth=0.14)
        edge = limb(frame, wrist, (side * 0.95, lift + droop), 0.03)
        canvas.fill(frame, edge + 0.02, BLACK, 0.5)
    trunk = limb(frame, (0.0, 0.24), (0.0, -0.12), 0.1, 0.13)
    canvas.body(frame, trunk, mix(coat.hair, coat.pale, 0.4), depth=0.13)
    canvas.fill(frame, ellipse(frame, 0.0, -0.26, 0.1, 0.1), mix(coat.hair, coat.pale, 0.3))
    beak = triangle(frame, (-0.05, -0.32), (0.05, -0.32), (0.02, -0.45))
    canvas.fill(frame, beak, pick_colour(draws, BEAKS))


def _swimming_bird(canvas: Canvas, draws: Draws) -> None:
    """Paint a duck or swan on water."""
    flip = draws.side()
    scale = draws.uniform(0.7, 1.2)
    frame = frame_of(Pose(draws.bell(-0.3, 0.3), draws.bell(-0.1, 0.4), scale, 0.0, flip))
    coat, water = _plumage(canvas, draws), pick_colour(draws, WATERS)
    surface = water * (1 + 0.25 * canvas.fine)
    canvas.fill(frame, 0.0 - frame.y, surface)
    tall = draws.uniform(0.25, 0.6)
    head = (0.4 + 0 * tall, -tall)
    trunk = limb(frame, (-0.42, -0.02), (0.22, 0.05), 0.12, 0.24)
    neck = limb(frame, (0.28, 0.0), head, 0.13, 0.09)
    skull = ellipse(frame, *head, 0.14, 0.12)
    canvas.body(frame, blend(0.1, trunk, neck, skull), coat.hair, depth=0.2)
    canvas.fill(frame, union(neck - 0.01, skull), coat.pale, draws.chance(0.4) * 0.7)
    wing = ellipse(frame, -0.12, -0.02, 0.3, 0.12)
    canvas.body(frame, wing, coat.hair * 0.75, depth=0.12)
    _paint_beak(canvas, draws, frame, (head[0] + 0.1, head[1] + 0.01), 0.05, (0.12, 0.2))
    canvas.fill(frame, ellipse(frame, head[0] + 0.04, head[1] - 0.03, 0.03, 0.03), BLACK)
    canvas.fill(frame, 0.16 + 0.03 * canvas.fine - frame.y, surface, 0.85)


def _walking_bird(canvas: Canvas, draws: Draws) -> None:
    """Paint an ostrich, heron or stork."""
    pose = Pose(
        draws.bell(-0.3, 0.3), draws.bell(0.0, 0.3), draws.uniform(0.8, 1.15), 0.0, draws.side()
    )
    frame, coat = frame_of(pose), _plumage(canvas, draws)
    canvas.shadow(frame, 0.78, 0.35)
    step = draws.bell(-0.3, 0.3)
    legs = [
        limb(frame, (x, 0.1), (x + s, 0.75), 0.04, 0.025) for x, s in ((-0.06, step), (0.06, -step))
    ]
    canvas.fill(frame, union(*legs), mix(pick_colour(draws, BEAKS), BLACK, 0.3))
    head = (draws.uniform(0.3, 0.45), draws.uniform(-0.95, -0.6))
    bend = (draws.uniform(0.2, 0.38), -0.35)
    neck = union(limb(frame, (0.2, 0.0), bend, 0.08, 0.05), limb(frame, bend, head, 0.05, 0.045))
    canvas.fill(frame, neck, mix(coat.hair, coat.pale, 0.6))
    trunk = limb(frame, (-0.22, 0.05), (0.15, 0.0), 0.18, 0.21)
    tail = limb(frame, (-0.3, 0.02), (-0.52, 0.12), 0.14, 0.06)
    canvas.body(frame, blend(0.1, trunk, tail), coat.hair, depth=0.2)
    canvas.fill(frame, ellipse(frame, *head, 0.08, 0.065), mix(coat.hair, coat.pale, 0.4))
    _paint_beak(canvas, draws, frame, (head[0] + 0.05, head[1]), 0.035, (0.12, 0.3))
