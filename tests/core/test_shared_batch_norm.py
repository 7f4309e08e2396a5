"""A shared batch normalisation, alone in its group, is torch's own."""

import pytest
import torch
from torch import distributed, nn

from cifar_core.shared_batch_norm import SharedBatchNorm2d, share_batch_norm


@pytest.fixture
def group_of_one(tmp_path):
    store = distributed.FileStore(str(tmp_path / "store"), 1)
    distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


def trained_once(layer: nn.Module, inputs: torch.Tensor) -> list[torch.Tensor]:
    inputs = inputs.clone().requires_grad_()
    outputs = layer.train()(inputs)
    (outputs * torch.linspace(-1, 2, outputs.numel()).view_as(outputs)).sum().backward()
    assert inputs.grad is not None
    grads = [p.grad for p in layer.parameters() if p.grad is not None]
    return [outputs.detach(), inputs.grad, *grads, *layer.buffers()]


def test_outputs_gradients_and_statistics_are_those_of_torch(group_of_one):
    own = nn.BatchNorm2d(3, momentum=0.4)
    with torch.no_grad():
        own.weight.copy_(torch.tensor([0.5, 2.0, -1.0]))
    shared = SharedBatchNorm2d.like(nn.BatchNorm2d(3, momentum=0.4))
    shared.load_state_dict(own.state_dict())
    inputs = 3 + 2 * torch.randn(4, 3, 5, 5)
    for found, expected in zip(
        trained_once(shared, inputs), trained_once(own, inputs), strict=True
    ):
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_a_network_keeps_its_weights_and_their_names():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Sequential(nn.BatchNorm2d(4), nn.ReLU()))
    before = dict(model.named_parameters())
    share_batch_norm(model)
    assert isinstance(model[1][0], SharedBatchNorm2d)
    assert {name: id(p) for name, p in model.named_parameters()} == {
        name: id(p) for name, p in before.items()
    }
