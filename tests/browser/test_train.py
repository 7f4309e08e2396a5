"""Training in a real browser with a real worker: start, pause, stop, leave, come back, restart."""

import re
import signal
import time
from urllib.parse import urlencode

import psutil
import pytest
from playwright.sync_api import Page, expect

from cifar_core.checkpoint import load_model
from cifar_core.run_paths import model_path
from cifar_core.run_state import RunState

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LONG = {"epochs": 1000, "batch_size": 16, "val_size": 24, "learning_rate": 0.0001}
"""Six steps an epoch, and more of them than any test waits for."""
LOSS = ".live-chart [data-plot=loss]"


@pytest.fixture
def address(tiny_folder):
    def link(**settings: object) -> str:
        return "/train?" + urlencode({"data": str(tiny_folder), **LONG, **settings})

    return link


def button(page: Page, key: str):
    return page.locator(f".st-key-{key} button").first


def step(page: Page) -> int:
    """The step that the page shows; 0 before the first."""
    words = page.locator(".st-key-train_state").inner_text()
    found = re.search(r"step ([\d,]+)", words)
    return int(found[1].replace(",", "")) if found else 0


def wait_for_step(page: Page, above: int, *, timeout_s: float = 60) -> int:
    deadline = time.monotonic() + timeout_s
    while (now := step(page)) <= above:
        assert time.monotonic() < deadline, f"still at step {now}, not above {above}"
        page.wait_for_timeout(100)
    return now


def start(page: Page, store) -> str:
    button(page, "train_start").click()
    page.locator(".st-key-train_state").wait_for(timeout=30_000)
    wait_for_step(page, 0, timeout_s=120)
    [run] = store.runs()
    return run.run_id


def state(page: Page):
    return page.locator(".st-key-train_state")


def losses(page: Page) -> list[float]:
    return page.evaluate(f"[...document.querySelector('{LOSS}').data.at(0).y]")


def workers_of(run_id: str) -> list[int]:
    return [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if process.info["cmdline"] and process.info["cmdline"][-2:] == ["cifar_core.worker", run_id]
    ]


def test_a_run_starts_pauses_goes_on_and_stops_with_a_model_that_loads(visit, address, store):
    page = visit(address())
    run_id = start(page, store)
    wait_for_step(page, step(page))

    button(page, "train_pause").click()
    expect(state(page)).to_contain_text("Paused", timeout=10_000)
    page.wait_for_timeout(500)
    held = step(page)
    page.wait_for_timeout(3000)
    assert step(page) == held == store.last_step(run_id).step

    button(page, "train_resume").click()
    expect(state(page)).to_contain_text("Training", timeout=10_000)
    wait_for_step(page, held)

    button(page, "train_stop").click()
    began = time.monotonic()
    while store.run(run_id).state != RunState.STOPPED:
        assert time.monotonic() - began < 5
        page.wait_for_timeout(50)
    expect(state(page)).to_contain_text("Stopped", timeout=10_000)
    expect(page.get_by_text("It was stopped after step")).to_be_visible()
    assert load_model(model_path(store.workspace.run_dir(run_id))).info.run_id == run_id
    assert [c.kind for c in store.commands(run_id)] == ["pause", "resume", "stop"]


def test_a_stopped_run_goes_on_from_where_it_was(visit, address, store):
    page = visit(address())
    run_id = start(page, store)
    button(page, "train_stop").click()
    expect(state(page)).to_contain_text("Stopped", timeout=20_000)
    held = store.last_step(run_id).step
    button(page, "train_resume_run").click()
    assert wait_for_step(page, held) > held
    assert [run.run_id for run in store.runs()] == [run_id]


def test_the_rate_is_changed_while_it_trains(visit, address, store):
    page = visit(address())
    run_id = start(page, store)
    button(page, "train_rate").click()
    page.get_by_label("New learning rate").fill("0.00005")
    page.get_by_label("New learning rate").press("Enter")
    button(page, "train_apply_rate").click()
    expect(page.locator(".st-key-train_numbers")).to_contain_text("5e-05", timeout=20_000)
    [command] = store.commands(run_id)
    assert command.value == 5e-5 and command.applied_step is not None


def test_ten_fast_clicks_start_one_run(visit, address, store):
    page = visit(address())
    expect(button(page, "train_start")).to_be_enabled(timeout=30_000)
    page.evaluate("""() => {
        const press = () => document.querySelector('.st-key-train_start button')?.click();
        for (let i = 0; i < 5; i++) press();
        for (let i = 1; i <= 5; i++) setTimeout(press, 60 * i);
    }""")
    page.locator(".st-key-train_state").wait_for(timeout=30_000)
    page.wait_for_timeout(2000)
    assert len(store.runs()) == 1
    assert len(workers_of(store.runs()[0].run_id)) == 1


def test_the_next_run_in_line_follows_by_itself(visit, app, address, store):
    page = visit(address(epochs=100))
    button(page, "train_start").click()
    page.locator(".st-key-train_state").wait_for(timeout=30_000)
    page.goto(app.url + address(seed=1))
    expect(button(page, "train_start")).to_contain_text("Add to the line", timeout=30_000)
    button(page, "train_start").click()
    expect(page.get_by_role("heading", name="In line")).to_be_visible()
    expect(state(page)).to_contain_text("of 6,000", timeout=120_000)
    first, second = store.runs()
    assert (first.state, second.state) == (RunState.FINISHED, RunState.RUNNING)


def test_page_change_refresh_and_a_second_browser_change_nothing(visit, app, address, store):
    page = visit(address())
    run_id = start(page, store)
    before = step(page)
    page.get_by_role("link", name="Home").first.click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Train")
    page.get_by_role("link", name="Train", exact=True).first.click()
    before = wait_for_step(page, before)
    assert page.get_by_label("Epochs", exact=True).input_value() == "1000"

    page.reload()
    page.locator(".st-key-train_state").wait_for(timeout=30_000)
    before = wait_for_step(page, before)

    other = visit("/train")
    other.locator(".st-key-train_state").wait_for(timeout=30_000)
    wait_for_step(other, before)
    assert workers_of(run_id) and len(store.runs()) == 1
    button(other, "train_stop").click()
    for each in (page, other):
        expect(state(each)).to_contain_text("Stopped", timeout=20_000)
    deadline = time.monotonic() + 20
    while losses(page) != losses(other):  # each page draws what is left at its own pace
        assert time.monotonic() < deadline
        page.wait_for_timeout(100)
    assert losses(page)


def test_a_killed_server_comes_back_to_the_same_run(browser, app, address, store):
    context = browser.new_context(locale="en-US")  # its console may complain: the server is away
    page = context.new_page()
    page.goto(app.url + address())
    page.locator(".st-key-train_start").wait_for(timeout=30_000)
    run_id = start(page, store)
    before, [worker] = step(page), workers_of(run_id)
    app.stop(signal.SIGKILL)
    page.wait_for_timeout(1000)
    assert workers_of(run_id) == [worker]
    app.start()
    page.goto(app.url + "/train")
    page.locator(".st-key-train_state").wait_for(timeout=30_000)
    seen = [wait_for_step(page, before)]
    for _ in range(3):
        seen.append(wait_for_step(page, seen[-1]))
    assert seen == sorted(seen)
    assert workers_of(run_id) == [worker] and len(store.runs()) == 1
    context.close()


def test_a_killed_worker_is_shown_and_resumed(visit, address, store):
    page = visit(address())
    run_id = start(page, store)
    wait_for_step(page, 12)
    psutil.Process(store.run(run_id).pid).kill()
    expect(page.get_by_text("Its process is gone")).to_be_visible(timeout=20_000)
    before = step(page)
    button(page, "train_resume_run").click()
    expect(state(page)).to_contain_text("Training", timeout=60_000)
    wait_for_step(page, before)


def test_nothing_ticks_after_the_end(visit, address, store):
    page = visit(address(epochs=1, train_size=16))
    button(page, "train_start").click()
    expect(state(page)).to_contain_text("Finished", timeout=120_000)
    expect(page.get_by_text("test images are recognised")).to_be_visible()
    page.wait_for_timeout(3000)
    requests, frames = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("websocket", lambda socket: socket.on("framesent", frames.append))
    page.wait_for_timeout(5000)
    assert not requests and not frames


def test_a_run_started_elsewhere_is_seen_when_the_visitor_comes_back(visit, fake_run):
    fake_run.train(60)
    fake_run.finish()
    page = visit("/train")
    expect(page.locator(".st-key-train_come_back")).to_be_attached(timeout=30_000)
    expect(state(page)).to_contain_text("Finished")
    page.wait_for_timeout(1000)  # the component's code has arrived
    other = type(fake_run)(fake_run.store)
    other.train(10)
    page.evaluate("window.dispatchEvent(new Event('blur'))")
    page.wait_for_timeout(700)
    expect(state(page)).to_contain_text("Finished")
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(state(page)).to_contain_text("Training", timeout=15_000)


def test_answers_move_without_new_pictures(visit, address, store):
    page = visit(address())
    start(page, store)
    strip = page.locator(".examples")
    expect(strip.locator("figure")).to_have_count(8)
    expect(strip).to_have_attribute("data-step", re.compile("[1-9]"), timeout=20_000)
    before = strip.get_attribute("data-step")
    strip.evaluate("strip => { window.firstCards = [...strip.children]; }")
    expect(strip).not_to_have_attribute("data-step", before, timeout=20_000)
    assert strip.evaluate("strip => window.firstCards.every(card => strip.contains(card))")
    assert strip.get_by_role("img", name="Validation picture of:").count() == 8


def test_on_a_phone_a_running_training_comes_first(visit, address, store):
    page = visit(address(), size=(390, 844))
    top = "key => document.querySelector('.st-key-' + key).getBoundingClientRect().top"
    start(page, store)
    assert page.evaluate(top, "train_state") < page.evaluate(top, "train_presets")
    button(page, "train_stop").click()
    expect(state(page)).to_contain_text("Stopped", timeout=20_000)
    page.wait_for_function(
        f"() => {{ const top = {top}; return top('train_presets') < top('train_state'); }}"
    )


def test_the_form_is_in_the_address_and_comes_back_with_it(visit, app, address):
    page = visit("/train")
    page.get_by_label("Epochs", exact=True).fill("3")
    page.get_by_label("Epochs", exact=True).press("Enter")
    page.wait_for_url("**/train?epochs=3")
    page.get_by_role("button", name="Best on this machine").first.click()
    page.wait_for_url(re.compile("model=speed_cnn"))
    link = page.url
    other = visit(link.removeprefix(app.url))
    expect(other.get_by_label("Epochs", exact=True)).to_have_value("12", timeout=20_000)
    expect(button(other, "train_start")).to_be_enabled(timeout=20_000)
    assert other.url == link


def test_fast_clicks_on_a_number_are_all_kept(visit):
    page = visit("/train")
    expect(button(page, "train_start")).to_be_enabled(timeout=20_000)
    plus = page.locator(".st-key-train_epochs [data-testid=stNumberInputStepUp]")
    for _ in range(6):
        plus.click(delay=0)
        print(page.get_by_label("Epochs", exact=True).input_value())
    expect(page.get_by_label("Epochs", exact=True)).to_have_value("14", timeout=20_000)
    page.wait_for_url("**/train?epochs=14")
