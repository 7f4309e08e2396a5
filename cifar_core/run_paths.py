"""The names of a run's files. Imports no torch, so that pages can look without waiting for it."""

import re
from pathlib import Path

RESUME_FILE = "resume.safetensors"
"""The whole training between two steps: what a run continues from."""
START_FILE = "start.safetensors"
"""The model whose weights a run starts from, where it does not start from random ones."""
LOG_FILE = "worker.log"
EXAMPLES_FILE = "examples.png"
"""The pictures whose answers are recorded while a run trains, side by side, 32 pixels each."""
EPOCHS_DIR = "epochs"
"""The folder with the weights after each epoch, thinned out; see ``epoch_weights``."""
MODEL_FILES = ("final.safetensors", "best.safetensors", "last.safetensors")
"""The models of a run, the one to use first."""


def model_path(run_dir: Path) -> Path | None:
    """Return the model that a run offers now: final, else best, else last, else None."""
    paths = (run_dir / name for name in MODEL_FILES)
    return next((path for path in paths if path.is_file()), None)


def epoch_path(run_dir: Path, epoch: int) -> Path:
    """Return where the weights after an epoch are kept; epoch 0 is before the first step."""
    return run_dir / EPOCHS_DIR / f"epoch-{epoch:04d}.safetensors"


def kept_epochs(run_dir: Path) -> dict[int, Path]:
    """Return the weights of past epochs that a run still has, by epoch and in order."""
    found = {}
    for path in (run_dir / EPOCHS_DIR).glob("epoch-*.safetensors"):
        number = re.fullmatch(r"epoch-(\d{4,})", path.stem)
        if number and path.is_file():
            found[int(number[1])] = path
    return dict(sorted(found.items()))
