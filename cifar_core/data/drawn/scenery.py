"""The places subjects stand in: sky, sea, meadow, wood, road, town, room, studio ...

A scene is a row of numbers, so every image of a chunk is painted by the same few operations
whatever its scene. Classes share scenes on purpose: the background alone must not tell the class.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .canvas import Canvas, paint_some
from .colours import LEAF, WOOD, mix, pick_colour, table
from .draws import Draws, Field
from .shapes import COLUMNS, ROWS, SIZE, Pose, ellipse, frame_of, limb


@dataclass(frozen=True)
class Scene:
    """One kind of place.

    ``far`` is the colour at the top and at the horizon, ``near`` below the horizon and at the
    bottom; ``horizon`` is the range of its height (-1 top, 1 bottom); ``rough`` how strong the
    texture is above and below; ``ridge`` the colour and height of what stands on the horizon,
    square (houses) or not (hills, trees); ``streak`` how much the ground is drawn out sideways.
    """

    far: str
    near: str
    horizon: tuple[float, float] = (-0.2, 0.4)
    rough: tuple[float, float] = (0.1, 0.15)
    ridge: str = "5a6b57"
    height: float = 0.0
    square: float = 0.0
    streak: float = 0.0


SCENES = {
    "blue_sky": Scene("3f78bd a3c8e6", "6fa0d0 9fc3e2", (1.3, 1.6), (0.2, 0.1)),
    "grey_sky": Scene("8d99a6 c9cfd4", "b4bcc4 d0d5d8", (1.3, 1.6), (0.16, 0.1)),
    "dusk": Scene("47507c e3a06c", "4a3f48 2c2730", (0.5, 1.4), (0.14, 0.08), "3a3440", 0.25),
    "meadow": Scene("6d9ccb c3dbec", "7fa04c 55802f", (-0.6, 0.2), (0.12, 0.2), "3f5f35", 0.3),
    "grass": Scene("6f9440 7da04a", "79a047 4c7a2b", (-1.6, -1.1), (0.2, 0.26)),
    "wood": Scene("2f4428 55703c", "5f5a38 46422a", (0.0, 0.7), (0.5, 0.3), "283a24", 0.5),
    "autumn": Scene("b9c3c6 cbb48a", "ad8f4e 7f6434", (-0.6, 0.2), (0.15, 0.28), "80602f", 0.4),
    "dry": Scene("9fb6c6 d6d3c2", "c2a878 9c8257", (-0.7, 0.3), (0.1, 0.22), "8d8468", 0.25),
    "snow": Scene("a9b8c8 dfe5ea", "eef1f4 c6d0dc", (-0.6, 0.3), (0.08, 0.12), "596a6e", 0.35),
    "sea": Scene("7faad2 d3e2ec", "5d8aa8 2c587c", (-0.5, 0.3), (0.14, 0.16), "8296a0", 0.1, 0, 1),
    "grey_sea": Scene(
        "9aa5ac cdd2d3", "7f8f93 55666c", (-0.5, 0.3), (0.1, 0.14), "7b8688", 0.12, 0, 1
    ),
    "lake": Scene("6f8a64 88a07c", "5f7f7a 35564f", (-1.2, -0.4), (0.3, 0.2), "3d5735", 0.3, 0, 1),
    "harbour": Scene(
        "a3bccf d5dde0", "5f7d86 3c5a66", (-0.4, 0.2), (0.1, 0.15), "7d7a76", 0.35, 1, 1
    ),
    "road": Scene("84a8cc d4e0e8", "85868a 5c5d61", (-0.5, 0.2), (0.1, 0.1), "5b7048", 0.35),
    "town": Scene("b8c2ca d8d9d6", "8f8d8a 67676a", (-0.5, 0.2), (0.1, 0.1), "8d7b6c", 0.7, 1, 0.3),
    "wall": Scene("9a6e58 b08a72", "8a8783 6b6a69", (0.2, 0.8), (0.16, 0.12)),
    "yard": Scene("c9c4b6 d8d4c8", "a39d90 8a857a", (-0.1, 0.7), (0.08, 0.12), "6d7a55", 0.1),
    "runway": Scene(
        "8fb3d6 d9e4ea", "9a9b96 74766f", (-0.2, 0.5), (0.12, 0.08), "6f8352", 0.15, 0, 1
    ),
    "room": Scene("cdb99a b79f7e", "8d623c 6b4628", (0.0, 0.8), (0.08, 0.14), streak=0.6),
    "sofa": Scene("75685f 8f8078", "9a8f86 5f564f", (-0.2, 0.9), (0.14, 0.16)),
    "cloth": Scene("d8cfc2 c9bba8", "cfc3b2 a99a88", (-0.4, 0.9), (0.1, 0.12)),
    "dark": Scene("3a3632 4f4842", "443e39 2e2a27", (0.0, 0.8), (0.1, 0.08)),
    "studio": Scene("f6f6f4 ededea", "f0f0ee dddcd8", (0.3, 0.9), (0.02, 0.02)),
    "backdrop": Scene("5d7f9c 88a5b8", "7f98a8 5f7787", (0.3, 0.9), (0.08, 0.06)),
    "mud": Scene("6b5a40 7a674a", "74603f 4c3e29", (-1.5, -0.8), (0.26, 0.3)),
    "leaves": Scene("557a34 6f9a44", "4f7a30 2f5a22", (-1.5, 1.5), (0.4, 0.34)),
    "rock": Scene("8f8b82 a7a299", "9c968a 6e685e", (-0.9, 0.4), (0.26, 0.3)),
}

SKY = {"blue_sky": 0.5, "grey_sky": 0.3, "dusk": 0.2}
LAND = {"meadow": 2, "grass": 2, "wood": 2, "autumn": 1.4, "dry": 1.4, "snow": 1, "rock": 0.4}
HOUSE = {"room": 2, "sofa": 2, "cloth": 1.5, "yard": 1, "dark": 1, "studio": 1, "backdrop": 0.8}
WATER = {"sea": 2.4, "grey_sea": 1.6, "harbour": 1, "lake": 0.5}
STREET = {"road": 2.2, "town": 2, "wall": 1, "yard": 1, "studio": 0.9, "dark": 0.3, "meadow": 0.5}


def several(*parts: tuple[dict[str, float], float]) -> dict[str, float]:
    """Return one weighting of scenes from several, each with its share of the whole."""
    weights: dict[str, float] = {}
    for part, share in parts:
        whole = sum(part.values())
        for name, weight in part.items():
            weights[name] = weights.get(name, 0.0) + share * weight / whole
    return weights


_NAMES = tuple(SCENES)
_FAR = np.stack([table(scene.far) for scene in SCENES.values()])
_NEAR = np.stack([table(scene.near) for scene in SCENES.values()])
_RIDGE = np.stack([table(scene.ridge)[0] for scene in SCENES.values()])
_NUMBERS = np.array(
    [(*s.horizon, *s.rough, s.height, s.square, s.streak) for s in SCENES.values()],
    dtype=np.float32,
)


def pick_scene(draws: Draws, weights: dict[str, float]) -> Field:
    """Return the number of a scene per image, (N,), in proportion to ``weights``."""
    whole = sum(weights.values())
    order = np.array([_NAMES.index(name) for name in weights])
    return order[draws.pick(tuple(weight / whole for weight in weights.values()))]


def paint_scenery(canvas: Canvas, draws: Draws, weights: dict[str, float]) -> None:
    """Cover the blank canvas with a place chosen by ``weights``, and what stands about in it."""
    scene = pick_scene(draws, weights)
    numbers = _NUMBERS[scene].reshape(-1, 7, 1, 1)
    horizon = draws.uniform(numbers[:, 0], numbers[:, 1])
    canvas.level = horizon + draws.uniform(-0.12, 0.12) * COLUMNS
    _paint_ground(canvas, draws, scene)
    _paint_ridge(canvas, draws, scene)
    _paint_clutter(canvas, draws, scene)
    _defocus(canvas, draws.uniform(0, 1))


def _paint_ground(canvas: Canvas, draws: Draws, scene: Field) -> None:
    """Paint what is above and below the horizon, each from one colour to another."""
    numbers, level = _NUMBERS[scene].reshape(-1, 7, 1, 1), canvas.level
    far, near = (_scene_colours(draws, colours[scene]) for colours in (_FAR, _NEAR))
    above = np.minimum(np.maximum((ROWS + 1) / (level + 1.2), 0), 1)
    below = np.minimum(np.maximum((ROWS - level) / (1.05 - np.minimum(level, 0.9)), 0), 1)
    amount = draws.uniform(0.4, 1.4)
    streaks = _streaked(canvas.fine, numbers[:, 6])
    sky = mix(far[0], far[1], above)
    sky = sky + (0.75 * canvas.coarse + 0.35 * canvas.fine) * (numbers[:, 2] * amount)
    grain = 0.5 * canvas.coarse[:, ::-1] + 0.6 * streaks
    ground = mix(near[0], near[1], below) * (1 + grain * (2.2 * numbers[:, 3] * amount))
    edge = np.minimum(np.maximum(0.5 + (ROWS - level) * 12, 0), 1)
    canvas.rgb[...] = mix(sky, ground, edge)


def _scene_colours(draws: Draws, colours: Field) -> tuple[Field, Field]:
    """Return two jittered colours (3, N, 1, 1) from (N, 2, 3)."""
    bright = draws.bell(0.66, 1.3)
    tint = np.stack([draws.uniform(-0.045, 0.045) for _ in range(3)])
    pair = colours.transpose(1, 2, 0)[..., None, None]
    return (pair[0] * bright + tint, pair[1] * bright + tint)


def _streaked(noise: Field, streak: Field) -> Field:
    """Return noise drawn out sideways where ``streak`` is 1: waves, boards, lanes."""
    long = noise[:, :, ::4].repeat(4, axis=2)
    long = 0.5 * (long + np.concatenate([long[:, :, 4:], long[:, :, :4]], axis=2))
    drawn_out: Field = noise + (1.3 * long - noise) * streak
    return drawn_out


def _paint_ridge(canvas: Canvas, draws: Draws, scene: Field) -> None:
    """Paint hills, trees or houses on the horizon."""
    numbers, level = _NUMBERS[scene].reshape(-1, 7, 1, 1), canvas.level
    colour = _RIDGE[scene].T.reshape(3, -1, 1, 1) * draws.uniform(0.65, 1.4)
    smooth = canvas.coarse[:, 3:4] + 0.4 * canvas.fine[:, 5:6]
    steps = canvas.coarse[:, 9:10, np.arange(SIZE) // 6 * 6]
    profile = mix(smooth, 1.3 * steps, numbers[:, 5])
    height = numbers[:, 4] * draws.uniform(0.1, 1.3) * (0.75 + 0.6 * profile)
    rise = np.minimum(ROWS - (level - height), level - ROWS)
    cover = np.minimum(np.maximum(0.5 + rise * 12, 0), 1) * (numbers[:, 4] > 0)
    texture = 1 + 0.25 * canvas.fine[:, :, ::-1]
    haze = draws.uniform(0, 0.5)
    canvas.lay(cover * (1 - haze), colour * texture)


def _paint_clutter(canvas: Canvas, draws: Draws, scene: Field) -> None:
    """Paint posts, bushes, boxes behind some of the subjects, but nowhere on water."""
    ground = (canvas.level[:, :, 15:16] < 1) & (_NUMBERS[scene, 6].reshape(-1, 1, 1) < 1)
    solid = ground.astype(np.float32)
    paint_some(canvas, draws, _paint_post, share=0.16 * solid)
    for _ in range(2):
        paint_some(canvas, draws, _paint_heap, share=0.3 * solid)


def _paint_post(canvas: Canvas, draws: Draws) -> None:
    frame = frame_of(Pose())
    x, foot = draws.uniform(-1, 1), draws.uniform(-0.2, 0.8)
    post = limb(frame, (x, -1.2), (x + draws.uniform(-0.2, 0.2), foot), draws.uniform(0.03, 0.13))
    canvas.fill(frame, post, pick_colour(draws, WOOD), draws.uniform(0.5, 1))


def _paint_heap(canvas: Canvas, draws: Draws) -> None:
    frame = frame_of(Pose())
    x, y = draws.uniform(-1.1, 1.1), canvas.level + draws.uniform(-0.2, 0.5)
    heap = ellipse(frame, x, y, draws.uniform(0.12, 0.5), draws.uniform(0.1, 0.4))
    colour = pick_colour(draws, LEAF + " " + WOOD + " 8f3f34 4f6f8f c9c2b4 3f6a2c")
    colour = colour * (1 + 0.3 * canvas.fine)
    canvas.fill(frame, heap + 0.1 * canvas.fine, colour, draws.uniform(0.4, 1))


def _defocus(canvas: Canvas, amount: Field) -> None:
    """Blur the background, as a lens does behind a subject that is in focus."""
    for step in (1, 2):
        soft = canvas.rgb.copy()
        soft[..., step:-step] += canvas.rgb[..., : -2 * step] + canvas.rgb[..., 2 * step :]
        soft[..., step:-step] *= np.float32(1 / 3)
        down = soft.copy()
        down[..., step:-step, :] += soft[..., : -2 * step, :] + soft[..., 2 * step :, :]
        down[..., step:-step, :] *= np.float32(1 / 3)
        canvas.rgb += (down - canvas.rgb) * amount
