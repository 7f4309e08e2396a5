import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from cifar_core.errors import CheckpointError
from cifar_core.metrics import (
    brier_score,
    calibration_error,
    check_logits,
    confusion_matrix,
    reliability_bins,
    score_classes,
    top_k_accuracy,
)

sizes = st.tuples(st.integers(1, 120), st.integers(2, 12), st.integers(0, 10**6))


def draw_answers(size, spread=3.0):
    """Logits and labels for (images, classes, seed); small sizes lack some classes."""
    count, num_classes, seed = size
    generator = torch.Generator().manual_seed(seed)
    logits = spread * torch.randn(count, num_classes, generator=generator)
    return logits, torch.randint(num_classes, (count,), generator=generator)


@settings(deadline=None)
@given(sizes)
def test_confusion_matrix_equals_scikit_learn(size):
    logits, labels = draw_answers(size)
    predictions = logits.argmax(1)
    ours = confusion_matrix(labels, predictions, size[1])
    theirs = sklearn_metrics.confusion_matrix(labels, predictions, labels=range(size[1]))
    assert ours.dtype == torch.int64
    assert ours.tolist() == theirs.tolist()


@settings(deadline=None)
@given(sizes)
def test_class_scores_equal_scikit_learn(size):
    logits, labels = draw_answers(size)
    predictions = logits.argmax(1)
    names = tuple(f"class {i}" for i in range(size[1]))
    ours = score_classes(confusion_matrix(labels, predictions, size[1]), names)
    theirs = sklearn_metrics.precision_recall_fscore_support(
        labels, predictions, labels=range(size[1]), zero_division=0
    )
    got = [[s.precision, s.recall, s.f1, s.num_images] for s in ours]
    np.testing.assert_allclose(got, np.transpose(theirs), atol=1e-6)
    assert [s.name for s in ours] == list(names)


@settings(deadline=None)
@given(sizes, st.integers(1, 13))
def test_top_k_accuracy_is_the_share_whose_class_is_among_the_k_best(size, k):
    logits, labels = draw_answers(size)
    best = np.argsort(-logits.numpy(), axis=1)[:, :k]
    expected = np.mean([label in row for label, row in zip(labels.tolist(), best, strict=True)])
    assert top_k_accuracy(logits, labels, k) == pytest.approx(expected, abs=1e-12)


def test_top_k_accuracy_equals_scikit_learn_on_ten_classes():
    logits, labels = draw_answers((500, 10, 3))
    expected = sklearn_metrics.top_k_accuracy_score(labels, logits, k=2, labels=range(10))
    assert top_k_accuracy(logits, labels, 2) == pytest.approx(expected, abs=1e-6)


def test_equal_logits_rank_in_label_order_as_with_argmax():
    logits, labels = torch.zeros(4, 4), torch.arange(4)
    assert [top_k_accuracy(logits, labels, k) for k in (1, 2, 4)] == [0.25, 0.5, 1.0]


def slow_calibration_error(logits, labels, num_bins):
    """Image by image in plain Python: the definition of Guo et al. 2017, section 2."""
    bins = [[] for _ in range(num_bins)]
    for row, label in zip(logits.double().tolist(), labels.tolist(), strict=True):
        peak = max(row)
        probs = [math.exp(value - peak) for value in row]
        confidence = 1 / sum(probs)
        for i in range(num_bins):
            if i / num_bins < confidence <= (i + 1) / num_bins:
                bins[i].append((confidence, row.index(peak) == label))
    error = 0.0
    for answers in bins:
        if answers:
            confidence = sum(c for c, _ in answers) / len(answers)
            accuracy = sum(right for _, right in answers) / len(answers)
            error += len(answers) / len(labels) * abs(accuracy - confidence)
    return error


@settings(deadline=None)
@given(sizes, st.sampled_from([1, 10, 15]))
def test_calibration_error_equals_a_slow_implementation(size, num_bins):
    logits, labels = draw_answers(size)
    ours = calibration_error(reliability_bins(logits, labels, num_bins))
    assert ours == pytest.approx(slow_calibration_error(logits, labels, num_bins), abs=1e-9)


def test_reliability_bins_show_count_confidence_and_accuracy():
    # Two classes: the logit's difference d gives the confidence 1 / (1 + exp(-d)).
    differences = torch.tensor([math.log(0.61 / 0.39), math.log(0.65 / 0.35), math.log(9.0)])
    logits = torch.stack([differences, torch.zeros(3)], 1)
    bins = reliability_bins(logits, torch.tensor([0, 1, 0]), num_bins=5)
    assert [b.num_images for b in bins] == [0, 0, 0, 2, 1]
    assert (bins[3].confidence, bins[3].accuracy) == (pytest.approx(0.63), 0.5)
    assert (bins[4].confidence, bins[4].accuracy) == (pytest.approx(0.9), 1.0)
    assert (bins[0].confidence, bins[0].accuracy) == (None, None)
    assert [b.low for b in bins] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8])
    assert [b.high for b in bins] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1])


def test_a_network_that_is_always_certain_and_half_right_is_miscalibrated_by_a_half():
    logits = torch.tensor([[1e4, -1e4]] * 10)
    labels = torch.tensor([0, 1] * 5)
    bins = reliability_bins(logits, labels)
    assert bins[-1].num_images == 10
    assert calibration_error(bins) == pytest.approx(0.5)


@pytest.mark.parametrize("shape", [(3, 9), (3, 11), (30,)])
def test_logits_for_other_classes_are_refused(shape):
    with pytest.raises(CheckpointError, match="10 classes"):
        check_logits(torch.zeros(shape), 10)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_logits_that_are_not_finite_are_refused(value):
    logits = torch.zeros(5, 10)
    logits[2, 3] = logits[2, 4] = value
    with pytest.raises(CheckpointError, match="1 of 5 images"):
        check_logits(logits, 10)


def test_brier_score_equals_scikit_learn():
    logits, labels = draw_answers((300, 10, 4))
    expected = sklearn_metrics.brier_score_loss(
        labels, logits.double().softmax(1).numpy(), labels=list(range(10)), scale_by_half=False
    )
    assert brier_score(logits, labels) == pytest.approx(expected, abs=1e-6)
