"""The form of the Train page: settings, links, presets."""

import pytest

from cifar_core.config import DEFAULTS, FIELDS, TrainConfig
from cifar_core.config_link import write_link
from dashboard import train_settings
from tests.pages.train_page import (
    OTHER,
    linked,
    open_train_page,
    settings_of,
    text,
    without_processes,
)


@pytest.fixture(autouse=True)
def started(monkeypatch):
    """What the page starts: no process, only its row, which says that it runs."""
    return without_processes(monkeypatch)


@pytest.fixture
def open_page():
    return open_train_page


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
        ("best", {"model": "speed_cnn", "schedule": "linear", "flip": True, "shift": 2}),
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
