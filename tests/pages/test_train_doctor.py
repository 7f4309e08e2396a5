"""The doctor and the learning-rate finder on the Train page."""

import os
import time

import pytest

from cifar_core import background
from cifar_core.background import JobFile, JobState
from cifar_core.config import TrainConfig
from cifar_core.rate_curve import RatePoint
from cifar_core.records import StepRecord
from cifar_core.run_state import RunState
from tests.pages.train_page import keys, open_train_page, play_worker, text, without_processes


@pytest.fixture(autouse=True)
def _nothing_runs(monkeypatch):
    without_processes(monkeypatch)


@pytest.fixture
def open_page():
    return open_train_page


@pytest.fixture
def stuck(store):
    """A run that learns nothing, and goes on."""
    run_id = store.create_run(TrainConfig(learning_rate=0.5, epochs=4))
    play_worker(store, run_id, steps_per_epoch=1000)
    store.add_metrics(run_id, [StepRecord(n, 1, 2.303, 0.5, 99.0) for n in range(1, 401)])
    return run_id


# --- the doctor


def test_a_finding_is_told_with_one_button_for_one_change(open_page, stuck):
    app = open_page()
    said = text(app)
    assert "The loss is stuck at guessing" in said
    tries = [button for button in app.button if button.key.startswith("train_try_")]
    assert [button.label for button in tries] == ["Try with learning rate 0.001"]
    assert "The training doctor finds nothing wrong" not in said


def test_the_button_starts_that_run_and_fills_the_form(open_page, store, stuck):
    store.update_run(stuck, state=RunState.STOPPED, finished_at=time.time())
    app = open_page(run=stuck)
    app.button("train_try_stuck_at_chance").click().run()
    assert not app.exception
    new = store.runs()[-1]
    assert new.config == store.run(stuck).config.replace(learning_rate=0.001)
    assert app.session_state["train_learning_rate"] == 0.001
    assert app.query_params["run"] == new.run_id
    assert new.state == RunState.RUNNING


def test_while_another_run_goes_on_the_new_one_waits_and_is_started_once(open_page, store, stuck):
    one, other = open_page(), open_page()
    one.button("train_try_stuck_at_chance").click().run()
    assert one.toast[0].value == "It is in line and starts when a place is free."
    other.button("train_try_stuck_at_chance").click().run()
    assert [run.state for run in store.runs()] == [RunState.RUNNING, RunState.QUEUED]
    assert "In line" in [heading.value for heading in one.subheader]


def test_a_healthy_run_is_told_to_be_so_in_both_languages(open_page, store):
    run_id = store.create_run(TrainConfig())
    play_worker(store, run_id)
    losses = [2.3 - n / 400 for n in range(400)]
    store.add_metrics(run_id, [StepRecord(n + 1, 1, x, 1e-3, 9.0) for n, x in enumerate(losses)])
    assert "The training doctor finds nothing wrong so far." in text(open_page())
    assert "训练诊断：目前没有发现问题。" in text(open_page("zh"))


def test_findings_are_told_in_chinese(open_page, stuck):
    app = open_page("zh")
    assert "损失停在了瞎猜的水平" in text(app)
    assert app.button("train_try_stuck_at_chance").label == "试试学习率 0.001"


# --- the finder


class Searches:
    """What the finder has started: no processes, only their files."""

    pid = os.getpid()

    def __init__(self) -> None:
        self.files = []

    def poll(self):
        """It goes on."""

    def launch(self, file, *arguments) -> "Searches":
        self.files.append(file)
        return self

    def end(self, state=JobState.FINISHED, **changes) -> None:
        """Say what the process would at its end."""
        points = tuple(RatePoint(10 ** (-6 + n / 20), 2.3, loss_at(n)) for n in range(100))
        self.files[-1].update(state=state, **{"points": points, **changes})


@pytest.fixture
def searched(monkeypatch):
    searches = Searches()
    monkeypatch.setattr(JobFile, "_launch", lambda *arguments: searches.launch(*arguments))
    yield searches
    background._children.clear()


def loss_at(n: int) -> float:
    return 2.3 if n < 50 else 2.3 - 0.02 * (n - 50) if n < 80 else 3.0


def test_the_button_searches_shows_the_curve_and_one_click_fills_the_form(open_page, searched):
    app = open_page()
    app.button("train_find_rate").click().run()
    assert len(searched.files) == 1 and "train_finder_cancel" in keys(app)
    assert app.get("progress")
    searched.end()
    app.run()
    assert "train_finder_cancel" not in keys(app)
    label = app.button("train_finder_use_advised").label
    app.button("train_finder_use_advised").click().run()
    assert f"Use {app.session_state['train_learning_rate']:g}" == label
    assert app.button("train_finder_use_advised").disabled
    app.button("train_finder_close").click().run()
    assert "train_find_rate" in keys(app) and "train_finder_use_advised" not in keys(app)
    app.button("train_find_rate").click().run()
    assert len(searched.files) == 1, "what is known is not searched again"
    assert "train_finder_use_advised" in keys(app)


def test_other_settings_have_a_search_of_their_own(open_page, searched):
    app = open_page()
    app.button("train_find_rate").click().run()
    app.number_input("train_batch_size").set_value(32).run()
    assert "A search for other settings goes on." in text(app)
    assert "train_find_rate" in keys(app)
    app.number_input("train_batch_size").set_value(64).run()
    app.number_input("train_epochs").set_value(2).run()
    assert "train_finder_cancel" in keys(app), "epochs do not matter to the test"


def test_a_search_that_fails_says_why(open_page, searched):
    app = open_page()
    app.button("train_find_rate").click().run()
    searched.end(JobState.FAILED, message="There is no run 'x' in y.")
    app.run()
    assert "There is no run" in app.error[0].value
    app.button("train_finder_again").click().run()
    assert len(searched.files) == 2


def test_a_curve_that_never_falls_suggests_nothing(open_page, searched):
    app = open_page()
    app.button("train_find_rate").click().run()
    searched.end(points=(RatePoint(1e-6, 2.3, 2.3), RatePoint(1e-5, 2.4, 2.4)))
    app.run()
    assert "nothing can be suggested" in app.warning[0].value


def test_settings_that_cannot_be_trained_cannot_be_searched_with(open_page):
    app = open_page()
    app.number_input("train_train_size").set_value(300_000).run()
    assert app.button("train_find_rate").disabled
