"""Random numbers that depend on one image only, never on its neighbours.

Every image owns a fixed block of the Philox counter, so any image can be drawn again on its own,
in any chunk and on any machine. Knows nothing of pictures.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Field: TypeAlias = npt.NDArray[Any]
"""float32 array that broadcasts to (N, 32, 32); a number per image has shape (N, 1, 1)."""
Number: TypeAlias = Field | float

SCALARS = 384
"""32-bit draws an image has for its shapes, in sections."""
NOISE_BYTES = 4096
"""8-bit draws an image has for texture and grain."""
SECTIONS = {"scenery": (0, 112), "subject": (112, 304), "finish": (304, 384)}
"""First draw of each section and the one after its last."""
_WORDS = SCALARS // 2 + NOISE_BYTES // 8
_BLOCKS = _WORDS // 4  # one Philox counter step gives four 64-bit words


def draw_words(seed: int, version: int, *, first: int, count: int) -> npt.NDArray[np.uint64]:
    """Return the random words of images ``first`` to ``first + count - 1``.

    Args:
        seed: 0 to 2**64 - 1.
        version: version of the drawing program, part of the key.
        first: index of the first image, not negative.
        count: number of images.

    Returns:
        uint64 (count, 704); row i depends on seed, version and first + i alone.
    """
    # random_raw, not Generator: NumPy promises the stream of a bit generator for ever.
    source = np.random.Philox(key=(version << 64) | seed, counter=first * _BLOCKS)
    words = np.asarray(source.random_raw(count * _WORDS), dtype=np.uint64)
    return words.reshape(count, _WORDS)


class Draws:
    """Numbers for N images: each call takes the next draw of every image."""

    def __init__(self, words: npt.NDArray[np.uint64], start: int = 0, end: int = SCALARS) -> None:
        """Read from ``words`` (N, 704), from draw ``start`` on and before draw ``end``."""
        self._words = words
        self._next, self._end = start, end

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self._words)

    def section(self, name: str) -> Draws:
        """Return the draws kept for one part of the picture, whatever the others used up."""
        return Draws(self._words, *SECTIONS[name])

    def rows(self, rows: npt.NDArray[np.intp]) -> Draws:
        """Return the draws of some of the images, from the same place on."""
        return Draws(self._words[rows], self._next, self._end)

    def skip(self, count: int) -> None:
        """Leave out the next draws, which others have taken with ``rows``."""
        self._next += count

    def bits(self) -> npt.NDArray[np.uint64]:
        """Return the next 32 random bits of every image, uint64 (N, 1, 1)."""
        if self._next >= self._end:
            raise IndexError(f"draw {self._next} is asked for, this section ends at {self._end}")
        word = self._words[:, self._next // 2]
        word = word >> np.uint64(32) if self._next % 2 else word & np.uint64(0xFFFFFFFF)
        self._next += 1
        return word.reshape(-1, 1, 1)

    def uniform(self, low: Number = 0.0, high: Number = 1.0) -> Field:
        """Return a number per image between low and high, float32 (N, 1, 1)."""
        # 24 bits fit a float32 without rounding.
        unit = (self.bits() >> np.uint64(8)).astype(np.float32) * np.float32(2.0**-24)
        return low + (high - low) * unit

    def bell(self, low: float, high: float) -> Field:
        """Return a number per image, mostly near the middle of low and high."""
        return (self.uniform(low, high) + self.uniform(low, high) + self.uniform(low, high)) / 3.0

    def chance(self, share: Number) -> Field:
        """Return 1.0 for about ``share`` of the images and 0.0 for the others."""
        return (self.uniform() < share).astype(np.float32)

    def side(self) -> Field:
        """Return -1.0 or 1.0 per image."""
        return 1.0 - 2.0 * self.chance(0.5)

    def pick(self, weights: tuple[float, ...]) -> npt.NDArray[np.intp]:
        """Return a choice per image, (N,), in proportion to ``weights`` that add up to 1."""
        unit = self.uniform()[:, 0, 0]
        choice = np.zeros(len(self), dtype=np.intp)
        edge = 0.0
        for weight in weights[:-1]:
            edge += weight
            choice += unit >= np.float32(edge)
        return choice

    def noise(self, first: int, shape: tuple[int, ...]) -> Field:
        """Return noise in -1 to 1 from the image's bytes, float32 (N, *shape)."""
        size = int(np.prod(shape))
        words = np.ascontiguousarray(self._words[:, SCALARS // 2 :]).astype("<u8", copy=False)
        chosen = words.view(np.uint8)[:, first : first + size]
        return (chosen.astype(np.float32) / 127.5 - 1.0).reshape(-1, *shape)
