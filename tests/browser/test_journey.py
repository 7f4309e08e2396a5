"""A newcomer's whole way: start, watch, take the model home, bring it back, ask it."""

import re

import pytest
import torch
from PIL import Image
from playwright.sync_api import Page, expect

from cifar_core.run_state import RunState

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LONG = 120_000
"""Milliseconds: the first run draws the built-in images before it trains."""


def settle(page: Page) -> None:
    """Look at the pictures before going on, as a person does; a page that is left drops them."""
    page.wait_for_timeout(500)
    page.wait_for_function("[...document.images].every((picture) => picture.complete)")


def go_to(page: Page, name: str) -> None:
    settle(page)
    page.get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def wait_until_trained(page: Page, store, steps: int):
    """Wait for so many steps of the newest run; return it."""
    for _ in range(LONG // 250):
        runs = store.runs()
        last = store.last_step(runs[-1].run_id) if runs else None
        if last and last.step >= steps:
            return runs[-1]
        page.wait_for_timeout(250)
    pytest.fail("The run does not get on.")


@pytest.mark.timeout(600)
def test_from_home_to_a_prediction_with_a_model_that_came_back(visit, store, tmp_path):
    page = visit("/")
    page.locator(".st-key-home_next button").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Train")
    page.get_by_role("button", name="Quick look").first.click()
    expect(page.get_by_label("Epochs", exact=True)).to_have_value("4")
    settle(page)
    page.get_by_label("Epochs", exact=True).fill("100")  # it goes on until it is stopped
    page.get_by_label("Epochs", exact=True).press("Enter")
    expect(page.get_by_text("15,700 steps")).to_be_visible()
    page.get_by_role("button", name="Start", exact=True).first.click()

    run = wait_until_trained(page, store, 150)
    losses = [record.loss for record in store.steps(run.run_id)]
    assert sum(losses[-20:]) < sum(losses[:20])
    expect(page.locator(".js-plotly-plot").first).to_be_visible(timeout=LONG)
    page.get_by_role("button", name="Stop", exact=True).first.click()
    expect(page.get_by_text("It was stopped after step")).to_be_visible(timeout=LONG)
    assert store.run(run.run_id).state == RunState.STOPPED

    go_to(page, "Models")
    settle(page)
    page.locator(f".st-key-models_open_{run.run_id} button").click()
    with page.expect_download(timeout=LONG) as waiting:
        page.get_by_role("link", name=".pt", exact=True).click()
    file = tmp_path / "model.pt"
    waiting.value.save_as(file)
    assert set(torch.load(file, weights_only=True)) >= {"conv1.weight", "fc2.bias"}

    settle(page)
    page.locator(".st-key-models_back button, .st-key-models_back a").first.click()
    settle(page)
    page.locator("input[type=file]").first.set_input_files(file)
    expect(page.get_by_text("Checked and accepted")).to_be_visible(timeout=LONG)

    picture = tmp_path / "holiday.jpg"
    Image.effect_noise((300, 200), 60).convert("RGB").save(picture)
    settle(page)
    page.locator(".st-key-models_predict button").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Predict")
    settle(page)
    page.get_by_text("Upload", exact=True).first.click()
    settle(page)
    page.locator("input[type=file]").first.set_input_files(picture)
    expect(page.locator(".st-key-predict_bars .js-plotly-plot").first).to_be_visible(timeout=LONG)
    expect(page.get_by_text(re.compile(r"\d+(\.\d)? %")).first).to_be_visible()
    settle(page)
