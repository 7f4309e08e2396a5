"""The built-in image set: ten kinds of things, drawn by the program, no network needed.

Pictures 32 x 32 in the ten classes of CIFAR-10, in its order. They are drawn, not photographed:
label them so wherever they appear. The same seed and version give the same bytes on every machine.
Knows numpy and nothing of torch, files or downloads.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from .drawing import CHUNK, SUBJECTS, VERSION, draw_chunk

__all__ = ["CLASSES", "NUM_TEST", "NUM_TRAIN", "VERSION", "DrawnSet", "draw_images", "draw_set"]

Images: TypeAlias = npt.NDArray[np.uint8]
Labels: TypeAlias = npt.NDArray[np.int64]

CLASSES: tuple[str, ...] = tuple(subject.name for subject in SUBJECTS)
NUM_TRAIN = 25_000
NUM_TEST = 5_000

_TEST_FIRST = 1 << 32
"""Index of the first test image, out of reach of any training image."""
_THREADS = 2


@dataclass(frozen=True)
class DrawnSet:
    """A training and a test part: uint8 images (N, 32, 32, 3), int64 labels (N,)."""

    train_images: Images
    train_labels: Labels
    test_images: Images
    test_labels: Labels


def draw_images(labels: Labels, *, seed: int, first_index: int = 0) -> Images:
    """Draw one picture per label.

    Image i depends on VERSION, seed, first_index + i and labels[i] alone, however many are drawn.

    Args:
        labels: int64 (N,), 0 to 9, places in CLASSES.
        seed: 0 to 2**64 - 1.
        first_index: index of the first image, not negative.

    Returns:
        uint8 (N, 32, 32, 3), RGB.

    Raises:
        ValueError: a label, the seed or the index is out of its range.
    """
    labels = np.asarray(labels, dtype=np.int64)
    _check(labels, seed, first_index)
    images = np.empty((len(labels), 32, 32, 3), dtype=np.uint8)
    _draw_into(images, labels, seed=seed, first_index=first_index, report=lambda count: None)
    return images


def draw_set(
    *,
    seed: int = 0,
    num_train: int = NUM_TRAIN,
    num_test: int = NUM_TEST,
    progress: Callable[[int, int], None] | None = None,
) -> DrawnSet:
    """Draw the whole set: balanced classes in a random order, no image in both parts.

    Args:
        seed: 0 to 2**64 - 1; another seed gives other pictures in another order.
        num_train: number of training images.
        num_test: number of test images.
        progress: called in the calling thread with (images done, images in all); what it raises
            ends the drawing.

    Returns:
        The two parts; the test part does not depend on num_train.
    """
    done = 0

    def report(count: int) -> None:
        nonlocal done
        done += count
        if progress is not None:
            progress(done, num_train + num_test)

    def draw_part(number: int, first: int) -> tuple[Images, Labels]:
        labels = _balanced_labels(number, seed=seed, first=first)
        images = np.empty((number, 32, 32, 3), dtype=np.uint8)
        _draw_into(images, labels, seed=seed, first_index=first, report=report)
        return images, labels

    _check(np.zeros(0, dtype=np.int64), seed, 0)
    return DrawnSet(*draw_part(num_train, 0), *draw_part(num_test, _TEST_FIRST))


def _draw_into(
    images: Images,
    labels: Labels,
    *,
    seed: int,
    first_index: int,
    report: Callable[[int], None],
) -> None:
    """Draw into ``images`` on two threads, since numpy frees the interpreter while it computes."""
    starts = range(0, len(labels), CHUNK)

    def draw(start: int) -> int:
        part = slice(start, start + CHUNK)
        images[part] = draw_chunk(labels[part], seed=seed, first_index=first_index + start)
        return len(labels[part])

    # map cancels what has not begun when ``report`` raises, so a visitor can call it off.
    with ThreadPoolExecutor(_THREADS) as pool:
        for count in pool.map(draw, starts):
            report(count)


def _balanced_labels(number: int, *, seed: int, first: int) -> Labels:
    """Return labels with equal classes in an order drawn from the seed, int64 (number,)."""
    key = (1 << 127) | (VERSION << 64) | seed  # the top bit keeps it apart from the images' draws
    order = np.asarray(np.random.Philox(key=key, counter=first).random_raw(number))
    labels = np.arange(number, dtype=np.int64) % len(CLASSES)
    return labels[np.argsort(order, kind="stable")]


def _check(labels: Labels, seed: int, first_index: int) -> None:
    """Raise ValueError for what cannot be drawn."""
    if labels.ndim != 1 or (labels.size and not 0 <= labels.min() <= labels.max() < len(CLASSES)):
        raise ValueError(f"labels must be one row of numbers from 0 to {len(CLASSES) - 1}")
    if not 0 <= seed < 1 << 64:
        raise ValueError(f"seed is {seed}, it must be from 0 to 2**64 - 1")
    if first_index < 0:
        raise ValueError(f"first_index is {first_index}, it must not be negative")
