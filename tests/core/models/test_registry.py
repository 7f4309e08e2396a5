import threading

import pytest
import torch

from cifar_core.config import MODELS
from cifar_core.errors import ConfigError
from cifar_core.models import registry
from cifar_core.models.registry import MODEL_SPECS, build_model, build_skeleton


def test_the_registry_holds_exactly_the_networks_of_the_config():
    assert tuple(MODEL_SPECS) == MODELS
    assert all(name == spec.name for name, spec in MODEL_SPECS.items())


@pytest.mark.parametrize("name", MODELS)
def test_every_network_answers_with_a_number_a_class(name):
    with torch.no_grad():
        logits = build_model(name, 7).eval()(torch.randn(2, 3, 32, 32))
    assert logits.shape == (2, 7)


@pytest.mark.parametrize("name", MODELS)
def test_the_global_seed_decides_the_first_weights(name):
    def weights(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return torch.cat([p.flatten() for p in build_model(name, 3).parameters()])

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


def test_an_unknown_network_is_refused_with_the_names_of_those_there_are():
    names = "simple_cnn, speed_cnn, vgg, wide_speed_cnn, resnet18"
    with pytest.raises(ConfigError, match=rf"'alexnet' is no network.*{names}"):
        build_model("alexnet", 10)


def test_a_network_without_classes_is_refused():
    with pytest.raises(ConfigError, match="num_classes is 0"):
        build_model("simple_cnn", 0)


def test_dropout_reaches_the_network_that_has_any():
    assert build_model("vgg", 2, dropout=0.1).classifier.dropout.p == 0.1


@pytest.mark.parametrize("name", MODELS)
def test_a_skeleton_costs_no_memory_and_no_draws(name):
    before = torch.get_rng_state()
    skeleton = build_skeleton(name, 10)
    assert all(tensor.is_meta for tensor in skeleton.state_dict().values())
    assert torch.equal(torch.get_rng_state(), before)


def test_parameters_are_counted_as_by_hand():
    conv1, fc1, fc2 = 18 * 3 * 9 + 18, 4608 * 64 + 64, 64 * 10 + 10
    assert registry.count_parameters(build_model("simple_cnn", 10)) == conv1 + fc1 + fc2 == 296_130


def test_flops_are_two_for_each_multiply_add():
    convolution = 2 * (18 * 32 * 32) * (3 * 9)
    assert registry.count_flops(build_model("simple_cnn", 10)) == convolution + 2 * (
        4608 * 64 + 64 * 10
    )


def test_counting_leaves_the_network_as_it_was():
    model = build_model("vgg", 10)
    model.features.norm1.eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    modes = [layer.training for layer in model.modules()]
    registry.count_flops(model)
    assert [layer.training for layer in model.modules()] == modes
    assert all(torch.equal(before[name], t) for name, t in model.state_dict().items())


@pytest.mark.parametrize(
    "work",
    [
        lambda: build_skeleton("simple_cnn", 2),
        lambda: registry.count_flops(build_model("simple_cnn", 2)),
    ],
)
def test_work_on_the_meta_device_waits_for_an_export_in_another_thread(work):
    thread = threading.Thread(target=work)
    with registry.TRACING_LOCK:
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
    thread.join(30)
    assert not thread.is_alive()


def test_summaries_name_size_and_cost_from_small_to_large():
    summaries = registry.summarise_models()
    assert [summary.name for summary in summaries] == list(MODELS)
    assert summaries[0].parameters == 296_130
    assert [s.flops for s in summaries] == sorted(s.flops for s in summaries)
    assert all("\n" not in s.description and s.description.endswith(".") for s in summaries)
    assert registry.summarise_models() is summaries
