"""A run on the Train page: while it goes on, and when it has ended."""

import time

import pytest

from cifar_core import jobs
from cifar_core.config import TrainConfig
from cifar_core.config_link import write_link
from cifar_core.run_state import RunState
from cifar_core.worker import work
from tests.pages.train_page import (
    OTHER,
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


@pytest.fixture
def running(store):
    run_id = store.create_run(TrainConfig(epochs=4), name="my *run*")
    play_worker(store, run_id)
    train_some(store, run_id)
    return run_id


def test_a_running_run_shows_where_it_is(open_page, running):
    app = open_page()
    said = text(app)
    assert "my \\*run\\*" in said
    assert "Epoch 3 of 4, step 24 of 40" in said
    assert "Validation accuracy 42.0 %" in said and "Images a second 640" in said
    assert "Learning rate 0.001" in said
    assert "about 10 s left 60" in said
    assert {"train_pause", "train_stop", "train_apply_rate"} <= keys(app)
    assert [b.proto.type for b in app.button if b.key == "train_start"] == ["secondary"]


@pytest.mark.parametrize(
    ("columns", "says", "has"),
    [
        ({"state": RunState.STARTING}, "Starting", "train_stop"),
        ({"phase": "preparing data", "about": {"preparing": {"done": 640, "total": 30_000}}},
         "640 of 30,000", "train_stop"),
        ({"phase": "testing"}, "Testing", "train_stop"),
        ({"state": RunState.PAUSED}, "Paused", "train_resume"),
        ({"heartbeat": 1.0}, "Not answering", "train_stop"),
        ({"state": RunState.QUEUED}, "Waiting in line", "train_stop"),
    ],
)  # fmt: skip
def test_every_state_of_a_live_run_opens(open_page, store, columns, says, has):
    run_id = store.create_run(TrainConfig())
    play_worker(store, run_id, **columns)
    app = open_page()
    assert says in text(app) and has in keys(app)


@pytest.mark.parametrize("kind", ["pause", "stop"])
def test_a_button_asks_once_and_waits_for_the_worker(open_page, store, running, kind):
    app = open_page()
    app.button(f"train_{kind}").click().run()
    assert [c.kind for c in store.waiting_commands(running)] == [kind]
    assert app.button(f"train_{kind}").disabled
    assert app.button(f"train_{kind}").label == {"pause": "Pausing …", "stop": "Stopping …"}[kind]


def test_the_learning_rate_is_changed_while_it_trains(open_page, store, running):
    app = open_page()
    assert app.number_input("train_new_rate").value == 1e-3
    app.number_input("train_new_rate").set_value(0.0005)
    app.button("train_apply_rate").click().run()
    [command] = store.waiting_commands(running)
    assert (command.kind, command.value) == ("learning_rate", 0.0005)


def test_a_learning_rate_out_of_range_is_refused_in_a_sentence(open_page, store, running):
    app = open_page()
    app.number_input("train_new_rate").set_value(0.0)
    app.button("train_apply_rate").click().run()
    assert not store.waiting_commands(running)
    assert "learning_rate is 0.0" in app.error[0].value.replace("\\", "")


def test_a_button_of_a_run_that_has_ended_meanwhile_says_so(open_page, store, running):
    app = open_page()
    store.update_run(running, state=RunState.FINISHED, finished_at=time.time())
    app.button("train_stop").click().run()
    assert not app.exception
    assert "there is nothing to stop" in app.error[0].value


def test_the_log_is_read_when_it_is_opened(open_page, store, running):
    path = store.workspace.run_dir(running) / "worker.log"
    path.write_text("early\n" + "x" * 30_000 + "\nepoch 2: training loss 1.0\n")
    app = open_page()
    assert not app.code
    app.session_state["train_log"] = True
    app.run()
    assert app.code[0].value.endswith("epoch 2: training loss 1.0")
    assert "early" not in app.code[0].value


def test_the_address_chooses_the_run_that_is_shown(open_page, store, running):
    other = store.create_run(TrainConfig(model="vgg"))
    store.update_run(other, state=RunState.STOPPED, finished_at=time.time())
    app = open_page(run=other)
    assert "VGG · 8 epochs" in app.subheader[0].value
    app.button("train_show_current").click().run()
    assert "my" in app.subheader[0].value and "run" not in app.query_params
    app.button(f"train_show_{other}").click().run()
    assert app.query_params["run"] == other
    assert "VGG · 8 epochs" in app.subheader[0].value


def test_a_run_that_does_not_exist_is_told_and_the_current_one_shown(open_page, running):
    app = open_page(run="../../etc")
    assert "There is no run" in app.warning[0].value
    assert "Epoch 3 of 4" in text(app)


# --- a run that has ended


def test_a_finished_run_says_how_good_it_is_and_leads_on(open_page, store, tiny_config):
    run_id = store.create_run(tiny_config)
    work(store, run_id)
    app = open_page()
    said = text(app)
    accuracy = store.run(run_id).result["test"]["accuracy"]
    assert f"**{accuracy * 100:.1f} %** of 30 test images are recognised" in said
    assert "95 % interval" in said
    assert not app.progress
    assert {"Try it on pictures", "Take the model home"} >= {
        link.proto.label for link in app.get("page_link")
    }
    assert not {"train_stop", "train_pause", "train_resume_run"} & keys(app)
    assert "What the network says of validation images" in said
    assert app.button("train_start").proto.type == "primary"


def test_a_crashed_run_says_why_and_can_be_resumed(open_page, store, running, monkeypatch):
    store.update_run(running, pid=2**22 - 1, process_started=1.0)
    resumed = []
    monkeypatch.setattr(jobs, "_launch", lambda store, run_id: resumed.append(run_id))
    app = open_page()
    assert "Its process is gone" in app.error[0].value
    assert "There is no checkpoint yet" in app.error[0].value
    app.button("train_resume_run").click().run()
    assert resumed == [running] and not app.exception


def test_a_failed_run_shows_its_sentence_as_plain_text(open_page, store, running):
    store.update_run(running, state=RunState.FAILED, message="The [loss](http://x) became nan.")
    app = open_page()
    assert app.error[0].value == r"The \[loss\]\(http\://x\) became nan\."
    assert "train_resume_run" in keys(app)


def test_the_settings_of_an_ended_run_can_be_used_again(open_page, store):
    settings = {**OTHER, "data": "builtin"}
    run_id = store.create_run(TrainConfig(**settings))
    store.update_run(run_id, state=RunState.FAILED, message="The disk is full.")
    app = open_page()
    app.button("train_copy").click().run()
    assert settings_of(app) == settings and linked(app) == write_link(settings)


def test_why_it_failed_is_said_in_the_visitors_language(open_page, store, running):
    message = "train_size is 30, but the test part has only 20 images; expected at most that many."
    store.update_run(running, state=RunState.FAILED, message=message)
    assert "测试部分只有 20 张图像" in open_page("zh").error[0].value


def test_a_stopped_run_says_what_is_kept(open_page, store, running):
    run_dir = store.workspace.run_dir(running)
    (run_dir / "last.safetensors").touch()
    (run_dir / "resume.safetensors").touch()
    store.update_run(running, state=RunState.STOPPED, finished_at=time.time())
    said = text(open_page())
    assert "It was stopped after step 24" in said and "is kept as a model" in said
    assert "Resume goes on from its last checkpoint" in said
