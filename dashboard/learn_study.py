"""What is studied on the Learn page: a network, a picture, and pictures around it. No widgets.

Pictures come from the training and validation parts of a data set; the test part is not touched.
Where no data set is ready, a few drawings are made on the spot, so that a newcomer can begin at
once. Torch is imported inside.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from cifar_core.config import BUILTIN, CIFAR10, TrainConfig
from cifar_core.data import drawn
from cifar_core.data.image_set import CIFAR10_CLASSES
from cifar_core.data.sources import BUILTIN_NAME, BUILTIN_SEED, summarise_source
from cifar_core.library import ModelEntry, list_models
from cifar_core.store import Store
from cifar_core.workspace import Workspace
from dashboard.dataset_sources import Readiness, known_sources, look_at
from dashboard.services import get_image_set, get_model, get_workspace, is_data_ready

if TYPE_CHECKING:
    from torch import Tensor

    from cifar_core.data.image_set import ImageSet, Subset
    from cifar_core.data.transforms import Normalization
    from cifar_core.lessons.tracing import Trace
    from cifar_core.models.simple_cnn import SimpleCNN

NETWORK = "simple_cnn"
"""The network whose layers the steps explain."""
ON_THE_SPOT = ""
"""Stands for the drawings that are made where no data set is ready."""
_NUM_DRAWINGS = 120
_DRAWINGS_TO_LEARN = 80

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Study:
    """What the visitor studies.

    Attributes:
        network: in eval mode, shared: never trained here.
        entry: where its weights come from; None for random ones.
        classes: names in the order of its answers.
        normalization: what its inputs are normalised with.
        data: where the pictures come from; ``ON_THE_SPOT`` for drawings made here.
        learned: pictures of the training part.
        fresh: pictures of the validation part.
        image: the chosen picture, uint8 (32, 32, 3).
        label: number of its true class; None where nobody knows.
    """

    network: SimpleCNN
    entry: ModelEntry | None
    classes: tuple[str, ...]
    normalization: Normalization
    data: str
    learned: Subset
    fresh: Subset
    image: Bytes
    label: int | None

    @property
    def identity(self) -> tuple[str, ...]:
        """What the network and the pictures around it are known by, for caches."""
        if self.entry is None:
            return ("", self.data)
        return (str(self.entry.path), str(self.entry.path.stat().st_mtime_ns), self.data)

    @property
    def inputs(self) -> Tensor:
        """What the network sees of the picture, float32 (1, 3, 32, 32)."""
        import torch

        return self.normalization.apply(torch.from_numpy(self.image)[None])

    @property
    def trace(self) -> Trace:
        """What every layer makes of the picture."""
        from cifar_core.lessons.tracing import trace_picture

        return trace_picture(self.network, self.inputs)

    def batch(self, size: int, draw: int) -> tuple[Tensor, Tensor]:
        """Return inputs float32 (size, 3, 32, 32) and labels int64 of training pictures.

        Args:
            size: at least 1; fewer come back where there are fewer.
            draw: another number gives other pictures.
        """
        import torch

        places = np.random.default_rng([draw, size]).permutation(len(self.learned))[:size]
        images, labels = self.learned.take(torch.from_numpy(places))
        return self.normalization.apply(images), labels


def studied_models() -> list[ModelEntry]:
    """Return the models whose layers can be studied here, newest first."""
    models = list_models(get_workspace())
    return [
        m for m in models if m.network == NETWORK and not m.damage and source_for(m) is not None
    ]


def source_for(entry: ModelEntry | None) -> str | None:
    """Return the data whose pictures fit a model's classes, or None where there are none.

    Args:
        entry: a model; None stands for a network that has learned nothing.
    """
    classes = entry.classes if entry else CIFAR10_CLASSES
    first = entry.data if entry and entry.source == "run" else ""
    ready = _ready_sources(str(get_workspace().root))
    fitting = [data for data, names in ready.items() if names == classes]
    if first in fitting:
        return first
    if fitting:
        return fitting[0]
    return ON_THE_SPOT if classes == CIFAR10_CLASSES else None


@st.cache_data(ttl=20, max_entries=4, show_spinner=False)
def _ready_sources(root: str) -> dict[str, tuple[str, ...]]:
    """Return the sources that open at once, photos before drawings, with their classes."""
    workspace = Workspace(Path(root))
    trained_on = [run.config.data for run in Store(workspace).runs()]
    known = dict.fromkeys([CIFAR10, *trained_on, *known_sources(workspace), BUILTIN])
    ready = [data for data in known if look_at(data, workspace).readiness == Readiness.READY]
    found = {data: summarise_source(data, workspace) for data in ready}
    ordered = sorted(ready, key=lambda data: data == BUILTIN)
    return {data: summary.classes for data in ordered if (summary := found[data])}


def open_parts(data: str, entry: ModelEntry | None) -> tuple[Subset, Subset]:
    """Return the training and the validation pictures of a source.

    Where the model comes from a run on this source, they are the run's own.

    Raises:
        DatasetError: the source cannot be read.
        CheckpointError: the model cannot be read.
    """
    from cifar_core.data.image_set import Subset

    if data == ON_THE_SPOT:
        import torch

        places = torch.arange(_NUM_DRAWINGS)
        images = drawings_on_the_spot(_NUM_DRAWINGS)
        return (
            Subset(images, places[:_DRAWINGS_TO_LEARN]),
            Subset(images, places[_DRAWINGS_TO_LEARN:]),
        )
    config = TrainConfig(data=data, batch_size=1)
    if entry and entry.source == "run" and entry.data == data:
        settings = get_model(entry.path).info.config
        config = TrainConfig.from_dict(settings) if settings else config
    if not is_data_ready(data, config.fit):
        config = config.replace(fit="crop")  # the way in which a source is known to be ready
    splits = _splits(data, config, str(get_workspace().root))
    if not len(splits[1]):
        return splits[0], splits[0]
    return splits


@st.cache_resource(max_entries=4, show_spinner=False)
def _splits(data: str, config: TrainConfig, root: str) -> tuple[Subset, Subset]:
    from cifar_core.data.splits import split_images

    splits = split_images(get_image_set(data, config.fit), config)
    return splits.train, splits.val


@st.cache_resource(max_entries=2, show_spinner=False)
def drawings_on_the_spot(count: int) -> ImageSet:
    """Return drawings, of each class as many, as a set of their own."""
    import torch

    from cifar_core.data.image_set import ImageSet

    labels = np.arange(count) % len(drawn.CLASSES)
    images = drawn.draw_images(labels, seed=BUILTIN_SEED)
    shares = images.reshape(-1, 3) / 255
    mean, std = shares.mean(0), shares.std(0)
    return ImageSet(
        images=torch.from_numpy(images),
        labels=torch.from_numpy(labels),
        num_train=count,
        classes=drawn.CLASSES,
        name=BUILTIN_NAME,
        drawn=True,
        fingerprint="",
        mean=(float(mean[0]), float(mean[1]), float(mean[2])),
        std=(float(std[0]), float(std[1]), float(std[2])),
    )


def open_network(entry: ModelEntry | None) -> tuple[SimpleCNN, tuple[str, ...], Normalization]:
    """Return a network, its classes and its normalisation.

    Args:
        entry: one of ``studied_models``; None for random weights, always the same.

    Raises:
        CheckpointError: the model cannot be read.
    """
    from cifar_core.data.transforms import Normalization
    from cifar_core.models.simple_cnn import SimpleCNN

    if entry is None:
        return _fresh_network(), CIFAR10_CLASSES, Normalization()
    model = get_model(entry.path)
    assert isinstance(model.network, SimpleCNN)
    return model.network, model.info.classes, model.info.normalization


@st.cache_resource(max_entries=1, show_spinner=False)
def _fresh_network() -> SimpleCNN:
    from cifar_core.lessons.linear import fresh_network

    return fresh_network()
