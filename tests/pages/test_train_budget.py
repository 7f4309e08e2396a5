"""A time that decides the epochs, on the Train page."""

import pytest

from cifar_core import cost
from tests.pages.train_page import linked, open_train_page, settings_of, text, without_processes

SPEED = 2_500.0


@pytest.fixture(autouse=True)
def _known_speed(monkeypatch):
    without_processes(monkeypatch)
    monkeypatch.setattr(cost, "read_measurement", lambda workspace, config: SPEED)


def fit(app, minutes):
    app.number_input("train_budget_minutes").set_value(minutes).run()
    app.button("train_budget_fit").click().run()
    assert not app.exception


def test_five_minutes_are_filled_with_epochs():
    app = open_train_page()
    fit(app, 5.0)
    settings = settings_of(app)
    images = settings["epochs"] * (22_500 + cost.EVALUATION_SHARE * 2_500)
    seconds = cost.START_S + (images + cost.EVALUATION_SHARE * 5_000) / SPEED
    assert 0.9 * 300 <= seconds <= 300
    assert linked(app)["epochs"] == str(settings["epochs"])
    assert "about **5 min** on this machine" in text(app)


def test_half_a_minute_takes_some_of_the_images_and_more_time_all_of_them_again():
    app = open_train_page()
    fit(app, 0.5)
    first = settings_of(app)
    assert first["train_size"] < 22_500
    fit(app, 10.0)
    second = settings_of(app)
    assert second["train_size"] is None or second["train_size"] > first["train_size"]
    assert second["epochs"] > first["epochs"]


def test_the_question_closes_when_it_is_answered(monkeypatch):
    app = open_train_page()
    app.session_state["train_budget"] = True
    fit(app, 5.0)
    assert app.session_state["train_budget"] is False


def test_a_time_that_is_too_short_is_refused_in_a_sentence(monkeypatch):
    monkeypatch.setattr(cost, "read_measurement", lambda workspace, config: 10.0)
    app = open_train_page()
    before = settings_of(app)
    fit(app, 0.5)
    assert "30 seconds are too few" in text(app)
    assert settings_of(app) == before
