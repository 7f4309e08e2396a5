import importlib.util
import io
from collections import OrderedDict

import pytest
import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import load
from torch import Tensor, nn

from cifar_core import export
from cifar_core.config import MODELS
from cifar_core.errors import CheckpointError
from cifar_core.export import EXPORT_FORMATS, export_bytes, export_model
from cifar_core.models.recognition import Recognised, recognise
from cifar_core.models.registry import TRACING_LOCK, build_model

needs_onnx = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in export.ONNX_PACKAGES),
    reason="the ONNX packages are not installed",
)
ALL_FORMATS = [
    pytest.param(name, marks=needs_onnx) if name == "onnx" else name for name in EXPORT_FORMATS
]


class TutorialCNN(nn.Module):
    """The network as the tutorial writes it."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 18, kernel_size=3, stride=1, padding=1)
        self.pool = nn.MaxPool2d(kernel_size=2, stride=2, padding=0)
        self.fc1 = nn.Linear(18 * 16 * 16, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = x.view(-1, 18 * 16 * 16)
        return self.fc2(F.relu(self.fc1(x)))


def read_pt(content: bytes) -> OrderedDict[str, Tensor]:
    return torch.load(io.BytesIO(content), weights_only=True)


@pytest.fixture(scope="module")
def onnx_file() -> tuple[nn.Module, bytes]:
    torch.manual_seed(0)
    model = build_model("simple_cnn", 4)
    return model, export_bytes(model, format="onnx", metadata={"classes": "a, b, c, d"})


def run_onnx(content: bytes, inputs: Tensor) -> Tensor:
    import onnxruntime

    onnxruntime.set_default_logger_severity(3)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return torch.from_numpy(session.run(["logits"], {"inputs": inputs.numpy()})[0])


def test_the_tutorials_own_code_loads_our_file_and_gives_the_same_logits(tmp_path):
    ours = build_model("simple_cnn", 10)
    export_model(ours, tmp_path / "model.pt", format="pt")
    tutorial = TutorialCNN()
    tutorial.load_state_dict(torch.load(tmp_path / "model.pt"))
    inputs = torch.randn(4, 3, 32, 32)
    assert torch.allclose(tutorial(inputs), ours(inputs), atol=1e-5)


def test_our_network_loads_the_tutorials_file():
    tutorial, ours, inputs = TutorialCNN(), build_model("simple_cnn", 10), torch.randn(4, 3, 32, 32)
    ours.load_state_dict(tutorial.state_dict())
    assert torch.allclose(tutorial(inputs), ours(inputs), atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_a_pt_file_is_a_plain_state_dict_in_the_networks_order(name):
    model = build_model(name, 3)
    weights = read_pt(export_bytes(model, format="pt"))
    assert type(weights) is OrderedDict
    assert list(weights) == list(model.state_dict())
    assert all(torch.equal(weights[key], value) for key, value in model.state_dict().items())
    assert recognise(weights) == Recognised(name, 3)


@pytest.mark.parametrize("read, format", [(read_pt, "pt"), (load, "safetensors")])
def test_weights_of_another_type_and_memory_order_become_plain_float32(read, format):
    model = build_model("vgg", 3).to(torch.bfloat16).to(memory_format=torch.channels_last)
    weights = read(export_bytes(model, format=format))
    assert all(tensor.is_contiguous() for tensor in weights.values())
    assert {tensor.dtype for tensor in weights.values()} == {torch.float32, torch.int64}
    assert weights["features.norm1.num_batches_tracked"].dtype == torch.int64
    kernel = weights["features.conv2.weight"]
    assert torch.equal(kernel, model.features.conv2.weight.float())


def test_prefixes_of_wrappers_do_not_reach_the_file():
    wrapped = nn.DataParallel(build_model("simple_cnn", 3))
    assert "module.fc2.bias" in wrapped.state_dict()
    assert recognise(read_pt(export_bytes(wrapped, format="pt"))) == Recognised("simple_cnn", 3)
    assert "fc2.bias" in read_pt(export_bytes(wrapped, format="pt"))


def test_a_safetensors_file_has_the_metadata_in_its_header(tmp_path):
    model = build_model("simple_cnn", 2)
    metadata = {"classes": '["Katze", "犬"]'}
    export_model(model, tmp_path / "m.safetensors", format="safetensors", metadata=metadata)
    with safe_open(tmp_path / "m.safetensors", framework="pt") as file:
        assert file.metadata() == metadata
        assert torch.equal(file.get_tensor("fc2.weight"), model.fc2.weight)


@pytest.mark.parametrize("format", ALL_FORMATS)
def test_the_network_stays_as_it_was_and_nothing_is_said(format, capfd):
    layers = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4).eval(), nn.Flatten(), nn.Linear(4 * 30 * 30, 2)
    model = nn.Sequential(*layers).to(memory_format=torch.channels_last)
    modes = [layer.training for layer in model.modules()]
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    export_bytes(model, format=format)
    assert [layer.training for layer in model.modules()] == modes
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert model[0].weight.is_contiguous(memory_format=torch.channels_last)
    assert capfd.readouterr() == ("", "")


@needs_onnx
@pytest.mark.parametrize("batch", [1, 3, 64])
def test_an_onnx_file_answers_as_the_network_for_any_batch(onnx_file, batch):
    model, content = onnx_file
    inputs = torch.randn(batch, 3, 32, 32)
    with torch.no_grad():
        assert torch.allclose(run_onnx(content, inputs), model(inputs), atol=1e-4)


@needs_onnx
def test_an_onnx_file_carries_its_metadata_and_no_folder_of_this_machine(onnx_file):
    import onnx

    loaded = onnx.load_from_string(onnx_file[1])
    assert {entry.key: entry.value for entry in loaded.metadata_props} == {"classes": "a, b, c, d"}
    assert b"cifar_core" not in onnx_file[1] and b".py" not in onnx_file[1]


@needs_onnx
def test_an_onnx_export_is_a_single_file(tmp_path, onnx_file):
    export_model(onnx_file[0], tmp_path / "model.onnx", format="onnx")
    assert [path.name for path in tmp_path.glob("model*")] == ["model.onnx"]
    logits = run_onnx((tmp_path / "model.onnx").read_bytes(), torch.zeros(1, 3, 32, 32))
    assert logits.shape == (1, 4)


@needs_onnx
@pytest.mark.slow
def test_the_largest_network_exports_to_onnx():
    model, inputs = build_model("resnet18", 10).eval(), torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        logits = model(inputs)
    assert torch.allclose(run_onnx(export_bytes(model, format="onnx"), inputs), logits, atol=1e-4)


@needs_onnx
def test_an_onnx_file_that_answers_differently_is_refused(monkeypatch, onnx_file):
    monkeypatch.setattr(export, "_run_onnx_exporter", lambda network, metadata: onnx_file[1])
    other = build_model("simple_cnn", 4)
    nn.init.ones_(other.fc2.bias)
    with pytest.raises(CheckpointError, match="ONNX file answers differently: logits are off by"):
        export_bytes(other, format="onnx")


@needs_onnx
def test_an_onnx_export_keeps_other_threads_from_the_meta_device(monkeypatch, onnx_file):
    seen = []
    real = export._run_onnx_exporter
    monkeypatch.setattr(
        export,
        "_run_onnx_exporter",
        lambda *args: seen.append(TRACING_LOCK.locked()) or real(*args),
    )
    export_bytes(onnx_file[0], format="onnx")
    assert seen == [True]
    assert not TRACING_LOCK.locked()


def test_missing_onnx_packages_are_named_with_the_command_that_installs_them(monkeypatch):
    find = importlib.util.find_spec
    missing = ("onnxscript", "onnxruntime")
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in missing else find(name)
    )
    with pytest.raises(CheckpointError, match=r"pip install .*onnxscript onnxruntime"):
        export_bytes(build_model("simple_cnn", 2), format="onnx")


def test_an_unknown_format_is_refused_and_the_file_there_stays(tmp_path):
    path = tmp_path / "model.h5"
    path.write_bytes(b"precious")
    with pytest.raises(CheckpointError, match=r"'h5' is no format.*pt, safetensors, onnx"):
        export_model(build_model("simple_cnn", 2), path, format="h5")
    assert path.read_bytes() == b"precious"


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"cannot be written to .*nowhere"):
        export_model(build_model("simple_cnn", 2), tmp_path / "nowhere" / "m.pt", format="pt")
