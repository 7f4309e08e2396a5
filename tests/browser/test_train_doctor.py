"""The learning-rate finder and the doctor in a real browser, with real processes."""

import re
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from cifar_core.run_state import ENDED

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ILL = {"epochs": 8, "batch_size": 8, "val_size": 24, "optimizer": "sgd", "learning_rate": 1e-6}
"""Steps so small that nothing moves."""


def test_find_a_rate_use_it_and_try_what_the_doctor_says(visit, store, tiny_folder):
    page = visit("/train?" + urlencode({"data": str(tiny_folder), **ILL}))
    page.get_by_role("button", name="Find a learning rate").click()
    expect(page.locator(".st-key-train_finder_plot .js-plotly-plot")).to_have_count(
        1, timeout=90_000
    )
    use = page.get_by_role("button", name=re.compile(r"^check Use|^Use [0-9.e-]+$"))
    expect(use).to_have_count(1)
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("button", name="Find a learning rate")).to_be_visible()

    page.locator(".st-key-train_start button").first.click()
    ill = page.locator(".st-key-train_finding_stuck_at_chance")
    expect(ill).to_contain_text("The loss is stuck at guessing", timeout=120_000)
    [first] = store.runs()
    attempt = page.get_by_role("button", name=re.compile("Try with learning rate"))
    expect(attempt).to_have_count(1)
    attempt.click()
    expect(page.locator(".st-key-train_learning_rate input")).to_have_value("0.05", timeout=30_000)
    expect(page.locator(".st-key-train_finding_stuck_at_chance")).to_have_count(0, timeout=90_000)
    new = store.runs()[-1]
    assert new.run_id != first.run_id and new.config.learning_rate == 0.05
    expect(page.locator(".st-key-train_state")).to_contain_text("Finished", timeout=90_000)
    assert store.run(new.run_id).state in ENDED
