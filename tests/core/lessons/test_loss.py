import math

import pytest
import torch
from torch import nn

from cifar_core.lessons.loss import best_doubled_loss, follow_loss


@pytest.mark.parametrize("scale", [0.0, 1.0, 2.5])
def test_softmax_loss_and_gradient_are_those_of_the_modules(scale):
    logits, label = torch.randn(10), 3
    scaled = (logits * scale).requires_grad_()
    loss = nn.CrossEntropyLoss()(scaled[None], torch.tensor([label]))
    loss.backward()
    steps = follow_loss(logits, label, scale)
    assert steps.loss == pytest.approx(loss.item(), abs=1e-6)
    assert steps.loss == pytest.approx(-math.log(steps.probs[label].item()), abs=1e-6)
    torch.testing.assert_close(steps.probs, nn.Softmax(0)(scaled.detach()), atol=1e-6, rtol=0)
    shares = steps.exponentials / steps.exponentials.sum()
    torch.testing.assert_close(steps.probs, shares, atol=1e-6, rtol=0)
    torch.testing.assert_close(steps.gradient, scaled.grad, atol=1e-6, rtol=0)


def test_equal_logits_cost_ln_10():
    assert follow_loss(torch.randn(10), 0, 0.0).loss == pytest.approx(2.302585, abs=1e-6)


def test_a_softmax_too_many_is_what_two_modules_in_a_row_compute():
    logits = torch.randn(10) * 5
    doubled = nn.CrossEntropyLoss()(nn.Softmax(0)(logits)[None], torch.tensor([2]))
    assert follow_loss(logits, 2).doubled == pytest.approx(doubled.item(), abs=1e-6)
    assert best_doubled_loss(10) == pytest.approx(1.461, abs=1e-3)
    sure = torch.tensor([100.0] + 9 * [0.0])
    assert follow_loss(sure, 0).doubled == pytest.approx(best_doubled_loss(10), abs=1e-6)
