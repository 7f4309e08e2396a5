"""The images that examples are drawn from: never test images, and what to say of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from cifar_core.config import TrainConfig
from cifar_core.errors import CheckpointError
from cifar_core.library import ModelEntry
from cifar_core.provenance import has_learned_from, training_settings
from dashboard.i18n import _
from dashboard.services import get_model

if TYPE_CHECKING:
    from cifar_core.data.image_set import ImageSet


@dataclass(frozen=True, eq=False)
class Pool:
    """Images of a set that a model may be tried on.

    Attributes:
        origin: a value of ``unseen.Origin``, or "unknown" where nobody knows what the model was
            trained on.
        positions: of the images in their set, int64 (n,), n at least 1.
    """

    origin: str
    positions: NDArray[np.int64]

    def draw(self, count: int, draw: int) -> list[int]:
        """Return positions of some images; another ``draw`` gives others, the same the same."""
        size = min(count, len(self.positions))
        chosen = np.random.default_rng(draw).choice(self.positions, size, replace=False)
        return [int(position) for position in chosen]

    def __contains__(self, position: int) -> bool:
        """Whether an image is among them."""
        return bool((self.positions == position).any())


def pool_of(entry: ModelEntry, images: ImageSet) -> Pool:
    """Return the images of a set that a model may be tried on."""
    config, is_known = _training_of(entry, images)
    settings = tuple(sorted(config.to_dict().items())) if config else ()
    pool = _pool(images.fingerprint, settings, images)
    return pool if is_known else Pool("unknown", pool.positions)


def pool_words(pool: Pool, data: str) -> str:
    """Say in a sentence what the images are to the network.

    Args:
        pool: of the model.
        data: what a person calls the set.
    """
    words = {
        "validation": _("Validation images of its training: it took no step on them."),
        "unused": _("Images that were left out of its training."),
        "training": _("Training images: it has learned from these very ones."),
        "other set": _("Training images of {data}, a set that it was not trained on."),
        "unknown": _("Training images of {data}. Whether it has learned from them is not known."),
    }
    return words[pool.origin].format(data=data)


def _training_of(entry: ModelEntry, images: ImageSet) -> tuple[TrainConfig | None, bool]:
    """Return the settings of the model's training on this set, and what this set is to it."""
    try:
        info = get_model(entry.path).info
    except CheckpointError:  # the page says elsewhere what is wrong with the file
        return None, False
    known, settings = has_learned_from(info, images), training_settings(info, images)
    return settings, known is False or settings is not None


@st.cache_data(max_entries=16, show_spinner=False)
def _pool(fingerprint: str, settings: tuple[tuple[str, Any], ...], _images: ImageSet) -> Pool:
    from cifar_core.data.unseen import images_to_try

    config = TrainConfig.from_dict(dict(settings)) if settings else None
    origin, positions = images_to_try(_images, config)
    return Pool(origin.value, positions.numpy())
