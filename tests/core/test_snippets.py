import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import cifar_core
from cifar_core.config import MODELS
from cifar_core.data.transforms import Normalization
from cifar_core.errors import CheckpointError, ConfigError
from cifar_core.export import export_model
from cifar_core.models.registry import build_model
from cifar_core.pictures import fit_picture, open_picture
from cifar_core.snippets import NETWORK_SOURCES, python_snippet

CLASSES = ("cat", 'a "quoted" dog', "鸟\\'\n''' import os")
MEAN, STD = (0.49, 0.48, 0.44), (0.25, 0.24, 0.26)


def make_model(name: str) -> nn.Module:
    """A network whose answers are neither even nor certain."""
    model = build_model(name, len(CLASSES)).eval()
    head = [layer for layer in model.modules() if isinstance(layer, nn.Linear)][-1]
    nn.init.normal_(head.weight, std=0.2)
    return model


def write_script(model: nn.Module, name: str, format: str, folder: Path) -> Path:
    """The exported file and the script that uses it, side by side."""
    export_model(model, folder / f"model.{format}", format=format)
    script = folder / "classify.py"
    text = python_snippet(name, CLASSES, MEAN, STD, format)
    script.write_text(text, encoding="utf-8")
    return script


def write_picture(kind: str, folder: Path) -> Path:
    rng = np.random.default_rng(3)
    noise = Image.fromarray(rng.integers(0, 256, (9, 14, 4), dtype=np.uint8))
    size = {"large": (2600, 2100), "exact": (32, 32)}.get(kind, (301, 200))
    picture = noise.resize(size, Image.Resampling.BICUBIC)
    path = folder / (f"{kind}.png" if kind in ("transparent", "exact") else f"{kind}.jpg")
    exif = Image.Exif()
    exif[0x0112] = 6 if kind == "turned" else 1
    picture = picture if kind == "transparent" else picture.convert("RGB")
    picture.save(path, exif=exif)
    return path


def our_probs(model: nn.Module, picture: Path) -> list[float]:
    images = torch.from_numpy(fit_picture(open_picture(picture)))[None]
    with torch.no_grad():
        return model(Normalization(MEAN, STD).apply(images))[0].softmax(0).tolist()


def run_script(command: list[str], folder: Path) -> dict[str, float]:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder, env=environment | {"PYTHONUTF8": "1"}, capture_output=True, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = {}
    for label in CLASSES:  # one label holds a line break
        before = done.stdout.split("%  " + label + "\n")[0]
        found[label] = float(before.rsplit("\n", 1)[-1]) / 100
    return found


def test_there_is_a_source_for_every_network():
    assert tuple(NETWORK_SOURCES) == MODELS


@pytest.mark.parametrize("format", ["pt", "safetensors"])
@pytest.mark.parametrize("name", MODELS)
def test_the_script_answers_as_we_do(name, format, tmp_path):
    model, picture = make_model(name), write_picture("photo", tmp_path)
    script = runpy.run_path(str(write_script(model, name, format, tmp_path)))
    assert script["classify"](picture) == pytest.approx(our_probs(model, picture), abs=1e-5)


@pytest.mark.parametrize(
    ("kind", "fit"),
    [("exact", "crop"), ("turned", "crop"), ("transparent", "crop"), ("large", "crop"),
     ("turned", "letterbox"), ("large", "letterbox"), ("photo", "stretch")],
)  # fmt: skip
def test_the_script_prepares_any_picture_as_we_do(kind, fit, tmp_path):
    text = python_snippet("simple_cnn", CLASSES, MEAN, STD, "pt", fit=fit)
    (tmp_path / "classify.py").write_text(text, encoding="utf-8")
    script = runpy.run_path(str(tmp_path / "classify.py"))
    picture = write_picture(kind, tmp_path)
    prepared = np.asarray(script["prepare"](picture))
    assert np.array_equal(prepared, fit_picture(open_picture(picture), fit=fit))


@pytest.mark.slow
@pytest.mark.parametrize("name, format", [("simple_cnn", "pt"), ("vgg", "safetensors")])
def test_the_script_needs_nothing_of_this_project(name, format, tmp_path):
    model, picture = make_model(name), write_picture("turned", tmp_path)
    script = write_script(model, name, format, tmp_path)
    found = run_script([script.name, picture.name], tmp_path)
    assert list(found.values()) == pytest.approx(our_probs(model, picture), abs=1e-5)


@pytest.mark.slow
def test_the_script_for_onnx_needs_no_torch(tmp_path):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    model, picture = make_model("simple_cnn"), write_picture("photo", tmp_path)
    script = write_script(model, "simple_cnn", "onnx", tmp_path)
    assert "torch" not in script.read_text(encoding="utf-8")
    found = run_script([script.name, picture.name], tmp_path)
    assert list(found.values()) == pytest.approx(our_probs(model, picture), abs=1e-5)


@pytest.mark.slow
def test_the_script_for_resnet18_needs_torchvision_only(tmp_path):
    model, picture = make_model("resnet18"), write_picture("photo", tmp_path)
    script = write_script(model, "resnet18", "pt", tmp_path)
    # torchvision's wheel may not fit the torch here; a person's installation does
    root = Path(cifar_core.__file__).parent.parent
    start = (
        f"import runpy, sys; sys.path.insert(0, {str(root)!r})\n"
        "import cifar_core.torchvision_compat\n"
        "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    found = run_script(["-c", start, script.name, picture.name], tmp_path)
    assert list(found.values()) == pytest.approx(our_probs(model, picture), abs=1e-5)


@pytest.mark.parametrize("format", ["pt", "safetensors", "onnx"])
@pytest.mark.parametrize("name", MODELS)
def test_the_script_is_valid_python_without_our_imports(name, format):
    text = python_snippet(name, CLASSES, MEAN, STD, format, file_name="it's mine.bin")
    compile(text, "classify.py", "exec")
    assert "cifar_core" not in text
    assert 'with_name("it\'s mine.bin")' in text


def test_unknown_formats_and_networks_are_refused():
    with pytest.raises(CheckpointError, match="'h5' is no format"):
        python_snippet("simple_cnn", CLASSES, MEAN, STD, "h5")
    with pytest.raises(ConfigError, match="'alexnet' is no network"):
        python_snippet("alexnet", CLASSES, MEAN, STD, "pt")
