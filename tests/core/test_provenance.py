"""What images are to a model; nothing is called new to it without knowing that it is."""

from dataclasses import replace

import pytest

from cifar_core.config import TrainConfig
from cifar_core.data.image_set import ImageSet
from cifar_core.library import SHIPPED_DIR
from cifar_core.model_header import read_facts
from cifar_core.model_info import ModelInfo
from cifar_core.provenance import has_learned_from, training_settings

SETTINGS = TrainConfig(batch_size=4, val_size=20, train_size=30, early_stopping=2)


def info_of(images: ImageSet, **changes) -> ModelInfo:
    said = {"name": "tiny", "fingerprint": images.fingerprint, "drawn": False}
    info = ModelInfo("simple_cnn", images.classes, config=SETTINGS.to_dict(), data=said)
    return replace(info, **changes)


def test_its_own_images_are_known_by_their_fingerprint(tiny_set):
    info = info_of(tiny_set)
    assert has_learned_from(info, tiny_set) is True
    assert training_settings(info, tiny_set) == SETTINGS


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        ({}, None),
        ({"fingerprint": "f", "drawn": False}, None),
        ({"fingerprint": "f", "drawn": True}, False),
    ],
    ids=["nothing said", "maybe other copies", "drawings"],
)
def test_of_other_images_only_what_is_sure_is_said(tiny_set, data, answer):
    info = info_of(tiny_set, data=data)
    assert has_learned_from(info, tiny_set) is answer
    assert training_settings(info, tiny_set) is None


def test_other_classes_are_another_set(tiny_set):
    info = info_of(tiny_set, classes=("x", "y", "z"), data={"fingerprint": "f", "drawn": False})
    assert has_learned_from(info, tiny_set) is False


def test_who_learned_from_copies_of_cifar10_has_learned_from_the_official_files(tiny_set):
    config = SETTINGS.replace(data="cifar10").to_dict()
    info = info_of(tiny_set, config=config, data={"fingerprint": "of copies", "drawn": False})
    assert has_learned_from(info, tiny_set) is None
    official = replace(tiny_set, name="CIFAR-10")
    assert has_learned_from(info, official) is True
    settings = training_settings(info, official)
    assert settings is not None
    assert (settings.train_size, settings.val_size) == (None, 0)


def test_settings_of_another_version_are_none(tiny_set):
    assert training_settings(info_of(tiny_set, config={"no such": 1}), tiny_set) is None
    assert training_settings(info_of(tiny_set, config=None), tiny_set) is None


def test_the_shipped_models_are_of_photos():
    facts = [read_facts(path) for path in SHIPPED_DIR.glob("*.safetensors")]
    assert len(facts) == 2
    assert not any(fact.drawn for fact in facts)
