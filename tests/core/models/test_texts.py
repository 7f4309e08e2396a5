import pytest

from cifar_core.config import MODELS
from cifar_core.models.registry import build_skeleton, count_parameters
from cifar_core.models.texts import MODEL_TEXTS


def test_every_network_has_its_text():
    assert tuple(MODEL_TEXTS) == MODELS


@pytest.mark.parametrize("name", MODELS)
def test_the_stated_number_of_parameters_is_the_counted_one(name):
    assert MODEL_TEXTS[name].parameters == count_parameters(build_skeleton(name, 10))
