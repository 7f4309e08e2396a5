"""The Dataset page in a real browser: uploads, the grid, single pixels, preparations."""

import io
import re
import zipfile

import numpy as np
import psutil
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import expect

from cifar_core.data import drawn
from cifar_core.data.image_set import CIFAR10_CLASSES, RawImages
from cifar_core.data.prepared import open_prepared, write_prepared
from cifar_core.data_jobs import list_jobs

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATIENCE_MS = 60_000
FOCUSED = """() => {
  let element = document.activeElement;
  while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  return element?.getAttribute("aria-label");
}"""


@pytest.fixture
def builtin(workspace):
    """A small set in the place of the built-in one: 150 training and 20 test images."""
    rng = np.random.default_rng(0)
    labels = np.arange(170) % 10
    images = rng.integers(0, 256, (170, 32, 32, 3)).astype(np.uint8)
    folder = workspace.data_dir / f"builtin-v{drawn.VERSION}-0"
    raw = RawImages(images, labels, 150, CIFAR10_CLASSES, "Built-in drawings", drawn=True)
    write_prepared(raw, folder)
    return open_prepared(folder)


@pytest.fixture(autouse=True)
def _leave_no_process(workspace):
    yield
    for job in list_jobs(workspace):
        if job.is_active and job.pid:
            psutil.Process(job.pid).kill()


def tiles(page):
    return page.locator(".st-key-dataset_grid button.image-grid-tile:not([hidden])")


def focused(page) -> str:
    return page.evaluate(FOCUSED)


def is_drawn(page, count: int):
    page.locator(f".st-key-dataset_grid .image-grid[data-drawn='{count}']").wait_for(
        timeout=PATIENCE_MS
    )


def an_archive(images: dict[str, np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, image in images.items():
            picture = io.BytesIO()
            Image.fromarray(image).save(picture, "PNG")
            archive.writestr(name, picture.getvalue())
    return buffer.getvalue()


def test_an_uploaded_archive_is_shown_and_its_pixels_can_be_read(visit, tmp_path):
    rng = np.random.default_rng(0)
    images = {
        f"train/{name}/{n}.png": rng.integers(0, 256, (32, 32, 3)).astype(np.uint8)
        for name in ("apple", "pear")
        for n in range(4)
    }
    (tmp_path / "fruit.zip").write_bytes(an_archive(images))
    page = visit("/dataset")
    page.get_by_role("button", name="Use my own images").click()
    page.locator("input[type=file]").set_input_files(tmp_path / "fruit.zip")
    is_drawn(page, 8)
    expect(page.get_by_text("8 images in 2 classes")).to_be_visible()
    expect(page.get_by_role("combobox", name="Images")).to_have_value("fruit.zip")
    expect(page.get_by_role("group", name="8 images of fruit.zip")).to_be_visible()
    assert tiles(page).all_inner_texts() == ["apple", "pear"] * 4

    page.get_by_role("button", name="apple, training image 2").click()
    dialog = page.get_by_role("dialog")
    stage = dialog.get_by_role("application")
    expect(stage).to_be_visible()
    box = stage.bounding_box()
    assert box["width"] >= 8 * 32
    pixel = box["width"] / 32
    stage.click(position={"x": 5.5 * pixel, "y": 20.5 * pixel})
    expect(dialog.get_by_text("Row 20, column 5")).to_be_visible()
    raw = images["train/apple/1.png"][20, 5]
    rows = dialog.locator(".pixels-readout tbody tr").all_inner_texts()
    for row, level in zip(rows, raw, strict=True):
        _, shown, normalised = row.split()
        assert int(shown) == level
        assert float(normalised.replace("−", "-")) == pytest.approx(level / 127.5 - 1, abs=6e-4)
    inspected = dialog.locator("td.is-inspected")
    assert inspected.first.inner_text() == str(raw[0])
    dialog.get_by_role("radio", name="Blue").check()
    expect(inspected.first).to_have_text(str(raw[2]))


def test_the_grid_is_used_with_the_keyboard_alone(visit, builtin):
    page = visit("/dataset")
    is_drawn(page, 60)
    page.get_by_role("radio", name="All classes").focus()
    page.keyboard.press("Tab")
    assert focused(page) == "airplane, training image 1"
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "ArrowLeft", "ArrowUp"):
        page.keyboard.press(key)
    assert focused(page) == "airplane, training image 11"
    page.keyboard.press("End")
    assert focused(page) == "truck, training image 60"
    page.keyboard.press("ArrowRight")
    assert focused(page) == "truck, training image 60"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")

    dialog = page.get_by_role("dialog")
    dialog.get_by_role("application").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(dialog.get_by_text("Row 17, column 17")).to_be_visible()
    assert "image=49" in page.url
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.wait_for_function(f"() => ({FOCUSED})() === 'truck, training image 50'")
    assert "image" not in page.url
    page.keyboard.press("Tab")
    assert focused(page) in ("Previous page", "Page 1", "Page 2")


def test_a_preparation_survives_a_reload_and_another_page_and_can_be_cancelled(visit, app):
    page = visit("/dataset")
    page.get_by_role("button", name="Draw the built-in images").click()
    bar = page.get_by_role("progressbar")
    expect(bar).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text(re.compile("[1-9][0-9]* % · about"))).to_be_visible(timeout=PATIENCE_MS)
    page.reload()
    expect(bar).to_be_visible(timeout=PATIENCE_MS)
    page.goto(app.url)
    page.goto(app.url + "/dataset")
    expect(bar).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("The preparation was cancelled")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_role("button", name="Draw the built-in images")).to_be_visible()


def test_a_finished_preparation_shows_the_images_without_a_click(visit, tiny_folder):
    page = visit(f"/dataset?data={tiny_folder}")
    page.get_by_role("button", name="Prepare these images").click()
    is_drawn(page, 60)
    expect(page.get_by_text("150 images in 3 classes")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_count(0)


def test_the_browsers_way_back_leads_through_what_was_looked_at(visit, builtin):
    page = visit("/")
    page.get_by_role("link", name="Dataset").first.click()
    is_drawn(page, 60)
    chips = page.locator(".st-key-dataset_class")
    chips.get_by_text("frog").click()
    is_drawn(page, 15)
    page.wait_for_url("**/dataset?*class=frog*")
    page.wait_for_timeout(2_500)  # an older address counts as late until then
    page.go_back()
    is_drawn(page, 60)
    page.wait_for_timeout(500)
    page.go_back()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Dataset")
    page.get_by_role("link", name="Dataset").first.click()
    is_drawn(page, 60)


@pytest.mark.parametrize(
    ("size", "columns"), [((1440, 900), 10), ((1024, 768), 10), ((390, 844), 5)]
)
def test_images_are_whole_multiples_in_the_right_number_of_columns(visit, builtin, size, columns):
    page = visit("/dataset", size=size)
    is_drawn(page, 60)
    page.wait_for_timeout(500)
    canvases = tiles(page).locator("canvas")
    boxes = canvases.evaluate_all("all => all.map((c) => c.getBoundingClientRect().toJSON())")
    assert all(box["width"] % 32 == 0 and box["width"] == box["height"] for box in boxes)
    assert len({box["y"] for box in boxes[:columns]}) == 1
    assert boxes[columns]["y"] > boxes[0]["y"]
    assert boxes[columns - 1]["x"] + boxes[columns - 1]["width"] <= size[0]
    canvas = tiles(page).locator("canvas").first
    assert canvas.evaluate("c => getComputedStyle(c).imageRendering") == "pixelated"
    shown = canvas.evaluate("c => [...c.getContext('2d').getImageData(3, 7, 1, 1).data]")
    assert shown[:3] == builtin.images[0, 7, 3].tolist()


def test_turning_a_page_sends_one_small_picture_and_keeps_the_tiles(visit, builtin):
    page = visit("/dataset")
    sizes, asked = [], []
    page.on("websocket", lambda s: s.on("framereceived", lambda frame: sizes.append(len(frame))))
    page.reload()
    is_drawn(page, 60)
    tiles(page).first.evaluate("tile => { tile.kept = true; }")
    sizes.clear()
    page.on("request", lambda request: asked.append(request.url))
    expect(page.get_by_role("button", name="Page 2")).to_be_visible()
    page.get_by_role("button", name="Page 2").click()
    page.get_by_role("button", name="airplane, training image 61").wait_for()
    assert tiles(page).first.evaluate("tile => tile.kept")
    assert 100_000 < sum(sizes) < 300_000  # noise, which cannot be packed
    assert [url for url in asked if not url.startswith("data:")] == []


@pytest.mark.parametrize("tab", ["Classes", "Pixels", "Augmentation", "dialog"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_of_it_shuts_anybody_out(visit, builtin, tab, scheme):
    address = "/dataset?image=5" if tab == "dialog" else "/dataset"
    page = visit(address, scheme=scheme)
    is_drawn(page, 60)
    if tab == "dialog":
        page.locator(".pixels-readout tbody tr").first.wait_for(timeout=PATIENCE_MS)
    else:
        page.get_by_role("tab", name=tab).click()
        ends = {
            "Classes": ".js-plotly-plot",
            "Pixels": "table",
            "Augmentation": ".st-key-dataset_draws canvas",
        }
        page.locator(ends[tab]).first.wait_for(timeout=PATIENCE_MS)
    page.wait_for_timeout(800)
    part = "[role=dialog]" if tab == "dialog" else "[data-testid=stMain]"
    found = Axe().run(page, context=part).response["violations"]
    serious = [v for v in found if v["impact"] in ("serious", "critical")]
    assert not serious, [(v["id"], [node["html"][:200] for node in v["nodes"]]) for v in serious]
