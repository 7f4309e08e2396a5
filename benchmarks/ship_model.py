"""Put a trained model among those that come with the program: ``cifar_core/shipped/``.

    python benchmarks/ship_model.py RUN_OR_FILE --data PATH --seconds S [--note TEXT]
        [--set-name "CIFAR-10 (JPEG copies)"]

PATH holds the images that it was trained on. The model keeps its settings, its date and versions,
and the fingerprint of its images. Its accuracy is measured anew, exactly as
``python -m cifar_core evaluate`` does: a run that computed in bfloat16 tested itself in bfloat16,
too, and found a few answers otherwise. What belongs to this machine alone is left out: where the
images lay, and the id of the run. Beside the weights, the same is written as readable JSON, with
the time that the training took.
"""

import argparse
import json
import os
import platform
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cifar_core.checkpoint import (  # noqa: E402
    Model,
    hash_weights,
    load_model,
    portable_weights,
    write_tensors,
)
from cifar_core.config import CIFAR10, TrainConfig  # noqa: E402
from cifar_core.data.sources import open_data  # noqa: E402
from cifar_core.data.splits import split_images  # noqa: E402
from cifar_core.devices import resolve_device  # noqa: E402
from cifar_core.errors import DatasetError  # noqa: E402
from cifar_core.evaluation import score_logits  # noqa: E402
from cifar_core.files import write_atomically  # noqa: E402
from cifar_core.inference import compute_logits  # noqa: E402
from cifar_core.library import SHIPPED_DIR, model_file  # noqa: E402
from cifar_core.model_info import HEADER_KEY  # noqa: E402
from cifar_core.openings import note_opening  # noqa: E402
from cifar_core.workspace import Workspace  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="a model file, or the id of a run that ended")
    parser.add_argument("--data", required=True, help="the images that it was trained on")
    parser.add_argument("--set-name", default="CIFAR-10", help="what its images are called")
    parser.add_argument("--seconds", type=float, required=True, help="that the training took")
    parser.add_argument("--note", default="", help="the command line, and how it was chosen")
    options = parser.parse_args()
    model = load_model(model_file(Workspace.default(), options.model))
    weights = portable_weights(model.network)
    info = replace(
        model.info,
        run_id="",
        config={**(model.info.config or {}), "data": CIFAR10},
        data={**model.info.data, "name": options.set_name},
        metrics={**model.info.metrics, "test": measure(model, options.data)},
        weights_sha256=hash_weights(weights),
    )
    about = info.to_dict() | {
        "training": {
            "seconds": options.seconds, "cores": len(os.sched_getaffinity(0)),
            "machine": platform.machine(), "note": options.note,
        },
    }  # fmt: skip
    path = SHIPPED_DIR / f"{info.model}.safetensors"
    write_tensors(weights, {HEADER_KEY: info.to_json()}, path)
    text = json.dumps(about, indent=2, ensure_ascii=False) + "\n"
    write_atomically(path.with_suffix(".json"), text.encode())
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB, {info.metrics['test']['accuracy']:.4f}")


def measure(model: Model, source: str) -> dict[str, Any]:
    """Return the evaluation on all test images of the set that the model was trained on.

    Raises:
        DatasetError: it was trained on another set.
    """
    info, workspace, device = model.info, Workspace.default(), resolve_device("auto")
    data = open_data(source, workspace, fit=info.fit)
    if data.fingerprint != info.data.get("fingerprint"):
        raise DatasetError(f"{data.name} is not the set that the model was trained on.")
    test = split_images(data, TrainConfig(data=source, batch_size=1)).test
    note_opening(workspace, data.fingerprint, info.weights_sha256)
    logits = compute_logits(model.network.to(device), test, info.preprocessing, device=device)
    return score_logits(logits, test.labels, data.classes).to_dict()


if __name__ == "__main__":
    main()
