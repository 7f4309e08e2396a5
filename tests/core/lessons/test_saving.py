import torch

from cifar_core.lessons.linear import fresh_network
from cifar_core.lessons.saving import (
    ask_several_times,
    bytes_kept_for_backward,
    save_and_load,
    with_dropout,
)

INPUTS = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def test_what_was_saved_and_loaded_answers_the_same(tmp_path):
    network = fresh_network()
    trip = save_and_load(network, INPUTS)
    torch.save(network.state_dict(), tmp_path / "model.pt")
    assert trip.largest_difference == 0
    assert abs(trip.num_bytes - (tmp_path / "model.pt").stat().st_size) < 1000
    assert [name for name, _ in trip.names] == list(network.state_dict())
    assert dict(trip.names)["fc1.weight"] == (64, 4608)


def test_without_eval_the_same_question_gets_other_answers():
    network = fresh_network()
    awake = ask_several_times(network, INPUTS[:1], training=True)
    at_rest = ask_several_times(network, INPUTS[:1], training=False)
    assert not torch.equal(awake[0], awake[1])
    assert torch.equal(at_rest[0], at_rest[1])
    torch.testing.assert_close(at_rest[0], network(INPUTS[:1])[0].softmax(0), atol=1e-6, rtol=0)
    assert not any(layer.training for layer in network.modules())


def test_the_network_with_dropout_has_the_same_weights():
    network = fresh_network()
    asked = with_dropout(network, 0.5).eval()
    torch.testing.assert_close(asked(INPUTS), network(INPUTS), atol=1e-6, rtol=0)


def test_nothing_is_kept_without_grad_and_every_layers_values_with_it():
    network = fresh_network()
    assert bytes_kept_for_backward(network, INPUTS, grad=False) == 0
    maps = 4 * 18 * 32 * 32 * 4  # of the convolution, float32
    assert bytes_kept_for_backward(network, INPUTS, grad=True) > maps
