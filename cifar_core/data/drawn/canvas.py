"""The picture while it is painted, back to front, for N images at once.

Knows how colour covers colour, how light falls on a round body and how smooth noise is made; knows
nothing of what is painted.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from .colours import BLACK
from .draws import Draws, Field, Number
from .shapes import SIZE, Frame, ellipse

View = Callable[["Canvas", Draws], None]


class Canvas:
    """N pictures, with the light that falls in each.

    Attributes:
        rgb: float32 (3, N, 32, 32), about 0 to 1.
        light: the direction light comes from, a pair of (N, 1, 1), y downwards.
        coarse: smooth noise in -1 to 1, waves of about eight pixels, (N, 32, 32).
        fine: smooth noise in -1 to 1, waves of about two pixels, (N, 32, 32).
        level: the height of the horizon in every column, -1 top to 1 bottom, (N, 1, 32).
    """

    def __init__(
        self, rgb: Field, light: tuple[Field, Field], noises: tuple[Field, Field], level: Field
    ) -> None:
        """Take the parts as described above; nothing is copied."""
        self.rgb, self.light, self.level = rgb, light, level
        self.coarse, self.fine = noises

    @classmethod
    def blank(cls, draws: Draws) -> Canvas:
        """Return black pictures with their light and their two noises."""
        light = (draws.uniform(-0.8, 0.8), draws.uniform(-1.1, -0.5))
        rgb = np.zeros((3, len(draws), SIZE, SIZE), dtype=np.float32)
        coarse = smooth_noise(draws.noise(0, (6, 6)))
        fine = smooth_noise(draws.noise(36, (17, 17)))
        level = np.zeros((len(draws), 1, SIZE), dtype=np.float32)
        return cls(rgb, light, (coarse, fine), level)

    def rows(self, rows: npt.NDArray[np.intp]) -> Canvas:
        """Return a copy of some of the pictures."""
        light = (self.light[0][rows], self.light[1][rows])
        noises = (self.coarse[rows], self.fine[rows])
        return Canvas(self.rgb[:, rows], light, noises, self.level[rows])

    def fill(self, frame: Frame, distance: Field, colour: Field, strength: Number = 1.0) -> None:
        """Lay a colour over the inside of a shape, smooth at its edge.

        Args:
            frame: the frame the distance was measured in.
            distance: signed distance to the shape, (N, 32, 32).
            colour: (3, N, 1, 1) or (3, N, 32, 32).
            strength: how opaque, 0 to 1, per image or pixel.
        """
        self.lay(np.minimum(np.maximum(0.5 - distance * frame.pixels, 0), 1) * strength, colour)

    def glow(
        self, frame: Frame, distance: Field, colour: Field, *, reach: Number, strength: Number
    ) -> None:
        """Lay a colour that fades over ``reach`` units around the edge: shadow, haze, spray."""
        self.lay(np.minimum(np.maximum(0.5 - distance / reach, 0), 1) * strength, colour)

    def shadow(self, frame: Frame, foot: Number, half: Number) -> None:
        """Darken the ground at height ``foot`` under a subject of half width ``half``."""
        shade = ellipse(frame, 0, foot, half, 0.13)
        self.glow(frame, shade, BLACK, reach=0.16, strength=0.4)

    def lay(self, cover: Field, colour: Field) -> None:
        """Lay a colour over the picture, ``cover`` (N, 32, 32) of it at each pixel."""
        # One float64 among the numbers would double the cost of all that follows.
        assert cover.dtype == colour.dtype == np.float32
        # Channel by channel, in place: a third of the memory, so it stays in the cache.
        for channel, ink in zip(self.rgb, colour, strict=True):
            change = ink - channel
            change *= cover
            channel += change

    def body(
        self, frame: Frame, distance: Field, colour: Field, *, depth: Number, gloss: float = 0.5
    ) -> None:
        """Fill a shape as a round body in the light; ``depth`` is its half thickness."""
        self.fill(frame, distance, colour * self.relief(distance, depth, gloss))

    def relief(self, distance: Field, depth: Number, gloss: float) -> Field:
        """Return how bright each pixel of a round body is, about 0.4 to 1.6, (N, 32, 32)."""
        inside = np.minimum(np.maximum(-distance / depth, 0), 1)
        height = np.sqrt(inside * (2 - inside))
        slope = np.zeros_like(height)
        slope[:, :, 1:-1] += (height[:, :, 2:] - height[:, :, :-2]) * self.light[0]
        slope[:, 1:-1] += (height[:, 2:] - height[:, :-2]) * self.light[1]
        bright: Field = np.minimum(np.maximum(0.94 - gloss * slope, 0.4), 1.6)
        return bright


def smooth_noise(grid: Field) -> Field:
    """Return noise (N, 32, 32) that runs smoothly between the points of a grid (N, g, g)."""
    cells = grid.shape[1] - 1
    place = np.arange(SIZE, dtype=np.float32) * np.float32(cells / SIZE)
    low = place.astype(np.intp)
    part = place - low.astype(np.float32)
    down = part.reshape(1, SIZE, 1)
    rows = grid[:, low] * (1 - down) + grid[:, low + 1] * down
    noise: Field = rows[:, :, low] * (1 - part) + rows[:, :, low + 1] * part
    return noise


def paint_views(
    canvas: Canvas, draws: Draws, views: tuple[View, ...], weights: tuple[float, ...]
) -> None:
    """Paint each picture by one of the views, chosen in proportion to ``weights``."""
    choice = draws.pick(weights)
    for number, view in enumerate(views):
        rows = np.flatnonzero(choice == number)
        if rows.size:
            part = canvas.rows(rows)
            view(part, draws.rows(rows))
            canvas.rgb[:, rows] = part.rgb


def paint_some(
    canvas: Canvas, draws: Draws, view: View, *, share: Number, reserved: int = 16
) -> None:
    """Let ``view`` paint a share of the pictures, taking at most ``reserved`` draws of each."""
    rows = np.flatnonzero(draws.chance(share))
    if rows.size:
        part = canvas.rows(rows)
        view(part, draws.rows(rows))
        canvas.rgb[:, rows] = part.rgb
    draws.skip(reserved)
