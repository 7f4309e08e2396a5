"""The networks by name: how to build one, and how large and how costly it is."""

import copy
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from cifar_core.data.image_set import IMAGE_SIZE
from cifar_core.errors import ConfigError
from cifar_core.models.resnet18 import resnet18
from cifar_core.models.simple_cnn import SimpleCNN
from cifar_core.models.speed_cnn import SpeedCNN, WideSpeedCNN
from cifar_core.models.texts import MODEL_TEXTS
from cifar_core.models.vgg import VGG

TRACING_LOCK = threading.Lock()
"""Held while a network is exported, and by whoever works on the meta device.

An export sets switches for all threads, and work on the meta device in another one then fails now
and then (torch 2.13: KeyError 'custom'). Plain inference and training are not disturbed.
"""


@dataclass(frozen=True)
class ModelSpec:
    """A network that can be chosen.

    Attributes:
        name: the value of ``TrainConfig.model``.
        title: what a person calls it.
        description: one line for a beginner.
        build: takes num_classes and dropout.
        image_size: height and width of its inputs, in pixels.
    """

    name: str
    title: str
    description: str
    build: Callable[[int, float], nn.Module]
    image_size: int = IMAGE_SIZE


@dataclass(frozen=True)
class ModelSummary:
    """What a person chooses a network by.

    Attributes:
        name: the value of ``TrainConfig.model``.
        title: what a person calls it.
        description: one line for a beginner.
        parameters: numbers that training adjusts.
        flops: see ``count_flops``.
        image_size: height and width of its inputs, in pixels.
    """

    name: str
    title: str
    description: str
    parameters: int
    flops: int
    image_size: int


_BUILDERS: dict[str, Callable[[int, float], nn.Module]] = {
    "simple_cnn": lambda num_classes, dropout: SimpleCNN(num_classes),
    "speed_cnn": lambda num_classes, dropout: SpeedCNN(num_classes),
    "vgg": VGG,
    "wide_speed_cnn": lambda num_classes, dropout: WideSpeedCNN(num_classes),
    "resnet18": lambda num_classes, dropout: resnet18(num_classes),
}

MODEL_SPECS: dict[str, ModelSpec] = {
    name: ModelSpec(name, text.title, text.description, _BUILDERS[name])
    for name, text in MODEL_TEXTS.items()
}
"""The networks in the order of ``config.MODELS``, from small to large."""


def find_spec(name: str) -> ModelSpec:
    """Return the network of this name.

    Raises:
        ConfigError: there is none.
    """
    if name not in MODEL_SPECS:
        raise ConfigError(
            f"{name!r} is no network of this program; expected one of {', '.join(MODEL_SPECS)}."
        )
    return MODEL_SPECS[name]


def build_model(name: str, num_classes: int, *, dropout: float = 0.5) -> nn.Module:
    """Build a network with random weights, drawn from torch's global generator: seed it first.

    Args:
        name: one of ``MODEL_SPECS``.
        num_classes: length of the answer, at least 1.
        dropout: share of values that dropout layers drop; ignored where there are none.

    Raises:
        ConfigError: there is no such network, or num_classes is below 1.
    """
    spec = find_spec(name)
    if num_classes < 1:
        raise ConfigError(f"num_classes is {num_classes}; expected at least 1.")
    return spec.build(num_classes, dropout)


def build_skeleton(name: str, num_classes: int, *, dropout: float = 0.5) -> nn.Module:
    """Build a network on the meta device: names and shapes only, in no time, and no draws.

    Raises:
        ConfigError: as for ``build_model``.
    """
    with TRACING_LOCK, torch.device("meta"):
        return build_model(name, num_classes, dropout=dropout)


def skeleton_of(model: nn.Module) -> nn.Module:
    """Return a copy of a network without values, in eval mode; the network is only read."""
    return copy.deepcopy(model).to("meta").eval()


def count_parameters(model: nn.Module) -> int:
    """Return how many numbers training adjusts; a tensor used twice counts once."""
    return sum(parameter.numel() for parameter in model.parameters())


def count_flops(model: nn.Module) -> int:
    """Return the floating-point operations of classifying one image of 3 x 32 x 32.

    Counted are convolutions and matrix products, a multiply-add as two operations. Biases, batch
    normalisation, ReLU and pooling are not: together they are a few percent. A training step costs
    about three times as much for each image. The network is only read.

    Source: the counting is ``torch.utils.flop_counter``.
    """
    skeleton = skeleton_of(model)
    inputs = torch.empty(1, 3, IMAGE_SIZE, IMAGE_SIZE, device="meta")
    with TRACING_LOCK, torch.no_grad(), FlopCounterMode(display=False) as counter:
        skeleton(inputs)
    total: int = counter.get_total_flops()
    return total


@cache
def summarise_models(num_classes: int = 10) -> tuple[ModelSummary, ...]:
    """Return size and cost of every network, computed once and in milliseconds."""
    return tuple(_summarise(spec, num_classes) for spec in MODEL_SPECS.values())


def _summarise(spec: ModelSpec, num_classes: int) -> ModelSummary:
    skeleton = build_skeleton(spec.name, num_classes)
    return ModelSummary(
        name=spec.name,
        title=spec.title,
        description=spec.description,
        parameters=count_parameters(skeleton),
        flops=count_flops(skeleton),
        image_size=spec.image_size,
    )
