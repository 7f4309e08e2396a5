"""The names of a run's files. Imports no torch, so that pages can look without waiting for it."""

from pathlib import Path

RESUME_FILE = "resume.safetensors"
"""The whole training between two steps: what a run continues from."""
LOG_FILE = "worker.log"
EXAMPLES_FILE = "examples.png"
"""The pictures whose answers are recorded while a run trains, side by side, 32 pixels each."""
MODEL_FILES = ("final.safetensors", "best.safetensors", "last.safetensors")
"""The models of a run, the one to use first."""


def model_path(run_dir: Path) -> Path | None:
    """Return the model that a run offers now: final, else best, else last, else None."""
    paths = (run_dir / name for name in MODEL_FILES)
    return next((path for path in paths if path.is_file()), None)
