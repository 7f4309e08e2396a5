"""What surrounds every page, in a real browser: language, security, accessibility, speed."""

from urllib.parse import urlparse

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from dashboard.navigation import PLACES, exists

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ADDRESSES = ["/" if name == "home" else f"/{name}" for name in PLACES if exists(name)]
WIDTHS = {"phone": (390, 844), "tablet": (1024, 768), "desktop": (1440, 900)}
NOT_OURS = "[data-testid=stHeader], [data-testid=stSidebar], [data-testid=stMainMenu]"
"""Streamlit's own parts, which no page can change."""


def settle(page: Page) -> None:
    """Wait until the page's script has run."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=30_000)


def test_the_language_is_the_browsers_until_one_is_chosen_and_is_remembered(visit, browser, app):
    page = visit("/", locale="zh-CN")
    expect(page.get_by_role("heading", level=1)).to_have_text("教神经网络看图")
    page.wait_for_function("() => document.documentElement.lang === 'zh-CN'")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Teach a network to see")
    page.wait_for_function("() => document.documentElement.lang === 'en'")
    kept = page.context.storage_state()

    context = browser.new_context(locale="zh-CN", storage_state=kept)  # the browser starts again
    again = context.new_page()
    again.goto(app.url)
    expect(again.get_by_role("heading", level=1)).to_have_text("Teach a network to see")
    context.close()


def test_a_link_may_name_the_language(visit):
    page = visit("/?lang=zh")
    expect(page.get_by_role("heading", level=1)).to_have_text("教神经网络看图")


def test_changing_the_language_keeps_the_page(visit):
    address = ADDRESSES[-1]
    page = visit(address)
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("button", name="English")).to_be_visible()
    assert urlparse(page.url).path == address


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_asks_no_other_host(visit, app, address):
    hosts = set()
    page = visit("/")
    page.on("request", lambda request: hosts.add(urlparse(request.url).netloc))
    page.goto(app.url + address)
    page.get_by_role("heading", level=1).first.wait_for()
    settle(page)
    page.wait_for_timeout(500)
    assert hosts <= {f"localhost:{app.port}", ""}


def test_every_answer_carries_the_policy(visit, app):
    page = visit("/")
    headers = page.goto(app.url).headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


def test_the_tab_has_our_name_and_icon(visit):
    page = visit("/")
    settle(page)
    assert page.title() == "Home · CIFAR-10 workbench"
    icon = page.locator("link[rel='shortcut icon']").get_attribute("href")
    assert icon.startswith("data:image/svg+xml;base64,")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_fits_its_window(visit, address, width):
    page = visit(address, size=WIDTHS[width])
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[width][0]
    wide = page.evaluate("""() => [...document.querySelectorAll('[data-testid=stMain] *')]
        .filter((e) => e.getBoundingClientRect().right > innerWidth + 1
            && getComputedStyle(e).visibility !== 'hidden' && !e.closest('[role=tablist]')
            && !e.closest('[data-testid=stDataFrame]'))
        .slice(0, 3).map((e) => e.outerHTML.slice(0, 200))""")
    assert not wide


def serious_findings(page: Page) -> list[str]:
    """Return what axe-core calls serious or critical on our part of the page."""
    settle(page)
    page.wait_for_timeout(500)  # what fades in has its full contrast then
    found = Axe().run(page, context={"exclude": [[part] for part in NOT_OURS.split(", ")]})
    return [
        f"{v['id']}: {node['html'][:300]} {node['failureSummary']}"
        for v in found.response["violations"]
        if v["impact"] in ("serious", "critical")
        for node in v["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_nothing_serious_keeps_somebody_from_using_a_page(visit, address, scheme):
    found = serious_findings(visit(address, scheme=scheme))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("address", "moves"), [("/", ".mini-curve"), ("/train", ".live-chart")])
def test_nor_from_watching_a_run(visit, fake_run, address, moves, scheme):
    fake_run.train(120)
    page = visit(address, scheme=scheme)
    page.locator(f"{moves}[data-step='120']").wait_for()
    found = serious_findings(page)
    assert not found, "\n".join(found)


def test_home_is_there_within_a_second_of_the_second_visit(visit, app):
    page = visit("/")
    settle(page)
    page.goto(app.url)
    page.get_by_role("heading", name="The ten classes").wait_for()
    took_ms = page.evaluate("performance.now()")
    assert took_ms < 3_000  # about 700 on an idle machine; the tests share theirs
