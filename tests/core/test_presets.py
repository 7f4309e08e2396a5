import pytest

from cifar_core.config import TUTORIAL, TrainConfig
from cifar_core.data.split_sizes import split_sizes
from cifar_core.data.summary import SetSummary
from cifar_core.models.registry import summarise_models
from cifar_core.presets import PRESET_NAMES, apply_preset, presets

BUILTIN = SetSummary("Built-in drawings", 25_000, 5_000, tuple("abcdefghij"), drawn=True)
EVERY = [*presets(has_gpu=False), *presets(has_gpu=True)[-2:]]


def by_name(name, *, has_gpu=False):
    return next(p for p in presets(has_gpu=has_gpu) if p.name == name)


@pytest.mark.parametrize("has_gpu", [False, True])
def test_the_command_line_offers_every_preset(has_gpu):
    assert tuple(preset.name for preset in presets(has_gpu=has_gpu)) == PRESET_NAMES


def test_the_tutorial_has_the_tutorials_own_settings():
    assert apply_preset(by_name("tutorial"), TrainConfig(), BUILTIN) == TUTORIAL
    cifar10 = SetSummary("CIFAR-10", 50_000, 10_000, tuple("abcdefghij"))
    assert apply_preset(by_name("tutorial"), TrainConfig(), cifar10) == TUTORIAL


def test_a_smaller_set_is_shared_out_as_the_tutorial_does():
    small = apply_preset(by_name("tutorial"), TrainConfig(), SetSummary("own", 1_000, 50, ("a",)))
    assert (small.train_size, small.val_size, small.test_size) == (800, 200, 50)


@pytest.mark.parametrize("preset", EVERY, ids=lambda preset: preset.name)
@pytest.mark.parametrize("sizes", [(2, 0), (3, 1), (10, 0), (77, 3), (25_000, 5_000), (10**6, 7)])
def test_every_preset_fits_any_set(preset, sizes):
    config = apply_preset(preset, TrainConfig(), SetSummary("own", *sizes, ("a", "b")))
    split = split_sizes(*sizes, config)
    assert split.train >= config.batch_size


@pytest.mark.parametrize("preset", EVERY, ids=lambda preset: preset.name)
def test_images_seed_and_device_stay_as_they_were(preset):
    config = apply_preset(preset, TrainConfig(data="own", seed=7, device="cpu"), BUILTIN)
    assert (config.data, config.seed, config.device) == ("own", 7, "cpu")


def test_a_quick_look_is_a_fraction_of_the_tutorial():
    quick, whole = (
        apply_preset(by_name(name), TrainConfig(), BUILTIN) for name in ("quick_look", "tutorial")
    )
    assert quick.epochs * quick.train_size * 3 < whole.epochs * whole.train_size


def test_only_a_gpu_gets_the_largest_network():
    models = [
        apply_preset(by_name("best", has_gpu=has_gpu), TrainConfig(), BUILTIN).model
        for has_gpu in (False, True)
    ]
    assert models == ["speed_cnn", "resnet18"]


@pytest.mark.parametrize("has_gpu", [False, True])
def test_the_most_accurate_does_more_work_than_the_best(has_gpu):
    best, thorough = (
        apply_preset(by_name(name, has_gpu=has_gpu), TrainConfig(), BUILTIN)
        for name in ("best", "thorough")
    )
    cost = {model.name: model.flops for model in summarise_models()}
    assert thorough.epochs * cost[thorough.model] > 2 * best.epochs * cost[best.model]
