"""The Learn page in a real browser: every step in both languages, and what is touched."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NUM_STEPS = 11


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_all_eleven_steps_can_be_walked_without_an_exception(visit, lang):
    page = visit(f"/learn?lang={lang}")
    for number in range(1, NUM_STEPS + 1):
        expect(page.get_by_role("heading", level=2).first).to_contain_text(
            f"{number}. ", timeout=30_000
        )
        expect(page.get_by_test_id("stRadio")).to_have_count(1, timeout=30_000)
        expect(page.get_by_test_id("stException")).to_have_count(0)
        page.wait_for_function("document.querySelector('[data-testid=stMain]').scrollTop === 0")
        page.locator(f".st-key-learn_next_{number - 1} button").click()
    page.wait_for_url("**/learn*step=bug*")
    page.get_by_role("navigation").get_by_role("button").nth(3).click()
    expect(page.get_by_role("heading", level=2).first).to_contain_text("4. ")


def test_the_window_moves_by_keys_and_its_products_add_up_to_torchs_sum(visit):
    page = visit("/learn?step=2")
    output = page.get_by_role("application").nth(1)
    number = page.locator(".learn-sum output")
    expect(number).to_have_count(1, timeout=30_000)
    output.focus()
    for key in ("ArrowUp", "ArrowLeft", "ArrowLeft"):
        page.keyboard.press(key)
    expect(page.get_by_text("Row 15, column 14")).to_be_visible()
    value, total = (float(number.get_attribute(f"data-{name}")) for name in ("value", "sum"))
    assert value == pytest.approx(total, abs=1e-6)
    grids = page.locator(".learn-product")
    expect(grids).to_have_count(3)
    expect(grids.first.locator("span:not(.learn-sign)")).to_have_count(27)


def test_the_game_is_played_by_keys_and_compared(visit):
    page = visit("/learn?step=you")
    expect(page.locator(".duel[data-picture='1']")).to_be_visible(timeout=30_000)
    for number in range(20):
        page.keyboard.press(str(number % 10))
    expect(page.locator(".duel-answers figure")).to_have_count(20)
    expect(page.get_by_text("A trained person, 2011")).to_be_visible()
    page.get_by_role("button", name="Again, with other pictures").click()
    expect(page.locator(".duel[data-picture='1']")).to_be_visible()
    assert "draw=2" in page.url


def test_on_a_phone_the_question_follows_what_it_is_about(visit):
    page = visit("/learn?step=4", size=(390, 844))
    question = page.locator(".st-key-learn_question")
    stage = page.locator(".learn-stage")
    expect(question).to_have_count(1, timeout=30_000)
    expect(stage.locator("canvas")).to_have_count(2)
    assert question.bounding_box()["y"] > stage.bounding_box()["y"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
