from cifar_core.layer_graph import layer_graph
from cifar_core.models.registry import build_model
from dashboard.models_graph_layout import lay_out


def layout_of(name):
    return lay_out(layer_graph(build_model(name, 10)))


def test_a_chain_is_one_column_with_relu_in_the_box_before():
    layout = layout_of("simple_cnn")
    found = [(box.title, box.more, box.row, box.column) for box in layout.boxes]
    assert found == [
        ("Convolution 3×3", ("ReLU",), 1, 0),
        ("Max pooling 2×2", (), 2, 0),
        ("Flatten", (), 3, 0),
        ("Linear", ("ReLU",), 4, 0),
        ("Linear", (), 5, 0),
    ]
    assert layout.edges == ((-1, 0), (0, 1), (1, 2), (2, 3), (3, 4))
    assert not layout.has_side_paths
    assert [box.shown_layer for box in layout.boxes] == ["relu1", "pool", "flatten", "relu2", "fc2"]
    assert layout.boxes[0].parameters == 504 and layout.boxes[0].shape == (18, 32, 32)


def test_resnets_side_paths_stand_beside_the_layers_that_they_skip():
    layout = layout_of("resnet18")
    by_name = {box.name: (number, box) for number, box in enumerate(layout.boxes)}
    side = [box.name for box in layout.boxes if box.column == 1]
    assert side == [f"layer{n}.0.downsample.0" for n in (2, 3, 4)]
    number, add = by_name["layer1.0.add"]
    assert (add.title, add.more, add.shown_layer) == ("Addition", ("ReLU",), "layer1.0.relu (2)")
    sources = {layout.boxes[s].name for s, target in layout.edges if target == number}
    assert sources == {"conv1", "layer1.0.conv2"}
    assert by_name["layer2.0.downsample.0"][1].row == by_name["layer2.0.conv1"][1].row
    assert layout.has_side_paths


def test_no_two_boxes_share_a_place_and_every_line_leads_down():
    layout = layout_of("resnet18")
    places = [(box.row, box.column) for box in layout.boxes]
    assert len(set(places)) == len(places)
    rows = [box.row for box in layout.boxes] + [0]
    assert all(rows[source] < rows[target] for source, target in layout.edges)
