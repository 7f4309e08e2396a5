"""A four-legged animal seen from the side: one body plan for cat, dog, deer and horse.

The classes share this plan and differ by its measures, as the animals do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .canvas import Canvas
from .coats import Coat
from .colours import BLACK, mix
from .draws import Field, Number
from .shapes import Frame, blend, ellipse, limb, union


@dataclass(frozen=True)
class Build:
    """Measures of an animal that faces right, its trunk's middle at (0, 0), y downwards.

    Numbers or (N, 1, 1) fields, in units of the frame: ``half`` the trunk's half length, ``chest``
    and ``rump`` half its thickness, ``leg`` the height of the trunk's middle over the ground,
    ``neck`` the way from shoulder to head, ``snout`` the way from head to nose.
    """

    half: Number
    chest: Number
    rump: Number
    leg: Number
    leg_r: Number
    neck: tuple[Number, Number]
    neck_r: Number
    head_r: Number
    snout: tuple[Number, Number]
    snout_r: Number
    stride: Number

    @property
    def shoulder(self) -> tuple[Number, Number]:
        """Return where the neck begins."""
        return (self.half - 0.02, -0.25 * self.chest)

    @property
    def head(self) -> tuple[Number, Number]:
        """Return the middle of the skull."""
        return (self.half + self.neck[0], self.neck[1])

    @property
    def nose(self) -> tuple[Number, Number]:
        """Return the tip of the snout."""
        return (self.head[0] + self.snout[0], self.head[1] + self.snout[1])


def paint_quadruped(canvas: Canvas, frame: Frame, coat: Coat, build: Build) -> None:
    """Paint trunk, neck, head and legs; ears, tail and face are the caller's."""
    canvas.shadow(frame, build.leg, build.half + 0.2)
    far = union(*_legs(frame, build, -build.stride, 0.07))
    canvas.fill(frame, far, coat.hair * 0.6)
    trunk = limb(frame, (-build.half, 0), (build.half, 0), build.rump, build.chest)
    neck = limb(frame, build.shoulder, build.head, build.chest * 0.8, build.neck_r)
    skull = ellipse(frame, *build.head, build.head_r * 1.1, build.head_r)
    snout = limb(frame, build.head, build.nose, build.head_r * 0.8, build.snout_r)
    legs = _legs(frame, build, build.stride, 0.0)
    whole = union(blend(0.08, trunk, neck, *legs), blend(0.05, skull, snout))
    belly = np.minimum(np.maximum((frame.y - 0.3 * build.chest) * 7, 0), 1)
    under = belly * (frame.y < build.chest * 1.3)
    canvas.body(frame, whole, mix(coat.hair, coat.pale, 0.5 * under), depth=build.chest)


def _legs(frame: Frame, build: Build, stride: Number, back: float) -> list[Field]:
    """Return the parts of a fore and a hind leg, ``back`` further into the picture."""
    fore, hind = build.half - 0.04 + back, -build.half + 0.02 + back
    foot, thick = build.leg - 0.5 * back, build.leg_r
    knee = (hind - 0.06 + 0.3 * stride, 0.55 * foot)
    return [
        limb(frame, (fore, 0.05), (fore + stride, foot), thick * 1.8, thick),
        limb(frame, (hind, 0.02), knee, build.rump * 0.75, thick * 1.25),
        limb(frame, knee, (hind + 0.02 + 0.8 * stride, foot), thick * 1.25, thick),
    ]


def paint_side_face(canvas: Canvas, frame: Frame, coat: Coat, build: Build) -> None:
    """Paint eye, nose and the paler muzzle of a head seen from the side."""
    (hx, hy), (nx, ny) = build.head, build.nose
    muzzle = ellipse(frame, nx, ny, build.snout_r * 1.1, build.snout_r)
    canvas.fill(frame, muzzle, coat.pale, 0.6)
    tip = ellipse(frame, nx + 0.8 * build.snout_r, ny - 0.3 * build.snout_r, 0.04, 0.04)
    canvas.fill(frame, tip, BLACK)
    eye = ellipse(frame, hx + 0.35 * build.head_r, hy - 0.25 * build.head_r, 0.035, 0.035)
    canvas.fill(frame, eye, BLACK, 0.9)
