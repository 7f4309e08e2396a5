"""Each mistake moves the number that the page says it moves, for three seeds."""

import numpy as np
import pytest
import torch

from cifar_core.data import drawn
from cifar_core.lessons.defects import DEFECTS, Part, Parts, train_with

SEEDS = (0, 1, 2)
EPOCHS = 5


@pytest.fixture(scope="module")
def courses():
    """Every training by mistake and seed, on drawings; one thread is the fastest for so few."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    labels = np.arange(500) % 10
    images, labels = torch.tensor(drawn.draw_images(labels, seed=0)), torch.tensor(labels)
    cuts = slice(300), slice(300, 400), slice(400, 500)
    parts = Parts(*(Part(images[cut], labels[cut]) for cut in cuts), 10)
    found = {
        (defect, seed): train_with(parts, defect, seed=seed, epochs=EPOCHS)
        for defect in ("", *DEFECTS)
        for seed in SEEDS
    }
    torch.set_num_threads(threads)
    return found


@pytest.fixture(params=SEEDS)
def pair(courses, request):
    """``pair(defect)`` returns the healthy training and the one with a mistake, of one seed."""
    return lambda defect: (courses["", request.param], courses[defect, request.param])


def last_epoch(course) -> float:
    return float(np.mean(course.train_losses[-6:]))


def test_without_the_transform_the_loss_starts_far_too_high_and_gets_stuck(pair):
    healthy, ill = pair("no_transform")
    assert healthy.train_losses[0] < 2.6
    assert ill.train_losses[0] > 8
    assert last_epoch(ill) > last_epoch(healthy)


def test_gradients_that_are_never_zeroed_grow_and_the_loss_stays_high(pair):
    healthy, ill = pair("no_zero_grad")
    assert ill.gradient_norm > 3 * healthy.gradient_norm
    assert last_epoch(ill) > last_epoch(healthy)


def test_a_softmax_too_many_keeps_the_loss_above_1_461(pair):
    healthy, ill = pair("double_softmax")
    assert min(ill.train_losses) > 1.461
    assert last_epoch(ill) > last_epoch(healthy)


def test_without_eval_only_the_validation_loss_rises(pair):
    healthy, ill = pair("no_eval")
    assert ill.train_losses == healthy.train_losses
    assert ill.val_losses[-1] > healthy.val_losses[-1]


def test_without_no_grad_only_memory_is_kept(pair):
    healthy, ill = pair("no_no_grad")
    assert (ill.train_losses, ill.val_losses) == (healthy.train_losses, healthy.val_losses)
    assert healthy.bytes_kept == 0 < ill.bytes_kept


def test_a_test_set_that_chooses_the_epoch_promises_no_less(pair):
    healthy, ill = pair("test_as_validation")
    assert ill.train_losses == healthy.train_losses
    assert ill.reported >= healthy.reported


def test_and_over_the_seeds_it_promises_more(courses):
    gains = [
        courses["test_as_validation", seed].reported - courses["", seed].reported for seed in SEEDS
    ]
    assert sum(gains) > 0


def test_another_normalisation_spoils_the_answers_alone(pair):
    healthy, ill = pair("wrong_normalization")
    assert (ill.train_losses, ill.val_losses) == (healthy.train_losses, healthy.val_losses)
    assert ill.predicted < healthy.predicted


def test_the_global_generator_stays_as_it_is():
    part = Part(torch.zeros(4, 32, 32, 3, dtype=torch.uint8), torch.arange(4))
    before = torch.get_rng_state()
    told = []
    train_with(Parts(part, part, part, 4), seed=0, epochs=2, told=told.append)
    assert torch.equal(torch.get_rng_state(), before)
    assert told == [1, 2]
