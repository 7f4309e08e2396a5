import dataclasses
import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cifar_core.config import (
    DEFAULTS,
    FIELDS,
    KINDS,
    TUTORIAL,
    TrainConfig,
    describe_range,
)
from cifar_core.errors import ConfigError, WorkbenchError

NUMBERS = [name for name, (kind, _) in KINDS.items() if kind in (int, float)]
INTEGERS = [name for name, (kind, _) in KINDS.items() if kind is int]
FLOATS = [name for name, (kind, _) in KINDS.items() if kind is float]
CHOICES = [name for name, spec in FIELDS.items() if spec.choices]
LONG = {"batch_size": 8192, "epochs": 1000, "val_size": 10}
"""A run long enough, and with validation images, so that no field contradicts another."""


def with_field(name, value) -> TrainConfig:
    return TrainConfig(**{**LONG, name: value})


def message_of(name, value) -> str:
    with pytest.raises(ConfigError) as caught:
        with_field(name, value)
    return str(caught.value)


def just_above(value, kind):
    return value + 1 if kind is int else math.nextafter(value, math.inf)


def just_below(value, kind):
    return value - 1 if kind is int else math.nextafter(value, -math.inf)


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_explains_itself_and_is_bounded(name):
    spec, (kind, _) = FIELDS[name], KINDS[name]
    assert spec.help.endswith(".") and len(spec.help) > 15
    if kind in (int, float):
        assert spec.low is not None and spec.high is not None and spec.low < spec.high
    elif kind is str:
        assert spec.choices or name in ("data", "device")
    else:
        assert kind is bool
    assert not spec.choices or kind is str


def test_defaults_are_valid_and_are_the_fields_in_order():
    assert TrainConfig(**DEFAULTS) == TrainConfig()
    assert list(DEFAULTS) == list(FIELDS) == list(KINDS) == list(TrainConfig().to_dict())


def test_the_tutorials_settings_are_the_tutorials():
    assert (TUTORIAL.train_size, TUTORIAL.val_size, TUTORIAL.test_size) == (20_000, 5_000, 5_000)
    assert (TUTORIAL.model, TUTORIAL.optimizer, TUTORIAL.learning_rate) == (
        "simple_cnn", "adam", 1e-3,
    )  # fmt: skip
    assert (TUTORIAL.normalization, TUTORIAL.schedule) == ("half", "constant")


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_at_their_bounds(name):
    spec, (kind, _) = FIELDS[name], KINDS[name]
    low, high = kind(spec.low), kind(spec.high)
    lowest = just_above(low, kind) if spec.above_low else low
    for inside in (lowest, high, just_below(high, kind), just_above(lowest, kind)):
        assert getattr(with_field(name, inside), name) == inside
    for outside in (just_below(lowest, kind), just_above(high, kind), -(10**9), 10**18):
        message_of(name, outside)


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_are_refused(name, value):
    message_of(name, value)


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("sign", [1, -1])
def test_integers_too_large_for_a_float_are_refused_in_a_sentence(name, sign):
    assert name in message_of(name, sign * 10**400)
    assert name in message_of(name, sign * 10**5000)  # Python itself refuses to print this one


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [True, False, "1", b"1", [1], {}, 1j, object()])
def test_numbers_of_another_type_are_refused(name, value):
    message_of(name, value)


@pytest.mark.parametrize("name", INTEGERS)
def test_a_whole_float_is_no_integer(name):
    message_of(name, float(FIELDS[name].high))


@pytest.mark.parametrize("name", [name for name in FLOATS if FIELDS[name].high >= 1])
def test_an_integer_for_a_float_becomes_one(name):
    value = getattr(with_field(name, 1), name)
    assert value == 1.0 and type(value) is float


@pytest.mark.parametrize("name", [n for n, (kind, _) in KINDS.items() if kind in (str, bool)])
@pytest.mark.parametrize("value", [0, 1, 1.0, b"x", [], ()])
def test_texts_and_switches_of_another_type_are_refused(name, value):
    message_of(name, value)


@pytest.mark.parametrize("name", FIELDS)
def test_none_only_where_it_has_a_meaning(name):
    if KINDS[name][1]:
        assert getattr(with_field(name, None), name) is None
        assert describe_range(name).endswith(" or none")
    else:
        message_of(name, None)


@pytest.mark.parametrize("name", CHOICES)
def test_choices(name):
    for choice in FIELDS[name].choices:
        assert getattr(with_field(name, choice), name) == choice
    for wrong in ("", "no such thing", FIELDS[name].choices[0].upper()):
        assert all(choice in message_of(name, wrong) for choice in FIELDS[name].choices)


@pytest.mark.parametrize("name", NUMBERS)
def test_sentences_name_field_value_and_range(name):
    spec, (kind, _) = FIELDS[name], KINDS[name]
    high = kind(spec.high)
    message = message_of(name, high * 3 + 7)
    assert message.startswith(f"{name} is {high * 3 + 7!r}; expected ") and message.endswith(".")
    numbers = [float(word.strip(".,")) for word in message.split("expected")[1].split()
               if word.strip(".,").replace(".", "").replace("e+", "").isdigit()]  # fmt: skip
    assert float(spec.low) in numbers and float(spec.high) in numbers


def test_a_huge_value_makes_no_huge_sentence():
    assert len(message_of("model", "x" * 10**6)) < 400
    assert len(message_of("epochs", [0] * 10**5)) < 400
    assert len(message_of("device", "x" * 10**6)) < 400
    with pytest.raises(ConfigError) as caught:
        TrainConfig.from_dict({"x" * 10**6: 1})
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    ("settings_", "words"),
    [
        ({"data": ""}, ["data", "builtin"]),
        ({"data": " \t"}, ["data", "builtin"]),
        ({"device": "tpu"}, ["device", "'tpu'", "cuda:N"]),
        ({"device": ""}, ["device", "cpu"]),
        ({"warmup_epochs": 8.5}, ["warmup_epochs", "8.5", "8 epochs"]),
        ({"early_stopping": 2, "val_size": 0}, ["early_stopping", "val_size"]),
    ],
)
def test_contradictions_are_refused(settings_, words):
    with pytest.raises(ConfigError) as caught:
        TrainConfig(**settings_)
    assert all(word in str(caught.value) for word in words)


def test_warmup_may_last_the_whole_run_and_no_longer():
    assert TrainConfig(epochs=3, warmup_epochs=3.0).warmup_epochs == 3.0
    with pytest.raises(ConfigError):
        TrainConfig(epochs=3, warmup_epochs=math.nextafter(3.0, 4.0))


def test_an_error_is_a_value_error_and_a_sentence_for_the_person():
    with pytest.raises(ValueError) as caught:
        TrainConfig(epochs=0)
    assert isinstance(caught.value, WorkbenchError)


@pytest.mark.parametrize("build", [TrainConfig.from_dict, lambda v: TrainConfig().replace(**v)])
def test_unknown_settings_are_refused_by_name(build):
    with pytest.raises(ConfigError, match="'epoch' is no setting; the settings are data, fit"):
        build({"epoch": 3})


def test_replace_checks_anew_and_leaves_the_original():
    config = TrainConfig(epochs=5)
    with pytest.raises(ConfigError, match="warmup_epochs"):
        config.replace(warmup_epochs=6.0)
    assert config.replace(epochs=6).epochs == 6 and config.epochs == 5


def test_every_process_gets_an_image_of_each_batch():
    assert TrainConfig(batch_size=4, processes=4).processes == 4
    with pytest.raises(ConfigError, match="batch_size is 4, but 5 processes share each batch"):
        TrainConfig(batch_size=4, processes=5)


def test_a_config_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        TrainConfig().epochs = 3  # type: ignore[misc]


def test_settings_from_before_there_was_a_fit_are_read():
    values = {k: v for k, v in TrainConfig(epochs=3).to_dict().items() if k != "fit"}
    assert TrainConfig.from_dict(values) == TrainConfig(epochs=3, fit="crop")


def test_a_data_path_means_the_same_from_any_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for written in ("shades", "./x/../shades", "~/shades", str(tmp_path / "shades")):
        assert TrainConfig(data=written).with_absolute_data().data == str(tmp_path / "shades")
    for word in ("builtin", "cifar10"):
        assert TrainConfig(data=word).with_absolute_data().data == word


@pytest.mark.parametrize("data", ["a\0b", "~nobody-at-all/x", "\ud800", "loop"])
def test_data_that_can_be_no_path_is_refused_in_a_sentence(monkeypatch, tmp_path, data):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(ConfigError, match=r"^data is .*, no path: "):
        TrainConfig(data=data).with_absolute_data()


def field_values(name) -> st.SearchStrategy:
    spec, (kind, optional) = FIELDS[name], KINDS[name]
    if spec.choices:
        values = st.sampled_from(spec.choices)
    elif kind is bool:
        values = st.booleans()
    elif kind is int:
        values = st.integers(int(spec.low), int(spec.high))
    elif kind is float:
        values = st.floats(spec.low, spec.high, exclude_min=spec.above_low)
    elif name == "device":
        values = st.sampled_from(["auto", "cpu", "cuda", "cuda:1", "mps"])
    else:
        values = st.text(min_size=1).filter(str.strip)
    return values | st.none() if optional else values


@st.composite
def configs(draw) -> TrainConfig:
    """Any valid config."""
    values = {name: draw(field_values(name)) for name in FIELDS}
    values["warmup_epochs"] = min(values["warmup_epochs"], float(values["epochs"]))
    values["processes"] = min(values["processes"], values["batch_size"])
    assume(not (values["early_stopping"] and values["val_size"] == 0))
    return TrainConfig(**values)


@settings(max_examples=60, deadline=None)
@given(configs())
def test_any_valid_config_survives_the_way_through_a_dict(config):
    values = config.to_dict()
    assert TrainConfig.from_dict(values) == config
    assert all(value is None or type(value) is KINDS[name][0] for name, value in values.items())


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(list(FIELDS)) | st.text(max_size=5),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10)
        | st.lists(st.integers(), max_size=2),
        max_size=4,
    )
)  # fmt: skip
def test_anything_else_is_refused_with_a_config_error(values):
    try:
        config = TrainConfig.from_dict(values)
    except ConfigError as error:
        assert str(error).endswith(".")
    else:
        assert all(getattr(config, name) == value for name, value in values.items())
