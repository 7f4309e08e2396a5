import dataclasses
import time

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cifar_core.config import TrainConfig
from cifar_core.data.image_set import ImageSet
from cifar_core.data.splits import split_images
from cifar_core.errors import ConfigError, DatasetError

SEEDS = st.integers(0, 2**31 - 1)
COUNTS = st.lists(st.integers(1, 60), min_size=2, max_size=12)
"""Images a class, from balanced to very uneven."""


def image_set(train_counts, test_counts=(), *, mix=0) -> ImageSet:
    """A set with so many images of each class, in an order drawn from ``mix``."""
    generator = torch.Generator().manual_seed(mix)
    parts = []
    for counts in (train_counts, test_counts):
        labels = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts, dtype=int))
        parts.append(labels[torch.randperm(len(labels), generator=generator)])
    labels = torch.cat(parts)
    return ImageSet(
        images=torch.zeros(1, 1, 1, 1, dtype=torch.uint8).expand(len(labels), 32, 32, 3),
        labels=labels,
        num_train=len(parts[0]),
        classes=tuple(f"class {i}" for i in range(max(len(train_counts), len(test_counts)))),
        name="counted",
        drawn=False,
        fingerprint="",
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
    )


def balanced(train: int, test: int = 0, classes: int = 3) -> ImageSet:
    return image_set([train // classes] * classes, [test // classes] * classes if test else ())


def indices_of(splits) -> list[set[int]]:
    return [set(part.indices.tolist()) for part in (splits.train, splits.val, splits.test)]


def assert_stratified(subset, part_labels) -> None:
    """Any first n images hold each class within one image of its share of the part."""
    one_hot = torch.nn.functional.one_hot(subset.labels, subset.source.num_classes).double()
    shares = part_labels.bincount(minlength=subset.source.num_classes) / len(part_labels)
    expected = torch.arange(1, len(subset) + 1)[:, None] * shares
    assert ((one_hot.cumsum(0) - expected).abs() < 1 + 1e-6).all()


@settings(max_examples=100, deadline=None)
@given(COUNTS, COUNTS, SEEDS, st.data())
def test_three_parts_are_disjoint_and_have_the_sizes_asked_for(train, test, seed, draw):
    data = image_set(train, test)
    val_size = draw.draw(st.integers(0, data.num_train - 1), "val_size")
    train_size = draw.draw(st.integers(1, data.num_train - val_size), "train_size")
    test_size = draw.draw(st.integers(1, data.num_test), "test_size")
    config = TrainConfig(
        seed=seed, batch_size=1, val_size=val_size, train_size=train_size, test_size=test_size
    )
    splits = split_images(data, config)
    assert [len(p) for p in (splits.train, splits.val, splits.test)] == [
        train_size, val_size, test_size,
    ]  # fmt: skip
    chosen = indices_of(splits)
    assert sum(map(len, chosen)) == len(set.union(*chosen)) == train_size + val_size + test_size
    assert max(chosen[0] | chosen[1]) < data.num_train <= min(chosen[2])


@settings(max_examples=100, deadline=None)
@given(COUNTS, COUNTS, SEEDS)
def test_any_first_images_of_a_part_are_a_stratified_sample(train, test, seed):
    data = image_set(train, test)
    in_train = data.labels[: data.num_train]
    config = TrainConfig(seed=seed, batch_size=1, val_size=0)
    assert_stratified(split_images(data, config).train, in_train)
    assert_stratified(split_images(data, config).test, data.labels[data.num_train :])
    if data.num_train > 1:
        config = config.replace(val_size=data.num_train - 1)
        assert_stratified(split_images(data, config).val, in_train)


def test_one_large_class_beside_many_small_ones_keeps_its_share():
    data = image_set([1000] + [5] * 100, [1])
    splits = split_images(data, TrainConfig(val_size=135, batch_size=1))
    assert int((splits.val.labels == 0).sum()) in (89, 90, 91)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(3, 60), min_size=2, max_size=6), SEEDS)
def test_without_a_test_part_a_stratified_sixth_becomes_one(counts, seed):
    data = image_set(counts)
    splits = split_images(data, TrainConfig(seed=seed, batch_size=1))
    assert abs(len(splits.test) - len(data) / 6) <= 0.5
    assert_stratified(splits.test, splits.test.labels)
    size = data.num_classes
    shares = data.labels.bincount(minlength=size) / len(data)
    found = splits.test.labels.bincount(minlength=size)
    assert ((found - shares * len(splits.test)).abs() < 1 + 1e-4).all()
    chosen = indices_of(splits)
    assert set.union(*chosen) == set(range(len(data)))
    assert sum(map(len, chosen)) == len(data)


@settings(max_examples=40, deadline=None)
@given(COUNTS, st.booleans(), SEEDS)
def test_the_same_seed_gives_the_same_split_and_the_sizes_do_not_touch_the_test_images(
    counts, has_test, seed
):
    data = image_set(counts, counts if has_test else ())
    assume(data.num_train > 12)
    plain = split_images(data, TrainConfig(seed=seed, batch_size=1))
    again = split_images(data, TrainConfig(seed=seed, batch_size=1))
    other = split_images(data, TrainConfig(seed=seed, batch_size=2, val_size=3, train_size=4))
    for part in ("train", "val", "test"):
        assert getattr(plain, part).indices.equal(getattr(again, part).indices)
    assert plain.test.indices.equal(other.test.indices)


def test_another_seed_gives_another_split_of_the_same_classes():
    data = balanced(120, 30)
    first, second = (split_images(data, TrainConfig(seed=seed)) for seed in (0, 1))
    for part in ("train", "val"):
        one, two = getattr(first, part), getattr(second, part)
        assert set(one.indices.tolist()) != set(two.indices.tolist())
        assert one.labels.bincount().equal(two.labels.bincount())
    first, second = (split_images(data, TrainConfig(seed=s, test_size=15)) for s in (0, 1))
    assert set(first.test.indices.tolist()) != set(second.test.indices.tolist())


def test_classes_are_shuffled_independently_of_each_other():
    labels = torch.arange(120) % 3  # image i of a class is image i of any other, one place on
    data = dataclasses.replace(balanced(120, 30), labels=torch.cat([labels, labels[:30]]))
    splits = split_images(data, TrainConfig(val_size=0, batch_size=1))
    orders = [splits.train.indices[splits.train.labels == label] - label for label in range(3)]
    assert not orders[0].equal(orders[1]) and not orders[1].equal(orders[2])
    assert not orders[0].equal(orders[0].sort().values)


def test_a_smaller_training_set_is_the_start_of_a_larger_one():
    data = balanced(120, 30)
    small, large = (
        split_images(data, TrainConfig(val_size=30, batch_size=8, train_size=size))
        for size in (20, 60)
    )
    assert large.train.indices[:20].equal(small.train.indices)
    assert large.val.indices.equal(small.val.indices)


@pytest.mark.parametrize(
    ("train_size", "val_size", "expected"),
    [
        (None, None, (108, 12)),
        (50, None, (50, 12)),
        (115, None, (115, 5)),
        (120, None, (120, 0)),
        (None, 0, (120, 0)),
        (None, 20, (100, 20)),
        (100, 20, (100, 20)),
        (None, 56, (64, 56)),
    ],
)
def test_sizes_that_are_left_open(train_size, val_size, expected):
    config = TrainConfig(train_size=train_size, val_size=val_size, batch_size=32)
    splits = split_images(balanced(120, 30), config)
    assert (len(splits.train), len(splits.val)) == expected


@pytest.mark.parametrize(
    ("settings_", "words"),
    [
        ({"val_size": 120}, ["val_size is 120", "has only 120 images", "left to train on"]),
        ({"val_size": 500}, ["val_size is 500", "has only 120 images"]),
        ({"train_size": 121}, ["train_size is 121", "has only 120 images"]),
        ({"train_size": 100, "val_size": 30}, ["train_size is 100", "30 images", "has only 90"]),
        ({"test_size": 31}, ["test_size is 31", "the test part has only 30 images"]),
        ({"batch_size": 109}, ["batch_size is 109", "only 108 training images"]),
        ({"batch_size": 33, "train_size": 32}, ["batch_size is 33", "only 32 training images"]),
        ({"early_stopping": 2, "train_size": 120}, ["early_stopping", "lower train_size"]),
    ],
)
def test_sizes_that_the_set_does_not_have_are_refused(settings_, words):
    with pytest.raises(ConfigError) as caught:
        split_images(balanced(120, 30), TrainConfig(**settings_))
    message = str(caught.value)
    assert all(word in message for word in words) and message.endswith(".")


@pytest.mark.parametrize("count", [1, 2])
def test_a_set_without_a_test_part_needs_three_images(count):
    with pytest.raises(DatasetError, match=rf"counted has {count} images and no test part"):
        split_images(image_set([count]), TrainConfig(batch_size=1))


@pytest.mark.parametrize("count", [3, 4, 5])
def test_three_images_are_enough_for_three_parts(count):
    splits = split_images(image_set([count]), TrainConfig(batch_size=1))
    assert len(splits.test) == len(splits.val) == 1
    assert len(splits.train) == count - 2


def test_of_a_single_training_image_none_is_left_for_validation():
    splits = split_images(image_set([1], [1]), TrainConfig(batch_size=1))
    assert (len(splits.train), len(splits.val), len(splits.test)) == (1, 0, 1)


def test_classes_without_images_are_no_trouble():
    data = image_set([10, 0, 10], [0, 0, 4])
    splits = split_images(data, TrainConfig(batch_size=4))
    assert splits.val.labels.bincount().tolist() == [1, 0, 1]


def test_splitting_as_many_images_as_cifar10_has_takes_no_time_to_speak_of():
    uneven = image_set([5000 + 7 * i for i in range(10)], [1000 + i for i in range(10)])
    began = time.process_time()
    split_images(uneven, TrainConfig())
    assert time.process_time() - began < 3.0  # about 0.1 s on an idle core
