"""Hair, feathers and skin: colours that vary over a body."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .canvas import Canvas
from .colours import mix, pick_colour, plain
from .draws import Draws, Field, Number


@dataclass(frozen=True)
class Coat:
    """Colours of an animal: ``hair`` (3, N, 32, 32), lighter ``pale`` of belly and muzzle."""

    hair: Field
    pale: Field


def grow_coat(
    canvas: Canvas, draws: Draws, palette: str, *, patched: float, contrast: float = 1.0
) -> Coat:
    """Return a coat of one colour, or of two in patches for a share ``patched`` of the animals.

    ``contrast`` says how far the second colour is from the first, 0 to 1.
    """
    base, other = pick_colour(draws, palette), pick_colour(draws, palette)
    edge = np.minimum(np.maximum((canvas.coarse + draws.uniform(-0.3, 0.3)) * 5, 0), 1)
    hair = mix(base, other, edge * draws.chance(patched) * contrast)
    shaggy = draws.uniform(0.05, 0.28)
    hair = hair * (1 + shaggy * canvas.fine + 0.1 * canvas.coarse)
    pale = mix(base, plain("f3ece0"), draws.uniform(0.15, 0.75))
    return Coat(hair, pale)


def stripes(along: Field, width: Number) -> Field:
    """Return soft stripes, 0 to 1, across the direction of ``along``."""
    turn = along / width
    wave = np.abs(turn - np.floor(turn) - 0.5) * 2
    return np.minimum(np.maximum((wave - 0.35) * 3, 0), 1)
