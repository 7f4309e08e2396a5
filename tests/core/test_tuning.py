import json

import pytest
import torch

from cifar_core import tuning
from cifar_core.config import TrainConfig
from cifar_core.tuning import Compute, fastest, tuned

AUTO = TrainConfig(precision="auto", layout="auto", device="cpu", batch_size=32)


@pytest.fixture
def timings(monkeypatch):
    """Steps take as long as this says, by precision and layout; real steps are not taken."""
    seconds = {
        ("float32", "channels_last"): 0.4, ("float32", "contiguous"): 0.5,
        ("bfloat16", "channels_last"): 0.2, ("bfloat16", "contiguous"): 0.3,
    }  # fmt: skip
    monkeypatch.setattr(tuning, "BUDGET_S", 0.0)
    monkeypatch.setattr(
        tuning, "_build_step", lambda config, choice: (choice.precision, choice.layout)
    )
    monkeypatch.setattr(tuning, "_seconds", lambda step, size: seconds[step])
    return seconds


def test_the_fastest_combination_is_chosen(timings):
    config = tuned(AUTO)
    assert (config.precision, config.layout) == ("bfloat16", "channels_last")
    timings["float32", "contiguous"] = 0.1
    config = tuned(AUTO)
    assert (config.precision, config.layout) == ("float32", "contiguous")


def test_what_the_config_says_is_kept(timings):
    config = tuned(AUTO.replace(precision="float32"))
    assert (config.precision, config.layout) == ("float32", "channels_last")
    config = tuned(AUTO.replace(layout="contiguous"))
    assert (config.precision, config.layout) == ("bfloat16", "contiguous")


def test_a_config_that_leaves_nothing_open_is_not_measured(monkeypatch):
    monkeypatch.setattr(tuning, "fastest", None)
    assert tuned(TrainConfig()) == TrainConfig()


def test_it_is_measured_once_a_machine_network_and_batch_size(timings, workspace):
    assert tuned(AUTO, workspace).precision == "bfloat16"
    timings["float32", "contiguous"] = 0.1
    assert tuned(AUTO, workspace).precision == "bfloat16"
    assert tuned(AUTO.replace(batch_size=33), workspace).precision == "float32"


@pytest.mark.parametrize("kept", [b"", b"[]", json.dumps({"precision": "int8"}).encode(), b"\xff"])
def test_a_damaged_note_is_measured_again(timings, workspace, kept):
    tuned(AUTO, workspace)
    (note,) = workspace.speeds_dir.glob("compute-*.json")
    note.write_bytes(kept)
    assert tuned(AUTO, workspace).precision == "bfloat16"


def test_real_steps_are_timed_and_leave_the_random_numbers_alone(monkeypatch):
    monkeypatch.setattr(tuning, "BUDGET_S", 0.0)
    choices = [Compute("float32", "channels_last"), Compute("bfloat16", "contiguous")]
    before = torch.get_rng_state()
    assert fastest(choices, AUTO) in choices
    assert torch.equal(torch.get_rng_state(), before)
