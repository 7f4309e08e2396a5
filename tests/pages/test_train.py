"""The Train page before the first run, and starting."""

import time

import pytest

from cifar_core import cost
from cifar_core.config import DEFAULTS, FIELDS, TrainConfig
from cifar_core.run_state import RunState
from dashboard import train_start
from tests.pages.train_page import (
    ROOT,
    keys,
    linked,
    open_train_page,
    play_worker,
    settings_of,
    text,
    train_some,
    without_processes,
)


@pytest.fixture(autouse=True)
def started(monkeypatch):
    """What the page starts: no process, only its row, which says that it runs."""
    return without_processes(monkeypatch)


@pytest.fixture
def open_page():
    return open_train_page


def test_an_empty_workspace_offers_settings_and_says_what_will_appear(open_page):
    app = open_page()
    assert "Nothing has been trained yet" in text(app)
    assert "296,130 parameters" in text(app)
    assert "2,816 steps" in text(app)
    assert settings_of(app) == DEFAULTS
    assert len(app.get("plotly_chart")) == 1
    assert app.button("train_start").proto.type == "primary"
    assert not linked(app)


def test_there_is_one_primary_button(open_page):
    assert [b.key for b in open_page().button if b.proto.type == "primary"] == ["train_start"]


def test_every_setting_has_a_widget_with_its_help(open_page):
    app = open_page()
    for field, spec in FIELDS.items():
        if field in ("fit", "processes"):  # of own pictures, of machines with several GPUs
            continue
        widget = app.get_by_key(f"train_{field}")
        if field not in ("data", "model"):
            assert widget.help == spec.help


def test_processes_are_asked_for_where_there_are_several_gpus(open_page, started, store, workspace):
    assert "train_processes" not in keys(open_page())
    workspace.speeds_dir.mkdir(parents=True, exist_ok=True)
    cost._device_path(workspace).write_text('{"device": "cuda", "gpus": 2}')
    app = open_page()
    app.number_input("train_processes").set_value(2).run()
    assert linked(app) == {"processes": "2"}
    app.button("train_start").click().run()
    assert store.run(started[0]).config.processes == 2


def test_the_fit_is_asked_for_own_pictures_only(open_page, tiny_folder, started, store):
    app = open_page(fit="letterbox")
    assert all(box.key != "train_fit" for box in app.selectbox)
    app = open_page(data=str(tiny_folder), fit="letterbox", batch_size="16")
    assert app.selectbox("train_fit").value == "letterbox"
    app.selectbox("train_fit").set_value("stretch").run()
    assert app.query_params["fit"] == "stretch"
    app.button("train_start").click().run()
    assert store.run(started[0]).config.fit == "stretch"


def test_time_is_told_from_what_was_measured(open_page, store, monkeypatch):
    monkeypatch.setattr(cost, "read_measurement", lambda workspace, config: 2_500.0)
    assert "2,816 steps, about **1 min 20 s** on this machine." in text(open_page())


def test_time_is_asked_for_and_said_to_be_measured(open_page, monkeypatch):
    monkeypatch.setattr(cost, "start_measuring", lambda workspace, config: True)
    assert "2,816 steps. Measuring how long they take" in text(open_page())


def test_the_page_speaks_chinese(open_page, store):
    app = open_page("zh")
    assert "还没有训练过网络" in text(app)
    assert app.button("train_start").label == "开始"
    assert app.number_input("train_epochs").help == "每张训练图像被看几遍。"


def test_looking_at_the_page_needs_no_torch(open_page, store):
    import subprocess
    import sys

    code = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        "from cifar_core import cost\n"
        "cost.start_measuring = lambda *a: False\n"
        f"app = AppTest.from_file({str(ROOT / 'dashboard/frame.py')!r}, default_timeout=60).run()\n"
        "app.switch_page('../pages/2_Train.py').run()\n"
        "assert not app.exception and app.button('train_start')\n"
        "print('torch' in sys.modules)"
    )
    run_id = store.create_run(TrainConfig())
    play_worker(store, run_id)
    train_some(store, run_id)
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert said.stdout.strip() == "False"


# --- starting


def test_start_starts_a_run_and_shows_it(open_page, started, store):
    app = open_page()
    app.button("train_start").click().run()
    assert [run.run_id for run in store.runs()] == started
    assert "Simple CNN · 8 epochs · Built\\-in drawings" in text(app)
    assert "train_stop" in keys(app)


def test_ten_clicks_start_one_run(open_page, started):
    app = open_page()
    for _ in range(10):
        app.session_state["train_epochs"] = 8
        app.button("train_start").click() if not app.button("train_start").disabled else None
        app.run()
    other_window = open_page()
    assert len(started) == 1
    assert other_window.button("train_start").disabled
    assert "these very settings goes on" in text(other_window)


def test_a_second_start_from_a_page_that_is_behind_starts_nothing(open_page, started, store):
    one, other = open_page(), open_page()
    one.button("train_start").click().run()
    other.button("train_start").click().run()
    assert len(store.runs()) == 1


def test_a_second_run_waits_in_line_and_can_be_taken_out(open_page, started, store):
    app = open_page()
    app.button("train_start").click().run()
    app.number_input("train_seed").set_value(1).run()
    assert app.button("train_start").label == "Add to the line"
    app.button("train_start").click().run()
    waiting = store.runs()[1]
    assert waiting.state == RunState.QUEUED and len(started) == 1
    assert "In line" in text(app)
    app.button(f"train_remove_{waiting.run_id}").click().run()
    assert store.run(waiting.run_id).state == RunState.STOPPED
    assert not app.exception and not app.error


def test_the_same_settings_can_be_trained_again_after_the_end(open_page, started, store):
    app = open_page()
    app.button("train_start").click().run()
    store.update_run(started[0], state=RunState.STOPPED, finished_at=time.time())
    app.run()
    app.button("train_start").click().run()
    assert len(started) == 2


def test_a_process_waits_for_a_start_while_nothing_trains(open_page, started, monkeypatch):
    homes = []
    monkeypatch.setattr(train_start, "keep_worker_ready", homes.append)
    app = open_page()
    assert len(homes) == 1
    app.button("train_start").click().run()
    assert len(homes) == 1


def test_a_wrong_time_to_wait_is_told(open_page, monkeypatch):
    monkeypatch.setenv("CIFAR_STANDBY", "soon")
    assert "CIFAR_STANDBY" in open_page().error[0].value.replace("\\", "")


def test_a_wrong_environment_is_told_and_nothing_breaks(open_page, monkeypatch):
    app = open_page()
    monkeypatch.setenv("CIFAR_PARALLEL_RUNS", "many")
    app.button("train_start").click().run()
    assert not app.exception
    assert "CIFAR_PARALLEL_RUNS" in app.error[0].value.replace("\\", "")
