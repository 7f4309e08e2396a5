import pytest
import torch
from torch import nn

from cifar_core.lessons.batch_norm import normalise_batch


def maps(count: int = 4) -> torch.Tensor:
    return torch.randn(count, 5, 8, 8) * 2 + 3


@pytest.mark.parametrize("training", [True, False])
def test_it_is_what_the_module_computes(training):
    batch, seen = maps(), [maps(6), maps(6), maps(6)]
    module = nn.BatchNorm2d(5)
    for other in seen:
        module(other)
    module.train(training)
    found = normalise_batch(batch, 2, training=training, seen=seen)
    torch.testing.assert_close(found.after, module(batch)[:, 2].detach(), atol=1e-6, rtol=0)
    by_hand = (found.before - found.mean) / (found.var + found.eps) ** 0.5
    torch.testing.assert_close(found.after, by_hand, atol=1e-5, rtol=0)


def test_train_mode_uses_the_batch_and_eval_mode_the_averages():
    batch, seen = maps(), [maps()]
    train = normalise_batch(batch, 0, training=True, seen=seen)
    rest = normalise_batch(batch, 0, training=False, seen=seen)
    assert (train.mean, train.var) == (train.batch_mean, train.batch_var)
    assert (rest.mean, rest.var) == (rest.running_mean, rest.running_var)
    assert rest.running_mean == pytest.approx(0.1 * seen[0][:, 0].mean().item(), abs=1e-6)


def test_only_in_train_mode_company_matters():
    picture = maps(1)
    for training in (True, False):
        first, second = (
            normalise_batch(torch.cat([picture, maps(3)]), 1, training=training).after[0]
            for _ in range(2)
        )
        assert torch.equal(first, second) is not training


def test_before_any_training_eval_mode_changes_nothing():
    batch = maps()
    found = normalise_batch(batch, 0, training=False)
    torch.testing.assert_close(found.after, batch[:, 0], atol=1e-4, rtol=0)
