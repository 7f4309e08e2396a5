import torch
from torch import nn

from cifar_core.models.simple_cnn import SimpleCNN

TUTORIAL_KEYS = ["conv1.weight", "conv1.bias", "fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"]


def test_it_has_exactly_the_tutorials_keys_in_the_tutorials_order():
    assert list(SimpleCNN().state_dict()) == TUTORIAL_KEYS


def test_the_forward_pass_is_conv_relu_pool_linear_relu_linear():
    model, inputs = SimpleCNN(7), torch.randn(3, 3, 32, 32)
    weights = model.state_dict()
    maps = nn.functional.conv2d(inputs, weights["conv1.weight"], weights["conv1.bias"], padding=1)
    pooled = maps.relu().unfold(2, 2, 2).unfold(3, 2, 2).amax(dim=(-2, -1))
    flat = pooled.reshape(3, -1)
    hidden = (flat @ weights["fc1.weight"].T + weights["fc1.bias"]).relu()
    by_hand = hidden @ weights["fc2.weight"].T + weights["fc2.bias"]
    assert torch.allclose(model(inputs), by_hand, atol=1e-5)


def test_the_memory_order_of_the_inputs_does_not_change_the_answer():
    model, inputs = SimpleCNN(), torch.randn(4, 3, 32, 32)
    channels_last = inputs.to(memory_format=torch.channels_last)
    assert channels_last.stride() != inputs.stride()
    assert torch.allclose(model(channels_last), model(inputs), atol=1e-5)
    assert torch.allclose(
        model.to(memory_format=torch.channels_last)(channels_last), model(inputs), atol=1e-5
    )


def test_while_training_the_quicker_order_gives_the_same_numbers_and_gradients():
    model, inputs, answers = SimpleCNN(), torch.randn(5, 3, 32, 32), []
    for training in (True, False):
        model.train(training).zero_grad()
        logits = model(inputs)
        logits.square().sum().backward()
        answers.append([logits.detach(), *(p.grad.clone() for p in model.parameters())])
    assert all(torch.equal(a, b) for a, b in zip(*answers, strict=True))
