"""What happens between the scene and the file: occlusion, light, lens and sensor."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .canvas import Canvas, paint_some
from .colours import LEAF, WOOD, pick_colour
from .draws import Draws, Field
from .shapes import COLUMNS, ROWS, Pose, ellipse, frame_of, limb

_GRAIN_FIRST = 36 + 17 * 17
"""The first noise byte that the smooth noises have not used."""


def occlude(canvas: Canvas, draws: Draws, growth: float) -> None:
    """Put things in front of some: grass for a share ``growth``, a twig, something blurred."""
    paint_some(canvas, draws, _paint_grass, share=growth)
    paint_some(canvas, draws, _paint_twig, share=0.06)
    paint_some(canvas, draws, _paint_blur, share=0.12)


def _paint_grass(canvas: Canvas, draws: Draws) -> None:
    height = draws.uniform(0.7, 1.0)
    blades = (ROWS - height) * 2.2 + 0.9 * canvas.fine[:, :1] + 0.3 * canvas.fine
    grass = pick_colour(draws, LEAF + " 9a8a50") * (1 + 0.3 * canvas.fine)
    canvas.lay(np.minimum(np.maximum(blades * 3, 0), 1), grass)


def _paint_twig(canvas: Canvas, draws: Draws) -> None:
    frame, x = frame_of(Pose()), draws.uniform(-1.2, 1.2)
    twig = limb(frame, (x, -1.1), (x + draws.uniform(-0.7, 0.7), 1.1), draws.uniform(0.02, 0.06))
    canvas.fill(frame, twig, pick_colour(draws, WOOD))


def _paint_blur(canvas: Canvas, draws: Draws) -> None:
    """Paint something near the lens and out of focus at the left or right edge."""
    frame = frame_of(Pose())
    middle = (1.15 * draws.side(), draws.uniform(-1, 1))
    shape = ellipse(frame, *middle, draws.uniform(0.2, 0.6), 0.5)
    colour = pick_colour(draws, LEAF + " " + WOOD + " b04a3a d8d4cc 2a2c30")
    canvas.glow(frame, shape, colour, reach=0.25, strength=draws.uniform(0.6, 1))


def light_up(canvas: Canvas, draws: Draws) -> None:
    """Change exposure, contrast and tint, as weather and cameras do; add a shade and a glare."""
    slope = draws.uniform(-0.22, 0.22) * COLUMNS + draws.uniform(-0.22, 0.22) * ROWS
    canvas.rgb *= 1 + slope + 0.12 * canvas.coarse[:, :, ::-1]
    tint = np.stack([draws.bell(0.8, 1.2), draws.bell(0.86, 1.14), draws.bell(0.76, 1.24)])
    contrast, bright = draws.bell(0.68, 1.4), draws.bell(-0.17, 0.17)
    canvas.rgb -= 0.5
    canvas.rgb *= contrast * tint
    canvas.rgb += 0.5 + bright
    grey = (canvas.rgb[0] + canvas.rgb[1] + canvas.rgb[2]) * np.float32(1 / 3)
    canvas.rgb += (grey - canvas.rgb) * draws.uniform(-0.25, 0.35)


def blur(canvas: Canvas, draws: Draws) -> None:
    """Blur the picture: out of focus a little, moved a little, each in its own measure."""
    for axis in (2, 3):
        amount = draws.uniform(0, 0.2) + draws.chance(0.1) * 0.1
        rgb = np.moveaxis(canvas.rgb, axis, 3)
        middle = rgb[..., :-2] + rgb[..., 2:] - 2 * rgb[..., 1:-1]
        # Between none (0) and the three-tap mean (1/3).
        rgb[..., 1:-1] += middle * amount


def grain(canvas: Canvas, draws: Draws, amount: float) -> None:
    """Add the sensor's noise, mostly grey and stronger in some pictures."""
    noise = draws.noise(_GRAIN_FIRST, (3, 32, 32)).transpose(1, 0, 2, 3)
    strength = draws.uniform(0.15, 1)
    canvas.rgb += (0.35 * noise + 0.65 * noise[:1]) * (strength * strength * strength * amount)


def to_bytes(rgb: Field) -> npt.NDArray[np.uint8]:
    """Return pictures (3, N, 32, 32), 0 to 1, as uint8 (N, 32, 32, 3)."""
    levels = np.minimum(np.maximum(rgb * 255 + 0.5, 0), 255).astype(np.uint8)
    return np.ascontiguousarray(levels.transpose(1, 2, 3, 0))
