"""Put a trained model among those that come with the program: ``cifar_core/shipped/``.

    python benchmarks/ship_model.py RUN_OR_FILE [--set-name "CIFAR-10"] [--seconds S] [--note TEXT]

The model keeps its settings, its measured accuracy and the fingerprint of its images. What belongs
to this machine alone is left out: where the images lay, and the id of the run. Beside the weights,
the same is written as readable JSON, with the time that the training took.
"""

import argparse
import json
import os
import platform
import sys
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cifar_core.checkpoint import load_model, save_model  # noqa: E402
from cifar_core.config import CIFAR10  # noqa: E402
from cifar_core.files import write_atomically  # noqa: E402
from cifar_core.library import SHIPPED_DIR, model_file  # noqa: E402
from cifar_core.workspace import Workspace  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="a model file, or the id of a run that ended")
    parser.add_argument("--set-name", default="CIFAR-10", help="what its images are called")
    parser.add_argument("--seconds", type=float, required=True, help="that the training took")
    parser.add_argument("--note", default="", help="one sentence more about it")
    options = parser.parse_args()
    model = load_model(model_file(Workspace.default(), options.model))
    info = model.info
    info = replace(
        info,
        run_id="",
        config={**(info.config or {}), "data": CIFAR10},
        data={**info.data, "name": options.set_name},
    )
    path = SHIPPED_DIR / f"{info.model}.safetensors"
    written = save_model(model.network, info, path)
    about = written.to_dict() | {
        "training": {
            "seconds": options.seconds, "cores": len(os.sched_getaffinity(0)),
            "machine": platform.machine(), "note": options.note,
        },
    }  # fmt: skip
    write_atomically(
        path.with_suffix(".json"), json.dumps(about, indent=2, ensure_ascii=False).encode()
    )
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB, {written.metrics['test']['accuracy']:.4f}")


if __name__ == "__main__":
    main()
