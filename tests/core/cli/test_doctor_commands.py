import csv
import json
import re

import pytest

from cifar_core.cli.program import main
from cifar_core.config import TrainConfig
from cifar_core.records import StepRecord
from cifar_core.run_state import RunState


@pytest.fixture
def settings(tiny_folder):
    return ["--data", str(tiny_folder), "--batch-size", "16", "--device", "cpu"]


def test_lr_find_suggests_a_rate_and_writes_the_curve(settings, tmp_path, capsys):
    out = tmp_path / "curve.csv"
    assert main(["lr-find", *settings, "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert re.search(r"Suggested learning rate: [0-9.e-]+\n", said) and "Careful choice:" in said
    rows = list(csv.reader(out.read_text().splitlines()))
    assert rows[0] == ["learning_rate", "loss", "smoothed_loss"] and len(rows) > 20


def test_lr_find_prints_json(settings, capsys):
    assert main(["lr-find", *settings, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["steepest"] in told["rates"] and len(told["rates"]) == len(told["smoothed"])


def test_lr_find_refuses_a_place_that_is_not_there(settings, capsys):
    assert main(["lr-find", *settings, "--out", "/nowhere/curve.csv"]) == 2
    assert "--out is /nowhere/curve.csv" in capsys.readouterr().err


@pytest.fixture
def stuck(store):
    run_id = store.create_run(TrainConfig(learning_rate=0.5))
    store.add_metrics(run_id, [StepRecord(n, 1, 2.303, 0.5, 99.0) for n in range(1, 401)])
    store.update_run(run_id, state=RunState.STOPPED)
    return run_id


def test_doctor_says_what_is_wrong_and_what_to_try(stuck, capsys):
    assert main(["doctor", stuck]) == 0
    said = capsys.readouterr().out
    assert "serious: The loss is stuck at guessing. It stays at 2.30" in said
    assert "train ... --learning-rate 0.001" in said


def test_doctor_prints_json(stuck, capsys):
    assert main(["doctor", stuck, "--json"]) == 0
    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert (first["kind"], first["change"]) == ("stuck_at_chance", {"learning_rate": 0.001})


def test_doctor_leaves_a_run_alone_that_has_not_begun(store, capsys):
    assert main(["doctor", store.create_run(TrainConfig())]) == 0
    assert "Nothing found" in capsys.readouterr().out


def test_doctor_of_no_run_is_told(capsys):
    assert main(["doctor", "nothing"]) == 2
    assert "There is no run" in capsys.readouterr().err
