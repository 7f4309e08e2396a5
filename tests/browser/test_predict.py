"""Predict in a real browser: examples, uploads of every kind, and the reasons for an answer."""

import io
import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page, expect

from cifar_core.checkpoint import load_model, save_model
from cifar_core.data.image_set import CIFAR10_CLASSES
from cifar_core.data.sources import open_data
from cifar_core.data.transforms import Preprocessing
from cifar_core.model_info import ModelInfo
from cifar_core.models.registry import build_model
from cifar_core.pictures import open_picture
from cifar_core.prediction import predict_pictures
from cifar_core.run_state import RunState

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LONG = 60_000
"""Milliseconds; the first look imports torch."""


@pytest.fixture
def model_path(store, workspace, tiny_config, tiny_folder):
    """The model of a finished run, whose data set is ready."""
    open_data(str(tiny_folder), workspace)
    run_id = store.create_run(tiny_config, name="first try")
    store.update_run(run_id, state=RunState.FINISHED)
    info = ModelInfo("simple_cnn", CIFAR10_CLASSES, config=tiny_config.to_dict(), run_id=run_id)
    path = workspace.run_dir(run_id) / "final.safetensors"
    save_model(build_model("simple_cnn", 10), info, path)
    return path


@pytest.fixture
def predict_page(visit, model_path):
    """``predict_page(...)`` opens Predict and waits for the first answer."""

    def open_it(**options) -> Page:
        page = visit("/predict", **options)
        wait_for_answer(page)
        return page

    return open_it


def wait_for_answer(page: Page) -> None:
    """Wait until the page rests and shows one answer; two stand there while a rerun goes on."""
    page.wait_for_function(
        """() => {
            const bars = document.querySelectorAll('.st-key-predict_bars .js-plotly-plot');
            const resting = document.querySelector('[data-test-script-state=notRunning]');
            return resting && bars.length === 1 && bars[0].checkVisibility();
        }""",
        timeout=LONG,
    )


def upload(page: Page, *files: Path) -> None:
    page.get_by_role("radio", name="Upload").click()
    page.locator("input[type=file]").set_input_files(files)


def answer_of(page: Page) -> str:
    return page.get_by_role("heading", level=2).inner_text()


def pictures(folder: Path) -> dict[str, bool]:
    """Write pictures of every kind; return whether each can be answered."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = np.random.default_rng(0).integers(0, 256, (60, 90, 3)).astype(np.uint8)
    colour = Image.fromarray(rows)
    exif = Image.Exif()
    exif[0x0112] = 6
    colour.resize((2400, 1800)).save(folder / "phone.jpg", exif=exif)
    colour.convert("CMYK").save(folder / "cmyk.jpg")
    colour.save(folder / "moving.gif", save_all=True, append_images=[colour.rotate(180)])
    deep = np.arange(4096, dtype=np.uint16).reshape(64, 64) * 16
    Image.fromarray(deep).save(folder / "deep.png")
    header = struct.pack(">IIBBBBB", 20_000, 20_000, 1, 0, 0, 0, 0)
    lines = zlib.compress(bytes(2501 * 20_000))
    huge = io.BytesIO(b"\x89PNG\r\n\x1a\n")
    huge.seek(0, 2)
    huge.write(chunk(b"IHDR", header) + chunk(b"IDAT", lines) + chunk(b"IEND", b""))
    (folder / "huge.png").write_bytes(huge.getvalue())
    (folder / "notes.png").write_text("only a text")
    good = dict.fromkeys(("phone.jpg", "cmyk.jpg", "moving.gif", "deep.png"), True)
    return {**good, "huge.png": False, "notes.png": False}


def test_the_answer_to_an_upload_is_the_cores_own(predict_page, model_path, tmp_path):
    pictures(tmp_path)
    page = predict_page()
    upload(page, tmp_path / "phone.jpg")
    expect(page.get_by_text("phone.jpg").last).to_be_visible(timeout=LONG)
    model = load_model(model_path)
    (expected,) = predict_pictures(
        model.network, [open_picture(tmp_path / "phone.jpg")], model.info.classes,
        Preprocessing(model.info.normalization),
    )  # fmt: skip
    ((name, share),) = expected.top(1)
    answer = page.get_by_role("heading", level=2).first
    expect(answer).to_have_text(f"{name} {share * 100:.1f} %", timeout=LONG)


def test_pictures_of_every_kind_are_answered_or_refused_in_a_sentence(predict_page, app, tmp_path):
    kinds = pictures(tmp_path)
    page = predict_page()
    upload(page, *(tmp_path / name for name in kinds))
    expect(page.get_by_test_id("stDataFrame")).to_be_visible(timeout=LONG)
    alerts = page.get_by_role("alert")
    expect(alerts).to_have_count(2)
    expect(alerts.first).to_contain_text("huge.png has 20,000 x 20,000 = 400 million pixels")
    expect(alerts.last).to_contain_text("notes.png is no picture but text")
    with page.expect_download() as waiting:
        page.locator(".st-key-predict_csv button").click()
    table = Path(waiting.value.path()).read_text("utf-8-sig")
    assert all(re.search(rf"^{re.escape(name)},", table, re.MULTILINE) for name in kinds)
    assert app.process.poll() is None


def test_choosing_a_row_of_the_table_shows_that_picture(predict_page, tmp_path):
    kinds = pictures(tmp_path)
    page = predict_page()
    upload(page, *(tmp_path / name for name, good in kinds.items() if good))
    table = page.get_by_test_id("stDataFrame")
    expect(table).to_be_visible(timeout=LONG)
    box = table.bounding_box()
    page.mouse.click(box["x"] + 16, box["y"] + 40 + 64 + 32)
    caption = page.locator(".st-key-predict_pictures").get_by_text("cmyk.jpg")
    expect(caption).to_be_visible(timeout=LONG)


def test_an_example_is_chosen_with_mouse_or_keyboard_and_stays_in_the_address(predict_page):
    page = predict_page()
    tiles = page.get_by_role("button", name=re.compile("^Example: "))
    expect(tiles).to_have_count(12)
    tiles.nth(3).click()
    page.wait_for_url(re.compile(r"image=\d+"))
    first = re.search(r"image=(\d+)", page.url).group(1)
    tiles.nth(3).press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "first => new URL(location).searchParams.get('image') !== first", arg=first
    )
    wait_for_answer(page)
    shown = answer_of(page)
    page.reload()
    wait_for_answer(page)
    assert answer_of(page) == shown


def test_the_heat_map_follows_class_method_and_strength_without_moving_the_bars(predict_page):
    page = predict_page()
    page.evaluate("window.bars = document.querySelector('.st-key-predict_bars .js-plotly-plot')")
    heat = page.locator(".st-key-predict_pictures img").last
    first = heat.get_attribute("src")
    page.get_by_role("radio", name="Covering").click()
    expect(heat).not_to_have_attribute("src", first, timeout=LONG)
    wait_for_answer(page)
    covering = heat.get_attribute("src")
    slider = page.locator(".st-key-predict_strength").get_by_role("slider")
    slider.focus()
    slider.press("Home")
    expect(heat).not_to_have_attribute("src", covering, timeout=LONG)
    wait_for_answer(page)
    assert heat.get_attribute("src") != first
    assert page.evaluate(
        "window.bars === document.querySelector('.st-key-predict_bars .js-plotly-plot')"
    )


def test_the_camera_is_not_asked_for_before_the_switch(predict_page):
    page = predict_page()
    page.evaluate("""() => {
        window.asked = 0;
        navigator.mediaDevices.getUserMedia = () => {
            window.asked += 1;
            return new Promise(() => 0);
        };
    }""")
    page.get_by_role("radio", name="Camera").click()
    expect(page.get_by_text("Switch the camera on")).to_be_visible()
    page.wait_for_timeout(1000)
    assert page.evaluate("window.asked") == 0
    page.get_by_text("Switch the camera on").click()
    page.wait_for_function("() => window.asked > 0", timeout=LONG)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_keeps_somebody_from_asking(predict_page, tmp_path, scheme):
    pictures(tmp_path)
    page = predict_page(scheme=scheme)
    for _ in range(2):
        page.mouse.move(0, 0)  # away from what was clicked: Streamlit's own hover is paler
        page.wait_for_timeout(700)
        found = Axe().run(page, context={"include": [["[data-testid=stMainBlockContainer]"]]})
        serious = [
            f"{v['id']}: {node['html'][:200]} {node['failureSummary']}"
            for v in found.response["violations"]
            if v["impact"] in ("serious", "critical")
            for node in v["nodes"]
        ]
        assert not serious, "\n".join(serious)
        upload(page, tmp_path / "phone.jpg")
        expect(page.get_by_text("To a square")).to_be_visible(timeout=LONG)


@pytest.mark.parametrize("width", [390, 1024])
def test_everything_fits_the_window(predict_page, tmp_path, width):
    pictures(tmp_path)
    page = predict_page(size=(width, 844))
    upload(page, tmp_path / "phone.jpg", tmp_path / "deep.png", tmp_path / "notes.png")
    expect(page.get_by_test_id("stDataFrame")).to_be_visible(timeout=LONG)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
