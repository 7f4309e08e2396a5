"""The command line, as a person or a script meets it."""

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from PIL import Image

from cifar_core.cli.program import build_parser, main
from cifar_core.config import FIELDS, KINDS
from cifar_core.data.image_set import CIFAR10_CLASSES
from cifar_core.models.registry import build_model
from cifar_core.openings import count_openings
from cifar_core.run_state import RunState
from cifar_core.store import Store
from cifar_core.workspace import Workspace


@pytest.fixture
def cli(capsys):
    """Run a command in this process; return exit code, output, error output."""

    def run(*arguments):
        try:
            code = main([str(a) for a in arguments])
        except SystemExit as leaving:
            code = leaving.code
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def settings(tiny_folder):
    return ("--data", tiny_folder, "--epochs", 2, "--batch-size", 16, "--val-size", 24)


@pytest.fixture
def trained(cli, settings, tmp_path):
    """A trained model file, written by --out."""
    out = tmp_path / "model.safetensors"
    code, _, err = cli("train", *settings, "--out", out)
    assert code == 0, err
    return out


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "picture.png"
    Image.new("RGB", (50, 80), "red").save(path)
    return path


def json_lines(text):
    return [json.loads(line) for line in text.splitlines()]


# --- help


def test_help_explains_every_setting_with_range_and_default(cli):
    _, out, _ = cli("train", "--help")
    words = " ".join(out.split())
    for name in FIELDS:
        assert "--" + name.replace("_", "-") in out, name
    assert "a whole number from 1 to 1000; default: 8" in words


def test_every_option_of_every_command_has_help():
    parsers = [build_parser()]
    while parsers:
        parser = parsers.pop()
        for action in parser._actions:
            choices = action.choices if isinstance(action.choices, dict) else {}
            parsers.extend(choices.values())
            assert action.help or choices, (parser.prog, action.option_strings)


@pytest.mark.parametrize("command", [["--help"], ["runs"], ["train", "--help"]])
def test_light_commands_do_not_import_torch(command, home):
    code = (
        "import sys; from cifar_core.cli.program import main\n"
        f"try: main({command!r})\nexcept SystemExit: pass\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


# --- train


def test_train_ends_with_the_test_result(cli, settings):
    code, out, _ = cli("train", *settings)
    assert code == 0
    assert "epoch 2/2" in out and "test accuracy" in out and "95 % interval" in out


def test_train_json_prints_one_object_a_line_and_the_result_last(cli, settings):
    code, out, _ = cli("train", *settings, "--json")
    lines = json_lines(out)
    assert code == 0
    assert [line["step"] for line in lines if line["type"] == "step"] == list(range(1, 13))
    assert [line["epoch"] for line in lines if line["type"] == "epoch"] == [1, 2]
    assert lines[-1]["type"] == "result" and lines[-1]["test"]["num_images"] == 30


def test_a_preset_gives_what_is_not_given(cli, tiny_folder, store):
    given = ("--data", tiny_folder, "--epochs", 2, "--learning-rate", 0.002)
    code, _, err = cli("train", *given, "--preset", "tutorial")
    assert code == 0, err
    config = store.runs()[0].config
    assert (config.learning_rate, config.epochs, config.batch_size) == (0.002, 2, 64)
    assert config.train_size == 97, "the tutorial's share of these images"


def test_minutes_choose_the_epochs(cli, tiny_folder, store, monkeypatch):
    monkeypatch.setattr("cifar_core.cli.run_settings.measure_speed", lambda *_, **__: 20.0)
    arguments = ("train", "--data", tiny_folder, "--batch-size", 16, "--val-size", 0)
    code, _, err = cli(*arguments, "--minutes", 0.5)
    assert code == 0, err
    config = store.runs()[0].config
    assert config.epochs == 4
    assert_one_sentence(cli(*arguments, "--minutes", 0.5, "--epochs", 3))
    assert_one_sentence(cli(*arguments, "--minutes", 0))
    assert_one_sentence(cli(*arguments, "--minutes", "nan"))


def test_running_loss_is_printed_every_so_many_steps(cli, settings):
    _, out, _ = cli("train", *settings, "--print-every", 3)
    assert [f"step {n}:" in out for n in (3, 6, 9, 12)] == [True] * 4


def test_a_run_from_here_is_in_the_store_like_any_other(cli, settings, store):
    cli("train", *settings, "--name", "my first")
    (run,) = store.runs()
    assert (run.state, run.name, run.launched_by) == (RunState.FINISHED, "my first", "cli")
    assert len(store.steps(run.run_id)) == 12
    _, out, _ = cli("runs", "--json")
    (listed,) = json_lines(out)
    assert listed["run_id"] == run.run_id and listed["state"] == "finished"
    assert listed["test_accuracy"] == run.result["test"]["accuracy"]


def test_runs_lists_newest_last_and_says_so_when_there_are_none(cli, store, tiny_config):
    assert "No runs" in cli("runs")[1]
    ids = [store.create_run(tiny_config, launched_by="cli") for _ in range(3)]
    _, out, _ = cli("runs")
    assert [line.split()[0] for line in out.splitlines()] == ids


@pytest.mark.parametrize("ending", ["toml", "json"])
def test_settings_go_to_a_file_and_come_back(cli, settings, tmp_path, store, ending):
    file = tmp_path / f"settings.{ending}"
    cli("train", *settings, "--learning-rate", "0.002", "--flip", "--save-config", file)
    cli("train", "--config", file, "--seed", 5)
    first, second = (run.config for run in store.runs())
    assert first.learning_rate == 0.002 and first.flip
    assert second == first.replace(seed=5)


def test_out_writes_a_plain_state_dict_where_the_ending_says_so(cli, settings, tmp_path):
    out = tmp_path / "model.pt"
    cli("train", *settings, "--out", out)
    assert set(torch.load(out, weights_only=True)) == {
        "conv1.weight", "conv1.bias", "fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"
    }  # fmt: skip


def test_ctrl_c_keeps_what_was_learned_and_says_how_to_go_on(settings, store, tmp_path):
    command = [sys.executable, "-m", "cifar_core", "train", *map(str, settings), "--epochs", "500"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (store.runs() and store.last_step(store.runs()[0].run_id)):
        assert time.monotonic() < deadline and child.poll() is None
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=60)
    (run,) = store.runs()
    assert child.returncode == 130
    assert "Traceback" not in err
    assert f"train --resume {run.run_id}" in err
    assert run.state == RunState.STOPPED
    assert (store.workspace.run_dir(run.run_id) / "last.safetensors").is_file()


@pytest.mark.parametrize("named_by", ["run_id", "folder", "state", "model"])
def test_resume_continues_a_stopped_run(cli, settings, store, named_by):
    run_id = stopped_run(store, settings)
    folder = store.workspace.run_dir(run_id)
    names = {
        "run_id": run_id, "folder": folder, "state": folder / "resume.safetensors",
        "model": folder / "last.safetensors",
    }  # fmt: skip
    code, _out, err = cli("train", "--resume", names[named_by])
    assert code == 0, err
    assert [s.step for s in store.steps(run_id)] == list(range(1, 13))
    assert store.run(run_id).state == RunState.FINISHED


def test_a_training_state_from_another_workspace_becomes_a_run_here(
    cli, settings, store, tmp_path, monkeypatch
):
    run_id = stopped_run(store, settings)
    state = store.workspace.run_dir(run_id) / "resume.safetensors"
    monkeypatch.setenv("CIFAR_HOME", str(tmp_path / "elsewhere"))
    code, _, err = cli("train", "--resume", state)
    assert code == 0, err
    (run,) = Store(Workspace.default()).runs()
    assert run.state == RunState.FINISHED and run_id in run.name


def stopped_run(store, settings):
    from cifar_core.config import TrainConfig
    from cifar_core.records import StepRecord
    from cifar_core.worker import Listener, work

    class StopAt4(Listener):
        def record(self, record):
            if isinstance(record, StepRecord) and record.step == 4:
                store.add_command(run_id, "stop")
                time.sleep(0.25)

    config = TrainConfig(data=str(settings[1]), epochs=2, batch_size=16, val_size=24)
    run_id = store.create_run(config, launched_by="cli")
    assert work(store, run_id, StopAt4()) == RunState.STOPPED
    return run_id


def test_a_relative_data_path_means_the_same_when_resumed_elsewhere(
    cli, settings, store, tiny_folder, monkeypatch
):
    monkeypatch.chdir(tiny_folder.parent)
    cli("train", *settings[2:], "--data", tiny_folder.name)
    assert store.runs()[0].config.data == str(tiny_folder)


# --- models


def test_evaluate_repeats_the_test_result_of_the_run(cli, trained, store):
    code, out, _ = cli("evaluate", trained, "--json")
    (line,) = json_lines(out)
    (run,) = store.runs()
    assert code == 0
    assert {k: line[k] for k in run.result["test"]} == run.result["test"]


def test_evaluate_compares_two_networks_and_counts_every_look_at_test_images(
    cli, trained, store, tiny_folder, tmp_path
):
    other = tmp_path / "weights.pth"
    torch.save(build_model("simple_cnn", 3).state_dict(), other)
    code, out, err = cli("evaluate", trained, "--compare", other, "--json")
    assert code == 0, err
    first, found = json_lines(out)
    assert 0 <= first["brier"] <= 2 and found["type"] == "comparison"
    assert found["both_right"] + found["only_first"] == round(30 * first["accuracy"])
    assert 0 < found["p_value"] <= 1
    fingerprint = store.runs()[0].about["data"]["fingerprint"]
    assert count_openings(store.workspace, fingerprint).total == 3  # the run's own is one


def test_evaluate_takes_a_bare_state_dict(cli, tiny_folder, tmp_path):
    file = tmp_path / "weights.pth"
    torch.save(build_model("simple_cnn", 3).state_dict(), file)
    code, out, err = cli("evaluate", file, "--data", tiny_folder)
    assert code == 0, err
    assert "over 30 images" in out


def test_predict_names_the_classes_most_likely_first(cli, trained, picture):
    code, out, _ = cli("predict", trained, picture, "--top-k", 2, "--json")
    (line,) = json_lines(out)
    first, second = line["top"]
    assert code == 0
    assert first["class"] == "red" and first["probability"] > second["probability"]


def test_predict_answers_the_good_pictures_and_tells_the_bad(cli, trained, picture, tmp_path):
    bad = tmp_path / "notes.png"
    bad.write_text("no picture at all")
    code, out, err = cli("predict", trained, bad, picture)
    assert code == 2
    assert "notes.png" in err and str(picture) in out


def test_inspect_shows_layers_and_provenance(cli, trained, store):
    code, out, _ = cli("inspect", trained)
    assert code == 0
    for text in ("conv1", "504", "fc1", "294,976", store.runs()[0].run_id, "dark, green, red"):
        assert text in out, text


@pytest.mark.parametrize("kind", ["pt", "safetensors", "onnx"])
def test_export_writes_each_format(cli, trained, tmp_path, kind):
    out = tmp_path / f"exported.{kind}"
    code, _, err = cli("export", trained, "--format", kind, "--out", out)
    assert code == 0, err
    assert out.stat().st_size > 1000
    assert [p for p in tmp_path.iterdir() if p.name.endswith(".tmp")] == []


def test_models_lists_what_can_be_trained(cli):
    _, out, _ = cli("models", "--json")
    listed = {line["name"] for line in json_lines(out) if line["type"] == "network"}
    assert listed == set(FIELDS["model"].choices)
    _, out, _ = cli("models")
    assert "simple_cnn" in out and "296,130" in out


def test_models_lists_trained_models_by_the_id_that_other_commands_take(cli):
    _, out, _ = cli("models", "--json")
    ids = [line["model_id"] for line in json_lines(out) if line["type"] == "trained_model"]
    assert ids == ["shipped-speed_cnn", "shipped-simple_cnn"]
    assert all(name in cli("models")[1] for name in ids)
    code, out, _ = cli("inspect", ids[1])
    assert code == 0 and "CIFAR-10 (JPEG copies)" in out


def test_a_shipped_model_classifies_a_picture(cli, tmp_path):
    Image.new("RGB", (40, 30), "navy").save(tmp_path / "navy.png")
    code, out, _ = cli("predict", "shipped-simple_cnn", tmp_path / "navy.png", "--json")
    assert code == 0
    assert {guess["class"] for guess in json_lines(out)[0]["top"]} <= set(CIFAR10_CLASSES)


def test_evaluating_a_shipped_model_without_its_images_says_how_to_get_them(cli):
    code, _, err = cli("evaluate", "shipped-simple_cnn")
    assert code == 2 and "CIFAR-10 is not on this machine" in err


def test_data_info_counts_the_classes(cli, tiny_folder):
    code, out, _ = cli("data", "info", "--data", tiny_folder, "--json")
    (line,) = json_lines(out)
    assert code == 0
    assert line["train_counts"] == [40, 40, 40] and line["test_counts"] == [10, 10, 10]
    assert "dark" in cli("data", "info", "--data", tiny_folder)[1]
    assert "is ready" in cli("data", "prepare", "--data", tiny_folder)[1]


# --- bad input: one sentence, exit code 2, nothing lost or half written


class Evil:
    def __reduce__(self):
        return os.system, ("touch evil-was-here",)


@pytest.fixture
def bad_files(tmp_path, trained):
    files = {
        "text": tmp_path / "text.pt", "empty": tmp_path / "empty.pt",
        "evil": tmp_path / "evil.pt", "cut": tmp_path / "cut.safetensors",
        "cut_pt": tmp_path / "cut.pt", "other": tmp_path / "other.pt",
    }  # fmt: skip
    files["text"].write_text("these are not weights")
    files["empty"].touch()
    files["evil"].write_bytes(pickle.dumps(Evil()))
    files["cut"].write_bytes(trained.read_bytes()[:-1000])
    torch.save(build_model("simple_cnn", 10).state_dict(), files["cut_pt"])
    files["cut_pt"].write_bytes(files["cut_pt"].read_bytes()[:5000])
    torch.save({"encoder.weight": torch.zeros(3, 3)}, files["other"])
    return files


@pytest.mark.parametrize("name", ["text", "empty", "evil", "cut", "cut_pt", "other"])
def test_bad_model_files_are_refused_in_a_sentence(cli, bad_files, name, picture, monkeypatch):
    monkeypatch.chdir(picture.parent)
    assert_one_sentence(cli("predict", bad_files[name], picture))
    assert not Path("evil-was-here").exists()


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--epochs", "-3", "epochs is -3; expected a whole number from 1 to 1000."),
        ("--epochs", "many", "epochs is 'many'"),
        ("--learning-rate", "nan", "learning_rate is nan"),
        ("--learning-rate", "0", "learning_rate is 0.0; expected a number above 0"),
        ("--batch-size", "97", "batch_size is 97, but there are only 96 training images"),
        ("--train-size", "1000", "train_size is 1000"),
        ("--val-size", "120", "val_size is 120"),
        ("--test-size", "31", "test_size is 31"),
        ("--model", "alexnet", "one of simple_cnn, speed_cnn, vgg, wide_speed_cnn, resnet18"),
        ("--device", "tpu", "device is 'tpu'"),
        ("--device", "cuda:99", "this machine has"),
        ("--data", "/no/such/folder", "does not exist"),
        ("--config", "/no/such.toml", "cannot be read"),
        ("--out", "/no/such/folder/model.pt", "does not exist"),
        ("--out", "model.exe", "expected a name ending in"),
        ("--resume", "no-such-run", "neither a run nor a file"),
        ("--warmup-epochs", "3", "longer than the run"),
    ],
)
def test_bad_settings_are_refused_before_a_run_is_made(
    cli, settings, store, option, value, expected
):
    arguments = settings if option != "--resume" else ()
    result = cli("train", *arguments, option, value)
    assert_one_sentence(result)
    assert expected in result[2]
    assert store.runs() == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["predict", "/no/model.pt", "/no/picture.png"],
        ["evaluate", "/no/model.pt"],
        ["inspect", "."],
        ["export", "/no/model.pt", "--format", "onnx", "--out", "x.onnx"],
        ["data", "info", "--data", "/no/data"],
        ["train", "--unknown-option"],
        ["dance"],
        [],
    ],
)
def test_missing_things_are_told_in_a_sentence(cli, arguments):
    assert_one_sentence(cli(*arguments))


def test_wrong_number_of_classes_is_refused(cli, tiny_folder, tmp_path):
    file = tmp_path / "ten.pt"
    torch.save(build_model("simple_cnn", 10).state_dict(), file)
    result = cli("evaluate", file, "--data", tiny_folder)
    assert_one_sentence(result)
    assert "10 classes" in result[2] and "has 3" in result[2]


def test_a_failed_export_leaves_the_old_file_as_it_was(cli, trained, tmp_path, bad_files):
    out = tmp_path / "precious.pt"
    out.write_bytes(b"precious")
    assert_one_sentence(cli("export", bad_files["cut"], "--format", "pt", "--out", out))
    assert out.read_bytes() == b"precious"


def test_resume_refuses_other_settings(cli, settings, store):
    run_id = stopped_run(store, settings)
    result = cli("train", "--resume", run_id, "--epochs", 9)
    assert_one_sentence(result)
    assert "leave out epochs" in result[2]


def test_a_model_without_training_state_cannot_be_resumed(cli, trained, monkeypatch, tmp_path):
    monkeypatch.setenv("CIFAR_HOME", str(tmp_path / "elsewhere"))
    result = cli("train", "--resume", trained)
    assert_one_sentence(result)
    assert "no training state" in result[2]


def assert_one_sentence(result):
    code, out, err = result
    assert code == 2, (out, err)
    assert out == ""
    assert err.startswith("error: ") and err.count("\n") == 1, err
    assert "Traceback" not in err


def test_kinds_cover_every_field():
    assert set(KINDS) == set(FIELDS)
