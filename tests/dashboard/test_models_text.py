"""How models are named and described, outside of a session: in English."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from cifar_core.library import ModelEntry
from dashboard.models_text import (
    NO_BREAK,
    accuracy_interval,
    accuracy_label,
    data_title,
    facts_line,
    kind_words,
    model_option,
    model_title,
    network_title,
)


@pytest.fixture
def entry():
    return ModelEntry(
        model_id="x", name="", path=Path("x"), source="run", created_at=time.time() - 300,
        size_bytes=1_190_000, network="simple_cnn", data_name="shades", epoch=8, accuracy=0.634,
        accuracy_of="test", accuracy_low=0.62, accuracy_high=0.648,
    )  # fmt: skip


def test_a_model_is_called_by_its_name_or_else_by_network_and_epochs(entry):
    assert model_title(replace(entry, name="mine")) == "mine"
    assert model_title(entry) == "Simple CNN, 8 epochs"
    assert model_title(replace(entry, epoch=1)) == "Simple CNN, 1 epoch"
    assert model_title(replace(entry, epoch=0)) == "Simple CNN"
    assert network_title("another") == "Unknown network"


def test_a_line_of_a_list_tells_models_apart(entry):
    assert model_option(entry) == "Simple CNN, 8 epochs · 63.4 % · 5 min ago"
    damaged = replace(entry, name="mine", accuracy=None, damage="It is damaged.")
    assert model_option(damaged) == "mine · damaged · 5 min ago"


def test_an_accuracy_says_on_what_and_how_sure(entry):
    assert (accuracy_label(entry), accuracy_interval(entry)) == (
        "Test accuracy",
        "95 % interval 62.0 % to 64.8 %",
    )
    validated = replace(entry, accuracy_of="validation", accuracy_low=None)
    assert (accuracy_label(validated), accuracy_interval(validated)) == ("Validation accuracy", "")
    assert accuracy_label(replace(entry, accuracy_of="")) == "Accuracy"


def test_drawings_are_called_so_whatever_the_file_says(entry):
    assert data_title(replace(entry, drawn=True)) == "Built-in drawings"
    assert data_title(entry) == "shades"


def test_the_facts_are_one_line_of_harmless_markdown(entry):
    line = facts_line(replace(entry, data_name="**my** data", source="upload"))
    assert line.replace(NO_BREAK, " ") == (
        "Simple CNN · \\*\\*my\\*\\* data · uploaded · 5 min ago · 1\\.2 MB"
    )
    assert "5 min" not in line
    assert "Simple" not in facts_line(replace(entry, damage="It is damaged."))


def test_photos_and_drawings_are_told_apart_where_the_file_says_what_it_learned_from(entry):
    of_drawings = replace(entry, drawn=True)
    assert kind_words(entry, drawn=False) == kind_words(of_drawings, drawn=True) == ""
    assert kind_words(entry, drawn=True).startswith("These are drawings")
    assert kind_words(of_drawings, drawn=False).startswith("These are photos")
    assert kind_words(replace(entry, data_name=""), drawn=True) == ""


def test_a_shipped_model_has_a_source_instead_of_an_age(entry):
    shipped = replace(entry, source="shipped")
    assert model_option(shipped) == "Simple CNN, 8 epochs · 63.4 % · comes with the program"
    assert "min" not in facts_line(shipped)
