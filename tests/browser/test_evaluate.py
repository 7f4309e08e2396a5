"""Evaluate in a real browser: a cell of the confusion matrix leads to exactly its images."""

import pytest
import torch
from PIL import Image
from playwright.sync_api import expect

from cifar_core.checkpoint import save_model
from cifar_core.data.sources import open_data
from cifar_core.data.splits import split_images
from cifar_core.data.transforms import Preprocessing
from cifar_core.inference import compute_logits
from cifar_core.model_info import ModelInfo
from cifar_core.models.registry import build_model
from cifar_core.run_state import RunState
from tests.conftest import tiny_images

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CLASSES = ("cat", "dog", "ship")
CAT, DOG = 0, 1
LONG = 60_000
"""Milliseconds; the first look imports torch, and so does the evaluation's own process."""

READ_TILES = """tiles => tiles.map(tile => Array.from(
    tile.querySelector("canvas").getContext("2d").getImageData(0, 0, 32, 32).data))"""


@pytest.fixture
def pets(tmp_path):
    """An image folder of three classes."""
    images, labels = tiny_images(90)
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        folder = tmp_path / "pets" / "train" / CLASSES[label]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{number:03d}.png")
    return tmp_path / "pets"


@pytest.fixture
def taken_for_dogs(store, workspace, tiny_config, pets):
    """A run with a model; returns the validation cats, uint8 (n, 32, 32, 3), that it calls dogs."""
    data = open_data(str(pets), workspace)
    config = tiny_config.replace(data=str(pets), val_size=30)
    val = split_images(data, config).val
    for seed in range(100):  # some network that mistakes some cats, not all of them, for dogs
        torch.manual_seed(seed)
        network, info = build_model("simple_cnn", 3), ModelInfo("simple_cnn", CLASSES)
        preprocessing = Preprocessing(info.normalization)
        answers = compute_logits(network, val, preprocessing, device=torch.device("cpu")).argmax(1)
        cell = (val.labels == CAT) & (answers == DOG)
        if 2 <= cell.sum() < (val.labels == CAT).sum() and (answers == DOG).sum() > cell.sum():
            break
    run_id = store.create_run(config)
    store.update_run(run_id, state=RunState.FINISHED)
    info = ModelInfo(
        "simple_cnn", CLASSES, config=config.to_dict(), run_id=run_id,
        data={"name": "pets", "fingerprint": data.fingerprint},
    )  # fmt: skip
    save_model(network, info, workspace.run_dir(run_id) / "final.safetensors")
    return val.take(cell.nonzero().squeeze(1))[0].numpy()


def test_the_cell_of_cats_taken_for_dogs_shows_exactly_those_images(visit, taken_for_dogs):
    page = visit("/evaluate")
    page.locator(".st-key-evaluate_start button").click(timeout=LONG)
    cell = page.get_by_role("button", name=f"cat taken for dog: {len(taken_for_dogs)} ")
    expect(cell).to_have_count(1, timeout=LONG)
    page.get_by_role("button", name="ship recognised").click()
    expect(page.get_by_role("heading", name="ship recognised")).to_be_visible(timeout=LONG)
    cell.click()
    title = f"cat taken for dog: {len(taken_for_dogs)}"
    expect(page.get_by_role("heading", name=title)).to_be_visible(timeout=LONG)
    expect(cell).to_have_attribute("aria-pressed", "true")

    tiles = page.locator(".st-key-evaluate_cell_images_grid .image-grid-tile:visible")
    expect(tiles).to_have_count(len(taken_for_dogs))
    grid = page.locator(".st-key-evaluate_cell_images_grid .image-grid")
    expect(grid).to_have_attribute("data-drawn", str(len(taken_for_dogs)))
    shown = sorted(pixels(numbers) for numbers in tiles.evaluate_all(READ_TILES))
    assert shown == sorted(image.tobytes() for image in taken_for_dogs)

    tiles.first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Wrong: the true class is cat")).to_be_visible(timeout=LONG)
    expect(dialog.get_by_text("Where it sees dog")).to_be_visible(timeout=LONG)


def pixels(rgba: list[int]) -> bytes:
    """Return a canvas without its fourth channel."""
    return bytes(value for place, value in enumerate(rgba) if place % 4 != 3)
