"""Own pictures of odd shapes and extra test sets, from the shell."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cifar_core.checkpoint import load_info
from cifar_core.cli.program import main
from cifar_core.data.sources import open_data
from cifar_core.model_header import read_facts

CLASSES = ("ferns", "moss")


@pytest.fixture
def cli(capsys):
    """Run a command in this process; return exit code, the JSON lines or text, error output."""

    def run(*arguments):
        code = main([str(a) for a in arguments])
        said = capsys.readouterr()
        lines = said.out.splitlines()
        found = [json.loads(line) for line in lines] if "--json" in arguments else said.out
        return code, found, said.err

    return run


def draw_wide(folder: Path, count: int) -> Path:
    """Pictures twice as wide as high, whose sides are cut off by a crop."""
    rng = np.random.default_rng(count)
    for label, name in enumerate(CLASSES):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            pixels = rng.integers(0, 100, (20, 40, 3)).astype(np.uint8)
            pixels[:, :10, label] += 120
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture
def plants(tmp_path):
    draw_wide(tmp_path / "plants" / "train", 12)
    draw_wide(tmp_path / "plants" / "test", 4)
    return tmp_path / "plants"


@pytest.fixture
def trained(cli, plants, tmp_path):
    out = tmp_path / "model.safetensors"
    code, _, error = cli(
        "train", "--data", plants, "--fit", "letterbox", "--epochs", 1, "--batch-size", 4,
        "--out", out,
    )  # fmt: skip
    assert code == 0, error
    return out


def test_a_fit_goes_from_training_into_the_model_and_its_answers(cli, trained, plants, workspace):
    info = load_info(trained)
    assert info.fit == read_facts(trained).fit == "letterbox"
    letterboxed = open_data(str(plants), workspace, fit="letterbox").fingerprint
    assert info.data["fingerprint"] == letterboxed
    picture = plants / "test/moss/0.png"
    answers = {
        fit: cli("predict", trained, picture, "--json", *(["--fit", fit] if fit else []))[1]
        for fit in ("", "letterbox", "stretch")
    }
    assert answers[""] == answers["letterbox"] != answers["stretch"]
    assert cli("evaluate", trained, "--json")[1][0]["data"] == "plants"
    assert open_data(str(plants), workspace, fit="crop").fingerprint != letterboxed


def test_extra_test_sets_are_added_measured_listed_and_removed(cli, trained, plants, tmp_path):
    assert "No extra test set yet" in cli("data", "tests")[1]
    extra = draw_wide(tmp_path / "garden", 3)
    code, _, _ = cli("data", "add-test", extra, "--data", plants)
    assert code == 2  # prepared for letterbox only; the classes are asked for in that way
    code, (added,), _ = cli(
        "data", "add-test", extra, "--data", plants, "--fit", "letterbox", "--json"
    )
    assert code == 0 and (added["name"], added["num_images"]) == ("garden", 6)
    assert "garden" in cli("data", "tests")[1]
    both = ("--extra", "garden", "--extra", extra)
    code, lines, _ = cli("evaluate", trained, "--json", *both)
    assert [line["data"] for line in lines] == ["plants", "garden", "garden"]
    assert lines[1]["num_images"] == 6 and lines[1]["accuracy"] == lines[2]["accuracy"]
    assert cli("evaluate", trained, *both)[1].count("garden") == 2
    assert cli("data", "remove-test", "garden")[0] == 0
    code, _, error = cli("evaluate", trained, "--extra", "garden-of-nobody")
    assert code == 2 and "no extra test set called 'garden-of-nobody'" in error


def test_few_images_and_what_was_left_out_are_told(cli, plants):
    (plants / "train/moss/broken.png").write_bytes(b"no picture")
    said = cli("data", "prepare", "--data", plants)[1]
    assert "note: Pictures that cannot be read were left out: 1 of 33." in said
    assert "note: Few training images, fewer than 20: ferns 12, moss 12." in said


def test_a_test_set_with_other_classes_is_refused(cli, tmp_path):
    code, _, error = cli("data", "add-test", draw_wide(tmp_path / "garden", 1))
    assert code == 2 and "other classes" in error
