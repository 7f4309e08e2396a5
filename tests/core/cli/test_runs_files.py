"""``runs export`` and ``runs import``, as a person or a script meets them."""

import csv
import json

import pytest

from cifar_core.cli.program import main
from cifar_core.config_files import read_config
from cifar_core.records import EpochRecord, StepRecord
from cifar_core.run_state import RunState


@pytest.fixture
def run_id(store, tiny_config):
    run_id = store.create_run(tiny_config.replace(learning_rate=0.125), name="mine")
    epoch = EpochRecord(1, 3, 1.5, 0.25, None, None, 0.125, 3.0, 0.0)
    store.add_metrics(run_id, [*(StepRecord(n, 1, 2 / n, 0.125, 9.0) for n in (1, 2, 3)), epoch])
    store.update_run(run_id, state=RunState.FINISHED, started_at=10.0, finished_at=13.0)
    return run_id


def test_a_zip_comes_back_as_a_run_with_equal_curves(store, run_id, tmp_path, capsys):
    out = tmp_path / "run.zip"
    assert main(["runs", "export", run_id, str(out)]) == 0
    assert f"Wrote {out}" in capsys.readouterr().out
    assert main(["runs", "import", str(out), "--json"]) == 0
    again = json.loads(capsys.readouterr().out)["run_id"]
    assert again != run_id and store.run(again).name == "mine"
    assert store.steps(again) == store.steps(run_id)
    assert store.epochs(again) == store.epochs(run_id)
    assert store.run(again).config == store.run(run_id).config


@pytest.mark.parametrize(("format", "rows"), [("steps", 3), ("epochs", 1)])
def test_curves_are_written_as_csv(run_id, tmp_path, capsys, format, rows):
    out = tmp_path / "curves.csv"
    assert main(["runs", "export", run_id, str(out), "--format", format]) == 0
    found = list(csv.DictReader(out.read_text().splitlines()))
    assert len(found) == rows and found[-1]["step"] == "3"


def test_settings_are_written_for_train(store, run_id, tmp_path, capsys):
    out = tmp_path / "settings.toml"
    assert main(["runs", "export", run_id, str(out), "--format", "toml"]) == 0
    assert read_config(out) == store.run(run_id).config


def test_tensorboard_gets_a_folder_for_the_run(run_id, tmp_path, capsys):
    logs = tmp_path / "logs"
    arguments = ["runs", "export", run_id, str(logs), "--format", "tensorboard", "--json"]
    assert main(arguments) == 0
    told = json.loads(capsys.readouterr().out)
    (file,) = (logs / run_id).iterdir()
    assert told["file"] == str(file) and told["bytes"] == file.stat().st_size > 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["export", "nobody", "run.zip"], "no run 'nobody'"),
        (["export", "RUN", "/nowhere/run.zip"], "folder /nowhere does not exist"),
        (["export", "RUN", "."], "which is a folder"),
        (["import", "/nowhere/run.zip"], "run.zip is no whole zip"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(run_id, capsys, arguments, complaint):
    said = [run_id if word == "RUN" else word for word in arguments]
    assert main(["runs", *said]) == 2
    assert complaint in capsys.readouterr().err


def test_runs_alone_still_lists(run_id, capsys):
    assert main(["runs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["run_id"] == run_id
