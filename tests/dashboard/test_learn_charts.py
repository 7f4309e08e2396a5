import math

import numpy as np
import pytest
import torch

from cifar_core.lessons.maps import ACTIVATIONS
from dashboard.learn_charts import (
    activation_figure,
    answer_bars,
    histograms_figure,
    loss_figure,
    rates_figure,
)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_curve_is_the_activation_that_torch_computes(name):
    line = activation_figure(name, np.random.default_rng(0).normal(size=100)).data[1]
    expected = ACTIVATIONS[name](torch.tensor(np.asarray(line.x)))
    np.testing.assert_allclose(np.asarray(line.y), expected.numpy(), atol=1e-6)


def test_the_mark_lies_on_the_curve_of_the_loss():
    marks = loss_figure(0.25, 0.1).data[1]
    assert list(marks.x) == [0.1, 0.25]
    assert list(marks.y) == pytest.approx([math.log(10), math.log(4)])


def test_a_loss_without_bounds_does_not_break_the_figure():
    figure = rates_figure([0.1, 1.0], {"sgd": [2.0, math.inf], "adam": [1.9, 3.0]}, 2.3, 0.1)
    assert figure.data[0].y[1] == 1e6
    assert [line.name for line in figure.data] == ["SGD", "Adam"]


def test_histograms_share_one_axis_and_add_up_to_one():
    figure = histograms_figure(np.zeros(50), np.linspace(-1, 1, 30))
    assert list(figure.data[0].x) == list(figure.data[1].x)
    assert [sum(line.y) for line in figure.data] == pytest.approx([1, 1])


def test_the_true_class_is_marked_by_a_sign():
    figure = answer_bars(["cat", "dog"], [0.2, 0.8], 1)
    assert list(figure.layout.yaxis.ticktext) == ["cat", "<b>dog ✓</b>"]
