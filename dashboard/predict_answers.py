"""What a model says of pictures, and why: computed once for the same model and pictures.

Torch is imported inside, when there is something to compute.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dashboard.services import get_model

UNSURE_BELOW = 0.5
"""A network whose likeliest class is below this has, in truth, no answer."""
METHODS = ("grad_cam", "occlusion")
OVERLAY_FACTOR = 8

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]


class Verdict(Enum):
    """How an answer compares with the truth."""

    RIGHT = "right"
    WRONG = "wrong"
    OPEN = "open"
    """Nobody knows the truth."""
    FOREIGN = "foreign"
    """The network does not have the true class."""


@dataclass(frozen=True)
class Answer:
    """The network's answer to one picture.

    Attributes:
        probs: of each class, 0 to 1.
        classes: their names, in the same order.
        truth: name of the true class; empty where nobody knows.
    """

    probs: tuple[float, ...]
    classes: tuple[str, ...]
    truth: str = ""

    @property
    def label(self) -> int:
        """Number of the likeliest class."""
        return self.probs.index(max(self.probs))

    @property
    def name(self) -> str:
        """Name of the likeliest class."""
        return self.classes[self.label]

    @property
    def confidence(self) -> float:
        """Probability of the likeliest class."""
        return max(self.probs)

    @property
    def is_unsure(self) -> bool:
        """Whether the network has no answer worth the name."""
        return self.confidence < UNSURE_BELOW

    @property
    def verdict(self) -> Verdict:
        """How the answer compares with the truth."""
        if not self.truth:
            return Verdict.OPEN
        if self.truth not in self.classes:
            return Verdict.FOREIGN
        return Verdict.RIGHT if self.name == self.truth else Verdict.WRONG

    def ranked(self) -> list[int]:
        """Return the numbers of all classes, the likeliest first."""
        return sorted(range(len(self.probs)), key=lambda label: -self.probs[label])


@dataclass(frozen=True, eq=False)
class Heat:
    """Where on a picture an answer comes from.

    Attributes:
        values: float32 (32, 32), 0 to 1, scaled to the largest.
        largest_drop: for occlusion, by how much the probability falls at the worst place, 0 to 1.
    """

    values: Floats
    largest_drop: float = 0.0


def answer_images(path: Path, images: Bytes, truths: list[str]) -> list[Answer]:
    """Return a model's answers.

    Args:
        path: of the model.
        images: uint8 (n, 32, 32, 3), n at least 1.
        truths: name of each image's class, or empty.

    Raises:
        CheckpointError: the model cannot be read, or is broken.
    """
    classes = get_model(path).info.classes  # raises outside of the cache
    rows = _probs(str(path), path.stat().st_mtime_ns, _digest(images), images)
    return [Answer(row, classes, truth) for row, truth in zip(rows, truths, strict=True)]


def explain(path: Path, image: Bytes, label: int, method: str) -> Heat:
    """Return where a model finds what speaks for a class.

    Args:
        path: of the model.
        image: uint8 (32, 32, 3).
        label: number of the class.
        method: one of ``METHODS``.

    Raises:
        CheckpointError: the model cannot be read, or is broken.
        ConfigError: the network has no such class or nothing to look into.
    """
    get_model(path)
    return _explain(str(path), path.stat().st_mtime_ns, _digest(image), label, method, image)


def overlay_pixels(image: Bytes, heat: Heat, strength: float) -> Bytes:
    """Lay a heat map over an image: the image in squares of eight pixels, the heat smooth.

    Args:
        image: uint8 (32, 32, 3).
        heat: of the same image.
        strength: 0 shows the image alone, 1 the heat alone.

    Returns:
        uint8 (256, 256, 3).
    """
    import torch
    from torch.nn.functional import interpolate

    from cifar_core.heat import overlay

    large = image.repeat(OVERLAY_FACTOR, axis=0).repeat(OVERLAY_FACTOR, axis=1)
    values = torch.from_numpy(heat.values)[None, None]
    smooth = interpolate(
        values, scale_factor=OVERLAY_FACTOR, mode="bilinear", align_corners=False
    )[0, 0]  # fmt: skip
    return overlay(torch.from_numpy(large), smooth, strength).numpy()


def normalised_view(path: Path, image: Bytes) -> tuple[Bytes, float, float]:
    """Return the numbers that enter the network as colours, and their range.

    Args:
        path: of the model.
        image: uint8 (32, 32, 3).

    Returns:
        uint8 (32, 32, 3), in which mid-grey is 0 and the farthest value is 0 or 255; the smallest
        and the largest value.

    Raises:
        CheckpointError: the model cannot be read.
    """
    import torch

    inputs = get_model(path).info.normalization.apply(torch.from_numpy(image)[None])[0]
    values = inputs.permute(1, 2, 0).numpy()
    low, high = float(values.min()), float(values.max())
    farthest = max(abs(low), abs(high)) or 1.0
    return np.rint(127.5 + 127.5 * values / farthest).astype(np.uint8), low, high


def _digest(images: Bytes) -> str:
    return hashlib.sha256(images.tobytes()).hexdigest()


@st.cache_data(max_entries=64, show_spinner=False)
def _probs(path: str, mtime_ns: int, digest: str, _images: Bytes) -> list[tuple[float, ...]]:
    import torch

    from cifar_core.metrics import check_logits
    from cifar_core.prediction import predict_images

    model = get_model(Path(path))
    preprocessing = model.info.preprocessing
    probs = predict_images(model.network, torch.from_numpy(_images), preprocessing)
    check_logits(probs, len(model.info.classes))
    return [tuple(row) for row in probs.tolist()]


@st.cache_data(max_entries=128, show_spinner=False)
def _explain(path: str, mtime_ns: int, digest: str, label: int, method: str, _image: Bytes) -> Heat:
    import torch

    from cifar_core.explanation import grad_cam, occlusion_map
    from cifar_core.heat import scale_heat

    model = get_model(Path(path))
    preprocessing = model.info.preprocessing
    images = torch.from_numpy(_image)[None]
    if method == "grad_cam":
        return Heat(grad_cam(model.network, preprocessing(images), label)[0].numpy())
    drops = occlusion_map(model.network, images, preprocessing, label)
    return Heat(scale_heat(drops).numpy(), max(0.0, float(drops.max())))
