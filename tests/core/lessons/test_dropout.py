import pytest
import torch
from torch import nn

from cifar_core.lessons.dropout import drop, drop_as_first_published, mean_over_draws

VALUES = torch.linspace(0.1, 3, 64)


@pytest.mark.parametrize("rate", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("training", [True, False])
def test_it_is_what_the_module_computes(rate, training):
    found = drop(VALUES, rate, training=training, seed=7)
    torch.manual_seed(7)
    expected = nn.Dropout(rate).train(training)(VALUES)
    torch.testing.assert_close(found.after, expected, atol=1e-6, rtol=0)
    grown = torch.where(found.kept, VALUES * found.factor, 0.0)
    torch.testing.assert_close(found.after, grown, atol=1e-6, rtol=0)


def test_in_eval_mode_nothing_is_dropped_and_nothing_grows():
    found = drop(VALUES, 0.5, training=False, seed=0)
    assert found.kept.all()
    assert torch.equal(found.after, VALUES)


def test_the_paper_shrinks_in_eval_mode_instead():
    train = drop_as_first_published(VALUES, 0.25, training=True, seed=1)
    assert torch.equal(train.after[train.kept], VALUES[train.kept])
    assert not train.after[~train.kept].any()
    assert torch.equal(train.kept, drop(VALUES, 0.25, training=True, seed=1).kept)
    rest = drop_as_first_published(VALUES, 0.25, training=False, seed=1)
    torch.testing.assert_close(rest.after, VALUES * 0.75)


def test_either_way_the_mean_is_that_of_eval_mode():
    for inverted, work in ((True, drop), (False, drop_as_first_published)):
        expected = work(VALUES, 0.5, training=False, seed=0).after.mean().item()
        found = mean_over_draws(VALUES, 0.5, inverted=inverted)
        assert found == pytest.approx(expected, rel=0.02)


def test_drawing_takes_nothing_from_the_global_generator():
    before = torch.get_rng_state()
    drop(VALUES, 0.5, training=True, seed=3)
    assert torch.equal(torch.get_rng_state(), before)
