"""A ready-to-run script for each exported file: classifies a picture without this project."""

import inspect
from collections.abc import Callable, Sequence

from torch import nn

from cifar_core.errors import CheckpointError
from cifar_core.export import EXPORT_FORMATS
from cifar_core.models.registry import find_spec
from cifar_core.models.resnet18 import resnet18
from cifar_core.models.simple_cnn import SimpleCNN
from cifar_core.models.speed_cnn import SpeedCNN, WideSpeedCNN
from cifar_core.models.vgg import VGG

NETWORK_SOURCES: dict[str, Callable[..., nn.Module]] = {
    "simple_cnn": SimpleCNN,
    "speed_cnn": SpeedCNN,
    "vgg": VGG,
    "wide_speed_cnn": WideSpeedCNN,
    "resnet18": resnet18,
}
"""What the scripts contain, word for word; called with the number of classes."""


def python_snippet(
    name: str,
    classes: Sequence[str],
    mean: Sequence[float],
    std: Sequence[float],
    format: str,
    *,
    file_name: str | None = None,
    fit: str = "crop",
) -> str:
    """Return a Python script that prints the probabilities for a picture.

    It needs Pillow and torch (ONNX: numpy and onnxruntime), for resnet18 torchvision too, and the
    exported file in its own folder. It prepares the picture as this project does.

    Args:
        name: of the network.
        classes: names in the order of the logits.
        mean: what the inputs are normalised with, a number a channel.
        std: likewise.
        format: one of ``EXPORT_FORMATS``.
        file_name: of the exported file; "model." and the format if left out.
        fit: how the network's pictures came to a square; one of ``config.FITS``.

    Raises:
        CheckpointError: the format is unknown.
        ConfigError: there is no such network.
    """
    spec = find_spec(name)
    if format not in EXPORT_FORMATS:
        raise CheckpointError(
            f"{format!r} is no format for export; expected one of {', '.join(EXPORT_FORMATS)}."
        )
    settings = _SETTINGS.format(
        file_name=file_name or f"model.{format}",
        classes=list(classes),
        mean=tuple(float(number) for number in mean),
        std=tuple(float(number) for number in std),
    )
    prepare = _PREPARE + _TO_SQUARE[fit] + "\n"
    docstring = _DOCSTRING.format(title=spec.title, packages=_packages(name, format))
    work = _ONNX_WORK if format == "onnx" else _torch_work(name, format)
    imports = _imports(name, format)
    return "\n\n".join([docstring, imports, settings + "\n", prepare, work, _MAIN])


def _packages(name: str, format: str) -> str:
    if format == "onnx":
        return "numpy onnxruntime pillow"
    parts = ["pillow", *(["safetensors"] if format == "safetensors" else []), "torch"]
    return " ".join([*parts, *(["torchvision"] if name == "resnet18" else [])])


def _imports(name: str, format: str) -> str:
    if format == "onnx":
        third_party = [
            "import numpy as np",
            "import onnxruntime",
            "from PIL import Image, ImageOps",
        ]
    else:
        third_party = ["import torch", "from PIL import Image, ImageOps"]
        if format == "safetensors":
            third_party.append("from safetensors.torch import load_file")
        third_party.append("from torch import Tensor, nn")
        if hasattr(inspect.getmodule(NETWORK_SOURCES[name]), "Conv2d"):
            third_party.append("from torch.nn import Conv2d")  # ours differs in training only
        if name == "resnet18":
            third_party.append("from torchvision import models")
    return "\n".join(["import sys", "from pathlib import Path", "", *third_party])


def _torch_work(name: str, format: str) -> str:
    network = NETWORK_SOURCES[name]
    read = (
        "load_file(MODEL_FILE)"
        if format == "safetensors"
        else 'torch.load(MODEL_FILE, map_location="cpu", weights_only=True)'
    )
    work = _TORCH_WORK.format(build=f"{network.__name__}(len(CLASSES))", read=read)
    return "\n\n".join([*_sources(network), work])


def _sources(network: Callable[..., nn.Module]) -> list[str]:
    """Return the text of a network, for a class after the classes of this project it builds on."""
    if not isinstance(network, type):
        return [inspect.getsource(network)]
    own = [kind for kind in network.__mro__ if kind.__module__ == network.__module__]
    return [inspect.getsource(kind) for kind in reversed(own)]


_DOCSTRING = '''\
"""Classify a picture with a trained network ({title}).

    pip install {packages}
    python classify.py PICTURE
"""'''

_SETTINGS = """\
MODEL_FILE = Path(__file__).with_name({file_name!r})
CLASSES = {classes!r}
MEAN = {mean!r}
STD = {std!r}"""

_PREPARE = '''\
def prepare(path):
    """Return a picture as the network was trained on pictures: RGB, 32 x 32."""
    with Image.open(path) as file:
        if file.format == "JPEG" and min(file.size) >= 2048:
            file.draft(None, (1024, 1024))
        picture = ImageOps.exif_transpose(file)
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        picture = Image.new("RGB", layer.size, "white")
        picture.paste(layer, mask=layer.getchannel("A"))
    picture = picture.convert("RGB")
    if picture.size == (32, 32):
        return picture
'''

_TO_SQUARE = {
    "crop": """\
    width, height = picture.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    picture = picture.crop((left, top, left + side, top + side))
    return picture.resize((32, 32), Image.Resampling.BICUBIC, reducing_gap=3.0)""",
    "letterbox": """\
    longest = max(picture.size)
    width, height = (max(1, round(side * 32 / longest)) for side in picture.size)
    small = picture.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3.0)
    canvas = Image.new("RGB", (32, 32), (128, 128, 128))
    canvas.paste(small, ((32 - width) // 2, (32 - height) // 2))
    return canvas""",
    "stretch": """\
    return picture.resize((32, 32), Image.Resampling.BICUBIC, reducing_gap=3.0)""",
}
"""The last lines of ``prepare``, by fit; the same steps as ``pictures.fit_picture``."""

_TORCH_WORK = '''\
def classify(path):
    """Return the probability of each class."""
    model = {build}
    model.load_state_dict({read})
    model.eval()
    pixels = torch.frombuffer(bytearray(prepare(path).tobytes()), dtype=torch.uint8)
    pixels = pixels.view(32, 32, 3).permute(2, 0, 1).float() / 255
    inputs = (pixels - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)
    with torch.no_grad():
        return model(inputs[None])[0].softmax(0).tolist()
'''

_ONNX_WORK = '''\
def classify(path):
    """Return the probability of each class."""
    session = onnxruntime.InferenceSession(str(MODEL_FILE), providers=["CPUExecutionProvider"])
    pixels = np.asarray(prepare(path), dtype=np.float32) / 255
    inputs = ((pixels - np.array(MEAN)) / np.array(STD)).astype(np.float32)
    (logits,) = session.run(["logits"], {"inputs": inputs.transpose(2, 0, 1)[None]})
    exponentials = np.exp(logits[0] - logits[0].max())
    return (exponentials / exponentials.sum()).tolist()
'''

_MAIN = """\
if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Usage: python classify.py PICTURE")
    probs = classify(sys.argv[1])
    for prob, name in sorted(zip(probs, CLASSES), reverse=True)[:10]:
        print(f"{prob:9.4%}  {name}")
"""
