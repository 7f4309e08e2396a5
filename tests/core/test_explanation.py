import copy
import threading

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from cifar_core.data.transforms import Normalization, Preprocessing
from cifar_core.errors import CheckpointError, ConfigError, ImageError
from cifar_core.explanation import (
    feature_maps,
    first_layer_filters,
    grad_cam,
    occlusion_map,
    overlay,
)
from cifar_core.models.registry import MODEL_SPECS, build_model
from cifar_core.prediction import predict_images

PREPROCESSING = Preprocessing(Normalization((0.4, 0.5, 0.6), (0.2, 0.25, 0.3)))
LAST_CONVOLUTIONS = {
    "simple_cnn": "conv1",
    "speed_cnn": "block3.conv2",
    "wide_speed_cnn": "block3.conv2",
    "vgg": "features.conv6",
    "resnet18": "layer4.1.conv2",
}


def build_net(name=None):
    torch.manual_seed(1)
    if name is not None:
        return build_model(name, 4)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1),
        nn.BatchNorm2d(6),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 8, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(8 * 64, 4),
    )


@pytest.fixture
def inputs():
    return torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(2))


@pytest.fixture
def image():
    generator = torch.Generator().manual_seed(4)
    return torch.randint(0, 256, (1, 32, 32, 3), dtype=torch.uint8, generator=generator)


def slow_grad_cam(model, inputs, targets, layer):
    """One image at a time, with a hook that retains gradients and a backward pass to the inputs."""
    maps = []
    model = copy.deepcopy(model).eval().requires_grad_(False)
    kept = {}

    def keep(_, __, output):
        kept["maps"] = output
        output.retain_grad()
        return output.clone()

    model.get_submodule(layer).register_forward_hook(keep)
    for one, target in zip(inputs.split(1), targets, strict=True):
        model(one.clone().requires_grad_())[0, target].backward()
        weights = kept["maps"].grad[0].mean((1, 2))
        heat = torch.zeros(kept["maps"].shape[2:])
        for weight, channel in zip(weights, kept["maps"][0].detach(), strict=True):
            heat += weight * channel
        heat = F.interpolate(heat.relu()[None, None], inputs.shape[2:], mode="bilinear")[0, 0]
        maps.append(heat / heat.max() if heat.max() > 0 else heat)
    return torch.stack(maps)


@pytest.mark.parametrize("name", [None, *MODEL_SPECS])
def test_grad_cam_equals_one_computed_by_hooks_and_backward(inputs, name):
    model = build_net(name)
    layer = LAST_CONVOLUTIONS.get(name, "4")
    if name == "resnet18":
        inputs = inputs[:, :, :16, :16]  # it is fully convolutional, and slow
    heat = grad_cam(model, inputs, torch.tensor([0, 3, 1]))
    assert heat.dtype == torch.float32 and heat.shape == (3, *inputs.shape[2:])
    assert not heat.requires_grad
    assert heat.amax((1, 2)).max() == 1 and heat.min() >= 0
    expected = slow_grad_cam(model, inputs, [0, 3, 1], layer)
    torch.testing.assert_close(heat, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("name", "layer"), [("resnet18", "layer2"), ("vgg", "features.relu3")])
def test_grad_cam_looks_at_the_layer_that_is_named(inputs, name, layer):
    model, inputs = build_net(name), inputs[:1]  # one, because they are slow
    heat = grad_cam(model, inputs, 2, layer)
    expected = slow_grad_cam(model, inputs, [2], layer)
    torch.testing.assert_close(heat, expected, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(heat, grad_cam(model, inputs, 2))


def test_grad_cam_points_at_the_only_thing_that_speaks_for_a_class():
    convolution = nn.Conv2d(3, 1, 1, bias=False)
    nn.init.ones_(convolution.weight)
    head = nn.Linear(32 * 32, 2, bias=False)
    with torch.no_grad():
        head.weight[0], head.weight[1] = 1, -1
    model = nn.Sequential(convolution, nn.Flatten(), head)
    inputs = torch.zeros(1, 3, 32, 32)
    inputs[0, :, 10:14, 20:24] = 1
    heat = grad_cam(model, inputs, 0)[0]
    assert torch.equal(heat, inputs[0, 0])
    assert torch.equal(grad_cam(model, inputs, 1)[0], torch.zeros(32, 32))  # nothing speaks for it


class LateDeclared(nn.Module):
    """Runs its layers in another order than it names them, and ends in a 1x1 convolution."""

    def __init__(self):
        super().__init__()
        self.second = nn.Conv2d(4, 5, 3)
        self.first = nn.Conv2d(3, 4, 3)
        self.head = nn.Conv2d(5, 2, 1)

    def forward(self, inputs):
        maps = self.second(self.first(inputs).relu()).relu()
        return self.head(maps.mean((2, 3), keepdim=True)).flatten(1)


def test_grad_cam_takes_the_last_convolution_that_runs_before_places_are_lost(inputs):
    torch.manual_seed(0)
    model = LateDeclared()
    expected = grad_cam(model, inputs, 1, "second")
    assert torch.equal(grad_cam(model, inputs, 1), expected)
    assert not torch.allclose(grad_cam(model, inputs, 1, "first"), expected)


@pytest.mark.parametrize("layer", ["head", "flatten"])
def test_grad_cam_refuses_layers_without_places(inputs, layer):
    model = LateDeclared() if layer == "head" else build_net("simple_cnn")
    with pytest.raises(ConfigError, match=f"{layer} has no maps"):
        grad_cam(model, inputs, 0, layer)


def test_grad_cam_of_a_network_without_convolutions_is_refused(inputs):
    model = nn.Sequential(nn.Flatten(), nn.Linear(3072, 2))
    with pytest.raises(ConfigError, match="network has no maps"):
        grad_cam(model, inputs, 0)


def test_grad_cam_of_an_unknown_layer_names_the_convolutions(inputs):
    with pytest.raises(ConfigError, match=r"no layer 'conv9'.* conv1"):
        grad_cam(build_net("simple_cnn"), inputs, 0, "conv9")


@pytest.mark.parametrize("target", [-1, 4, torch.tensor([0, 4, 1])])
def test_unknown_classes_are_refused(inputs, target):
    with pytest.raises(ConfigError, match="from 0 to 3"):
        grad_cam(build_net(), inputs, target)


def test_a_broken_network_is_refused(inputs):
    model = build_net()
    with torch.no_grad():
        model[0].weight.fill_(float("nan"))
    with pytest.raises(CheckpointError, match="not finite"):
        grad_cam(model, inputs, 0)


def state_of(model):
    """All that looking inside might leave behind."""
    return {
        "modes": [layer.training for layer in model.modules()],
        "hooks": [
            (len(layer._forward_hooks), len(layer._forward_pre_hooks), len(layer._backward_hooks))
            for layer in model.modules()
        ],
        "gradients": [p.grad is not None and p.grad.tolist() for p in model.parameters()],
        "requires_grad": [p.requires_grad for p in model.parameters()],
        "weights": [tensor.tolist() for tensor in model.state_dict().values()],
        "places": [tensor.data_ptr() for tensor in model.state_dict().values()],
        "attributes": [sorted(vars(layer)) for layer in model.modules()],
    }


def test_looking_inside_leaves_the_network_as_it_was(inputs, image):
    model = build_net().train()
    model[1].eval()
    model[0].weight.requires_grad_(False)
    model[4].weight.grad = torch.ones_like(model[4].weight)
    before = state_of(model)
    grad_cam(model, inputs, 0)
    feature_maps(model, inputs)
    first_layer_filters(model)
    occlusion_map(model, image, PREPROCESSING, 0)
    with pytest.raises(RuntimeError):
        feature_maps(model, inputs[:, :2])
    with pytest.raises(RuntimeError):
        grad_cam(model, inputs[:, :2], 0)
    assert state_of(model) == before


def test_grad_cam_works_on_frozen_networks_and_without_gradients_around_it(inputs):
    model = build_net()
    expected = grad_cam(model, inputs, 0)
    with torch.no_grad():
        assert torch.equal(grad_cam(model.requires_grad_(False), inputs, 0), expected)


def test_threads_may_look_into_one_network_at_once(inputs):
    model = build_net().eval()
    expected = [grad_cam(model, one, 1) for one in inputs.split(1)]
    results = {}

    def look(number):
        for _ in range(10):
            results.setdefault(number, []).append(grad_cam(model, inputs[number, None], 1))

    threads = [threading.Thread(target=look, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(3):
        assert len(results[number]) == 10
        assert all(torch.allclose(heat, expected[number], atol=1e-5) for heat in results[number])


def slow_occlusion_map(model, image, target, patch, stride):
    """Square by square, in loops."""
    whole = predict_images(model, image, PREPROCESSING)[0, target]
    total, count = torch.zeros(32, 32), torch.zeros(32, 32)
    starts = [*range(0, 32 - patch, stride), 32 - patch]
    for top in starts:
        for left in starts:
            covered = image.clone()
            covered[0, top : top + patch, left : left + patch] = 128
            drop = whole - predict_images(model, covered, PREPROCESSING)[0, target]
            total[top : top + patch, left : left + patch] += drop
            count[top : top + patch, left : left + patch] += 1
    return total / count


@pytest.mark.parametrize(("patch", "stride"), [(8, 4), (10, 7), (5, 5), (32, 1)])
def test_occlusion_map_equals_a_slow_one(image, patch, stride):
    model = build_net()
    heat = occlusion_map(model, image, PREPROCESSING, 2, patch, stride)
    assert heat.dtype == torch.float32 and heat.shape == (32, 32)
    expected = slow_occlusion_map(model, image, 2, patch, stride)
    torch.testing.assert_close(heat, expected, atol=1e-5, rtol=0)


def test_occlusion_finds_the_only_place_that_counts(image):
    head = nn.Linear(3 * 32 * 32, 2, bias=False)
    nn.init.zeros_(head.weight)
    with torch.no_grad():
        head.weight.view(2, 3, 32, 32)[0, :, 12:16, 20:24] = 1
    image[0, 12:16, 20:24] = 255
    heat = occlusion_map(nn.Sequential(nn.Flatten(), head), image, Preprocessing(), 0, 4, 4)
    assert heat[12:16, 20:24].min() > 0.3
    heat[12:16, 20:24] = 0
    assert torch.equal(heat, torch.zeros(32, 32))


@pytest.mark.parametrize(
    ("patch", "stride", "word"),
    [(0, 1, "patch"), (33, 1, "patch"), (8, 9, "stride"), (8, 0, "stride")],
)
def test_squares_out_of_range_are_refused(image, patch, stride, word):
    with pytest.raises(ConfigError, match=f"{word} is"):
        occlusion_map(build_net(), image, PREPROCESSING, 0, patch, stride)


def test_occlusion_refuses_several_images_and_unknown_classes(image):
    with pytest.raises(ImageError, match="2 images"):
        occlusion_map(build_net(), image.repeat(2, 1, 1, 1), PREPROCESSING, 0)
    with pytest.raises(ConfigError, match="from 0 to 3"):
        occlusion_map(build_net(), image, PREPROCESSING, 4)


def test_feature_maps_are_what_each_layer_gives(inputs):
    model = build_net().train()
    maps = feature_maps(model, inputs)
    assert list(maps) == [str(i) for i in range(10)]
    with torch.no_grad():
        values = inputs
        for i, layer in enumerate(copy.deepcopy(model).eval()):
            values = layer(values.clone())
            torch.testing.assert_close(maps[str(i)], values)
    assert maps["4"].min() < 0  # although the ReLU after it works in place
    assert all(m.dtype == torch.float32 and not m.requires_grad for m in maps.values())


def test_feature_maps_of_the_tutorials_network_have_its_shapes(inputs):
    maps = feature_maps(build_net("simple_cnn"), inputs)
    assert {name: tuple(m.shape) for name, m in maps.items()} == {
        "conv1": (3, 18, 32, 32),
        "relu1": (3, 18, 32, 32),
        "pool": (3, 18, 16, 16),
        "flatten": (3, 4608),
        "fc1": (3, 64),
        "relu2": (3, 64),
        "fc2": (3, 4),
    }


def test_a_layer_that_runs_twice_is_shown_twice(inputs):
    model, inputs = build_net("resnet18").eval(), inputs[:1, :, :16, :16]
    maps = feature_maps(model, inputs)
    first, second = maps["layer1.0.relu"], maps["layer1.0.relu (2)"]
    with torch.no_grad():
        torch.testing.assert_close(first, maps["layer1.0.bn1"].relu())
        torch.testing.assert_close(second, (maps["layer1.0.bn2"] + maps["maxpool"]).relu())
        torch.testing.assert_close(maps["fc"], model(inputs))
    assert [*maps][:2] == ["conv1", "bn1"] and [*maps][-1] == "fc"


@pytest.mark.parametrize(("name", "shape"), [("simple_cnn", (18, 3, 3, 3)), ("vgg", (64, 3, 3, 3))])
def test_filters_are_stretched_around_mid_grey(name, shape):
    model = build_net(name)
    filters = first_layer_filters(model)
    weight = next(layer for layer in model.modules() if isinstance(layer, nn.Conv2d)).weight
    assert filters.shape == shape and not filters.requires_grad
    assert filters.min() >= 0 and filters.max() <= 1
    strongest = (filters - 0.5).abs().amax((1, 2, 3))
    torch.testing.assert_close(strongest, torch.full_like(strongest, 0.5))
    assert torch.equal(filters > 0.5, weight > 0)


def test_a_dead_filter_is_grey_and_a_network_without_filters_is_refused():
    model = build_net("simple_cnn")
    with torch.no_grad():
        model.conv1.weight[3] = 0
    assert torch.equal(first_layer_filters(model)[3], torch.full((3, 3, 3), 0.5))
    with pytest.raises(ConfigError, match="three colour channels"):
        first_layer_filters(nn.Sequential(nn.Conv2d(1, 2, 3)))


def test_a_heat_map_can_be_laid_over_its_image(image):
    heat = grad_cam(build_net(), PREPROCESSING(image), 0)[0]
    shown = overlay(image[0], heat, 0.5)
    assert shown.shape == (32, 32, 3) and shown.dtype == torch.uint8
    assert not torch.equal(shown, image[0])
