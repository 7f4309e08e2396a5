"""What the Models page shows of a layer is what hooks on the network give."""

import numpy as np
import pytest
import torch

from cifar_core.checkpoint import save_model
from cifar_core.data.transforms import Normalization
from cifar_core.model_info import ModelInfo
from cifar_core.models.registry import build_model
from dashboard.models_epochs import shown_classes
from dashboard.models_filters import filter_pixels
from dashboard.models_layer_words import layer_meaning
from dashboard.models_maps import maps_of

NORMALIZATION = Normalization((0.4, 0.5, 0.6), (0.2, 0.25, 0.3))


@pytest.mark.parametrize("name", ["simple_cnn", "resnet18"])
def test_the_maps_are_those_that_hooks_give(tmp_path, name):
    network = build_model(name, 4).eval()
    path = tmp_path / "model.safetensors"
    info = ModelInfo(model=name, classes=("a", "b", "c", "d"), normalization=NORMALIZATION)
    save_model(network, info, path)
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    expected = {}

    def keep(layer_name):
        def hook(_, __, output):
            expected.setdefault(layer_name, output.detach().clone().numpy()[0])

        return hook

    for layer_name, layer in network.named_modules():
        if not list(layer.children()):
            layer.register_forward_hook(keep(layer_name))
    pixels = torch.from_numpy(image).permute(2, 0, 1).float() / 255
    mean, std = (torch.tensor(v)[:, None, None] for v in (NORMALIZATION.mean, NORMALIZATION.std))
    network(((pixels - mean) / std)[None])
    found = maps_of(path, image)
    assert set(expected) <= set(found)
    for layer_name, values in expected.items():
        shown = found[layer_name]
        assert shown.ndim in (1, 3)
        np.testing.assert_allclose(shown, values.reshape(shown.shape), rtol=1e-4, atol=1e-5)


def test_filters_share_a_scale_where_asked():
    weights = np.zeros((2, 3, 1, 1), np.float32)
    weights[0], weights[1] = 1, -0.5
    assert filter_pixels(weights)[:, 0, 0, 0].tolist() == [255, 0]
    assert filter_pixels(weights, 1.0)[:, 0, 0, 0].tolist() == [255, 64]


def test_the_true_class_is_always_among_those_shown():
    probs = np.array([[0.1] * 10, [0.3, 0.2, 0.1, 0.1, 0.09, 0.08, 0.05, 0.04, 0.03, 0.01]])
    classes = tuple("abcdefghij")
    assert shown_classes(probs, classes, "") == [0, 1, 2, 3, 4]
    assert shown_classes(probs, classes, "j") == [0, 1, 2, 3, 9]
    assert shown_classes(probs, classes, "b") == [0, 1, 2, 3, 4]


def test_every_layer_of_the_networks_has_a_meaning_of_its_own():
    from cifar_core.layer_graph import layer_graph

    unknown = layer_meaning("something else")
    for name in ("simple_cnn", "vgg", "resnet18"):
        kinds = {n.kind for n in layer_graph(build_model(name, 10)) if n.kind[0].isupper()}
        assert not {kind for kind in kinds if layer_meaning(kind) == unknown}
