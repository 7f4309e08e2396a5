import torch

from cifar_core.lessons.linear import fresh_network, layer_sizes, look_at_unit, maps_side_by_side
from cifar_core.lessons.tracing import trace_picture
from cifar_core.models.registry import count_parameters
from cifar_core.models.simple_cnn import SimpleCNN


def test_the_last_of_a_trace_is_the_networks_answer():
    network, inputs = fresh_network(3), torch.randn(1, 3, 32, 32)
    trace = trace_picture(network, inputs)
    torch.testing.assert_close(trace.logits, network(inputs)[0], atol=1e-6, rtol=0)
    assert trace.convolved.shape == (18, 32, 32)
    assert trace.pooled.shape == (18, 16, 16)
    assert torch.equal(trace.flat, trace.pooled.flatten())
    assert torch.equal(trace.hidden, trace.hidden_sums.relu())


def test_a_unit_is_the_sum_of_its_products_and_its_bias():
    network, inputs = fresh_network(), torch.randn(1, 3, 32, 32)
    trace = trace_picture(network, inputs)
    for number in (0, 17, 63):
        unit = look_at_unit(network.fc1, trace.flat, number)
        total = unit.products.double().sum().item() + unit.bias
        assert abs(unit.output - total) < 1e-6
        assert abs(unit.output - trace.hidden_sums[number].item()) < 1e-6


def test_the_sizes_and_parameters_are_those_of_the_network():
    sizes = {size.name: size for size in layer_sizes()}
    assert sizes["flatten"].shape == (4608,)
    assert sizes["fc1"].shape == (64,)
    assert sizes["fc2"].shape == (10,)
    network = SimpleCNN()
    for name in ("conv1", "fc1", "fc2"):
        assert sizes[name].parameters == count_parameters(getattr(network, name))
    assert sum(size.parameters for size in sizes.values()) == count_parameters(network)


def test_the_way_a_size_is_counted_gives_the_size():
    for size in layer_sizes(filters=30, hidden=48, classes=7):
        if size.sum:
            assert eval(size.sum.replace("×", "*")) == size.parameters


def test_maps_lie_side_by_side_in_their_order():
    maps = torch.arange(6.0)[:, None, None].expand(6, 2, 2)
    grid = maps_side_by_side(maps, 3)
    assert grid[::2, ::2].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert grid.shape == (4, 6)


def test_a_fresh_network_is_always_the_same_and_draws_nothing_from_outside():
    before = torch.get_rng_state()
    first, second = fresh_network(), fresh_network()
    assert torch.equal(first.fc2.weight, second.fc2.weight)
    assert torch.equal(torch.get_rng_state(), before)
    assert not torch.equal(first.fc2.weight, fresh_network(1).fc2.weight)
