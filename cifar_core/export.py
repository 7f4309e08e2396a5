"""Turn a network into a file for other programs: plain ``.pt``, safetensors or ONNX.

The network is only read: every export works on a copy. ``snippets`` has the scripts that use the
files without this project.
"""

import copy
import importlib.util
import io
import warnings
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor, nn

from cifar_core.data.image_set import IMAGE_SIZE
from cifar_core.errors import CheckpointError
from cifar_core.files import write_atomically
from cifar_core.models.recognition import strip_prefixes
from cifar_core.models.registry import TRACING_LOCK

EXPORT_FORMATS = ("pt", "safetensors", "onnx")
"""Also the endings of the files."""

ONNX_PACKAGES = ("onnx", "onnxscript", "onnxruntime")
ONNX_TOLERANCE = 1e-4
"""Largest difference between ONNX's logits and torch's, in parts of the largest logit above 1."""


def export_model(
    model: nn.Module, path: Path, *, format: str, metadata: Mapping[str, str] | None = None
) -> None:
    """Write a network to one file; whatever was there stays whole until the new file is.

    Args:
        model: only read; on any device, in any mode.
        path: of the file.
        format: one of ``EXPORT_FORMATS``.
        metadata: texts for the header of safetensors and ONNX files; ``.pt`` has none.

    Raises:
        CheckpointError: as ``export_bytes``, or the disk refuses.
    """
    content = export_bytes(model, format=format, metadata=metadata)
    try:
        write_atomically(path, content)
    except OSError as error:
        raise CheckpointError(f"The model cannot be written to {path}: {error}.") from error


def export_bytes(
    model: nn.Module, *, format: str, metadata: Mapping[str, str] | None = None
) -> bytes:
    """Return the content of the file that ``export_model`` writes.

    Args:
        model: only read; on any device, in any mode.
        format: one of ``EXPORT_FORMATS``.
        metadata: texts for the header of safetensors and ONNX files.

    Raises:
        CheckpointError: the format is unknown; for ONNX also: a package is missing, or what
            onnxruntime computes from the file differs from what torch computes.
    """
    if format == "pt":
        return _pt_bytes(model)
    if format == "safetensors":
        return save(dict(plain_weights(model)), dict(metadata or {}))
    if format == "onnx":
        return _onnx_bytes(model, metadata or {})
    raise CheckpointError(
        f"{format!r} is no format for export; expected one of {', '.join(EXPORT_FORMATS)}."
    )


def plain_weights(model: nn.Module) -> OrderedDict[str, Tensor]:
    """Return the weights as any program expects them.

    Copies, contiguous, on the CPU, floating-point ones as float32, named without wrappers'
    prefixes, in the network's order.
    """
    # OrderedDict[str, Tensor]() would store its type in the pickle, which torch.load refuses
    weights: OrderedDict[str, Tensor] = OrderedDict()
    for name, tensor in strip_prefixes(model.state_dict()).items():
        dtype = torch.float32 if tensor.is_floating_point() else tensor.dtype
        weights[name] = tensor.detach().to("cpu", dtype, copy=True).contiguous()
    return weights


def _pt_bytes(model: nn.Module) -> bytes:
    buffer = io.BytesIO()
    torch.save(plain_weights(model), buffer)
    return buffer.getvalue()


def _onnx_bytes(model: nn.Module, metadata: Mapping[str, str]) -> bytes:
    """Return one ONNX file with inputs (batch, 3, 32, 32) and logits (batch, classes)."""
    _require_onnx_packages()
    network = copy.deepcopy(model).to("cpu", torch.float32).eval()
    with TRACING_LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own use of what torch has deprecated
        content = _run_onnx_exporter(network, metadata)
    _check_onnx(content, network)
    return content


def _run_onnx_exporter(network: nn.Module, metadata: Mapping[str, str]) -> bytes:
    example = torch.zeros(2, 3, IMAGE_SIZE, IMAGE_SIZE)  # one image would fix the batch to one
    program = torch.onnx.export(
        network,
        (example,),
        input_names=["inputs"],
        output_names=["logits"],
        dynamic_shapes=({0: "batch"},),
        dynamo=True,
        verbose=False,
    )
    assert program is not None  # only the old exporter returns None
    for node in program.model.graph:
        node.metadata_props.clear()  # traces that name folders of this machine
    program.model.metadata_props.update(metadata)
    # in memory, because exporting to a path puts the weights into a second file
    return bytes(program.model_proto.SerializeToString())


def _require_onnx_packages() -> None:
    missing = [name for name in ONNX_PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise CheckpointError(
            f"Exporting to ONNX needs {', '.join(missing)}, which this installation lacks; install "
            f"with: pip install {' '.join(missing)}"
        )


@torch.no_grad()
def _check_onnx(content: bytes, network: nn.Module) -> None:
    """Compare the file's answers with the network's, for another batch size than exported."""
    import onnxruntime

    onnxruntime.set_default_logger_severity(3)  # errors only: it warns of every missing GPU
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    generator = torch.Generator().manual_seed(0)
    inputs = 2 * torch.rand(5, 3, IMAGE_SIZE, IMAGE_SIZE, generator=generator) - 1
    (answer,) = session.run(["logits"], {"inputs": inputs.numpy()})
    logits: Tensor = network(inputs)
    difference = (torch.from_numpy(answer) - logits).abs().max().item()
    allowed = ONNX_TOLERANCE * max(1.0, logits.abs().max().item())
    if not difference <= allowed:  # true for NaN
        raise CheckpointError(
            f"The ONNX file answers differently: logits are off by {difference:.2g}, expected at "
            f"most {allowed:.2g}. Export to safetensors instead."
        )
