"""``runs export`` and ``runs import``: a run as a file, and back."""

import argparse
from collections.abc import Callable
from pathlib import Path

from cifar_core.cli.output import print_json
from cifar_core.config_files import config_to_text
from cifar_core.errors import ConfigError
from cifar_core.files import write_file_atomically
from cifar_core.records import EpochRecord, StepRecord
from cifar_core.run_archive import export_run, import_run, metrics_csv
from cifar_core.store import Store
from cifar_core.tensorboard import export_events
from cifar_core.workspace import Workspace


def run_export(options: argparse.Namespace) -> int:
    """Write a run in the format that was asked for."""
    store, out = Store(Workspace.default()), Path(options.out)
    store.run(options.run_id)  # refuses an unknown one before anything is written
    if options.format == "tensorboard":
        path = export_events(store, options.run_id, out)
    else:
        path = out
        _write(out, _writer(store, options.run_id, options.format))
    if options.json:
        print_json({"type": "export", "run_id": options.run_id, "format": options.format,
                    "file": str(path), "bytes": path.stat().st_size})  # fmt: skip
    else:
        print(f"Wrote {path} ({path.stat().st_size / 1e6:.2f} MB).")
        if options.format == "tensorboard":
            print(f"Look at it with: tensorboard --logdir {out}")
    return 0


def run_import(options: argparse.Namespace) -> int:
    """Add a run from a file and say under which id."""
    run_id = import_run(Store(Workspace.default()), Path(options.file))
    if options.json:
        print_json({"type": "import", "run_id": run_id})
    else:
        print(f"Imported as run {run_id}.")
    return 0


def _writer(store: Store, run_id: str, format: str) -> Callable[[Path], object]:
    """Return what fills a file with a run."""

    def write_zip(path: Path) -> None:
        with path.open("wb") as file:
            export_run(store, run_id, file)

    if format == "zip":
        return write_zip
    texts: dict[str, Callable[[], str]] = {
        "steps": lambda: metrics_csv(store.steps(run_id), StepRecord),
        "epochs": lambda: metrics_csv(store.epochs(run_id), EpochRecord),
        "toml": lambda: config_to_text(store.run(run_id).config, ".toml"),
    }
    return lambda path: path.write_bytes(texts[format]().encode())


def _write(out: Path, write: Callable[[Path], object]) -> None:
    if not out.parent.is_dir():
        raise ConfigError(f"OUT is {out}, but the folder {out.parent} does not exist.")
    if out.is_dir():
        raise ConfigError(f"OUT is {out}, which is a folder; expected a file name.")
    try:
        write_file_atomically(out, write)
    except OSError as error:
        raise ConfigError(f"{out} cannot be written: {error.strerror or error}.") from error
