"""Home in a real browser."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_newcomer_reaches_a_falling_curve_in_two_clicks(visit, store):
    page = visit("/")
    page.get_by_role("button", name="Train your first network").click()
    page.get_by_role("button", name="Start").click()
    chart = page.locator(".live-chart")
    chart.wait_for(timeout=120_000)
    page.wait_for_function(
        "() => Number(document.querySelector('.live-chart')?.dataset.step ?? 0) >= 60",
        timeout=240_000,  # the images are drawn first
    )
    smooth = page.evaluate("document.querySelector('.live-chart [data-plot=loss]').data[1].y")
    assert smooth[-1] < smooth[0] - 0.2
    assert len(store.runs()) == 1


def test_the_small_curve_moves_and_the_page_knows_when_the_run_ends(visit, fake_run):
    fake_run.train(40)
    page = visit("/")
    curve = page.locator(".mini-curve")
    curve.get_by_text("step 40 of 5,000").wait_for()
    before = curve.locator("polyline").get_attribute("points")
    fake_run.train(30)
    curve.get_by_text("step 70 of 5,000").wait_for()
    assert curve.locator("polyline").get_attribute("points") != before
    expect(page.get_by_role("button", name="Watch it learn")).to_be_visible()
    fake_run.finish()
    expect(page.get_by_text("Finished")).to_be_visible()
    expect(page.get_by_role("button", name="Train your first network")).to_be_visible()


def test_the_next_step_leads_to_the_run_that_goes_on(visit, fake_run):
    fake_run.train(40)
    page = visit("/")
    page.get_by_role("button", name="Watch it learn").click()
    page.wait_for_url("**/train?run=*")
    page.wait_for_function("() => document.querySelector('.live-chart')?.dataset.step === '40'")


def test_home_speaks_the_numbers_of_the_visitors_language(visit, fake_run):
    fake_run.train(40)
    page = visit("/?lang=zh")
    page.get_by_text("第 40 步，共 5,000 步").wait_for()
