import pytest
import torch
from torch import nn

from cifar_core.models.whitening import whiten


@pytest.fixture
def inputs() -> torch.Tensor:
    """Pixels that are like their neighbours, as in photographs."""
    return nn.functional.avg_pool2d(torch.randn(200, 3, 18, 18), 3, stride=1)


def test_what_it_passes_on_is_uncorrelated_and_of_equal_size(inputs):
    layer = nn.Conv2d(3, 24, kernel_size=2)
    whiten(layer, inputs)
    answers = layer(inputs)[:, :12].transpose(0, 1).flatten(1)
    covariance = torch.cov(answers)
    assert torch.allclose(covariance, torch.eye(12), atol=0.15)
    assert (covariance - covariance.diag().diag()).abs().max() < 1e-4


def test_every_filter_is_there_in_both_signs(inputs):
    layer = nn.Conv2d(3, 24, kernel_size=2)
    whiten(layer, inputs)
    assert torch.equal(layer.weight[:12], -layer.weight[12:])


def test_a_layer_of_another_size_is_refused(inputs):
    with pytest.raises(ValueError, match="16 filters; expected 24"):
        whiten(nn.Conv2d(3, 16, kernel_size=2), inputs)
