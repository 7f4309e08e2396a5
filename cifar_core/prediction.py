"""What is on this picture: from any picture to the probability of each class.

A picture is brought to the size of the data set's images and then goes the same way as those do:
the same ``Preprocessing`` object, the same ``infer_logits``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from PIL import Image
from torch import Tensor, nn

from cifar_core.data.transforms import Preprocessing
from cifar_core.errors import ImageError
from cifar_core.inference import infer_logits, suitable_batch_size
from cifar_core.metrics import check_logits
from cifar_core.pictures import fit_picture

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Prediction:
    """The network's answer to one picture."""

    probs: tuple[float, ...]
    """Of each class, 0 to 1; they sum to 1."""
    classes: tuple[str, ...]
    """Class names in the same order."""

    def top(self, k: int) -> list[tuple[str, float]]:
        """Return the ``k`` likeliest classes with their probabilities, the likeliest first."""
        ranked = sorted(zip(self.classes, self.probs, strict=True), key=lambda pair: -pair[1])
        return ranked[:k]


def prepare_picture(picture: Image.Image, *, fit: str = "crop") -> Tensor:
    """Return a picture as the data set would hold it: all that the network gets to see.

    Args:
        picture: of any size, as ``pictures.open_picture`` gives it.
        fit: how it comes to a square, one of ``pictures.FITS``.

    Returns:
        uint8 (1, 32, 32, 3), RGB.

    Raises:
        ConfigError: ``fit`` is unknown.
    """
    return torch.from_numpy(fit_picture(picture, fit=fit)).unsqueeze(0)


def predict_images(
    model: nn.Module,
    images: Tensor,
    preprocessing: Preprocessing,
    *,
    device: torch.device = CPU,
    batch_size: int | None = None,
) -> Tensor:
    """Return the probability of each class for each image.

    Args:
        model: on ``device``; stays as it is.
        images: uint8 (N, 32, 32, 3), N at least 1.
        preprocessing: the one that the network was trained with.
        device: where to compute.
        batch_size: images at a time, None for what suits the device; does not change an answer
            beyond rounding.

    Returns:
        float32 (N, classes) on the CPU, each row summing to 1.

    Raises:
        ImageError: there is no image, or the images have another type or shape.
        CheckpointError: the network's answers are not finite.
    """
    if not len(images):
        raise ImageError("There is no picture to classify; expected at least one.")
    batches = images.split(batch_size or suitable_batch_size(device))  # type: ignore[no-untyped-call]
    logits = torch.cat([infer_logits(model, b, preprocessing, device=device) for b in batches])
    check_logits(logits, logits.shape[1])
    return logits.double().softmax(1).float()


def predict_pictures(
    model: nn.Module,
    pictures: Sequence[Image.Image],
    classes: tuple[str, ...],
    preprocessing: Preprocessing,
    *,
    fit: str = "crop",
    device: torch.device = CPU,
) -> list[Prediction]:
    """Classify pictures of any size.

    Args:
        model: on ``device``; stays as it is.
        pictures: as ``pictures.open_picture`` gives them; there may be none.
        classes: names in label order.
        preprocessing: the one that the network was trained with.
        fit: how a picture comes to a square, one of ``pictures.FITS``.
        device: where to compute.

    Returns:
        One prediction a picture, in their order.

    Raises:
        ConfigError: ``fit`` is unknown.
        CheckpointError: the network was made for another number of classes, or is broken.
    """
    if not pictures:
        return []
    images = torch.cat([prepare_picture(picture, fit=fit) for picture in pictures])
    probs = predict_images(model, images, preprocessing, device=device)
    check_logits(probs, len(classes))
    return [Prediction(tuple(row), classes) for row in probs.tolist()]
