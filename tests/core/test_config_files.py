import json
import tomllib

import pytest
from hypothesis import given, settings

from cifar_core.config import FIELDS, TUTORIAL, TrainConfig
from cifar_core.config_files import config_to_text, read_config, read_config_values, write_config
from cifar_core.errors import ConfigError
from tests.core.test_config import configs

SUFFIXES = pytest.mark.parametrize("suffix", [".toml", ".json", ".TOML", ".Json"])


def refusal(path) -> str:
    with pytest.raises(ConfigError) as caught:
        read_config(path)
    message = str(caught.value)
    assert message.endswith(".") and len(message) < 1000
    return message


@SUFFIXES
@settings(max_examples=40, deadline=None)
@given(config=configs())
def test_any_valid_config_survives_the_way_through_a_file(tmp_path_factory, suffix, config):
    path = tmp_path_factory.getbasetemp() / f"round-trip{suffix}"
    write_config(config, path)
    assert read_config(path) == config


@SUFFIXES
def test_every_setting_stands_in_the_file(tmp_path, suffix):
    config = TUTORIAL.replace(clip_norm=1.5, early_stopping=4)
    write_config(config, tmp_path / f"c{suffix}")
    assert set(read_config_values(tmp_path / f"c{suffix}")) == set(FIELDS)


def test_toml_leaves_out_what_is_none_and_json_says_null():
    toml, as_json = (config_to_text(TrainConfig(), s) for s in (".toml", ".json"))
    assert "clip_norm" not in tomllib.loads(toml)
    assert json.loads(as_json)["clip_norm"] is None


def test_a_file_may_name_a_few_settings_only(tmp_path):
    (tmp_path / "c.toml").write_text("epochs = 3\nlearning_rate = 1\n")
    assert read_config(tmp_path / "c.toml") == TrainConfig(epochs=3, learning_rate=1.0)


@pytest.mark.parametrize(
    "content", ['epochs = 3\ndata = "bäume"\n', 'epochs = 3\r\ndata = "bäume"']
)
def test_files_written_on_windows_are_read(tmp_path, content):
    (tmp_path / "c.toml").write_bytes(b"\xef\xbb\xbf" + content.encode())
    assert read_config(tmp_path / "c.toml") == TrainConfig(epochs=3, data="bäume")


@pytest.mark.parametrize("suffix", [".toml", ".json"])
@pytest.mark.parametrize(
    "content",
    [
        b"\x00\x01\xff\xfe" * 100,
        b"\xff\xfeb\x00i\x00n\x00",
        b"epochs",
        b"{",
        b'{"epochs": 3',
        b"epochs = [1, ",
        b"\x00",
    ],
)  # fmt: skip
def test_what_cannot_be_parsed_is_refused_by_name(tmp_path, suffix, content):
    path = tmp_path / f"c{suffix}"
    path.write_bytes(content)
    assert refusal(path).startswith(f"{path} is not valid {suffix[1:].upper()}: ")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("c.json", "[" * 100_000),
        ("c.json", '{"a":' * 100_000),
        ("c.toml", "a = " + "[" * 100_000),
        ("c.toml", "a = " + "{a = " * 50_000),
        ("c.json", '{"epochs": ' + "9" * 5000 + "}"),
        ("c.toml", "epochs = " + "9" * 5000),
        ("c.toml", "epochs = 0x" + "f" * 5000),
        ("c.toml", "learning_rate = 0x" + "f" * 5000),
        ("c.json", '{"learning_rate": ' + "9" * 4000 + "}"),
        ("c.json", '{"learning_rate": 1e999}'),
        ("c.json", '{"learning_rate": NaN}'),
        ("c.toml", "learning_rate = nan"),
        ("c.toml", "epochs = 1979-05-27T07:32:00Z"),
        ("c.toml", "[epochs]\nx = 1"),
        ("c.json", '{"' + "x" * 100_000 + '": 1}'),
    ],
)
def test_hostile_files_are_refused_in_a_short_sentence(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    refusal(tmp_path / name)


@pytest.mark.parametrize("content", ["[]", "3", "null", '"epochs"', "true", "[[1]]"])
def test_json_that_is_no_table_is_refused(tmp_path, content):
    (tmp_path / "c.json").write_text(content)
    assert "expected a table of settings" in refusal(tmp_path / "c.json")


def test_an_empty_toml_file_is_the_defaults_and_an_empty_json_file_is_none(tmp_path):
    (tmp_path / "c.toml").touch()
    (tmp_path / "c.json").touch()
    assert read_config(tmp_path / "c.toml") == TrainConfig()
    assert "not valid JSON" in refusal(tmp_path / "c.json")


def test_missing_files_folders_and_other_endings_are_refused(tmp_path):
    assert "No such file" in refusal(tmp_path / "none.toml")
    (tmp_path / "folder.json").mkdir()
    assert "directory" in refusal(tmp_path / "folder.json")
    (tmp_path / "c.yaml").write_text("epochs: 3")
    assert "ending in .toml or .json" in refusal(tmp_path / "c.yaml")
    assert "ending in .toml or .json" in refusal(tmp_path / "no_ending")


def test_what_cannot_be_written_is_said_in_a_sentence(tmp_path):
    with pytest.raises(ConfigError, match="cannot be written: No such file"):
        write_config(TrainConfig(), tmp_path / "no" / "folder" / "c.toml")
    with pytest.raises(ConfigError, match=r"ending in \.toml or \.json"):
        write_config(TrainConfig(), tmp_path / "c.ini")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_name_that_is_no_unicode_is_written_as_json_and_refused_as_toml(tmp_path):
    config = TrainConfig(data="/pictures/caf\udce9")  # how Python spells a Latin-1 name
    write_config(config, tmp_path / "c.json")
    assert read_config(tmp_path / "c.json") == config
    with pytest.raises(ConfigError, match=r"c\.toml cannot be written"):
        write_config(config, tmp_path / "c.toml")
