import pytest
import torch
from torch import nn

from cifar_core.config import MODELS
from cifar_core.inspection import LayerRow, as_text, layer_table
from cifar_core.models.registry import build_model, count_flops, count_parameters


def test_simple_cnns_table_is_the_one_made_by_hand():
    assert layer_table(build_model("simple_cnn", 10)) == [
        LayerRow("conv1", "Conv2d", (3, 32, 32), (18, 32, 32), 504, 2 * 18 * 1024 * 27),
        LayerRow("relu1", "ReLU", (18, 32, 32), (18, 32, 32), 0, 0),
        LayerRow("pool", "MaxPool2d", (18, 32, 32), (18, 16, 16), 0, 0),
        LayerRow("flatten", "Flatten", (18, 16, 16), (4608,), 0, 0),
        LayerRow("fc1", "Linear", (4608,), (64,), 294_976, 2 * 4608 * 64),
        LayerRow("relu2", "ReLU", (64,), (64,), 0, 0),
        LayerRow("fc2", "Linear", (64,), (10,), 650, 2 * 64 * 10),
    ]


@pytest.mark.parametrize("name", MODELS)
def test_the_rows_add_up_to_the_whole_network(name):
    model = build_model(name, 10)
    rows = layer_table(model)
    assert sum(row.parameters for row in rows) == count_parameters(model)
    assert sum(row.flops for row in rows) == count_flops(model)


def test_a_layer_called_twice_has_two_rows_and_its_parameters_once():
    layer = nn.Conv2d(3, 3, 1)
    rows = layer_table(nn.Sequential(layer, nn.ReLU(), layer))
    assert [row.kind for row in rows] == ["Conv2d", "ReLU", "Conv2d"]
    assert [row.parameters for row in rows] == [12, 0, 0]
    assert rows[0].flops == rows[2].flops > 0


def test_looking_leaves_the_network_as_it_was():
    model = build_model("vgg", 10)
    statistics = model.features.norm1.running_mean.clone()
    layer_table(model)
    assert model.training
    assert torch.equal(model.features.norm1.running_mean, statistics)
    assert not any(layer._forward_hooks for layer in model.modules())


def test_the_text_is_aligned_and_ends_with_the_totals():
    lines = as_text(layer_table(build_model("simple_cnn", 10))).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert lines[1].split() == ["conv1", "Conv2d", "3x32x32", "18x32x32", "504", "995,328"]
    assert lines[-1].split() == ["total", "296,130", "1,586,432"]
