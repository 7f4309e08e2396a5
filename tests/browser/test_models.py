"""Models in a real browser: take one home, bring it back, and throw hostile files at the server."""

import io
import os
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from cifar_core.checkpoint import load_model, save_model
from cifar_core.data.sources import open_data
from cifar_core.export import export_bytes
from cifar_core.library import list_models
from cifar_core.model_info import ModelInfo
from cifar_core.models.registry import build_model
from cifar_core.run_state import RunState

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CLASSES = ("dark", "red", "green")
LONG = 60_000
"""Milliseconds; the first look imports torch."""


@pytest.fixture
def run_id(store, workspace, tiny_config, tiny_folder):
    """A finished run with a model, whose data set is ready."""
    open_data(str(tiny_folder), workspace)
    run_id = store.create_run(tiny_config, name="first try")
    store.update_run(run_id, state=RunState.FINISHED)
    test = {"accuracy": 0.634, "accuracy_low": 0.6, "accuracy_high": 0.67, "num_images": 30}
    info = ModelInfo(
        model="simple_cnn", classes=CLASSES, config=tiny_config.to_dict(), metrics={"test": test},
        data={"name": "shades", "fingerprint": "f" * 64}, run_id=run_id, epoch=2, step=12,
    )  # fmt: skip
    path = workspace.run_dir(run_id) / "final.safetensors"
    save_model(build_model("simple_cnn", 3), info, path)
    return run_id


@pytest.fixture
def models_page(visit):
    """The list of models."""
    page = visit("/models")
    expect(page.locator("input[type=file]")).to_be_attached(timeout=LONG)
    return page


def download(page: Page, format: str, folder: Path) -> Path:
    with page.expect_download(timeout=LONG) as waiting:
        page.get_by_role("link", name=f".{format}", exact=True).click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def serious_findings(page: Page) -> list[str]:
    found = Axe().run(page, context={"include": [["[data-testid=stMainBlockContainer]"]]})
    return [
        f"{v['id']}: {node['html'][:200]} {node['failureSummary']}"
        for v in found.response["violations"]
        if v["impact"] in ("serious", "critical")
        for node in v["nodes"]
    ]


def test_a_model_goes_home_comes_back_and_answers_the_same(
    run_id, models_page, workspace, tmp_path
):
    page = models_page
    page.locator(f".st-key-models_open_{run_id} button").click()
    expect(page.get_by_role("heading", name="first try")).to_be_visible()
    expect(page.get_by_role("tab", name="Layers")).to_be_visible(timeout=LONG)
    home = download(page, "pt", tmp_path)
    assert home.name == "first-try.pt"
    taken = torch.load(home, weights_only=True)
    trained = load_model(workspace.run_dir(run_id) / "final.safetensors").network.state_dict()
    assert list(taken) == list(trained)
    assert all(torch.equal(taken[name], tensor) for name, tensor in trained.items())

    page.locator(".st-key-models_back button").click()
    page.locator("input[type=file]").set_input_files(home)
    expect(page.get_by_text("Checked and accepted")).to_be_visible(timeout=LONG)
    newest = list_models(workspace)[0]
    assert newest.source == "upload"
    assert f"model={newest.model_id}" in page.url
    brought = load_model(newest.path).network.state_dict()
    assert all(torch.equal(brought[name], tensor) for name, tensor in trained.items())

    page.locator(".st-key-models_predict button").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Predict")
    assert f"model={newest.model_id}" in page.url
    expect(page.locator(".st-key-predict_bars .js-plotly-plot").first).to_be_visible(timeout=LONG)


@pytest.mark.parametrize("format", ["safetensors", "onnx"])
def test_the_other_formats_are_made_on_a_click(visit, run_id, tmp_path, format):
    page = visit(f"/models?model={run_id}")
    file = download(page, format, tmp_path)
    if format == "safetensors":
        assert load_model(file).info.run_id == run_id
        return
    import onnxruntime

    session = onnxruntime.InferenceSession(file.read_bytes())
    assert [output.name for output in session.get_outputs()] == ["logits"]


def test_why_a_file_cannot_be_had_is_told_below_its_button(visit, run_id, workspace):
    page = visit(f"/models?model={run_id}")
    link = page.get_by_role("link", name=".safetensors", exact=True)
    expect(link).to_be_visible(timeout=LONG)
    (workspace.run_dir(run_id) / "final.safetensors").unlink()
    link.click()
    expect(page.get_by_role("alert").filter(has_text="There is no model")).to_be_visible()
    expect(link).not_to_have_attribute("aria-busy", "true")


class Evil:
    """Writes a file when somebody unpickles it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def hostile_files(folder: Path) -> dict[Path, str]:
    """Write files that are no models; return each with a part of the sentence that refuses it."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Evil(folder / "trace"), protocol=2))
        archive.writestr("archive/version", "3")
    good = io.BytesIO()
    torch.save(build_model("simple_cnn", 10).state_dict(), good)
    whole = export_bytes(build_model("simple_cnn", 10), format="safetensors")
    large = io.BytesIO()
    torch.save({"weight": torch.zeros(50_000_000)}, large)
    files = {
        "code.pt": (code.getvalue(), "could run code"),
        "bare.pth": (pickle.dumps(Evil(folder / "trace")), "could run code"),
        "half.pt": (good.getvalue()[:200_000], "written by torch.save, or it is damaged"),
        "half.safetensors": (whole[:200_000], "is not a whole safetensors file"),
        "note.pt": (b"only a text", "is no model file but text"),
        "large.pt": (large.getvalue(), "large.pt"),
    }
    written = {}
    for name, (content, sentence) in files.items():
        (folder / name).write_bytes(content)
        written[folder / name] = sentence
    assert (folder / "large.pt").stat().st_size > 200_000_000
    return written


@pytest.mark.timeout(600)
def test_hostile_files_are_refused_in_a_sentence_and_the_server_lives(
    models_page, app, workspace, tmp_path
):
    for file, sentence in hostile_files(tmp_path).items():
        models_page.locator("input[type=file]").set_input_files(file)
        alert = models_page.get_by_role("alert")
        expect(alert).to_contain_text(sentence, timeout=120_000)
        expect(alert).to_contain_text(file.name)
        models_page.get_by_test_id("stFileChipDeleteBtn").get_by_role("button").click()
        expect(alert).to_have_count(0)
        assert app.process.poll() is None
    assert not (tmp_path / "trace").exists()
    assert {entry.source for entry in list_models(workspace)} == {"shipped"}
    assert not list(workspace.models_dir.iterdir())


def test_a_file_above_the_limit_of_the_field_is_not_even_sent(models_page, app, tmp_path):
    file = tmp_path / "giant.pt"
    with file.open("wb") as sparse:
        os.truncate(sparse.fileno(), 280_000_000)
    sent = []
    models_page.on("request", lambda request: sent.append(request.method))
    models_page.locator("input[type=file]").set_input_files(file)
    expect(models_page.get_by_text("must be 256.0MB or smaller")).to_be_visible(timeout=LONG)
    assert "PUT" not in sent
    assert app.process.poll() is None


def test_delete_undo_and_rename(run_id, models_page, workspace):
    page = models_page
    page.locator(f".st-key-models_open_{run_id} button").click()
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("textbox", name="Name").fill("Best so far")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Best so far")).to_be_visible()
    page.locator(".st-key-models_delete button").click()
    expect(page.get_by_text("Best so far was deleted.")).to_be_visible()
    assert run_id not in {entry.model_id for entry in list_models(workspace)}
    page.locator(".st-key-models_undo button").click()
    expect(page.locator(f".st-key-models_open_{run_id} button")).to_be_visible()


def test_more_models_than_a_page_holds(run_id, workspace, visit):
    model = load_model(workspace.run_dir(run_id) / "final.safetensors")
    for number in range(11):
        path = workspace.models_dir / f"upload-2026-{number:02}.safetensors"
        save_model(model.network, replace(model.info, run_id=""), path)
    page = visit("/models")
    opens = page.get_by_role("button", name="Open", exact=True)
    expect(opens).to_have_count(12, timeout=LONG)  # of 14: one run, eleven uploads, two shipped
    page.get_by_test_id("stPagination").get_by_role("button", name="2").click()
    expect(opens).to_have_count(2)
    opens.first.click()
    page.locator(".st-key-models_back button").click()
    expect(opens).to_have_count(2)  # back on the second page


def test_the_back_button_of_the_browser_leads_to_the_list(run_id, models_page):
    models_page.locator(f".st-key-models_open_{run_id} button").click()
    expect(models_page.get_by_role("heading", name="first try")).to_be_visible()
    models_page.go_back()
    expect(models_page.locator(f".st-key-models_open_{run_id} button")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_keeps_somebody_from_using_a_model(visit, run_id, scheme):
    page = visit(f"/models?model={run_id}", scheme=scheme)
    for tab in ("Layers", "Filters", "Feature maps", "Weights", "Origin", "Python"):
        page.get_by_role("tab", name=tab).click(timeout=LONG)
        page.wait_for_timeout(700)
        assert not (found := serious_findings(page)), "\n".join(found)


def test_a_model_fits_a_phone(visit, run_id):
    page = visit(f"/models?model={run_id}", size=(390, 844))
    expect(page.get_by_role("tab", name="Layers")).to_be_visible(timeout=LONG)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_click_on_a_layer_of_the_drawing_shows_its_feature_maps_on_a_phone(
    visit, store, workspace, tiny_config, tiny_folder
):
    open_data(str(tiny_folder), workspace)
    run_id = store.create_run(tiny_config, name="deep")
    store.update_run(run_id, state=RunState.FINISHED)
    info = ModelInfo(model="resnet18", classes=CLASSES, config=tiny_config.to_dict())
    save_model(build_model("resnet18", 3), info, workspace.run_dir(run_id) / "final.safetensors")
    page = visit(f"/models?model={run_id}", size=(390, 844))
    drawing = page.locator(".layer-graph")
    expect(drawing).to_have_count(1, timeout=LONG)
    expect(drawing.locator("path.skip")).to_have_count(8 + 3)  # to the sums; into the side paths
    box = drawing.locator('[data-layer="layer1.0.relu (2)"]')
    assert box.bounding_box()["width"] > 150  # there is room for the words
    box.click()
    expect(page.get_by_role("tab", name="Feature maps")).to_have_attribute(
        "aria-selected", "true", timeout=LONG
    )
    maps = page.locator("figure img")
    expect(maps).to_have_count(64, timeout=LONG)
    assert maps.first.bounding_box()["width"] == 64
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
