"""Signed distances of simple shapes: negative inside, positive outside, in units of the frame.

Only + - * / sqrt, comparisons, min, max and abs are used: IEEE 754 defines them to the last bit, so
the same picture comes out of every machine. numpy's sin, exp or power would not promise that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .draws import Field, Number

SIZE = 32
_CENTRES = (np.arange(SIZE, dtype=np.float32) + np.float32(0.5)) / np.float32(SIZE / 2) - 1
COLUMNS: Field = _CENTRES.reshape(1, 1, SIZE)
"""x of every pixel: -1 at the left edge, 1 at the right."""
ROWS: Field = _CENTRES.reshape(1, SIZE, 1)
"""y of every pixel: -1 at the top, 1 at the bottom."""


@dataclass(frozen=True)
class Frame:
    """Where a subject stands: its own coordinates, seen from every pixel.

    x and y are (N, 32, 32) with y downwards; pixels is how many pixels one unit covers, (N, 1, 1).
    """

    x: Field
    y: Field
    pixels: Field


@dataclass(frozen=True)
class Pose:
    """Position, size, tilt and direction of a subject; numbers or (N, 1, 1) fields.

    ``tilt`` is the tangent of half the angle, so that sine and cosine need no table; ``flip`` is 1
    or -1; ``stretch`` makes the subject longer without making it taller.
    """

    x: Number = 0.0
    y: Number = 0.0
    scale: Number = 1.0
    tilt: Number = 0.0
    flip: Number = 1.0
    stretch: Number = 1.0


def frame_of(pose: Pose) -> Frame:
    """Return the frame of a subject placed in the picture by ``pose``."""
    square = np.asarray(pose.tilt * pose.tilt, dtype=np.float32)
    cosine, sine = (1 - square) / (1 + square), 2 * pose.tilt / (1 + square)
    right, down = COLUMNS - pose.x, ROWS - pose.y
    scale = np.asarray(pose.scale, dtype=np.float32)
    x = (right * cosine + down * sine) / (scale * pose.flip * pose.stretch)
    y = (down * cosine - right * sine) / scale
    return Frame(x, y, scale * (SIZE / 2))


def closer(frame: Frame, centre: tuple[Number, Number], scale: Number) -> Frame:
    """Return the frame of a part of a subject: its middle at ``centre``, ``scale`` times as big."""
    x, y = (frame.x - centre[0]) / scale, (frame.y - centre[1]) / scale
    return Frame(x, y, frame.pixels * scale)


def ellipse(frame: Frame, cx: Number, cy: Number, rx: Number, ry: Number) -> Field:
    """Return the distance to an upright ellipse (exact on its edge, rough far away)."""
    x, y = (frame.x - cx) / rx, (frame.y - cy) / ry
    return (np.sqrt(x * x + y * y) - 1) * np.minimum(rx, ry).astype(np.float32)


def limb(
    frame: Frame, start: tuple[Number, Number], end: tuple[Number, Number], *radii: Number
) -> Field:
    """Return the distance to a line with round ends, as thick as radii (start, end)."""
    ex, ey = end[0] - start[0], end[1] - start[1]
    x, y = frame.x - start[0], frame.y - start[1]
    length = np.asarray(ex * ex + ey * ey + 1e-6, dtype=np.float32)
    along = np.minimum(np.maximum((x * ex + y * ey) / length, 0), 1)
    x, y = x - along * ex, y - along * ey
    distance = np.sqrt(x * x + y * y) - radii[0]
    return distance - along * (radii[-1] - radii[0]) if len(radii) > 1 else distance


def box(frame: Frame, cx: Number, cy: Number, hx: Number, hy: Number) -> Field:
    """Return the distance to a box with half sizes hx and hy."""
    return np.maximum(np.abs(frame.x - cx) - hx, np.abs(frame.y - cy) - hy)


def round_box(
    frame: Frame, centre: tuple[Number, Number], half: tuple[Number, Number], radius: Number
) -> Field:
    """Return the distance to a box with rounded corners."""
    x = np.abs(frame.x - centre[0]) - (half[0] - radius)
    y = np.abs(frame.y - centre[1]) - (half[1] - radius)
    outside_x, outside_y = np.maximum(x, 0), np.maximum(y, 0)
    corner = np.sqrt(outside_x * outside_x + outside_y * outside_y)
    distance: Field = corner + np.minimum(np.maximum(x, y), 0) - radius
    return distance


def polygon(frame: Frame, *points: tuple[Number, Number]) -> Field:
    """Return the distance to a convex polygon; points run clockwise on the screen."""
    distance: Field | None = None
    for (ax, ay), (bx, by) in zip(points, points[1:] + points[:1], strict=True):
        nx, ny = by - ay, ax - bx
        length = np.sqrt(np.asarray(nx * nx + ny * ny + 1e-9, dtype=np.float32))
        nx, ny = nx / length, ny / length
        edge = frame.x * nx + (frame.y * ny - (ax * nx + ay * ny))
        distance = edge if distance is None else np.maximum(distance, edge)
    assert distance is not None
    return distance


def triangle(
    frame: Frame,
    a: tuple[Number, Number],
    b: tuple[Number, Number],
    c: tuple[Number, Number],
) -> Field:
    """Return the distance to a triangle whose corners may run either way round."""
    turn = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    forward = np.asarray(turn) > 0
    second = (np.where(forward, b[0], c[0]), np.where(forward, b[1], c[1]))
    third = (np.where(forward, c[0], b[0]), np.where(forward, c[1], b[1]))
    return polygon(
        frame,
        a,
        (second[0].astype(np.float32), second[1].astype(np.float32)),
        (third[0].astype(np.float32), third[1].astype(np.float32)),
    )


def blend(softness: Number, *parts: Field) -> Field:
    """Return the union of parts, grown together where they meet as flesh does."""
    union = parts[0]
    for part in parts[1:]:
        near = np.maximum(softness - np.abs(union - part), 0)
        union = np.minimum(union, part) - near * near * (0.25 / softness)
    return union


def union(*parts: Field) -> Field:
    """Return the union of parts, with its inner corners left sharp."""
    whole = parts[0]
    for part in parts[1:]:
        whole = np.minimum(whole, part)
    return whole
