from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from cifar_core.data.image_set import ImageSet, Subset
from cifar_core.data.transforms import Augmentation, Normalization, Preprocessing
from cifar_core.errors import CheckpointError, ConfigError, ImageError
from cifar_core.inference import compute_logits
from cifar_core.models.registry import MODEL_SPECS, build_model
from cifar_core.pictures import open_picture
from cifar_core.prediction import Prediction, predict_images, predict_pictures, prepare_picture

CPU = torch.device("cpu")
NAMES = ("ant", "bee", "cow", "dog")
PREPROCESSING = Preprocessing(
    Normalization((0.4, 0.5, 0.6), (0.2, 0.25, 0.3)), Augmentation(flip=True, shift=4, cutout=8)
)


@pytest.fixture
def model():
    """A small network with everything that behaves otherwise while it trains, in train mode."""
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(4),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(8 * 64, 4),
    )


@pytest.fixture
def images():
    generator = torch.Generator().manual_seed(2)
    return torch.randint(0, 256, (21, 32, 32, 3), dtype=torch.uint8, generator=generator)


def record_inputs(model):
    """Return a list that every input of the network is added to."""
    seen = []
    next(model.children()).register_forward_pre_hook(lambda layer, args: seen.append(args[0]))
    return seen


def test_top_gives_the_likeliest_classes_first():
    prediction = Prediction((0.1, 0.6, 0.1, 0.2), NAMES)
    assert prediction.top(2) == [("bee", 0.6), ("dog", 0.2)]
    assert prediction.top(9) == [("bee", 0.6), ("dog", 0.2), ("ant", 0.1), ("cow", 0.1)]
    assert prediction.top(0) == []


def test_probabilities_are_the_softmax_of_the_logits_in_eval_mode(model, images):
    with torch.no_grad():
        inputs = images.float() / 255
        inputs = (inputs - torch.tensor([0.4, 0.5, 0.6])) / torch.tensor([0.2, 0.25, 0.3])
        logits = model.eval()(inputs.permute(0, 3, 1, 2))
    model.train()
    probs = predict_images(model, images, PREPROCESSING)
    assert probs.dtype == torch.float32 and probs.shape == (21, 4)
    torch.testing.assert_close(probs, logits.softmax(1), atol=1e-5, rtol=0)
    torch.testing.assert_close(probs.sum(1), torch.ones(21), atol=1e-6, rtol=0)


@pytest.mark.parametrize("batch_size", [1, 4, None])
def test_answers_do_not_depend_on_the_batch_size(model, images, batch_size):
    expected = predict_images(model, images, PREPROCESSING, batch_size=21)
    probs = predict_images(model, images, PREPROCESSING, batch_size=batch_size)
    torch.testing.assert_close(probs, expected, atol=1e-5, rtol=0)


def test_the_same_picture_twice_gets_the_same_answer_and_the_network_stays_as_it_is(model, images):
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    first = predict_images(model, images[:1], PREPROCESSING)
    predict_images(model, images, PREPROCESSING)
    assert torch.equal(predict_images(model, images[:1], PREPROCESSING), first)
    assert all(layer.training for layer in model.modules())
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_huge_logits_give_probabilities(model, images):
    with torch.no_grad():
        model[-1].weight.mul_(1e30)
    probs = predict_images(model, images, PREPROCESSING)
    assert probs.isfinite().all()
    torch.testing.assert_close(probs.sum(1), torch.ones(21))


@pytest.mark.parametrize("name", [None, *MODEL_SPECS])
def test_an_uploaded_picture_goes_exactly_the_way_of_the_data_sets_images(model, images, name):
    if name is not None:
        torch.manual_seed(3)
        model = build_model(name, 4).to(memory_format=torch.channels_last)
    data = ImageSet(
        images=images,
        labels=torch.zeros(21, dtype=torch.int64),
        num_train=21,
        classes=NAMES,
        name="tiny",
        drawn=True,
        fingerprint="0" * 64,
        mean=(0.5, 0.5, 0.5),
        std=(0.25, 0.25, 0.25),
    )
    seen = record_inputs(model)
    file = BytesIO()
    Image.fromarray(images[7].numpy()).save(file, "PNG")

    logits = compute_logits(model, Subset(data, torch.tensor([7])), PREPROCESSING, device=CPU)
    upload = open_picture(file.getvalue())
    (prediction,) = predict_pictures(model, [upload], NAMES, PREPROCESSING)

    assert torch.equal(seen[0], seen[1])
    assert seen[0].stride() == seen[1].stride()
    assert prediction.probs == tuple(logits.double().softmax(1).float()[0].tolist())


def test_a_prepared_picture_is_what_the_data_set_would_hold():
    pixels = np.zeros((64, 96, 3), dtype=np.uint8)
    pixels[:, 16:80] = (10, 200, 30)  # the centre square
    prepared = prepare_picture(Image.fromarray(pixels), fit="crop")
    assert prepared.dtype == torch.uint8 and prepared.shape == (1, 32, 32, 3)
    assert prepared[0, 16, 16].tolist() == [10, 200, 30]
    assert prepared[0, 16, 1].tolist() == [10, 200, 30]
    stretched = prepare_picture(Image.fromarray(pixels), fit="stretch")
    assert stretched[0, 16, 1].tolist() == [0, 0, 0]
    with pytest.raises(ConfigError, match="fit"):
        prepare_picture(Image.fromarray(pixels), fit="wrap")


def test_pictures_of_any_size_are_predicted_in_their_order(model):
    greys = [Image.new("RGB", size, (v, v, v)) for size, v in (((5, 90), 0), ((200, 40), 255))]
    both = predict_pictures(model, greys, NAMES, PREPROCESSING)
    singly = [predict_pictures(model, [grey], NAMES, PREPROCESSING)[0] for grey in greys]
    assert len(both) == 2 and both[0].classes == NAMES
    for together, alone in zip(both, singly, strict=True):
        assert together.probs == pytest.approx(alone.probs, abs=1e-5)
    assert both[0].probs != pytest.approx(both[1].probs, abs=1e-3)


def test_no_pictures_give_no_predictions(model):
    assert predict_pictures(model, [], NAMES, PREPROCESSING) == []


def test_no_images_are_refused(model, images):
    with pytest.raises(ImageError, match="no picture"):
        predict_images(model, images[:0], PREPROCESSING)


def test_float_images_are_refused(model, images):
    with pytest.raises(ImageError, match=r"float32.*uint8"):
        predict_images(model, images / 255, PREPROCESSING)


def test_a_network_for_other_classes_is_refused(model):
    with pytest.raises(CheckpointError, match="3 classes"):
        predict_pictures(model, [Image.new("RGB", (32, 32))], ("a", "b", "c"), PREPROCESSING)


def test_a_broken_network_is_refused(model, images):
    with torch.no_grad():
        model[-1].bias[0] = float("nan")
    with pytest.raises(CheckpointError, match="not finite"):
        predict_images(model, images, PREPROCESSING)
