"""Fixtures for every test: tiny seeded image sets, an empty workspace, the same seeds."""

import os

# Threads that sleep while they wait: on a busy machine the tests run several times as fast.
# Before torch is imported, because libgomp reads it when it is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from cifar_core import jobs, library, standby
from cifar_core.config import TrainConfig
from cifar_core.data.image_set import ImageSet, RawImages
from cifar_core.data.prepared import open_prepared, write_prepared
from cifar_core.store import Store
from cifar_core.workspace import Workspace

TINY_CLASSES = ("dark", "red", "green")


@pytest.fixture(autouse=True)
def _same_start():
    torch.manual_seed(0)
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> Iterator[Path]:
    """An empty workspace that the test and its child processes use; no worker outlives it."""
    folder = tmp_path / "home"
    monkeypatch.setenv("CIFAR_HOME", str(folder))
    monkeypatch.setenv("CIFAR_STANDBY", "0")
    monkeypatch.delenv("CIFAR_PARALLEL_RUNS", raising=False)
    yield folder
    standby.dismiss_worker()
    for worker in jobs._children:
        worker.kill()
        worker.wait(30)
    jobs._children.clear()


@pytest.fixture
def no_shipped_models(tmp_path, monkeypatch) -> None:
    """Let the program come without models, as after a person deleted them."""
    monkeypatch.setattr(library, "SHIPPED_DIR", tmp_path / "nothing shipped")


@pytest.fixture
def workspace(home) -> Workspace:
    return Workspace.default()


@pytest.fixture
def store(workspace) -> Store:
    return Store(workspace)


def tiny_images(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Noise whose brightest channel tells the class: learnable in seconds, not at once."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % len(TINY_CLASSES)
    images = rng.integers(0, 120, (count, 32, 32, 3))
    images[labels == 1, ..., 0] += 60
    images[labels == 2, ..., 1] += 60
    return images.astype(np.uint8), labels.astype(np.int64)


@pytest.fixture
def tiny_set(tmp_path) -> ImageSet:
    """120 training and 30 test images in three classes."""
    images, labels = tiny_images(150)
    write_prepared(RawImages(images, labels, 120, TINY_CLASSES, "tiny"), tmp_path / "tiny-set")
    return open_prepared(tmp_path / "tiny-set")


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory) -> Path:
    """The same kind of images as an image folder: a data source that a run can name."""
    root = tmp_path_factory.mktemp("tiny") / "shades"
    images, labels = tiny_images(150)
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        folder = root / ("train" if number < 120 else "test") / TINY_CLASSES[label]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{number:04d}.png")
    return root


@pytest.fixture
def tiny_config(tiny_folder) -> TrainConfig:
    """Two epochs of six steps on the tiny folder; the last weights are kept."""
    return TrainConfig(
        data=str(tiny_folder), epochs=2, batch_size=16, val_size=24, keep_weights="last"
    )


@pytest.fixture(scope="session")
def real_images() -> Path:
    """The unpacked folder of all 60,000 real images, where the machine has it."""
    folder = os.environ.get("CIFAR_TEST_DATA")
    if not folder:
        pytest.skip("CIFAR_TEST_DATA does not name a folder with the real images")
    return Path(folder)
