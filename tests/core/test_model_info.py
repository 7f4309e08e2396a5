import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cifar_core.config import MODELS, TrainConfig
from cifar_core.data.image_set import CIFAR10_CLASSES
from cifar_core.data.transforms import HALF, Normalization
from cifar_core.errors import CheckpointError
from cifar_core.model_info import MAX_CLASSES, ModelInfo, info_for_bare_weights

FULL = ModelInfo(
    model="vgg",
    classes=("ant", "Bär", "蜂"),
    normalization=Normalization((0.1, 0.2, 0.3), (0.4, 0.5, 0.6)),
    dropout=0.25,
    config=TrainConfig().to_dict(),
    metrics={"val_accuracy": 0.5, "test": {"accuracy": 0.25, "confusion": [[1, 2], [3, 4]]}},
    data={"name": "Insects", "fingerprint": "ab" * 32},
    versions={"python": "3.11.7"},
    run_id="20260101-000000-abcdef",
    epoch=3,
    step=120,
    created_at=1.7e9,
    weights_sha256="cd" * 32,
)


def changed(**values) -> str:
    return json.dumps({**FULL.to_dict(), **values})


def refusal(text: str) -> str:
    with pytest.raises(CheckpointError) as caught:
        ModelInfo.from_json(text)
    message = str(caught.value)
    assert message.endswith(".") and len(message) < 400
    return message


def test_the_description_survives_the_way_through_json():
    assert ModelInfo.from_json(FULL.to_json()) == FULL
    least = ModelInfo("simple_cnn", ("a", "b"))
    assert ModelInfo.from_json(least.to_json()) == least


def test_it_is_readable_for_people():
    text = FULL.to_json()
    assert '"Bär"' in text and text.count("\n") > 20
    assert json.loads(text)["format"] == 1


TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | TEXTS
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
TABLES = st.dictionaries(TEXTS, VALUES, max_size=3)


@settings(max_examples=60, deadline=None)
@given(
    st.builds(
        ModelInfo,
        model=st.sampled_from(MODELS),
        classes=st.lists(TEXTS, min_size=2, max_size=20).map(tuple),
        normalization=st.builds(
            Normalization,
            st.tuples(*[st.floats(-1e6, 1e6)] * 3),
            st.tuples(*[st.floats(1e-6, 1e6)] * 3),
        ),
        dropout=st.floats(0, 1),
        config=st.none() | TABLES,
        metrics=TABLES,
        data=TABLES,
        run_id=TEXTS,
        epoch=st.integers(0, 1000),
        step=st.integers(0, 10**9),
        created_at=st.floats(0, 1e10),
        weights_sha256=TEXTS,
    )
)
def test_any_description_survives_the_way_through_json(info):
    assert ModelInfo.from_json(info.to_json()) == info


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(list(FULL.to_dict())), VALUES | st.floats())
def test_whatever_stands_in_a_field_it_is_read_or_refused(name, value):
    try:
        info = ModelInfo.from_json(changed(**{name: value}))
    except CheckpointError as error:
        assert str(error).endswith(".")
    else:
        ModelInfo.from_json(info.to_json())


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200) | TABLES.map(json.dumps))
def test_any_other_text_is_refused(text):
    refusal(text)


@pytest.mark.parametrize("name", [n for n in FULL.to_dict() if n != "config"])
def test_every_value_must_be_there(name):
    values = FULL.to_dict()
    del values[name]
    refusal(json.dumps(values))


def test_the_config_may_be_missing():
    assert ModelInfo.from_json(changed(config=None)).config is None
    assert "config is a list; expected a table" in refusal(changed(config=[1]))


@pytest.mark.parametrize("text", ["", "{", "nonsense", "{'a': 1}", "[" * 100_000, '{"a":' * 10**5])
def test_what_is_no_json_is_refused(text):
    assert "not valid JSON" in refusal(text)


@pytest.mark.parametrize("text", ["[]", "null", "1", '"x"', "{}", changed(format=2)])
def test_another_format_is_refused(text):
    assert "this version reads 1" in refusal(text)


@pytest.mark.parametrize("model", ["", "Vgg", "alexnet", None, 1, ["vgg"], {"vgg": 1}, "x" * 10**6])
def test_an_unknown_network_is_refused(model):
    assert "one of simple_cnn, speed_cnn, vgg, wide_speed_cnn, resnet18" in refusal(
        changed(model=model)
    )


@pytest.mark.parametrize(
    "classes",
    [
        None, "abc", [], ["one"], {"a": 1, "b": 2}, ["a", 2], ["a", None], [["a"], ["b"]],
        ["a", "x" * 201], ["a"] * (MAX_CLASSES + 1),
    ],
)  # fmt: skip
def test_classes_of_a_wrong_kind_or_number_are_refused(classes):
    assert "expected 2 to 1000 names" in refusal(changed(classes=classes))


def test_the_most_classes_and_the_longest_name_are_read():
    names = ["x" * 200] * MAX_CLASSES
    assert len(ModelInfo.from_json(changed(classes=names)).classes) == MAX_CLASSES


@pytest.mark.parametrize(
    "mean",
    [None, 0.5, [], [0.5] * 2, [0.5] * 4, ["0.5"] * 3, [0.5, 0.5, None], [0.5, 0.5, math.nan],
     [math.inf] * 3, [1e7] * 3, [10**400] * 3, [[0.5]] * 3],
)  # fmt: skip
def test_means_that_make_no_sense_are_refused(mean):
    normalization = {"mean": mean, "std": [0.5] * 3}
    assert "three means and three positive" in refusal(changed(normalization=normalization))


@pytest.mark.parametrize("std", [0, -1.0, 1e-7, math.nan, math.inf, 1e7, "1", None])
def test_deviations_that_cannot_be_divided_by_are_refused(std):
    normalization = {"mean": [0.5] * 3, "std": [0.5, 0.5, std]}
    assert "three means and three positive" in refusal(changed(normalization=normalization))


@pytest.mark.parametrize("value", [None, [], "half", 1.0, {}, {"mean": [0, 0, 0]}])
def test_a_normalisation_of_another_kind_is_refused(value):
    assert "normalisation" in refusal(changed(normalization=value))


def test_whole_numbers_may_stand_for_fractions():
    info = ModelInfo.from_json(
        changed(normalization={"mean": [0, 0, 0], "std": [1, 1, 1]}, dropout=0, created_at=17)
    )
    assert info.normalization == Normalization((0, 0, 0), (1, 1, 1))
    assert (info.dropout, info.created_at) == (0.0, 17.0) and type(info.dropout) is float


@pytest.mark.parametrize("name", ["metrics", "data", "versions"])
@pytest.mark.parametrize("value", [None, [], "x", 1, [["a", 1]]])
def test_tables_of_another_kind_are_refused(name, value):
    assert f"The file's {name} is " in refusal(changed(**{name: value}))


@pytest.mark.parametrize("name", ["run_id", "weights_sha256"])
@pytest.mark.parametrize("value", [None, [], 1, {}])
def test_texts_of_another_kind_are_refused(name, value):
    assert f"The file's {name} is " in refusal(changed(**{name: value}))


@pytest.mark.parametrize("name", ["epoch", "step", "dropout", "created_at"])
@pytest.mark.parametrize(
    "value", [None, "1", [], True, -1, 10**13, 10**400, math.nan, math.inf, -math.inf]
)
def test_numbers_of_another_kind_or_beyond_all_reason_are_refused(name, value):
    assert f"The file's {name} is " in refusal(changed(**{name: value}))


@pytest.mark.parametrize("name", ["epoch", "step"])
def test_counts_are_whole(name):
    refusal(changed(**{name: 1.0}))


def test_a_dropout_above_all_is_refused():
    refusal(changed(dropout=1.01))


@pytest.mark.parametrize("where", ["run_id", "classes", "metrics"])
def test_half_characters_are_refused(where):
    value = {"run_id": "\ud800", "classes": ["a", "\udfff"], "metrics": {"\ud800": 1}}[where]
    assert "cannot be kept" in refusal(changed(**{where: value}))


def test_tables_nested_too_deeply_to_be_written_again_are_refused():
    deep = "[" * 600 + "]" * 600
    refusal(changed(metrics={"x": "@"}).replace('"@"', deep))


# --- bare weights


def test_bare_weights_with_ten_classes_are_taken_for_the_tutorials():
    info = info_for_bare_weights("simple_cnn", 10)
    assert info.classes == CIFAR10_CLASSES
    assert info.normalization == Normalization(HALF, HALF)
    assert info.config is None and info.run_id == ""


@pytest.mark.parametrize("num_classes", [2, 3, 100])
def test_other_bare_weights_have_numbered_classes(num_classes):
    info = info_for_bare_weights("vgg", num_classes)
    assert info.classes == tuple(f"class {i}" for i in range(num_classes))
    assert ModelInfo.from_json(info.to_json()) == info
