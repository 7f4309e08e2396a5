import re
import string

import pytest
import torch
from safetensors.torch import save_file

from cifar_core import jobs
from cifar_core.checkpoint import save_model
from cifar_core.config import TrainConfig
from cifar_core.data.sources import open_data
from cifar_core.data.split_sizes import SplitSizes, split_sizes
from cifar_core.data.splits import split_images
from cifar_core.devices import resolve_device
from cifar_core.errors import TrainingError, WorkbenchError
from cifar_core.library import import_model
from cifar_core.model_info import ModelInfo
from cifar_core.models.registry import build_model
from cifar_core.pictures import open_picture
from cifar_core.time_budget import fit_into
from cifar_core.training import start_training, train
from dashboard import sentences
from dashboard.dataset_sources import checked_path
from dashboard.i18n import catalogue
from dashboard.sentences import TEMPLATES, translated

CHINESE = re.compile("[\u4e00-\u9fff]")

WRONG_SETTINGS = [
    {"epochs": 0}, {"epochs": "many"}, {"learning_rate": 0.0}, {"learning_rate": float("nan")},
    {"momentum": 2.0}, {"model": "alexnet"}, {"flip": "perhaps"}, {"clip_norm": 0.0},
    {"early_stopping": 0}, {"device": "tpu"}, {"data": " "}, {"warmup_epochs": 9.0},
    {"early_stopping": 2, "val_size": 0},
]  # fmt: skip
WRONG_SIZES = [
    {"train_size": 101}, {"val_size": 100}, {"test_size": 21}, {"batch_size": 91},
    {"train_size": 100, "early_stopping": 2},
]  # fmt: skip


@pytest.fixture(autouse=True)
def _a_chinese_visitor(monkeypatch):
    monkeypatch.setattr(sentences, "language", lambda: "zh")


def said(act) -> str:
    with pytest.raises(WorkbenchError) as caught:
        act()
    return str(caught.value)


def assert_chinese(sentence: str) -> None:
    """Nothing of it is English but names and values."""
    found = re.sub(r"/\S+", "", translated(sentence))  # paths may hold any word
    assert CHINESE.search(found), found
    assert not re.search(r"\b(is|are|the|a|of|expected|or|but|only|has)\b", found), found


@pytest.mark.parametrize("settings", WRONG_SETTINGS, ids=str)
def test_what_is_wrong_with_a_setting_is_said_in_chinese(settings):
    assert_chinese(said(lambda: TrainConfig(**settings)))


@pytest.mark.parametrize("settings", WRONG_SIZES, ids=str)
def test_what_does_not_fit_the_images_is_said_in_chinese(settings):
    config = TrainConfig(**{"batch_size": 10, **settings})
    assert_chinese(said(lambda: split_sizes(100, 20, config)))


def test_what_is_wrong_with_a_source_is_said_in_chinese(workspace):
    assert_chinese(said(lambda: open_data("cifar10", workspace)))
    assert_chinese(said(lambda: open_data("/no/where", workspace)))
    assert_chinese(said(lambda: checked_path("/no/where")))


def test_what_is_wrong_with_a_run_is_said_in_chinese(store):
    run_id = store.create_run(TrainConfig())
    store.update_run(run_id, state="finished")
    for act in (
        lambda: store.run("other"),
        lambda: jobs.request(store, run_id, "stop"),
        lambda: jobs.resume_run(store, run_id),
    ):
        found = translated(said(act))
        assert CHINESE.search(found)


def test_a_missing_device_is_said_in_chinese():
    assert CHINESE.search(translated(said(lambda: resolve_device("cuda:99"))))


def test_a_time_that_is_too_short_is_said_in_chinese():
    assert_chinese(said(lambda: fit_into(5, TrainConfig(), SplitSizes(1_000, 0, 1_000), 10)))


@pytest.mark.parametrize("more", [{}, {"clip_norm": 1.0}])
def test_a_loss_that_is_no_number_is_said_in_chinese(tiny_set, more):
    config = TrainConfig(learning_rate=10.0, optimizer="sgd", epochs=50, batch_size=8, **more)
    training = start_training(config, tiny_set)
    for parameter in training.model.parameters():
        parameter.data.fill_(float("nan"))
    with pytest.raises(TrainingError) as caught:
        list(train(training, split_images(tiny_set, config)))
    found = translated(str(caught.value))
    assert CHINESE.search(found) and "Try" not in found and "instead" not in found


def test_values_come_through_unchanged():
    found = translated("epochs is '{low} %s'; expected a whole number from 1 to 1000.")
    assert "'{low} %s'" in found and "1 到 1000" in found


def test_what_no_template_fits_stays_as_it_is():
    assert translated("Something else went wrong.") == "Something else went wrong."


def test_english_visitors_read_the_core_itself(monkeypatch):
    monkeypatch.setattr(sentences, "language", lambda: "en")
    sentence = "epochs is 0; expected a whole number from 1 to 1000."
    assert translated(sentence) is sentence


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_template_is_translated_with_its_placeholders(template):
    found = catalogue("zh").gettext(template)
    assert found != template

    def names(text):
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert names(found) == names(template)


def test_what_is_wrong_with_a_model_file_is_said_in_chinese(workspace, tmp_path):
    note, half = tmp_path / "note.pt", tmp_path / "half.safetensors"
    note.write_text("only a text")
    half.write_bytes(b"\x10\0\0\0\0\0\0\0{")
    strange = tmp_path / "strange.safetensors"
    save_file({"weight": torch.zeros(3)}, strange)
    changed = tmp_path / "changed.safetensors"
    save_model(build_model("simple_cnn", 3), ModelInfo("simple_cnn", ("a", "b", "c")), changed)
    changed.write_bytes(changed.read_bytes()[:-1] + b"\x01")
    for path in (note, half, strange, changed):
        found = translated(said(lambda path=path: import_model(workspace, path, path.name)))
        assert CHINESE.search(found) and "expected" not in found, found


def test_what_is_wrong_with_a_picture_is_said_in_chinese():
    for content in (b"", b"only a text", b"%PDF-1.4", b"\x1f\x8b123"):
        assert_chinese(said(lambda content=content: open_picture(content)))
