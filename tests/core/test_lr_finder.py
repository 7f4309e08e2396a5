import hashlib
import itertools

import pytest
import torch

from cifar_core.config import OPTIMIZERS, TrainConfig
from cifar_core.data.image_set import whole
from cifar_core.data.splits import split_images
from cifar_core.errors import ConfigError
from cifar_core.lr_finder import DIVERGED, RANGES, find_learning_rate, sweep_rates
from cifar_core.training import start_training, train

CONFIG = TrainConfig(epochs=1, batch_size=16, val_size=24, device="cpu")


def weights_hash(model) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode() + tensor.numpy().tobytes())
    return digest.hexdigest()


@pytest.mark.parametrize("model", ["simple_cnn", "vgg"])
def test_weights_optimiser_and_random_state_are_untouched(tiny_set, model):
    training = start_training(CONFIG.replace(model=model, batch_size=4), tiny_set)
    before, state = weights_hash(training.model), torch.get_rng_state()
    assert len(list(sweep_rates(training, whole(tiny_set), num_steps=3))) == 3
    assert weights_hash(training.model) == before
    assert torch.equal(torch.get_rng_state(), state)
    assert not training.optimizer.state_dict()["state"]
    assert training.progress.step == 0 and training.progress.learning_rate == CONFIG.learning_rate


def test_a_training_in_progress_goes_on_to_the_same_numbers(tiny_set):
    splits = split_images(tiny_set, CONFIG)

    def losses(*, searched: bool) -> list[float]:
        training, found = start_training(CONFIG, tiny_set), []
        for record in train(training, splits):
            found.append(getattr(record, "loss", 0.0))
            if searched and len(found) == 2:
                list(sweep_rates(training, splits.train, num_steps=4))
        return found

    assert losses(searched=True) == losses(searched=False)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_rates_grow_evenly_over_the_range_of_the_optimiser(tiny_set, optimizer):
    config = CONFIG.replace(optimizer=optimizer)
    points = list(find_learning_rate(config, tiny_set, num_steps=5))
    low, high = RANGES[optimizer]
    assert points[0].rate == low
    ratios = [b.rate / a.rate for a, b in itertools.pairwise(points)]
    assert ratios == pytest.approx([(high / low) ** 0.25] * len(ratios))


def test_the_test_ends_at_divergence(tiny_set):
    points = list(find_learning_rate(CONFIG.replace(optimizer="sgd"), tiny_set, num_steps=60))
    assert len(points) < 60
    smallest = min(p.smoothed for p in points)
    assert all(p.smoothed <= DIVERGED * smallest for p in points[:-1])


def test_the_same_seed_gives_the_same_curve_whatever_the_schedule(tiny_set):
    one = list(find_learning_rate(CONFIG, tiny_set, num_steps=8))
    other = CONFIG.replace(learning_rate=0.5, schedule="one_cycle", epochs=3)
    assert list(find_learning_rate(other, tiny_set, num_steps=8)) == one
    assert list(find_learning_rate(CONFIG.replace(seed=1), tiny_set, num_steps=8)) != one


def test_settings_that_do_not_fit_the_images_are_refused(tiny_set):
    with pytest.raises(ConfigError, match="batch_size is 500"):
        next(find_learning_rate(CONFIG.replace(batch_size=500), tiny_set))
