import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from cifar_core.config import MODELS
from cifar_core.errors import CheckpointError, ConfigError
from cifar_core.models.recognition import Recognised, load_weights, recognise, strip_prefixes
from cifar_core.models.registry import build_model


def weights_of(name: str = "simple_cnn", num_classes: int = 10) -> dict[str, Tensor]:
    return dict(build_model(name, num_classes).state_dict())


@pytest.mark.parametrize("num_classes", [2, 10, 37])
@pytest.mark.parametrize("name", MODELS)
def test_a_network_is_recognised_by_its_weights_and_answers_the_same_again(name, num_classes):
    model, inputs = build_model(name, num_classes).eval(), torch.randn(1, 3, 32, 32)
    found = recognise(model.state_dict())
    loaded = load_weights(found.model, found.num_classes, model.state_dict())
    assert found == Recognised(name, num_classes)
    assert not any(layer.training for layer in loaded.modules())
    with torch.no_grad():
        assert torch.equal(loaded(inputs), model(inputs))


def test_loading_copies_the_weights_and_draws_nothing():
    tensors, before = weights_of(), torch.get_rng_state()
    loaded = load_weights("simple_cnn", 10, tensors)
    tensors["fc2.bias"].fill_(9.0)
    assert not (loaded.fc2.bias == 9.0).any()
    assert loaded.fc2.bias.requires_grad
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_floating_types_become_float32(dtype):
    tensors = {name: tensor.to(dtype) for name, tensor in weights_of().items()}
    loaded = load_weights("simple_cnn", 10, tensors)
    assert {parameter.dtype for parameter in loaded.parameters()} == {torch.float32}
    assert torch.equal(loaded.fc2.weight, tensors["fc2.weight"].float())


def test_dropout_is_what_was_asked_for():
    assert load_weights("vgg", 2, weights_of("vgg", 2), dropout=0.1).classifier.dropout.p == 0.1


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "_orig_mod.module.", "module.module."])
def test_prefixes_of_wrappers_are_overlooked(prefix):
    wrapped = {prefix + name: tensor for name, tensor in weights_of().items()}
    assert recognise(wrapped) == Recognised("simple_cnn", 10)
    assert load_weights("simple_cnn", 10, wrapped).fc2.out_features == 10


@given(st.lists(st.sampled_from(["module.", "_orig_mod."]), max_size=4), st.sets(st.text("ab.")))
def test_stripping_undoes_any_wrapping(prefixes, names):
    tensors = {name: torch.tensor(i) for i, name in enumerate(sorted(names))}
    assert strip_prefixes({"".join(prefixes) + n: t for n, t in tensors.items()}) == tensors


def test_a_prefix_that_only_some_names_have_stays():
    tensors = {"module.a": torch.tensor(1), "b": torch.tensor(2)}
    assert strip_prefixes(tensors) == tensors


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_weights_with_any_one_shape_changed_are_refused_by_its_name(data):
    tensors = weights_of()
    name = data.draw(st.sampled_from(sorted(tensors)))
    shape = data.draw(st.lists(st.integers(0, 5), max_size=4))
    tensors[name] = torch.zeros(shape)
    with pytest.raises(CheckpointError, match=name):
        recognise(tensors)


def test_a_missing_and_an_unexpected_tensor_are_named():
    tensors = weights_of()
    tensors["head.bias"] = tensors.pop("fc2.bias")
    with pytest.raises(CheckpointError) as caught:
        recognise(tensors)
    assert "The weights hold 6 tensors (conv1.weight 18x3x3x3, conv1.bias 18," in str(caught.value)
    assert "The nearest is simple_cnn: missing fc2.bias; unexpected head.bias." in str(caught.value)


def test_a_wrong_shape_is_named_with_the_right_one():
    tensors = weights_of() | {"fc1.weight": torch.zeros(64, 2048)}
    with pytest.raises(CheckpointError, match=r"fc1.weight is 64x2048 instead of 64x4608"):
        recognise(tensors)


def test_a_forced_network_is_compared_even_where_another_fits():
    with pytest.raises(CheckpointError, match=r"not fit the network vgg: missing features"):
        recognise(weights_of(), model="vgg")


def test_a_network_that_does_not_exist_cannot_be_forced():
    with pytest.raises(ConfigError, match="'alexnet' is no network"):
        recognise(weights_of(), model="alexnet")


def test_no_tensors_at_all_are_refused():
    with pytest.raises(CheckpointError, match="The weights hold 0 tensors, which fit none"):
        recognise({})


@pytest.mark.parametrize("num_classes", [1, 1001])
def test_too_few_and_too_many_classes_are_refused(num_classes):
    with pytest.raises(CheckpointError, match="with 2 to 1000 classes"):
        recognise(weights_of("simple_cnn", num_classes))


def test_hostile_names_are_cut_and_made_printable_in_the_sentence():
    with pytest.raises(CheckpointError) as caught:
        recognise({f"{i}\n\x1b[31m" + "a" * 5000: torch.zeros(1) for i in range(1000)})
    assert len(str(caught.value)) < 2000
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_values_that_are_not_finite_are_refused(bad):
    tensors = weights_of()
    tensors["fc1.bias"][3] = bad
    with pytest.raises(CheckpointError, match=r"fc1.bias holds 1 values that are infinite or not"):
        recognise(tensors)


def test_a_value_too_large_for_float32_is_refused():
    tensors = weights_of() | {"fc2.bias": torch.full((10,), 1e300, dtype=torch.float64)}
    with pytest.raises(CheckpointError, match=r"fc2.bias holds 10 values"):
        recognise(tensors)


@pytest.mark.parametrize("dtype", [torch.int64, torch.uint8, torch.bool, torch.complex64])
def test_weights_that_are_not_floating_point_are_refused(dtype):
    tensors = weights_of() | {"fc2.bias": torch.zeros(10, dtype=dtype)}
    with pytest.raises(CheckpointError, match=r"fc2.bias holds .* expected dense floating-point"):
        recognise(tensors)


def test_tensors_without_values_are_refused():
    tensors = {name: tensor.to("meta") for name, tensor in weights_of().items()}
    with pytest.raises(CheckpointError, match="on meta; expected dense"):
        recognise(tensors)


def test_sparse_tensors_are_refused():
    tensors = weights_of()
    tensors["fc2.weight"] = tensors["fc2.weight"].to_sparse()
    with pytest.raises(CheckpointError, match=r"fc2.weight holds torch.sparse_coo"):
        recognise(tensors)


def test_a_batch_counter_of_fractions_is_refused():
    name = "features.norm1.num_batches_tracked"
    tensors = weights_of("vgg", 2) | {name: torch.tensor(1.5)}
    with pytest.raises(CheckpointError, match=r"num_batches_tracked holds .* whole numbers"):
        recognise(tensors)


def test_negative_variances_are_refused():
    name = "features.norm1.running_var"
    tensors = weights_of("vgg", 2) | {name: torch.full((64,), -1.0)}
    with pytest.raises(CheckpointError, match="running_var holds negative variances"):
        recognise(tensors)


def test_weights_for_another_number_of_classes_are_refused():
    with pytest.raises(CheckpointError, match="for 10 classes; expected 3"):
        load_weights("simple_cnn", 3, weights_of())
