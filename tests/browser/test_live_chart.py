"""The live chart in a real browser, alone on a page."""

import json
import signal
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cifar_core.run_state import RunState
from dashboard.colours import TRAIN, TRAIN_DARK

pytestmark = [pytest.mark.browser, pytest.mark.slow]

APP_SCRIPT = Path(__file__).parent / "chart_app" / "app.py"

LOSS = ".live-chart [data-plot=loss]"


def shown_step(page: Page) -> int:
    return int(page.locator(".live-chart").get_attribute("data-step") or 0)


def wait_for_step(page: Page, step: int) -> None:
    page.wait_for_function(
        "step => Number(document.querySelector('.live-chart')?.dataset.step ?? 0) >= step",
        arg=step,
        timeout=20_000,
    )


def range_of(page: Page, plot: str = LOSS, axis: str = "xaxis") -> list[float]:
    return page.evaluate(f"document.querySelector('{plot}')._fullLayout.{axis}.range.slice()")


def count_answers(page: Page) -> list[dict]:
    """Note the size and content of every answer of the run's route from now on."""
    seen: list[dict] = []

    def note(response) -> None:
        if "/curves" in response.url:
            body = response.body()
            seen.append({"bytes": len(body), "news": json.loads(body), "url": response.url})

    page.on("response", note)
    return seen


def wait_for_answer(page: Page, answers: list[dict], step: int) -> None:
    """Wait until an answer that reaches this step is noted; the chart may show it before."""
    deadline = time.monotonic() + 20
    while all(max(answer["news"]["points"]["step"], default=0) < step for answer in answers):
        assert time.monotonic() < deadline, f"no answer brought step {step}"
        page.wait_for_timeout(50)


@pytest.fixture
def chart(visit, fake_run):
    """The page with the chart of a run that has taken 200 steps."""
    fake_run.train(200)
    page = visit(f"/?run={fake_run.run_id}")
    wait_for_step(page, 200)
    return page


def test_the_curve_grows_in_place_and_a_zoom_survives(chart, fake_run):
    chart.evaluate("""() => {
        window.firstPlots = [...document.querySelectorAll('.js-plotly-plot')];
        window.gone = 0;
        new MutationObserver((changes) => {
            for (const change of changes) for (const node of change.removedNodes) {
                if (node.nodeType === 1 && (node.matches('.js-plotly-plot, .live-chart')
                    || node.querySelector('.js-plotly-plot'))) window.gone += 1;
            }
        }).observe(document.body, { childList: true, subtree: true });
    }""")
    box = chart.locator(f"{LOSS} .draglayer .nsewdrag").bounding_box()
    chart.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.3 * box["height"])
    chart.mouse.down()
    chart.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.8 * box["height"], steps=5)
    chart.mouse.up()
    chart.wait_for_timeout(500)
    zoom = range_of(chart), range_of(chart, axis="yaxis")
    assert zoom[0][1] < 180

    fake_run.start(steps_per_s=60)
    wait_for_step(chart, 400)
    chart.get_by_text("Run the page again").click()
    wait_for_step(chart, 600)
    fake_run.pause()
    assert (range_of(chart), range_of(chart, axis="yaxis")) == zoom
    assert range_of(chart, ".live-chart [data-plot=rate]") == pytest.approx(zoom[0])
    assert chart.evaluate("window.gone") == 0
    assert chart.evaluate(
        "[...document.querySelectorAll('.js-plotly-plot')].every((p, i) => p === firstPlots[i])"
    )


@pytest.mark.parametrize("log", [False, True], ids=["linear", "log"])
def test_an_empty_chart_shows_ranges_that_may_come(visit, fake_run, log):
    page = visit(f"/?run={fake_run.run_id}")
    page.locator(f"{LOSS}.js-plotly-plot").wait_for()
    page.get_by_label("Logarithmic axis").set_checked(log)
    page.wait_for_function(
        f"kind => document.querySelector('{LOSS}')._fullLayout.yaxis.type === kind",
        arg="log" if log else "linear",
    )
    assert range_of(page, axis="yaxis") == ([-1, 1] if log else [0, 2.5])
    assert range_of(page, ".live-chart [data-plot=rate]", "yaxis") == [0, 0.01]
    fake_run.train(40)
    wait_for_step(page, 40)
    assert range_of(page, axis="yaxis") != ([-1, 1] if log else [0, 2.5])


def test_accuracy_goes_from_0_to_100_percent_until_an_epoch_tells_more(visit, fake_run):
    plot = ".live-chart [data-plot=accuracy]"
    fake_run.train(20)
    page = visit(f"/?run={fake_run.run_id}")
    wait_for_step(page, 20)
    assert range_of(page, plot, "yaxis") == [0, 1]
    fake_run.train(40)  # an epoch has 50 steps
    page.wait_for_function(
        f"() => document.querySelector('{plot}')._fullLayout.yaxis.range[1] < 0.99", timeout=20_000
    )


def test_an_update_sends_a_few_hundred_bytes_and_only_new_steps(chart, fake_run):
    answers = count_answers(chart)
    fake_run.start(steps_per_s=10)
    wait_for_answer(chart, answers, 220)
    fake_run.pause()
    steps = [step for answer in answers for step in answer["news"]["points"]["step"]]
    assert steps == list(range(201, 201 + len(steps)))
    assert max(answer["bytes"] for answer in answers) < 2_000


def test_a_long_run_opens_thinned_and_its_updates_stay_small(visit, fake_run):
    fake_run.steps_per_epoch = 500
    fake_run.train(30_000)
    page = visit(f"/?run={fake_run.run_id}")
    wait_for_step(page, 30_000)
    assert int(page.locator(".live-chart").get_attribute("data-points")) <= 2_000
    answers = count_answers(page)
    fake_run.start(steps_per_s=800)
    wait_for_answer(page, answers, 33_000)
    fake_run.pause()
    assert max(answer["bytes"] for answer in answers) < 6_000


def test_polling_stops_when_the_run_ends_and_begins_again_when_it_is_resumed(chart, fake_run):
    fake_run.finish(RunState.STOPPED)
    chart.wait_for_function(
        "() => document.querySelector('.live-chart').dataset.state === 'stopped'"
    )
    answers = count_answers(chart)
    chart.wait_for_timeout(2_500)
    assert answers == []
    chart.get_by_text("Run the page again").click()  # the page shows the run's end
    chart.wait_for_timeout(1_000)
    fake_run.take_over()
    fake_run.train(30)
    chart.get_by_text("Run the page again").click()
    wait_for_step(chart, 230)


def test_a_hidden_tab_asks_nothing(chart, fake_run):
    chart.evaluate("""() => {
        Object.defineProperty(document, 'visibilityState', { get: () => window.looks ?? 'hidden',
            configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
    }""")
    chart.wait_for_timeout(1_200)  # an answer may have been on its way
    answers = count_answers(chart)
    fake_run.train(50)
    chart.wait_for_timeout(2_500)
    assert answers == []
    chart.evaluate("""() => {
        window.looks = 'visible';
        document.dispatchEvent(new Event('visibilitychange'));
    }""")
    wait_for_step(chart, 250)


def test_the_chart_goes_on_after_the_server_was_killed_and_started_again(chart, fake_run, app):
    app.stop(signal.SIGKILL)
    fake_run.train(50)
    chart.get_by_text("The server does not answer; trying again.").wait_for(timeout=15_000)
    app.start()
    wait_for_step(chart, 250)
    expect(chart.get_by_text("The server does not answer; trying again.")).to_have_count(0)


def test_a_run_that_was_cut_back_is_drawn_anew(chart, fake_run, store):
    store.delete_metrics_after(fake_run.run_id, step=120, epoch=3)
    chart.wait_for_function("() => document.querySelector('.live-chart').dataset.step === '120'")
    drawn = chart.evaluate(f"document.querySelector('{LOSS}').data[0].x.length")
    assert drawn == 120


def test_smoothing_and_the_logarithmic_axis_need_no_server_and_are_remembered(chart, fake_run):
    fake_run.finish()
    chart.wait_for_function(
        "() => document.querySelector('.live-chart').dataset.state === 'finished'"
    )
    requests = []
    chart.on("request", lambda request: requests.append(request.url))
    before = chart.evaluate(f"document.querySelector('{LOSS}').data[1].y.slice(-5)")
    slider = chart.get_by_label("Smoothing")
    slider.focus()
    slider.press("Home")  # none: the smoothed line is the steps themselves
    chart.get_by_label("Logarithmic axis").check()
    chart.wait_for_function(
        f"() => document.querySelector('{LOSS}')._fullLayout.yaxis.type === 'log'"
    )
    steps, smooth = chart.evaluate(
        f"document.querySelector('{LOSS}').data.slice(0, 2).map((t) => t.y)"
    )
    assert smooth == pytest.approx(steps)
    assert before != pytest.approx(steps[-5:])
    assert requests == []

    chart.reload()
    wait_for_step(chart, 200)
    assert chart.get_by_label("Logarithmic axis").is_checked()


def test_smoothing_is_the_weighted_mean_that_it_says_it_is(chart):
    smooth = chart.evaluate(f"document.querySelector('{LOSS}').data[1].y")
    losses = chart.evaluate(f"document.querySelector('{LOSS}').data[0].y")
    keep = 1 - 2 / 26
    weights = [keep**age for age in range(200)]
    expected = sum(w * y for w, y in zip(weights, reversed(losses), strict=True)) / sum(weights)
    assert smooth[-1] == pytest.approx(expected, abs=1e-4)


def test_a_changed_learning_rate_is_marked(chart, fake_run, store):
    store.add_command(fake_run.run_id, "learning_rate", 5e-4)
    store.mark_applied([c.number for c in store.commands(fake_run.run_id)], 150)
    chart.get_by_text("learning rate 0.0005").wait_for()


def test_the_chart_fits_a_phone_and_leaves_scrolling_to_the_finger(visit, fake_run):
    fake_run.train(100)
    page = visit(f"/?run={fake_run.run_id}", size=(390, 844), phone=True)
    wait_for_step(page, 100)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    tops = page.evaluate(
        "[...document.querySelectorAll('[data-plot]')].map((p) => p.getBoundingClientRect().top)"
    )
    assert tops == sorted(tops)
    assert len(set(tops)) == 3
    assert page.evaluate(f"document.querySelector('{LOSS}')._fullLayout.dragmode") is False


def test_the_chart_follows_a_change_of_theme(chart):
    def colours() -> list[str]:
        return chart.evaluate(
            f"(({{_fullLayout: l, data: d}}) => [l.font.color, d[1].line.color])"
            f"(document.querySelector('{LOSS}'))"
        )

    light = colours()
    chart.emulate_media(color_scheme="dark")
    chart.wait_for_function(
        f"(before) => document.querySelector('{LOSS}')._fullLayout.font.color !== before",
        arg=light[0],
    )
    assert light == ["#14171b", TRAIN.lower()] or light == ["#14171B", TRAIN]
    assert colours()[1] == TRAIN_DARK


def test_nothing_is_offered_that_would_send_the_chart_elsewhere(chart):
    chart.locator(LOSS).hover()
    titles = chart.locator(f"{LOSS} .modebar-btn").evaluate_all(
        "(all) => all.map((b) => b.dataset.title)"
    )
    assert len(titles) == 2
    assert not any("cloud" in title.lower() or "share" in title.lower() for title in titles)
