import pytest
import torch
from torch import nn

from cifar_core.config import MODELS
from cifar_core.explanation import feature_maps
from cifar_core.inspection import layer_table
from cifar_core.layer_graph import INPUT, GraphNode, layer_graph
from cifar_core.models.registry import build_model


def by_name(nodes):
    return {node.name: (place, node) for place, node in enumerate(nodes)}


def test_simple_cnns_graph_is_the_chain_made_by_hand():
    assert layer_graph(build_model("simple_cnn", 10)) == [
        GraphNode("conv1", "Conv2d", "3×3", (18, 32, 32), 504, (INPUT,)),
        GraphNode("relu1", "ReLU", "", (18, 32, 32), 0, (0,)),
        GraphNode("pool", "MaxPool2d", "2×2", (18, 16, 16), 0, (1,)),
        GraphNode("flatten", "Flatten", "", (4608,), 0, (2,)),
        GraphNode("fc1", "Linear", "", (64,), 294_976, (3,)),
        GraphNode("relu2", "ReLU", "", (64,), 0, (4,)),
        GraphNode("fc2", "Linear", "", (10,), 650, (5,)),
    ]


@pytest.mark.parametrize("name", ["simple_cnn", "vgg", "resnet18"])
def test_the_layers_are_those_of_the_table_in_its_order(name):
    model = build_model(name, 10)
    layers = [node for node in layer_graph(model) if node.kind[0].isupper()]
    table = layer_table(model)
    assert [(n.kind, n.output_shape, n.parameters) for n in layers] == [
        (row.kind, row.output_shape, row.parameters) for row in table
    ]
    inputs = torch.zeros(1, 3, 32, 32)
    assert [node.name for node in layers] == list(feature_maps(model, inputs))


def test_resnets_skip_connections_are_there():
    nodes = layer_graph(build_model("resnet18", 10))
    found = by_name(nodes)
    adds = [node for node in nodes if node.kind == "add"]
    assert len(adds) == 8 and all(len(node.inputs) == 2 for node in adds)
    plain = found["layer1.0.add"][1]
    assert {nodes[place].name for place in plain.inputs} == {"layer1.0.bn2", "maxpool"}
    halving = found["layer2.0.add"][1]
    assert {nodes[place].name for place in halving.inputs} == {
        "layer2.0.bn2", "layer2.0.downsample.1",
    }  # fmt: skip
    block_end = found["layer1.1.relu (2)"][0]
    assert found["layer2.0.downsample.0"][1].inputs == (block_end,)
    assert found["layer2.0.conv1"][1].inputs == (block_end,)
    assert found["layer2.0.conv1"][1].settings == "3×3, stride 2"
    assert found["flatten"][1].kind == "flatten"


class Odd(nn.Module):
    """Calls a layer twice, concatenates, and works in place."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)
        self.head = nn.Linear(6, 2)

    def forward(self, inputs):
        one = self.conv(inputs)
        two = self.conv(one)
        two.relu_()
        return self.head(torch.cat([one, two], 1).mean((2, 3)))


def test_computations_between_layers_and_second_calls_are_nodes():
    nodes = layer_graph(Odd())
    assert [(n.name, n.kind, n.inputs) for n in nodes] == [
        ("conv", "Conv2d", (INPUT,)),
        ("conv (2)", "Conv2d", (0,)),
        ("relu", "relu", (1,)),
        ("cat", "cat", (0, 2)),
        ("mean", "mean", (3,)),
        ("head", "Linear", (4,)),
    ]
    assert [n.parameters for n in nodes] == [12, 0, 0, 0, 0, 14]


@pytest.mark.parametrize("name", MODELS)
def test_looking_leaves_every_network_as_it_was(name):
    model = build_model(name, 10).train()
    assert sum(node.parameters for node in layer_graph(model)) == sum(
        p.numel() for p in model.parameters()
    )
    assert model.training
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
