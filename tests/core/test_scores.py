import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cifar_core.errors import CheckpointError
from cifar_core.scores import (
    ClassScore,
    Evaluation,
    format_evaluation,
    largest_confusions,
    wilson_interval,
)

EVALUATION = Evaluation(
    num_images=10_000,
    loss=1.18342,
    accuracy=0.5832,
    accuracy_low=0.57351,
    accuracy_high=0.59282,
    top2_accuracy=0.77,
    ece=0.0213,
    per_class=(
        ClassScore("cat", 4_000, 0.5, 0.25, 1 / 3),
        ClassScore("dog", 6_000, 0.61, 0.8054, 0.694),
    ),
    confusion=((1_000, 3_000), (1, 5_999)),
)


@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    [
        # Newcombe 1998, Statistics in Medicine 17, pages 857-872, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_interval_agrees_with_published_values(right, total, low, high):
    assert wilson_interval(right, total) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("share", [0.05, 0.5, 0.93])
def test_wilson_interval_covers_the_true_share_about_as_often_as_promised(share):
    draws = np.random.default_rng(7).binomial(200, share, 20_000)
    inside = {k: wilson_interval(int(k), 200) for k in set(draws.tolist())}
    covered = np.mean([inside[k][0] <= share <= inside[k][1] for k in draws.tolist()])
    assert 0.935 < covered < 0.97


@given(st.integers(0, 10**9).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_interval_lies_in_0_to_1_around_the_share_and_is_symmetric(counts):
    right, total = counts
    low, high = wilson_interval(right, total)
    assert 0 <= low <= high <= 1
    if total:
        assert low <= right / total <= high
    mirrored_low, mirrored_high = wilson_interval(total - right, total)
    assert (low, high) == pytest.approx((1 - mirrored_high, 1 - mirrored_low), abs=1e-9)


def test_wilson_interval_refuses_more_right_answers_than_answers():
    with pytest.raises(ValueError, match="5 right answers of 4"):
        wilson_interval(5, 4)


def test_evaluation_survives_json():
    values = EVALUATION.to_dict()
    text = json.dumps(values, allow_nan=False)
    assert json.loads(text) == values
    assert Evaluation.from_dict(json.loads(text)) == EVALUATION


@pytest.mark.parametrize(
    "change",
    [
        {"accuracy": 1.2},
        {"accuracy": True},
        {"accuracy": "high"},
        {"loss": float("nan")},
        {"loss": None},
        {"ece": float("nan")},
        {"num_images": 9_999},
        {"extra": 1},
        {"per_class": None},
        {"per_class": []},
        {"per_class": [{"name": "cat"}]},
        {"confusion": [[1_000, 3_000]]},
        {"confusion": [[1_000, 3_000], [1.0, 5_999]]},
        {"confusion": [[1_000, 3_000], [-1, 6_001]]},
        {"confusion": [[1_001, 2_999], [2, 5_999]]},
        {"confusion": 3},
    ],
)
def test_a_damaged_evaluation_is_refused_with_a_sentence(change):
    with pytest.raises(CheckpointError, match="evaluate the model again"):
        Evaluation.from_dict({**EVALUATION.to_dict(), **change})


@pytest.mark.parametrize("name", EVALUATION.to_dict())
def test_an_evaluation_that_lacks_a_value_is_refused(name):
    values = EVALUATION.to_dict()
    del values[name]
    with pytest.raises(CheckpointError, match=name):
        Evaluation.from_dict(values)


@pytest.mark.parametrize(("name", "value"), [("name", 3), ("recall", -0.1), ("num_images", 1)])
def test_a_damaged_class_score_is_refused(name, value):
    values = EVALUATION.to_dict()
    values["per_class"][0][name] = value
    with pytest.raises(CheckpointError):
        Evaluation.from_dict(values)


def test_largest_confusions_are_sorted_and_leave_out_what_never_happened():
    assert largest_confusions(EVALUATION, 5) == [("cat", "dog", 3_000), ("dog", "cat", 1)]
    assert largest_confusions(EVALUATION, 1) == [("cat", "dog", 3_000)]


def test_format_evaluation_prints_headline_aligned_table_and_mistakes():
    assert format_evaluation(EVALUATION) == (
        "test accuracy 58.32 % (95 % interval 57.35-59.28 %) over 10,000 images\n"
        "loss 1.1834, top-2 accuracy 77.00 %, calibration error 2.13 %\n"
        "\n"
        "class   images  precision    recall        F1\n"
        "cat      4,000    50.00 %   25.00 %   33.33 %\n"
        "dog      6,000    61.00 %   80.54 %   69.40 %\n"
        "\n"
        "cat taken for dog 3,000 times\n"
        "dog taken for cat 1 time"
    )


def test_format_evaluation_without_mistakes_ends_with_the_table():
    flawless = replace(EVALUATION, confusion=((4_000, 0), (0, 6_000)))
    assert format_evaluation(flawless).endswith("69.40 %")
    assert "taken for" not in format_evaluation(flawless)


def test_importing_scores_imports_no_torch():
    code = "import cifar_core.scores, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
