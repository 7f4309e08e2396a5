import numpy as np
import pytest
import torch
from torch import nn

from cifar_core.models.registry import build_model
from cifar_core.weight_statistics import NUM_BINS, weight_histograms


def test_the_numbers_agree_with_numpys():
    model = build_model("simple_cnn", 4)
    found = weight_histograms(model)
    assert [h.name for h in found] == [name for name, _ in model.named_parameters()]
    for histogram, (_, tensor) in zip(found, model.named_parameters(), strict=True):
        values = tensor.detach().double().numpy().ravel()
        reach = np.abs(values).max()
        counts, _ = np.histogram(values, NUM_BINS, (-reach, reach))
        assert histogram.counts == tuple(counts)
        assert histogram.count == values.size == sum(histogram.counts)
        assert histogram.shape == tuple(tensor.shape)
        assert histogram.mean == pytest.approx(values.mean(), abs=1e-12)
        assert histogram.std == pytest.approx(values.std(), abs=1e-12)
    assert [h.kind for h in found[:3]] == ["Conv2d", "Conv2d", "Linear"]


def test_dead_and_single_weights_have_a_histogram():
    model = nn.Conv2d(1, 1, 1)
    nn.init.zeros_(model.weight)
    nn.init.constant_(model.bias, -2)
    weight, bias = weight_histograms(model)
    assert weight.counts[NUM_BINS // 2] == 1 and weight.reach == 1
    assert bias.counts[0] == 1 and bias.reach == 2 and bias.std == 0


def test_with_the_same_reach_two_networks_can_be_compared_and_no_value_is_lost():
    model = nn.Linear(10, 10)
    with torch.no_grad():
        model.weight.fill_(5)
    (histogram, _) = weight_histograms(model, reaches={"weight": 1.0})
    assert histogram.reach == 1 and histogram.counts[-1] == 100
