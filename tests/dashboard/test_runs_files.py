"""The files about a run that a visitor takes home."""

import io
import zipfile

import pytest

from cifar_core.config import TrainConfig
from cifar_core.config_files import read_config
from cifar_core.errors import RunError
from cifar_core.records import EpochRecord, StepRecord
from dashboard.runs_files import MIMES, file_content, file_name


@pytest.fixture
def run_id(store):
    run_id = store.create_run(TrainConfig(epochs=3))
    steps = [StepRecord(n, 1, 1 / n, 1e-3, 9.0) for n in range(1, 4)]
    store.add_metrics(run_id, [*steps, EpochRecord(1, 3, 0.5, 0.5, 0.6, 0.4, 1e-3, 1.0, 60.0)])
    return run_id


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("zip", "run-x.zip"), ("epochs.csv", "run-x-epochs.csv"), ("toml", "run-x.toml")],
)
def test_a_file_is_named_after_its_run(kind, expected):
    assert file_name("x", kind) == expected


def test_the_tables_have_a_line_for_each_record(store, run_id):
    steps = file_content(store, run_id, "steps.csv").decode().splitlines()
    assert steps[0].startswith("step,epoch,loss")
    assert [line.split(",")[0] for line in steps[1:]] == ["1", "2", "3"]
    assert len(file_content(store, run_id, "epochs.csv").decode().splitlines()) == 2


def test_the_settings_can_be_read_again(store, run_id, tmp_path):
    path = tmp_path / file_name(run_id, "toml")
    path.write_bytes(file_content(store, run_id, "toml"))
    assert read_config(path) == store.run(run_id).config


def test_the_zip_holds_the_same_tables(store, run_id):
    with zipfile.ZipFile(io.BytesIO(file_content(store, run_id, "zip"))) as archive:
        assert archive.read("steps.csv") == file_content(store, run_id, "steps.csv")


@pytest.mark.parametrize("kind", ["", "exe", "../zip"])
def test_an_unknown_kind_is_a_sentence_that_names_those_there_are(store, run_id, kind):
    with pytest.raises(RunError, match=f"expected one of {', '.join(MIMES)}"):
        file_content(store, run_id, kind)
