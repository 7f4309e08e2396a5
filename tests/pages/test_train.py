import os
import socket
import time
from pathlib import Path

import psutil
import pytest
from streamlit.testing.v1 import AppTest

from cifar_core import cost, jobs
from cifar_core.config import DEFAULTS, FIELDS, TrainConfig
from cifar_core.config_link import write_link
from cifar_core.records import EpochRecord, StepRecord
from cifar_core.run_state import RunState
from cifar_core.worker import work
from dashboard import train_settings

ROOT = Path(__file__).parent.parent.parent

OTHER = {
    "data": "cifar10", "fit": "stretch", "model": "vgg", "epochs": 3, "learning_rate": 0.05,
    "batch_size": 17, "optimizer": "sgd", "momentum": 0.5, "nesterov": False, "weight_decay": 5e-4,
    "schedule": "one_cycle", "warmup_epochs": 1.5, "step_epochs": 2, "step_factor": 0.5,
    "label_smoothing": 0.1, "dropout": 0.25, "flip": True, "shift": 4, "cutout": 8,
    "normalization": "dataset", "clip_norm": 1.0, "early_stopping": 2, "keep_weights": "last",
    "keep_epochs_mb": 150,
    "train_size": 1000, "val_size": 30, "test_size": 10, "seed": 7, "device": "cpu",
    "precision": "bfloat16", "layout": "contiguous",
}  # fmt: skip
"""Every setting with a value that is not its default."""


@pytest.fixture(autouse=True)
def _nothing_is_measured(monkeypatch):
    monkeypatch.setattr(cost, "start_measuring", lambda workspace, config: False)


@pytest.fixture
def started(monkeypatch):
    """What the page starts: no process, only its row, which says that it runs."""
    runs = []

    def launch(store, run_id):
        play_worker(store, run_id)
        runs.append(run_id)

    monkeypatch.setattr(jobs, "_launch", launch)
    return runs


@pytest.fixture
def open_page():
    def run(locale: str = "en", **query: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "dashboard/frame.py"), default_timeout=30)
        app.query_params["lang"] = locale
        app.run()
        for name, value in query.items():
            app.query_params[name] = value
        app.switch_page("../pages/2_Train.py").run()
        assert not app.exception
        return app

    return run


def play_worker(store, run_id: str, **columns) -> None:
    """Say of a run what its worker would: the worker is this process."""
    process = psutil.Process()
    store.update_run(run_id, **{
        "state": RunState.RUNNING, "phase": "training", "pid": os.getpid(),
        "process_started": process.create_time(), "host": socket.gethostname(),
        "steps_per_epoch": 10, "started_at": time.time() - 60, "finished_at": 0, **columns,
    })  # fmt: skip


def train_some(store, run_id: str, *, epochs: int = 2) -> None:
    records = [
        StepRecord(step, 1 + (step - 1) // 10, 2.0 / step, 1e-3, 640.0)
        for step in range(1, 10 * epochs + 5)
    ]
    records += [
        EpochRecord(epoch, 10 * epoch, 1.0, 0.5, 1.1, 0.4 + epoch / 100, 1e-3, 6.4, 60.0)
        for epoch in range(1, epochs + 1)
    ]
    store.add_metrics(run_id, records)


def text(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.subheader, app.title, app.error, app.warning)
    words = [element.value for kind in kinds for element in kind]
    words += [f"{metric.label} {metric.value}" for metric in app.metric]
    words += [f"{bar.text} {bar.value}" for bar in app.progress]
    return "\n".join(words)


def keys(app: AppTest) -> set[str]:
    return {button.key for button in app.button}


def settings_of(app: AppTest) -> dict:
    return {field: app.session_state[f"train_{field}"] for field in FIELDS}


def linked(app: AppTest) -> dict[str, str]:
    return {name: app.query_params[name] for name in FIELDS if name in app.query_params}


# --- before the first run


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
        if field == "fit":  # of own pictures only
            continue
        widget = app.get_by_key(f"train_{field}")
        if field not in ("data", "model"):
            assert widget.help == spec.help


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


# --- the form


@pytest.mark.parametrize("field", ["model", "learning_rate", "nesterov", "clip_norm", "device"])
def test_a_link_sets_a_setting_and_the_address_keeps_saying_so(open_page, field):
    link = write_link({field: OTHER[field]})
    app = open_page(**link)
    assert settings_of(app) == {**DEFAULTS, field: OTHER[field]}
    assert linked(app) == link
    assert linked(app.run()) == link


def test_a_link_with_all_settings_comes_back_whole(open_page, tiny_folder, store):
    settings = {**OTHER, "data": str(tiny_folder), "train_size": 60, "batch_size": 16}
    link = write_link(settings)
    app = open_page(**link)
    assert settings_of(app) == settings
    assert linked(app) == link
    app.button("train_start").click().run()
    assert not app.exception and not app.error
    assert store.runs()[0].config == TrainConfig(**settings)


def test_wrong_words_of_a_link_are_left_out_and_told(open_page):
    app = open_page(epochs="0", model="vgg", flip="perhaps")
    assert settings_of(app) == {**DEFAULTS, "model": "vgg"}
    said = [warning.value for warning in app.warning]
    assert len(said) == 2 and any(r"epochs is 0; expected" in w for w in said)
    assert linked(app) == {"model": "vgg"}
    assert len(app.run().warning) == 2
    assert not app.number_input("train_epochs").set_value(5).run().warning


def test_the_address_follows_the_form_and_keeps_other_words(open_page):
    app = open_page()
    app.number_input("train_epochs").set_value(5).run()
    assert linked(app) == {"epochs": "5"} and "lang" in app.query_params
    app.number_input("train_epochs").set_value(DEFAULTS["epochs"]).run()
    assert not linked(app)


def test_settings_survive_a_visit_to_another_page(open_page):
    app = open_page()
    app.number_input("train_epochs").set_value(5).run()
    app.toggle("train_flip").set_value(True).run()
    app.switch_page("../pages/0_Home.py").run()
    for field in FIELDS:
        if field in app.query_params:
            del app.query_params[field]  # as the links of the menu do
    app.switch_page("../pages/2_Train.py").run()
    assert (app.session_state["train_epochs"], app.session_state["train_flip"]) == (5, True)
    assert linked(app) == {"epochs": "5", "flip": "true"}


def test_the_way_back_of_the_browser_undoes_a_change(open_page, monkeypatch):
    monkeypatch.setattr(train_settings, "_LATE_S", 0.0)
    app = open_page()
    app.number_input("train_epochs").set_value(5).run()
    del app.query_params["epochs"]
    app.run()
    assert settings_of(app) == DEFAULTS


@pytest.mark.parametrize("late_s", [0.0, 60.0])
def test_a_click_that_brings_an_old_address_undoes_nothing(open_page, monkeypatch, late_s):
    monkeypatch.setattr(train_settings, "_LATE_S", late_s)
    app = open_page()
    app.number_input("train_epochs").set_value(5).run()
    del app.query_params["epochs"]  # the browser had not yet been told the new one
    app.number_input("train_batch_size").set_value(32).run()
    assert settings_of(app) == {**DEFAULTS, "epochs": 5, "batch_size": 32}
    assert linked(app) == {"epochs": "5", "batch_size": "32"}


def test_the_slider_moves_the_learning_rate_and_follows_it(open_page):
    app = open_page()
    app.select_slider("train_rate_slider").set_value(0.02).run()
    assert app.number_input("train_learning_rate").value == 0.02
    app.number_input("train_learning_rate").set_value(0.3).run()
    assert app.select_slider("train_rate_slider").value == 0.2
    assert app.session_state["train_learning_rate"] == 0.3


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tutorial", {"train_size": 20_000, "val_size": 5_000, "test_size": 5_000}),
        ("best", {"model": "vgg", "schedule": "one_cycle", "flip": True, "shift": 4}),
        ("quick_look", {"epochs": 4, "train_size": 10_000}),
    ],
)
def test_presets_fill_the_form_and_leave_the_seed(open_page, name, expected):
    app = open_page(seed="5")
    app.button(f"train_preset_{name}").click().run()
    assert not app.exception and not app.error
    assert {field: app.session_state[f"train_{field}"] for field in expected} == expected
    assert app.session_state["train_seed"] == 5


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"train_early_stopping": 2, "train_val_size": 0}, "early_stopping needs validation"),
        ({"train_warmup_epochs": 9.0}, "warmup_epochs is 9, longer than the run"),
        ({"train_train_size": 30_000}, "train_size is 30000"),
        ({"train_batch_size": 8_000, "train_train_size": 100}, "batch_size is 8000"),
        ({"train_learning_rate": 0.0}, "learning_rate is 0.0"),
    ],
)
def test_settings_that_do_not_fit_are_told_and_cannot_be_started(open_page, settings, says):
    app = open_page()
    for key, value in settings.items():
        app.number_input(key).set_value(value)
    app.run()
    assert says in app.error[0].value.replace("\\", "")
    assert app.button("train_start").disabled


def test_a_source_that_is_missing_is_told(open_page, tmp_path):
    app = open_page(data=str(tmp_path / "nowhere"))
    assert "does not exist" in app.error[0].value
    assert app.button("train_start").disabled


def test_an_own_folder_can_be_started_before_it_is_prepared(open_page, tiny_folder, started, store):
    app = open_page(data=str(tiny_folder), batch_size="16")
    assert "can be said once the images have been prepared" in text(app)
    assert app.button("train_preset_tutorial").disabled
    app.button("train_start").click().run()
    assert store.run(started[0]).config.data == str(tiny_folder)


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


def test_a_wrong_environment_is_told_and_nothing_breaks(open_page, monkeypatch):
    app = open_page()
    monkeypatch.setenv("CIFAR_PARALLEL_RUNS", "many")
    app.button("train_start").click().run()
    assert not app.exception
    assert "CIFAR_PARALLEL_RUNS" in app.error[0].value.replace("\\", "")


# --- a run that goes on


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
