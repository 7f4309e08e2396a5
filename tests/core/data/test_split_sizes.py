import subprocess
import sys

import pytest

from cifar_core.config import TrainConfig
from cifar_core.data.split_sizes import SplitSizes, split_sizes
from cifar_core.data.splits import split_images
from cifar_core.errors import ConfigError


def test_validation_takes_a_tenth_where_nothing_is_said():
    assert split_sizes(50_000, 10_000, TrainConfig()) == SplitSizes(45_000, 5_000, 10_000)


def test_a_set_without_a_test_part_gives_a_sixth_of_its_images():
    assert split_sizes(600, 0, TrainConfig()) == SplitSizes(450, 50, 100)


@pytest.mark.parametrize(
    "asked", [{}, {"val_size": 0}, {"train_size": 40, "test_size": 7}, {"train_size": 120}]
)
def test_the_sizes_are_those_of_the_images_that_are_drawn(tiny_set, asked):
    config = TrainConfig(batch_size=8, **asked)
    splits = split_images(tiny_set, config)
    assert split_sizes(tiny_set.num_train, tiny_set.num_test, config) == SplitSizes(
        len(splits.train), len(splits.val), len(splits.test)
    )


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"train_size": 101}, "train_size is 101"),
        ({"val_size": 100}, "val_size is 100"),
        ({"test_size": 21}, "test_size is 21"),
        ({"batch_size": 91}, "batch_size is 91"),
        ({"train_size": 100, "early_stopping": 2}, "early_stopping needs validation images"),
    ],
)
def test_what_the_set_does_not_hold_is_refused_in_a_sentence(asked, says):
    with pytest.raises(ConfigError, match=says):
        split_sizes(100, 20, TrainConfig(**{"batch_size": 10, **asked}))


def test_sizes_and_schedule_are_known_without_torch():
    modules = "cifar_core.data.split_sizes, cifar_core.schedule"
    code = f"import sys, {modules}; print('torch' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"
