"""Run a network over stored images without changing it: the one way that all answers go.

Evaluation, validation, prediction and occlusion maps come through ``infer_logits``, so that the
same picture gets the same answer wherever it is asked about.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from cifar_core.data.image_set import Subset
from cifar_core.data.transforms import Preprocessing
from cifar_core.devices import autocast
from cifar_core.errors import DatasetError, ImageError
from cifar_core.views import average_views

Progress = Callable[[int, int], None]
"""Told how many images are done, and of how many."""


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Switch dropout and batch-norm to evaluation; afterwards every layer is as it was.

    Layer by layer, because a part of a network that trains may be frozen on purpose. A network that
    is in eval mode already is not written to, so that threads may share it.
    """
    switched = [layer for layer in model.modules() if layer.training]
    for layer in switched:
        layer.training = False
    try:
        yield
    finally:
        for layer in switched:
            layer.training = True


@torch.no_grad()
def infer_logits(
    model: nn.Module,
    images: Tensor,
    preprocessing: Preprocessing,
    *,
    device: torch.device,
    precision: str = "float32",
) -> Tensor:
    """Return the network's answers to one batch.

    Args:
        model: on ``device``; its mode, weights and batch-norm statistics stay as they are.
        images: uint8 (N, H, W, 3), as stored.
        preprocessing: turns them into what the network sees, in as many views as it says.
        device: where to compute.
        precision: "float32" or "bfloat16".

    Returns:
        logits, float32 (N, classes) on the CPU.

    Raises:
        ImageError: the images have another type or shape.
    """
    check_images(images)
    inputs = preprocessing(images.to(device))  # as bytes a quarter of the way to a GPU
    with evaluating(model), autocast(device, precision):
        logits = average_views(model, inputs, preprocessing.views)
    return logits.cpu()


def check_images(images: Tensor) -> None:
    """Refuse anything but stored pixels, for which a network would still give confident answers.

    Raises:
        ImageError: the type is not uint8 or the shape not (N, H, W, 3).
    """
    if images.dtype != torch.uint8 or images.dim() != 4 or images.shape[3] != 3:
        raise ImageError(
            f"The images are {images.dtype} {tuple(images.shape)}; expected torch.uint8 "
            "(N, 32, 32, 3) with values from 0 to 255."
        )


def suitable_batch_size(device: torch.device) -> int:
    """Return how many images at a time are fast on a device, and let a stop act soon.

    On a processor 50 run as fast as 500 or faster, because their values stay in its caches, and a
    batch through ResNet-18 takes half a second. A GPU wants more at a time.
    """
    return 50 if device.type == "cpu" else 500


def iterate_logits(
    model: nn.Module,
    subset: Subset,
    preprocessing: Preprocessing,
    *,
    device: torch.device,
    precision: str = "float32",
    batch_size: int | None = None,
) -> Iterator[Tensor]:
    """Yield the network's answers batch by batch, in the subset's order.

    The network is in eval mode only while a batch is computed; between two of them it is as the
    caller left it, and whoever stops asking leaves nothing behind.

    Args:
        model: on ``device``.
        subset: the images.
        preprocessing: turns them into what the network sees.
        device: where to compute.
        precision: "float32" or "bfloat16".
        batch_size: images at a time, None for what suits the device; does not change an answer
            beyond rounding.

    Yields:
        logits, float32 (b, classes) on the CPU.

    Raises:
        DatasetError: the subset is empty.
    """
    if not len(subset):
        raise DatasetError("There are no images to evaluate on; expected at least one.")
    batch_size = batch_size or suitable_batch_size(device)
    for start in range(0, len(subset), batch_size):
        images, _ = subset.take(torch.arange(start, min(start + batch_size, len(subset))))
        yield infer_logits(model, images, preprocessing, device=device, precision=precision)


def compute_logits(
    model: nn.Module,
    subset: Subset,
    preprocessing: Preprocessing,
    *,
    device: torch.device,
    precision: str = "float32",
    batch_size: int | None = None,
    progress: Progress | None = None,
) -> Tensor:
    """Return the network's answers to every image of a subset, in its order.

    ``progress`` is called after each batch; the other arguments are those of ``iterate_logits``.

    Returns:
        logits, float32 (n, classes) on the CPU.

    Raises:
        DatasetError: the subset is empty.
    """
    batches: list[Tensor] = []
    done = 0
    for logits in iterate_logits(
        model, subset, preprocessing, device=device, precision=precision, batch_size=batch_size
    ):
        batches.append(logits)
        done += len(logits)
        if progress is not None:
            progress(done, len(subset))
    return torch.cat(batches)
