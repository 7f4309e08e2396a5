"""The built-in drawn set: same bytes everywhere, balanced, varied, not to be told by colour."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cifar_core.data.drawn import (
    CLASSES,
    NUM_TEST,
    NUM_TRAIN,
    VERSION,
    DrawnSet,
    draw_images,
    draw_set,
)
from cifar_core.data.drawn.draws import SECTIONS, Draws, draw_words

PINNED = (2, "149d40fe21d7bba73c69ae937054ef7cf823e1e3f7b5125469630cde7cee4576")
"""VERSION and the SHA-256 of 400 images: raise VERSION whenever the second has to change."""


@pytest.fixture(scope="module")
def small_set() -> DrawnSet:
    return draw_set(seed=3, num_train=1200, num_test=400)


def _sorted_hashes(images: npt.NDArray[np.uint8]) -> list[str]:
    return sorted(hashlib.sha256(image.tobytes()).hexdigest() for image in images)


def test_classes_are_those_of_cifar10_in_its_order() -> None:
    assert CLASSES == (
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    )  # fmt: skip
    assert (NUM_TRAIN, NUM_TEST) == (25_000, 5_000)


def test_pixels_are_the_pinned_ones() -> None:
    images = draw_images(np.arange(400) % 10, seed=0)
    assert (VERSION, hashlib.sha256(images.tobytes()).hexdigest()) == PINNED


def test_set_has_the_promised_shapes_and_types(small_set: DrawnSet) -> None:
    assert small_set.train_images.shape == (1200, 32, 32, 3)
    assert small_set.test_images.shape == (400, 32, 32, 3)
    assert small_set.train_images.dtype == small_set.test_images.dtype == np.uint8
    assert small_set.train_labels.dtype == small_set.test_labels.dtype == np.int64


def test_classes_are_balanced_and_mixed(small_set: DrawnSet) -> None:
    assert np.bincount(small_set.train_labels).tolist() == [120] * 10
    assert np.bincount(small_set.test_labels).tolist() == [40] * 10
    assert len(set(small_set.train_labels[:50].tolist())) == 10


def test_counts_that_ten_does_not_divide_differ_by_one_at_most() -> None:
    counts = np.bincount(draw_set(num_train=37, num_test=0).train_labels, minlength=10)
    assert counts.sum() == 37
    assert counts.max() - counts.min() == 1


def test_no_image_occurs_twice(small_set: DrawnSet) -> None:
    hashes = _sorted_hashes(np.concatenate([small_set.train_images, small_set.test_images]))
    assert len(set(hashes)) == len(hashes)


def test_test_part_does_not_depend_on_the_size_of_the_training_part(small_set: DrawnSet) -> None:
    other = draw_set(seed=3, num_train=10, num_test=400)
    assert np.array_equal(other.test_images, small_set.test_images)
    assert np.array_equal(other.test_labels, small_set.test_labels)


@settings(max_examples=8, deadline=None)
@given(
    splits=st.lists(st.integers(0, 60), max_size=4),
    seed=st.integers(0, 2**64 - 1),
    first_index=st.integers(0, 2**40),
)
def test_an_image_does_not_depend_on_how_the_set_is_cut(
    splits: list[int], seed: int, first_index: int
) -> None:
    labels = np.random.default_rng(0).integers(0, 10, 60)
    whole = draw_images(labels, seed=seed, first_index=first_index)
    edges = [0, *sorted(splits), 60]
    pieces = [
        draw_images(labels[a:b], seed=seed, first_index=first_index + a) for a, b in pairwise(edges)
    ]
    assert np.array_equal(np.concatenate(pieces), whole)


def test_chunks_and_threads_leave_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = np.arange(200) % 10
    whole = draw_images(labels, seed=1)
    monkeypatch.setattr("cifar_core.data.drawn.CHUNK", 23)
    assert np.array_equal(draw_images(labels, seed=1), whole)


def test_changing_one_label_changes_that_image_only() -> None:
    labels = np.arange(40) % 10
    changed = labels.copy()
    changed[17] = 2
    differs = draw_images(labels, seed=1) != draw_images(changed, seed=1)
    assert np.flatnonzero(differs.any(axis=(1, 2, 3))).tolist() == [17]


def test_another_seed_draws_other_images_in_another_order() -> None:
    first, second = (draw_set(seed=seed, num_train=100, num_test=0) for seed in (0, 1))
    assert not np.array_equal(first.train_labels, second.train_labels)
    assert not set(_sorted_hashes(first.train_images)) & set(_sorted_hashes(second.train_images))


def test_every_class_is_varied(small_set: DrawnSet) -> None:
    for label in range(10):
        images = small_set.train_images[small_set.train_labels == label][:60].astype(np.float32)
        distances = np.abs(images[:, None] - images[None]).mean(axis=(2, 3, 4))
        assert distances[~np.eye(60, dtype=bool)].min() > 8, CLASSES[label]


def test_images_use_the_range_of_brightness_without_running_out_of_it(small_set: DrawnSet) -> None:
    images = small_set.train_images
    assert 90 < images.mean() < 160
    assert images.std() > 45
    assert ((images == 0) | (images == 255)).mean() < 0.08


def test_average_colour_alone_does_not_tell_the_class(small_set: DrawnSet) -> None:
    means = small_set.train_images.mean(axis=(1, 2))
    centres = np.stack([means[small_set.train_labels == label].mean(axis=0) for label in range(10)])
    test_means = small_set.test_images.mean(axis=(1, 2))
    nearest = np.abs(test_means[:, None] - centres[None]).sum(axis=2).argmin(axis=1)
    assert (nearest == small_set.test_labels).mean() < 0.35


def test_progress_counts_up_to_the_whole() -> None:
    seen: list[tuple[int, int]] = []
    draw_set(num_train=700, num_test=50, progress=lambda done, total: seen.append((done, total)))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1] == (750, 750)
    assert len(seen) > 1


def test_what_progress_raises_ends_the_drawing() -> None:
    def refuse(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        draw_set(num_train=2000, num_test=50, progress=refuse)


def test_nothing_to_draw_is_no_error() -> None:
    assert draw_images(np.array([], dtype=np.int64), seed=0).shape == (0, 32, 32, 3)


@pytest.mark.parametrize(
    ("labels", "seed", "first_index", "complaint"),
    [
        ([10], 0, 0, "labels"),
        ([-1], 0, 0, "labels"),
        ([[1]], 0, 0, "labels"),
        ([1], -1, 0, "seed"),
        ([1], 2**64, 0, "seed"),
        ([1], 0, -1, "first_index"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    labels: list[int], seed: int, first_index: int, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        draw_images(np.array(labels), seed=seed, first_index=first_index)


def test_a_section_of_draws_cannot_run_into_the_next() -> None:
    start, end = SECTIONS["finish"]
    draws = Draws(draw_words(0, 1, first=0, count=2)).section("finish")
    draws.skip(end - start - 1)
    assert draws.uniform().shape == (2, 1, 1)
    with pytest.raises(IndexError, match="section ends"):
        draws.uniform()


def test_words_of_an_image_do_not_depend_on_where_drawing_starts() -> None:
    whole = draw_words(5, 1, first=0, count=4)
    assert np.array_equal(draw_words(5, 1, first=3, count=1)[0], whole[3])
