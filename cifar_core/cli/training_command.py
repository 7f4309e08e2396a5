"""``train``: a training in this process, kept in the store like any other run."""

import argparse
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from cifar_core import jobs
from cifar_core.checkpoint import load_info, load_model
from cifar_core.cli.config_options import given_values
from cifar_core.cli.data_commands import open_with_bar
from cifar_core.cli.output import print_json
from cifar_core.cli.run_settings import fit_into_minutes, preset_settings
from cifar_core.cli.training_output import JsonPrinter, LinePrinter, TerminalPrinter
from cifar_core.config import TrainConfig
from cifar_core.config_files import read_config_values, write_config
from cifar_core.data.splits import split_images
from cifar_core.devices import flushed_denormals, resolve_device
from cifar_core.distributed import Group, joined
from cifar_core.errors import CheckpointError, ConfigError, RunError, TrainingError, WorkbenchError
from cifar_core.export import EXPORT_FORMATS, export_model
from cifar_core.files import write_file_atomically
from cifar_core.following import follow
from cifar_core.forks import check_start_model, keep_start_model
from cifar_core.library import model_file
from cifar_core.model_info import HEADER_KEY
from cifar_core.restarts import interrupted_run, note_run, start_together
from cifar_core.run_paths import RESUME_FILE, model_path
from cifar_core.run_state import ACTIVE, RunState
from cifar_core.store import Store
from cifar_core.training_state import read_state_header
from cifar_core.worker import work
from cifar_core.workspace import Workspace

_OF_NEW_RUNS = ("config", "start_from", "preset", "minutes")


def run_train(options: argparse.Namespace) -> int:
    """Train a new run, or continue one, and say how it ended; under torchrun, as one of several."""
    with flushed_denormals(), joined() as group:
        if group.leads:
            return _lead(options, group)
        follow(group, Workspace.default())
        return 0


def _lead(options: argparse.Namespace, group: Group) -> int:
    store = Store(Workspace.default())
    out = _checked_out(options.out)
    restarted = interrupted_run(store)
    if restarted and store.run(restarted).state == RunState.FINISHED:
        return 0  # lost after the last thing there was to do
    if restarted:
        run_id = _find_run(restarted, store)
        store.forget_orders(run_id)
    elif options.resume:
        others = [name for name in _OF_NEW_RUNS if getattr(options, name) is not None]
        if given := [*given_values(options), *others]:
            raise ConfigError(
                f"--resume continues a run with its own settings; leave out {', '.join(given)}."
            )
        run_id = _find_run(options.resume, store)
        store.forget_orders(run_id)
    else:
        run_id = _new_run(options, store, group)
    note_run(store, run_id)
    return _carry_out(store, run_id, options, out, group)


def _new_run(options: argparse.Namespace, store: Store, group: Group) -> str:
    """Check everything that can be checked before a run is entered in the store."""
    values = read_config_values(Path(options.config)) if options.config else {}
    values |= given_values(options)
    if group.size > 1:
        values["processes"] = group.size
    config = TrainConfig.from_dict(values).with_absolute_data()
    if config.processes > group.size:
        start_together(config.processes)
    resolve_device(config.device)
    data = open_with_bar(config.data, store.workspace, quiet=options.json, fit=config.fit)
    if options.preset:
        preset = preset_settings(options.preset, config, data)
        config = preset.replace(**{**values, "data": config.data})
    if options.minutes is not None:
        config = fit_into_minutes(options.minutes, values, config, data, store.workspace)
    split_images(data, config)
    start = _find_start(options.start_from, store) if options.start_from else None
    if start:
        check_start_model(load_model(start), config.model, data)
    if options.save_config:
        write_config(config, Path(options.save_config))
    run_id = store.create_run(config, name=options.name, launched_by="cli")
    if start:
        keep_start_model(start, store.workspace.run_dir(run_id))
    return run_id


def _find_start(named: str, store: Store) -> Path:
    """Return the model that a new run starts from, named by its file or by its run's id."""
    path = model_file(store.workspace, named)
    if path.exists():
        return path
    if named not in {row.run_id for row in store.runs()}:
        raise CheckpointError(f"--start-from {named} is neither a model file nor a run.")
    found = model_path(store.workspace.run_dir(named))
    if found is None:
        raise CheckpointError(f"Run {named} has no model to start from; expected one that ended.")
    return found


def _carry_out(
    store: Store, run_id: str, options: argparse.Namespace, out: "_Out | None", group: Group
) -> int:
    printer = _printer(options, store.run(run_id).config, run_id)
    try:
        state = work(store, run_id, printer, group)
    except (RunError, ConfigError):
        raise
    except WorkbenchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1 if isinstance(error, TrainingError) else 2
    finally:
        printer.close()
        jobs.launch_queued(store)
    run_dir = store.workspace.run_dir(run_id)
    if state == RunState.STOPPED:
        stopped = _say_stopped(store, run_id, options)
        # What is no success to torchrun is started again.
        return stopped if group.size == 1 else 0
    if out is not None:
        out.write(run_dir)
    result = store.run(run_id).result
    if options.json:
        print_json({"type": "result", "run_id": run_id, "state": str(state), **result})
    else:
        print(f"Run {run_id}: its model is {model_path(run_dir)}")
    return 0


def _say_stopped(store: Store, run_id: str, options: argparse.Namespace) -> int:
    last = store.last_step(run_id)
    step = last.step if last else 0
    how = f"python -m cifar_core train --resume {run_id}"
    if options.json:
        print_json({"type": "stopped", "run_id": run_id, "step": step, "resume": how})
    kept = model_path(store.workspace.run_dir(run_id))
    where = f" What was learned is in {kept}." if kept else ""
    print(f"Stopped after step {step}.{where} Go on with: {how}", file=sys.stderr)
    return 128 + signal.SIGINT


def _printer(options: argparse.Namespace, config: TrainConfig, run_id: str) -> "Printer":
    if options.json:
        return JsonPrinter(run_id)
    if sys.stderr.isatty() and sys.stdout.isatty():
        return TerminalPrinter(config, run_id)
    return LinePrinter(config, run_id, options.print_every)


Printer = JsonPrinter | LinePrinter | TerminalPrinter


@dataclass(frozen=True)
class _Out:
    """Where ``--out`` asks for the final model."""

    path: Path
    format: str

    def write(self, run_dir: Path) -> None:
        source = run_dir / "final.safetensors"
        if self.format == "safetensors":
            write_file_atomically(self.path, lambda t: t.write_bytes(source.read_bytes()))
            return
        model = load_model(source)
        metadata = {HEADER_KEY: model.info.to_json()}
        export_model(model.network, self.path, format=self.format, metadata=metadata)


def _checked_out(text: str | None) -> _Out | None:
    """Refuse a file that could not be written before hours are spent on its content."""
    if text is None:
        return None
    path, ending = Path(text), Path(text).suffix.removeprefix(".")
    if ending not in EXPORT_FORMATS:
        raise ConfigError(
            f"--out is {text}; expected a name ending in "
            f"{', '.join('.' + name for name in EXPORT_FORMATS)}."
        )
    if not path.parent.is_dir():
        raise ConfigError(f"--out is {text}, but the folder {path.parent} does not exist.")
    return _Out(path, ending)


def _find_run(text: str, store: Store) -> str:
    """Return the run that a run_id, a run's folder or a file in it means; it must be at rest."""
    path = Path(text)
    if any(row.run_id == text for row in store.runs()):
        run_id = text
    elif path.is_dir():
        run_id = _run_of_file(path / RESUME_FILE, store)
    elif path.is_file():
        run_id = _run_of_file(path, store)
    else:
        raise RunError(
            f"{text} is neither a run nor a file; 'python -m cifar_core runs' lists the runs."
        )
    state = jobs.run_state(store.run(run_id))
    if state in ACTIVE:
        raise RunError(
            f"Run {run_id} is {state} in process {store.run(run_id).pid}; stop it first."
        )
    if state == RunState.FINISHED:
        raise RunError(f"Run {run_id} has finished; there is nothing left to train.")
    return run_id


def _run_of_file(path: Path, store: Store) -> str:
    """Return the run a file belongs to; a training state from elsewhere becomes a run here."""
    if path.suffix != ".safetensors" or not path.is_file():
        raise CheckpointError(f"{path} is no training state; expected a file {RESUME_FILE}.")
    header = read_state_header(path)
    info = None if header else load_info(path)
    run_id = header.run_id if header else info.run_id if info else ""
    if any(row.run_id == run_id for row in store.runs()):
        return run_id
    if header is None:
        raise CheckpointError(
            f"{path} holds weights but no training state, so there is nothing to resume; expected "
            f"the {RESUME_FILE} of a run."
        )
    adopted = store.create_run(header.config, name=f"from {run_id}", launched_by="cli")
    target = store.workspace.run_dir(adopted) / RESUME_FILE
    write_file_atomically(target, lambda temporary: temporary.write_bytes(path.read_bytes()))
    return adopted
