"""Why does the network answer so: heat maps and feature maps, for showing.

Every look inside goes through a private twin of the network that shares its weights and nothing
else. Hooks and modes are the twin's own, so the network is never written to, and threads may look
into one cached network at the same time.
"""

import copy
from collections import Counter
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cifar_core.data.transforms import Preprocessing
from cifar_core.errors import ConfigError, ImageError
from cifar_core.filters import first_layer_filters
from cifar_core.heat import overlay, scale_heat
from cifar_core.inference import check_images
from cifar_core.metrics import check_logits
from cifar_core.prediction import predict_images

__all__ = ["feature_maps", "first_layer_filters", "grad_cam", "occlusion_map", "overlay"]

MID_GREY = 128
"""What covers a place: the same grey that cutout paints in training."""


def grad_cam(
    model: nn.Module, inputs: Tensor, target_class: int | Tensor, layer: str | None = None
) -> Tensor:
    """Return where the evidence for a class was found, after Grad-CAM.

    Args:
        model: on any device; stays as it is.
        inputs: float32 (N, 3, H, W), preprocessed.
        target_class: explain this class, or each image's own: int64 (N,).
        layer: name of the layer to look at, for example "layer4" or "features.conv6". None is the
            last convolution to run whose result still has places, before the answer is flattened.

    Returns:
        float32 (N, H, W) on the CPU, 0 to 1. Each map is scaled to its own largest value; all zeros
        where nothing speaks for the class.

    Raises:
        ConfigError: the network has no such layer or class, or the layer's result has no places.
        CheckpointError: the network's answers are not finite.

    Source: R. Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via
    Gradient-based Localization", 2017, arXiv 1610.02391, equations 1 and 2.
    """
    twin = _twin_of(model)
    kept: list[Tensor] = []
    for watched in _layers_to_watch(twin, layer):
        watched.register_forward_hook(_keep_last(kept))
    with torch.enable_grad():
        logits = twin(inputs.to(_device_of(model)))
        check_logits(logits, logits.shape[1])
        if not kept:
            raise ConfigError(f"{layer or 'The network'} has no maps with places to point at.")
        score = logits.gather(1, _targets(target_class, logits)).sum()
        (gradient,) = torch.autograd.grad(score, kept[0])
    weights = gradient.mean((2, 3), keepdim=True)
    evidence = (weights * kept[0].detach()).sum(1, keepdim=True).relu()
    heat = F.interpolate(evidence, inputs.shape[2:], mode="bilinear", align_corners=False)
    return scale_heat(heat[:, 0].float().cpu())


def occlusion_map(
    model: nn.Module,
    images: Tensor,
    preprocessing: Preprocessing,
    target_class: int,
    patch: int = 8,
    stride: int = 4,
) -> Tensor:
    """Return how much less likely a class becomes when a grey square covers each place.

    Args:
        model: on any device; stays as it is.
        images: one image, uint8 (1, H, W, 3).
        preprocessing: the one that the network was trained with.
        target_class: the class to explain.
        patch: side of the square in pixels, up to the image's.
        stride: pixels from one place to the next, at most ``patch``. Each is one more image to
            classify; the last row and column are always looked at.

    Returns:
        float32 (H, W) on the CPU, -1 to 1: the mean drop of the class's probability over all
        squares that cover the pixel. Negative where covering it helps.

    Raises:
        ConfigError: there is no such class, or ``patch`` or ``stride`` is out of range.
        ImageError: it is not one stored image.
        CheckpointError: the network's answers are not finite.

    Source: M. Zeiler, R. Fergus, "Visualizing and Understanding Convolutional Networks", 2014,
    arXiv 1311.2901, section 4.2.
    """
    check_images(images)
    if len(images) != 1:
        raise ImageError(f"There are {len(images)} images; an occlusion map is of one.")
    squares = _squares(images.shape[1], images.shape[2], patch, stride)
    covered = images.masked_fill(squares[..., None].to(images.device), MID_GREY)
    device = _device_of(model)
    probs = predict_images(model, torch.cat([images, covered]), preprocessing, device=device)
    chosen = probs.gather(1, _targets(target_class, probs))[:, 0]
    drops = chosen[0] - chosen[1:]
    return (drops[:, None, None] * squares).sum(0) / squares.sum(0)


@torch.no_grad()
def feature_maps(model: nn.Module, inputs: Tensor) -> dict[str, Tensor]:
    """Return what every layer makes of the inputs.

    Args:
        model: on any device; stays as it is.
        inputs: float32 (N, 3, H, W), preprocessed.

    Returns:
        Output of each layer that has no layers inside, by name and in the order in which they run;
        float32 on the CPU. A layer that runs several times is there as often: "relu", "relu (2)".
    """
    twin = _twin_of(model)
    maps: dict[str, Tensor] = {}
    runs: Counter[str] = Counter()

    def keep(name: str, output: object) -> None:
        runs[name] += 1
        key = name if runs[name] == 1 else f"{name} ({runs[name]})"
        if isinstance(output, Tensor):  # a copy: the next layer may work in place
            maps[key] = output.to("cpu", torch.float32, copy=True)

    for name, layer in twin.named_modules():
        if next(layer.children(), None) is None:
            layer.register_forward_hook(lambda _, __, output, name=name: keep(name, output))
    twin(inputs.to(_device_of(model)))
    return maps


def _twin_of(model: nn.Module) -> nn.Module:
    """Return a copy in eval mode that shares the weights, so that it costs milliseconds."""
    shared: dict[int, object] = {
        id(tensor): tensor for tensor in [*model.parameters(), *model.buffers()]
    }
    return copy.deepcopy(model, shared).eval()


def _device_of(model: nn.Module) -> torch.device:
    return next(model.parameters()).device


def _convolutions(model: nn.Module) -> Iterator[nn.Conv2d]:
    return (layer for layer in model.modules() if isinstance(layer, nn.Conv2d))


def _layers_to_watch(twin: nn.Module, name: str | None) -> list[nn.Module]:
    """Return the named layer, or every convolution."""
    if name is None:
        return list(_convolutions(twin))
    layers = dict(twin.named_modules())
    if name not in layers:
        known = ", ".join(key for key, layer in layers.items() if isinstance(layer, nn.Conv2d))
        raise ConfigError(f"The network has no layer {name!r}; its convolutions are {known}.")
    return [layers[name]]


def _keep_last(kept: list[Tensor]) -> Callable[[nn.Module, object, object], Tensor | None]:
    """Return a hook that keeps a layer's maps, as the start of a graph of its own, in ``kept``."""

    def keep(_: nn.Module, __: object, output: object) -> Tensor | None:
        if not isinstance(output, Tensor) or output.dim() != 4 or output.shape[2:].numel() < 2:
            return None
        kept[:] = [output.detach().requires_grad_()]
        return kept[0].clone()  # the next layer may work in place

    return keep


def _targets(target_class: int | Tensor, answers: Tensor) -> Tensor:
    """Return int64 (N, 1): the class to explain for each row of answers (N, classes)."""
    count, num_classes = answers.shape
    targets = torch.as_tensor(target_class, dtype=torch.int64, device=answers.device)
    if not bool(((targets >= 0) & (targets < num_classes)).all()):
        raise ConfigError(f"The class is {target_class}; expected from 0 to {num_classes - 1}.")
    return targets.expand(count).unsqueeze(1)


def _squares(height: int, width: int, patch: int, stride: int) -> Tensor:
    """Return bool (places, H, W): the pixels that each square covers."""
    if not 1 <= patch <= min(height, width):
        raise ConfigError(f"patch is {patch}; expected from 1 to {min(height, width)} pixels.")
    if not 1 <= stride <= patch:
        raise ConfigError(f"stride is {stride}; expected from 1 to the patch's {patch} pixels.")
    rows, columns = _spans(height, patch, stride), _spans(width, patch, stride)
    return (rows[:, None, :, None] & columns[None, :, None, :]).reshape(-1, height, width)


def _spans(size: int, patch: int, stride: int) -> Tensor:
    """Return bool (places, size): the pixels of a line that each square covers."""
    starts = torch.tensor(sorted({*range(0, size - patch, stride), size - patch}))
    offsets = torch.arange(size) - starts[:, None]
    return (offsets >= 0) & (offsets < patch)
