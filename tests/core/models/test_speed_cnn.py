import torch
from torch import nn

from cifar_core.models.registry import build_model
from cifar_core.models.speed_cnn import SpeedCNN, WideSpeedCNN


def test_it_answers_every_class_whatever_their_number():
    model = build_model("speed_cnn", 7).eval()
    assert model(torch.randn(2, 3, 32, 32)).shape == (2, 7)


def test_the_first_answers_are_nearly_even():
    model = SpeedCNN().eval()
    probabilities = model(torch.randn(16, 3, 32, 32)).softmax(1)
    assert probabilities.max() < 0.2


def test_whitening_and_the_scales_of_the_norms_are_not_trained():
    frozen = {name for name, p in SpeedCNN().named_parameters() if not p.requires_grad}
    norms = {f"block{block}.norm{norm}.weight" for block in (1, 2, 3) for norm in (1, 2)}
    assert frozen == {"whiten.weight"} | norms


def test_a_new_block_passes_its_inputs_on():
    layer = SpeedCNN().block1.conv1
    inputs = torch.randn(1, 24, 8, 8)
    assert torch.allclose(layer(inputs)[:, :24], inputs, atol=1e-6)


def test_it_holds_no_layer_that_draws_while_it_trains():
    assert not any(isinstance(layer, nn.Dropout) for layer in SpeedCNN().modules())


def test_the_wide_one_is_the_same_network_with_more_filters():
    narrow, wide = SpeedCNN().state_dict(), WideSpeedCNN().state_dict()
    assert list(narrow) == list(wide)
    assert wide["block3.conv2.weight"].shape == (320, 320, 3, 3)
