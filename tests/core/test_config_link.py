import pytest
from hypothesis import given
from hypothesis import strategies as st

from cifar_core.config import DEFAULTS, FIELDS, KINDS, TrainConfig
from cifar_core.config_link import read_link, write_link

OTHER = {
    "data": "/home/ann/my pictures & more",
    "model": "vgg",
    "epochs": 3,
    "fit": "stretch",
    "learning_rate": 0.05,
    "batch_size": 17,
    "optimizer": "sgd",
    "momentum": 0.5,
    "nesterov": False,
    "weight_decay": 5e-4,
    "schedule": "one_cycle",
    "warmup_epochs": 1.5,
    "step_epochs": 2,
    "step_factor": 0.5,
    "label_smoothing": 0.1,
    "dropout": 0.25,
    "flip": True,
    "shift": 4,
    "cutout": 8,
    "normalization": "dataset",
    "clip_norm": 1.0,
    "early_stopping": 2,
    "keep_weights": "last",
    "keep_epochs_mb": 0,
    "views": "mirror",
    "train_size": 1000,
    "val_size": 0,
    "test_size": 10,
    "seed": 7,
    "device": "cpu",
    "processes": 2,
    "precision": "bfloat16",
    "layout": "contiguous",
}


def test_every_setting_has_another_value_here():
    assert set(OTHER) == set(FIELDS)
    assert all(OTHER[name] != DEFAULTS[name] for name in FIELDS)


@pytest.mark.parametrize("name", FIELDS)
def test_every_setting_comes_back_from_its_link(name):
    link = write_link({name: OTHER[name]})
    assert list(link) == [name]
    found = read_link(link)
    assert found.values == {name: OTHER[name]} and not found.problems
    assert type(found.values[name]) is KINDS[name][0]


def test_defaults_leave_no_word():
    assert write_link(TrainConfig().to_dict()) == {}


def test_none_is_a_word():
    assert read_link({"train_size": "none"}).values == {"train_size": None}


def test_other_words_are_passed_over():
    found = read_link({"run": "20260101-000000-abcdef", "lang": "zh", "epochs": "2"})
    assert found.values == {"epochs": 2} and not found.problems


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("epochs", "0"), ("epochs", "1.5"), ("epochs", "none"), ("epochs", ""), ("epochs", "1e3"),
        ("learning_rate", "nan"), ("learning_rate", "inf"), ("learning_rate", "0"),
        ("model", "alexnet"), ("flip", "yes"), ("flip", "1"), ("seed", "9" * 5000),
        ("batch_size", "<script>"),
    ],
)  # fmt: skip
def test_a_wrong_word_is_left_out_and_told(name, text):
    found = read_link({name: text, "dropout": "0.1"})
    assert found.values == {"dropout": 0.1}
    [problem] = found.problems
    assert problem.startswith(f"{name} is ") and "expected" in problem
    assert len(problem) < 300


@given(st.dictionaries(st.sampled_from(list(FIELDS)), st.text()))
def test_whatever_a_link_says_ends_in_values_or_sentences(query):
    found = read_link(query)
    assert len(found.values) + len(found.problems) == len(query)
