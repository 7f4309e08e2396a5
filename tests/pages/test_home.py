import os
import socket
from pathlib import Path

import psutil
import pytest
from streamlit.testing.v1 import AppTest

from cifar_core.config import TrainConfig
from cifar_core.run_state import RunState
from cifar_core.worker import work
from dashboard.navigation import PLACES, exists

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def home_page():
    """Open Home as it is now."""

    def run(locale: str = "en") -> AppTest:
        app = AppTest.from_file(str(ROOT / "dashboard/frame.py"), default_timeout=30)
        app.query_params["lang"] = locale
        app.run()
        assert not app.exception
        return app

    return run


def text(app: AppTest) -> str:
    elements = [*app.markdown, *app.caption, *app.subheader, *app.title, *app.metric]
    return "\n".join(f"{e.value} {getattr(e, 'label', '')}" for e in elements)


def play_worker(store, run_id: str, **columns) -> None:
    process = psutil.Process()
    store.update_run(
        run_id, state=RunState.RUNNING, pid=os.getpid(), process_started=process.create_time(),
        host=socket.gethostname(), steps_per_epoch=10, **columns,
    )  # fmt: skip


def test_an_empty_workspace_leads_to_the_first_training(home_page):
    app = home_page()
    assert "Teach a network to see" in text(app)
    assert "made here when first needed" in text(app)
    assert "Nothing has been trained yet" in text(app)
    assert "Drawn by this program" in text(app)
    assert len(app.get("bidi_component")) == 2  # the memory of the language, and the ten pictures
    if exists("train"):
        assert app.button("home_next").label == "Train your first network"


def test_there_is_one_primary_button_at_most(home_page):
    assert sum(button.proto.type == "primary" for button in home_page().button) <= 1


def test_a_run_that_goes_on_is_shown_and_leads_to_its_curve(home_page, store):
    run_id = store.create_run(TrainConfig(), name="my run")
    play_worker(store, run_id)
    app = home_page()
    assert "Running" in text(app)
    assert "my run" in text(app)
    assert len(app.get("bidi_component")) == 3  # the language's memory, curve, classes
    if exists("train"):
        assert app.button("home_next").label == "Watch it learn"


def test_a_crashed_run_says_so(home_page, store):
    run_id = store.create_run(TrainConfig())
    store.update_run(run_id, state=RunState.RUNNING, pid=2**22 - 1, process_started=1.0)
    app = home_page()
    assert "Crashed" in text(app)
    assert "ended without a word" in text(app)
    if exists("train"):
        assert app.button("home_next").label == "See what happened"


def test_a_failed_run_says_why_in_plain_text(home_page, store):
    run_id = store.create_run(TrainConfig())
    store.update_run(run_id, state=RunState.FAILED, message="[The disk](http://x) is full.")
    assert r"\[The disk\]\(http\://x\) is full\." in text(home_page())


@pytest.mark.parametrize("state", [RunState.PAUSED, RunState.STOPPED, RunState.QUEUED])
def test_every_other_state_opens(home_page, store, state):
    run_id = store.create_run(TrainConfig())
    play_worker(store, run_id)
    store.update_run(run_id, state=state)
    assert len(home_page().get("bidi_component")) == 3


def test_a_finished_run_shows_its_model_with_its_interval_and_answers(
    home_page, store, tiny_config
):
    work(store, store.create_run(tiny_config))
    app = home_page()
    assert app.metric[0].label == "right on test pictures"
    assert "95 % interval" in text(app)
    assert "What the best model says" in text(app)
    assert len(app.get("image")) == 8
    if exists("predict"):
        assert app.button("home_next").label == "Try it on your own pictures"


def test_home_speaks_chinese(home_page):
    app = home_page("zh")
    assert "教神经网络看图" in text(app)
    assert app.button("frame_language_switch").label == "English"


def test_the_switch_changes_the_language_and_stays_on_the_page(home_page):
    app = home_page()
    app.button("frame_language_switch").click().run()
    assert "教神经网络看图" in text(app)
    app.button("frame_language_switch").click().run()
    assert "Teach a network to see" in text(app)


def test_the_menu_lists_the_pages_that_exist():
    assert exists("home")
    assert next(iter(PLACES)) == "home"
    files = {path.name for path in (ROOT / "pages").glob("*.py")}
    assert files <= {place.file for place in PLACES.values()}


def test_before_any_training_it_leads_to_a_model_that_comes_with_the_program(home_page):
    labels = [link.proto.label for link in home_page().get("page_link")]
    assert "Ask one that comes with the program" in labels
