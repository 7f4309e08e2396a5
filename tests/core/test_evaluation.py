import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics
from torch import nn

from cifar_core.data.image_set import ImageSet, Subset, whole
from cifar_core.data.transforms import Normalization, Preprocessing
from cifar_core.errors import CheckpointError, DatasetError, ImageError
from cifar_core.evaluation import Evaluation, score_logits
from cifar_core.inference import compute_logits, evaluating, infer_logits, iterate_logits

CPU = torch.device("cpu")
PREPROCESSING = Preprocessing(Normalization((0.4, 0.5, 0.6), (0.2, 0.25, 0.3)))
NAMES = ("ant", "bee", "cow", "dog")


def draw_set(count=37, classes=NAMES, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return ImageSet(
        images=torch.randint(0, 256, (count, 32, 32, 3), dtype=torch.uint8, generator=generator),
        labels=torch.randint(len(classes), (count,), generator=generator),
        num_train=count,
        classes=classes,
        name="tiny",
        drawn=True,
        fingerprint="0" * 64,
        mean=(0.5, 0.5, 0.5),
        std=(0.25, 0.25, 0.25),
    )


def build_net(num_classes=4):
    """A small network with everything that behaves otherwise while it trains."""
    torch.manual_seed(1)
    net = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(4),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(8 * 64, num_classes),
    )
    net[1].running_mean.normal_()
    net[1].running_var.uniform_(0.5, 2)
    return net


@pytest.fixture
def subset():
    data = draw_set()
    return Subset(data, torch.randperm(37, generator=torch.Generator().manual_seed(3))[:29])


def snapshot(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def modes(model):
    return [layer.training for layer in model.modules()]


def test_logits_are_those_of_the_network_in_eval_mode_in_the_subsets_order(subset):
    model = build_net()
    logits = compute_logits(model, subset, PREPROCESSING, device=CPU)
    images, _ = subset.take(torch.arange(len(subset)))
    pixels = (images.double() / 255 - torch.tensor([0.4, 0.5, 0.6])) / torch.tensor(
        [0.2, 0.25, 0.3]
    )
    with torch.no_grad():
        expected = model.eval()(pixels.float().permute(0, 3, 1, 2).contiguous())
    assert logits.dtype == torch.float32 and logits.shape == (29, 4)
    assert not logits.requires_grad
    torch.testing.assert_close(logits, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("batch_size", [1, 7, 29, 500])
def test_batch_size_does_not_change_an_answer(subset, batch_size):
    model = build_net()
    expected = compute_logits(model, subset, PREPROCESSING, device=CPU, batch_size=13)
    logits = compute_logits(model, subset, PREPROCESSING, device=CPU, batch_size=batch_size)
    torch.testing.assert_close(logits, expected, atol=1e-5, rtol=1e-5)


def test_dropout_is_off_and_batch_norm_learns_nothing(subset):
    model = build_net().train()
    before = snapshot(model)
    first = compute_logits(model, subset, PREPROCESSING, device=CPU)
    again = compute_logits(model, subset, PREPROCESSING, device=CPU)
    assert torch.equal(first, again)
    assert all(torch.equal(tensor, before[name]) for name, tensor in snapshot(model).items())


def test_every_layer_gets_its_mode_back_also_after_an_error(subset):
    model = build_net().train()
    model[1].eval()  # a part that is frozen on purpose
    before = modes(model)
    compute_logits(model, subset, PREPROCESSING, device=CPU)
    assert modes(model) == before
    with pytest.raises(RuntimeError, match="inside"), evaluating(model):
        assert not any(modes(model))
        raise RuntimeError("inside")
    assert modes(model) == before


def test_between_two_batches_the_network_is_as_the_caller_left_it(subset):
    model = build_net().train()
    batches = iterate_logits(model, subset, PREPROCESSING, device=CPU, batch_size=10)
    assert next(batches).shape == (10, 4)
    assert all(modes(model))
    assert torch.is_grad_enabled()
    batches.close()
    assert all(modes(model))


def test_progress_counts_images(subset):
    told = []
    compute_logits(
        build_net(),
        subset,
        PREPROCESSING,
        device=CPU,
        batch_size=10,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(10, 29), (20, 29), (29, 29)]


def test_the_network_sees_channels_last_inputs(subset):
    seen = []
    model = build_net()
    model[0].register_forward_pre_hook(lambda layer, args: seen.append(args[0]))
    compute_logits(model, subset, PREPROCESSING, device=CPU)
    assert seen[0].is_contiguous(memory_format=torch.channels_last)


def test_bfloat16_computes_in_bfloat16_and_answers_in_float32(subset):
    seen = []
    model = build_net()
    model[0].register_forward_hook(lambda layer, args, output: seen.append(output.dtype))
    exact = compute_logits(model, subset, PREPROCESSING, device=CPU)
    rough = compute_logits(model, subset, PREPROCESSING, device=CPU, precision="bfloat16")
    assert seen == [torch.float32, torch.bfloat16]
    assert rough.dtype == torch.float32
    torch.testing.assert_close(rough, exact, atol=0.1, rtol=0.1)


def test_an_empty_subset_is_an_error():
    empty = whole(draw_set()).first(0)
    with pytest.raises(DatasetError, match="no images"):
        compute_logits(build_net(), empty, PREPROCESSING, device=CPU)


@pytest.mark.parametrize(
    "images",
    [torch.rand(2, 32, 32, 3), torch.zeros(2, 3, 32, 32, dtype=torch.uint8), torch.zeros(32, 32)],
)
def test_anything_but_stored_pixels_is_refused(images):
    with pytest.raises(ImageError, match="uint8"):
        infer_logits(build_net(), images, PREPROCESSING, device=CPU)


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 150), st.integers(2, 12), st.integers(0, 10**6))
def test_scores_equal_scikit_learn(count, num_classes, seed):
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(count, num_classes, generator=generator)
    labels = torch.randint(num_classes, (count,), generator=generator)
    names = tuple(str(i) for i in range(num_classes))
    evaluation = score_logits(logits, labels, names)
    predictions, every = logits.argmax(1), list(range(num_classes))
    loss = sklearn_metrics.log_loss(labels, logits.double().softmax(1), labels=every)
    assert evaluation.loss == pytest.approx(loss, abs=1e-6)
    assert evaluation.accuracy == sklearn_metrics.accuracy_score(labels, predictions)
    assert evaluation.accuracy_low <= evaluation.accuracy <= evaluation.accuracy_high
    f1 = sklearn_metrics.f1_score(labels, predictions, labels=every, average=None, zero_division=0)
    np.testing.assert_allclose([score.f1 for score in evaluation.per_class], f1, atol=1e-6)
    assert np.sum(evaluation.confusion) == count
    assert Evaluation.from_dict(json.loads(json.dumps(evaluation.to_dict()))) == evaluation


def test_two_classes_of_which_one_is_absent():
    logits = torch.tensor([[2.0, 1.0], [0.0, 3.0]])
    evaluation = score_logits(logits, torch.tensor([0, 0]), ("yes", "no"))
    assert evaluation.confusion == ((1, 1), (0, 0))
    assert evaluation.top2_accuracy == 1.0
    absent = evaluation.per_class[1]
    assert (absent.num_images, absent.precision, absent.recall, absent.f1) == (0, 0, 0, 0)


def test_huge_logits_give_a_finite_loss():
    logits = torch.tensor([[3e38, -3e38], [1e4, 0.0]])
    evaluation = score_logits(logits, torch.tensor([0, 1]), ("yes", "no"))
    assert evaluation.loss == pytest.approx(5e3)


def test_a_broken_network_is_refused_with_a_sentence(subset):
    model = build_net()
    with torch.no_grad():
        model[0].weight.fill_(float("nan"))
    with pytest.raises(CheckpointError, match="29 of 29 images are not finite"):
        score_logits(compute_logits(model, subset, PREPROCESSING, device=CPU), subset.labels, NAMES)


def test_a_network_for_other_classes_is_refused_with_a_sentence(subset):
    with pytest.raises(CheckpointError, match="4 classes"):
        logits = compute_logits(build_net(num_classes=10), subset, PREPROCESSING, device=CPU)
        score_logits(logits, subset.labels, NAMES)
