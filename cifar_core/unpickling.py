"""Read the tensors of a ``.pt`` file without trusting it.

``torch.load(weights_only=True)`` refuses code, but its parser has had holes, and a small file can
ask for terabytes. So it runs in a child process (``python -m cifar_core.unpickling``) under limits
on memory, time and written bytes; what comes back is a safetensors file with plain tensors.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from cifar_core.errors import CheckpointError

EXTRA_MEMORY = 4 * 1024**3
"""Bytes of address space that the child may take beyond what torch itself has."""
CPU_SECONDS = 60
WALL_SECONDS = 120
MAX_TENSORS = 10_000
MAX_GROWTH = 10
"""How many times the file's size its tensors may take. They can share memory in the file, but a few
hundred bytes that become gigabytes are no model."""

PICKLE_STARTS = (b"PK\x03\x04", b"\x80")
"""Of a zip file, as torch.save writes it now, and of a pickle, as it did before."""
_NOT_TORCH = "is not a file written by torch.save, or it is damaged; copy or download it again."
_TOO_MUCH = "asks for more memory than a model needs and was refused."
_REFUSED = 3
"""Exit status of a child that understood the file and says on stderr why it refuses it."""


def read_pickled_tensors(path: Path) -> dict[str, Any]:
    """Return the tensors of a ``state_dict`` saved with ``torch.save``, by name.

    A dict that holds the ``state_dict`` under "state_dict", "model_state_dict" or "model" is
    looked into.

    Raises:
        CheckpointError: the file is no such thing, would run code, or goes beyond the limits.
    """
    from safetensors.torch import load_file

    with path.open("rb") as file:
        if not file.read(4).startswith(PICKLE_STARTS):
            raise CheckpointError(f"{path.name} {_NOT_TORCH}")
    with tempfile.TemporaryDirectory(prefix="cifar-unpickle-") as folder:
        target = Path(folder) / "tensors.safetensors"
        _run_child(path.resolve(), target)
        return dict(load_file(target))


def _run_child(path: Path, target: Path) -> None:
    command = [sys.executable, "-m", "cifar_core.unpickling", str(path), str(target)]
    environment = {
        **os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "",
        "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
    }  # fmt: skip
    try:
        child = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, errors="replace", timeout=WALL_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise CheckpointError(
            f"{path.name} took longer than {WALL_SECONDS} s to read and was given up."
        ) from error
    if child.returncode == _REFUSED:
        raise CheckpointError(f"{path.name} {child.stderr.strip().splitlines()[-1]}")
    if child.returncode != 0 or not target.is_file():
        raise CheckpointError(
            f"{path.name} could not be read within the limits on memory and time; it is damaged or "
            "no model file."
        )


def _main(path: Path, target: Path) -> int:
    import torch
    from safetensors.torch import save_file

    _limit_resources()
    try:
        with path.open("rb") as file:  # by its path, torch would go by the ending
            loaded = torch.load(file, map_location="cpu", weights_only=True)
        tensors = _plain_tensors(loaded, path.stat().st_size)
        save_file(tensors, target)
    except _Refused as refusal:
        print(refusal, file=sys.stderr)
        return _REFUSED
    except Exception as error:  # whatever a hostile file provokes ends here, in the child
        print(_explain(error), file=sys.stderr)
        return _REFUSED
    return 0


class _Refused(Exception):
    """The file was read but holds something else."""


def _limit_resources() -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits; weights_only and the child remain
        return
    used = 0
    with contextlib.suppress(OSError):  # Linux tells; elsewhere the limit is the allowance alone
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        used = pages * resource.getpagesize()
    if used:
        resource.setrlimit(resource.RLIMIT_AS, (used + EXTRA_MEMORY,) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS,) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (EXTRA_MEMORY,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _plain_tensors(loaded: Any, file_bytes: int) -> dict[str, Any]:
    """Return the state_dict in what was loaded, as contiguous tensors of their own memory."""
    import torch

    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(loaded, dict) and isinstance(loaded.get(key), dict):
            loaded = loaded[key]
    if not isinstance(loaded, dict) or not loaded:
        raise _Refused(f"holds a {type(loaded).__name__}; expected a state_dict.")
    if len(loaded) > MAX_TENSORS:
        raise _Refused(f"holds {len(loaded)} entries; expected at most {MAX_TENSORS}.")
    for name, value in loaded.items():
        if not isinstance(name, str):
            raise _Refused(f"holds something under {name!r:.60}; expected names that are texts.")
        if not isinstance(value, torch.Tensor):
            raise _Refused(
                f"holds a {type(value).__name__} under {name!r:.60}; expected a state_dict, whose "
                "values are tensors."
            )
        plain = value.layout == torch.strided and not value.is_nested
        if not plain or value.is_quantized or value.is_meta:
            raise _Refused(f"holds a tensor of an unusual kind under {name!r:.60}.")
    if sum(value.nbytes for value in loaded.values()) > MAX_GROWTH * file_bytes:
        raise _Refused(_TOO_MUCH)
    return {name: value.detach().clone().contiguous() for name, value in loaded.items()}


def _explain(error: Exception) -> str:
    text = str(error)
    if "weights_only" in text or "Unsupported global" in text or "GLOBAL" in text:
        return "holds Python objects that could run code and was refused; expected a state_dict."
    if isinstance(error, MemoryError) or "memory" in text:
        return _TOO_MUCH
    return _NOT_TORCH


if __name__ == "__main__":
    sys.exit(_main(Path(sys.argv[1]), Path(sys.argv[2])))
