import pytest
import torch
from torch import nn

from cifar_core.models.registry import build_model
from cifar_core.muon import Muon, orthogonalise


@pytest.mark.parametrize("shape", [(8, 40), (40, 8)])
def test_orthogonalised_singular_values_are_near_one_and_directions_stay(shape):
    matrix = torch.randn(shape)
    answer = orthogonalise(matrix)
    values = torch.linalg.svdvals(answer)
    assert values.min() > 0.5 and values.max() < 1.3
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    assert (
        torch.nn.functional.cosine_similarity(answer.flatten(), (left @ right).flatten(), 0) > 0.97
    )


def test_every_trained_parameter_is_in_one_group_with_its_own_rate():
    model = build_model("speed_cnn", 10)
    optimizer = Muon(model, lr=0.1)
    grouped = [id(p) for group in optimizer.param_groups for p in group["params"]]
    assert sorted(grouped) == sorted(id(p) for p in model.parameters() if p.requires_grad)
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([0.1, 0.28, 0.022])


def test_filters_keep_their_size_and_others_are_pulled_towards_zero():
    layer, linear = nn.Conv2d(3, 8, 3, bias=False), nn.Linear(4, 2, bias=False)
    model = nn.ModuleDict({"conv": layer, "linear": linear})
    optimizer = Muon(model, lr=1e-6, weight_decay=0.1 / 1e-6)
    before = linear.weight.detach().clone()
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    assert layer.weight.norm().item() == pytest.approx(8**0.5, rel=1e-5)
    assert torch.allclose(linear.weight, 0.9 * before)


def test_without_filters_it_is_sgd_with_nesterov_momentum():
    torch.manual_seed(1)
    ours, theirs = nn.Linear(5, 3, bias=False), nn.Linear(5, 3, bias=False)
    theirs.load_state_dict(ours.state_dict())
    rate = 0.05 * Muon.HEAD_SCALE
    pair = [
        (ours, Muon(ours, lr=0.05, momentum=0.8)),
        (theirs, torch.optim.SGD(theirs.parameters(), lr=rate, momentum=0.8, nesterov=True)),
    ]
    inputs, targets = torch.randn(20, 5), torch.randint(3, (20,))
    for _ in range(4):
        for model, optimizer in pair:
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(inputs), targets).backward()
            optimizer.step()
    assert torch.allclose(ours.weight, theirs.weight, atol=1e-6)
