"""What the transforms of training make of images, shown by the very objects that training uses.

Every function here goes through ``build_preprocessing``; nothing about a transform is written
down a second time. No Streamlit.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cifar_core.config import TrainConfig
from cifar_core.data.batches import BatchLoader
from cifar_core.data.image_set import ImageSet, Subset
from cifar_core.data.transforms import build_preprocessing
from dashboard.dataset_statistics import LEVELS

NUM_DRAWS = 16


def draw_versions(
    image: Tensor, data: ImageSet, config: TrainConfig, *, draw: int = 0
) -> NDArray[np.uint8]:
    """Return an image as training would see it in a batch of ``NUM_DRAWS`` copies of it.

    Args:
        image: uint8 (32, 32, 3).
        data: whose mean and deviation the normalisation may use.
        config: its ``flip``, ``shift``, ``cutout``, ``normalization`` and ``seed`` count.
        draw: another number gives other draws: those of another epoch.

    Returns:
        uint8 (16, 32, 32, 3), the network's inputs turned back into pixels.
    """
    preprocessing = build_preprocessing(config, data.mean, data.std)
    alone = dataclasses.replace(data, images=image[None], labels=torch.zeros(1, dtype=torch.int64))
    copies = Subset(alone, torch.zeros(NUM_DRAWS, dtype=torch.int64))
    loader = BatchLoader(copies, preprocessing, NUM_DRAWS, config.seed, torch.device("cpu"))
    (batch,) = loader.batches(epoch=1 + draw)
    return preprocessing.normalization.undo(batch.inputs).numpy()


def normalised_image(image: Tensor, data: ImageSet, normalization: str) -> NDArray[np.float32]:
    """Return the numbers that the network gets for an image.

    Args:
        image: uint8 (32, 32, 3).
        data: whose mean and deviation ``normalization`` may use.
        normalization: "half" or "dataset".

    Returns:
        float32 (32, 32, 3).
    """
    config = TrainConfig(normalization=normalization)
    inputs = build_preprocessing(config, data.mean, data.std)(image.unsqueeze(0))
    return inputs[0].permute(1, 2, 0).contiguous().numpy()


def normalised_levels(data: ImageSet, normalization: str) -> NDArray[np.float64]:
    """Return what each level from 0 to 255 becomes in each channel, float64 (3, 256)."""
    ramp = torch.arange(LEVELS, dtype=torch.uint8)[None, :, None].expand(1, LEVELS, 3)
    config = TrainConfig(normalization=normalization)
    inputs = build_preprocessing(config, data.mean, data.std)(ramp.unsqueeze(0))
    return inputs[0, :, 0, :].double().numpy()
