"""A run as one zip file, and back: to hand in, to keep, to go on elsewhere.

What an archive may hold is listed by name: everything else in it is passed over, nothing is ever
written under a name from outside, and no file of it can run code (weights are safetensors).
"""

import contextlib
import csv
import io
import json
import re
import secrets
import sqlite3
import time
import zipfile
from collections.abc import Sequence
from dataclasses import astuple, fields
from pathlib import Path
from typing import IO, Any

from cifar_core.config import FIELDS, TrainConfig
from cifar_core.data.archive_members import ArchiveLimits, BadArchiveError, Budget
from cifar_core.data.zip_members import read_zip
from cifar_core.errors import CheckpointError, ConfigError, RunError
from cifar_core.files import write_atomically
from cifar_core.jobs import run_state
from cifar_core.records import EpochRecord, StepRecord
from cifar_core.run_notes import purge_runs, read_notes, write_note
from cifar_core.run_paths import EXAMPLES_FILE, LOG_FILE, MODEL_FILES
from cifar_core.run_state import ENDED, RunState
from cifar_core.scores import Evaluation
from cifar_core.store import Store

FORMAT = 1
LIMITS = ArchiveLimits(max_members=64, max_member_bytes=500_000_000, max_total_bytes=1_500_000_000)
_MANIFEST, _STEPS, _EPOCHS, _SETTINGS = "run.json", "steps.csv", "epochs.csv", "settings.toml"
_TEXTS = (_MANIFEST, _STEPS, _EPOCHS, LOG_FILE, EXAMPLES_FILE)
_MAX_TEXT_BYTES = 300_000_000
_MAX_ROWS = 20_000_000
_MAX_WHOLE = 2**31
_MAX_TIME = 1e11
_RUN_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{6}")
"""As ``Store.create_run`` makes them; the id names a folder, so nothing else is taken over."""
_TIMES = ("created_at", "started_at", "finished_at")


def metrics_csv(records: Sequence[StepRecord] | Sequence[EpochRecord], kind: type) -> str:
    """Return records as CSV with a header; what is None is empty.

    Args:
        records: all of one kind.
        kind: ``StepRecord`` or ``EpochRecord``, for the header.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in fields(kind)])
    writer.writerows(astuple(record) for record in records)
    return text.getvalue()


def export_run(store: Store, run_id: str, file: IO[bytes]) -> None:
    """Write a run as a zip file: settings, curves, results, log and models.

    Args:
        store: of the run.
        run_id: of the run; of one that goes on, what there is so far is written.
        file: gets the archive.

    Raises:
        RunError: there is no such run.
    """
    from cifar_core.config_files import config_to_text

    run_dir, steps, epochs = (
        store.workspace.run_dir(run_id),
        store.steps(run_id),
        store.epochs(run_id),
    )
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(_MANIFEST, json.dumps(_manifest(store, run_id), indent=1))
        archive.writestr(_SETTINGS, config_to_text(store.run(run_id).config, ".toml"))
        archive.writestr(_STEPS, metrics_csv(steps, StepRecord))
        archive.writestr(_EPOCHS, metrics_csv(epochs, EpochRecord))
        for name in (LOG_FILE, EXAMPLES_FILE, *MODEL_FILES):
            if (run_dir / name).is_file():
                archive.write(run_dir / name, name)


def import_run(store: Store, path: Path) -> str:
    """Add a run from a zip file that ``export_run`` wrote, here or elsewhere.

    Args:
        store: gets the run.
        path: of the archive; nothing in it is trusted.

    Returns:
        The id of the new run: its own one, or a new one where that is taken.

    Raises:
        RunError: the file is no such archive, is damaged, or breaks a limit, or there is no room
            for it; then nothing of it stays.
    """
    contents = _read(path)
    manifest = _checked_manifest(contents)
    config = _checked_config(manifest)
    steps, epochs = _records(contents, _STEPS, StepRecord), _records(contents, _EPOCHS, EpochRecord)
    _check_models(store, contents)
    run_id = _add_row(store, manifest, config, steps)
    try:
        _fill(store, run_id, manifest, contents, [*steps, *epochs])
    except (OSError, sqlite3.Error) as error:  # the disk is full, for example
        store.update_run(run_id, deleted_at=1.0)
        purge_runs(store)
        raise RunError(f"{path.name} cannot be kept in {store.workspace.root}: {error}.") from error
    return run_id


def _fill(
    store: Store, run_id: str, manifest: dict[str, Any], contents: dict[str, bytes], rows: list[Any]
) -> None:
    """Write what the archive holds into the new run's row, tables and folder."""
    store.add_metrics(run_id, rows)
    store.update_run(
        run_id, state=_ended_state(manifest), about=manifest["about"], result=manifest["result"]
    )
    write_note(store, run_id, name=manifest["name"], tags=manifest["tags"], notes=manifest["notes"])
    for name in (LOG_FILE, EXAMPLES_FILE, *MODEL_FILES):
        if name in contents:
            write_atomically(store.workspace.run_dir(run_id) / name, contents[name])


def _manifest(store: Store, run_id: str) -> dict[str, Any]:
    run, note = store.run(run_id), read_notes(store)[run_id]
    return {
        "format": FORMAT, "run_id": run.run_id, "name": run.name, "config": run.config.to_dict(),
        "state": str(run_state(run)), "message": run.message, "created_at": run.created_at,
        "started_at": run.started_at, "finished_at": run.finished_at or run.heartbeat,
        "steps_per_epoch": run.steps_per_epoch, "about": run.about, "result": run.result,
        "tags": list(note.tags), "notes": note.notes,
    }  # fmt: skip


# --- reading what somebody sent


def _read(path: Path) -> dict[str, bytes]:
    """Return the contents of the files that an archive may hold, by name."""
    wanted, contents = {*_TEXTS, *MODEL_FILES}, {}
    try:
        with path.open("rb") as file:
            for member in read_zip(file, Budget(LIMITS, path.stat().st_size)):
                if member.name not in wanted or not member.is_file:
                    continue
                limit = _MAX_TEXT_BYTES if member.name in _TEXTS else LIMITS.max_member_bytes
                if member.size > limit:
                    raise BadArchiveError(f"{member.name} in it has {member.size:,} bytes")
                contents[member.name] = b"".join(member.chunks())
    except BadArchiveError as error:
        raise RunError(f"{path.name} is refused: {error}.") from error
    except (OSError, zipfile.BadZipFile, EOFError, ValueError) as error:
        raise RunError(
            f"{path.name} is no whole zip archive ({error}); expected one that was exported here."
        ) from error
    if _MANIFEST not in contents:
        raise RunError(f"{path.name} holds no {_MANIFEST}; expected the zip file of a run.")
    return contents


def _checked_manifest(contents: dict[str, bytes]) -> dict[str, Any]:
    """Return what the archive says of its run, every value of the type that it must have."""
    kinds: dict[str, type | tuple[type, ...]] = {
        "run_id": str, "name": str, "config": dict, "state": str, "message": str,
        "created_at": (int, float), "started_at": (int, float), "finished_at": (int, float),
        "steps_per_epoch": int, "about": dict, "result": dict, "tags": list, "notes": str,
    }  # fmt: skip
    try:
        manifest = json.loads(contents[_MANIFEST])
        if manifest["format"] != FORMAT:
            raise RunError(
                f"The archive has format {manifest['format']!r:.40}; this version reads {FORMAT}."
            )
        wrong = [name for name, kind in kinds.items() if not isinstance(manifest[name], kind)]
        if "test" in manifest["result"]:
            Evaluation.from_dict(manifest["result"]["test"])
    except (ValueError, KeyError, TypeError, RecursionError, CheckpointError) as error:
        raise RunError(f"{_MANIFEST} in the archive cannot be read: {error!s:.200}.") from error
    wrong += [name for name in _TIMES if name not in wrong and not _is_time(manifest[name])]
    if not wrong and not 0 <= manifest["steps_per_epoch"] < _MAX_WHOLE:
        wrong.append("steps_per_epoch")
    if wrong or not all(isinstance(tag, str) for tag in manifest["tags"]):
        raise RunError(f"{_MANIFEST} in the archive has a wrong {', '.join(wrong) or 'tag'}.")
    try:
        "".join(
            [manifest["name"], manifest["message"], manifest["notes"], *manifest["tags"]]
        ).encode()
    except UnicodeEncodeError as error:
        raise RunError(f"{_MANIFEST} in the archive holds text that is no Unicode.") from error
    return dict(manifest)


def _is_time(value: float) -> bool:
    """Whether a number can be a moment, in seconds since 1970; no NaN is."""
    return 0 <= value < _MAX_TIME


def _checked_config(manifest: dict[str, Any]) -> TrainConfig:
    known = {name: value for name, value in manifest["config"].items() if name in FIELDS}
    try:
        return TrainConfig.from_dict(known)
    except ConfigError as error:
        raise RunError(f"The settings in the archive are refused: {error}") from error


def _records(contents: dict[str, bytes], name: str, kind: Any) -> list[Any]:
    """Return the rows of a CSV file as records."""
    try:
        rows = csv.reader(io.StringIO(contents.get(name, b"").decode("utf-8"), newline=""))
        header = next(rows, None)
        if header is None:
            return []
        if header != [field.name for field in fields(kind)]:
            raise ValueError("its columns are others")
        types = [int if f.type in ("int", int) else float for f in fields(kind)]
        optional = ["None" in str(f.type) for f in fields(kind)]
        records = []
        for row in rows:
            values = [None if text == "" else of(text) for of, text in zip(types, row, strict=True)]
            _check_values(values, optional)
            records.append(kind(*values))
            if len(records) > _MAX_ROWS:
                raise ValueError(f"it has more than {_MAX_ROWS:,} rows")
        return records
    except (ValueError, TypeError, UnicodeDecodeError, csv.Error) as error:
        raise RunError(f"{name} in the archive cannot be read: {error!s:.200}.") from error


def _check_values(values: list[Any], optional: list[bool]) -> None:
    """Refuse what the store could not keep: a missing number, NaN, or one that is too large."""
    for value, may_miss in zip(values, optional, strict=True):
        if value is None:
            if not may_miss:
                raise ValueError("a number is missing")
        elif value != value or (isinstance(value, int) and not 0 <= value < _MAX_WHOLE):
            raise ValueError(f"{value!s:.40} is out of range")


def _check_models(store: Store, contents: dict[str, bytes]) -> None:
    """Refuse weights that this program could not load."""
    from cifar_core.checkpoint import load_model

    for name in MODEL_FILES:
        if name in contents:
            path = store.workspace.models_dir / f".import-{secrets.token_hex(6)}.safetensors"
            try:
                path.write_bytes(contents[name])
                load_model(path)
            except (CheckpointError, OSError) as error:
                text = str(error).replace(path.name, name)
                raise RunError(f"{name} in the archive is refused: {text}") from error
            finally:
                path.unlink(missing_ok=True)


def _add_row(
    store: Store, manifest: dict[str, Any], config: TrainConfig, steps: list[StepRecord]
) -> str:
    run_id = _create_run(store, manifest["run_id"], config)
    values = {name: manifest[name] for name in ("message", "created_at", "started_at")}
    store.update_run(
        run_id, state=RunState.STOPPED, finished_at=manifest["finished_at"] or time.time(),
        steps_per_epoch=max(0, manifest["steps_per_epoch"]), **values,
    )  # fmt: skip
    return run_id


def _create_run(store: Store, run_id: str, config: TrainConfig) -> str:
    """Add a run under the id that it had, or a new one where that is taken or none of ours."""
    if _RUN_ID.fullmatch(run_id) and not (store.workspace.root / "runs" / run_id).exists():
        with contextlib.suppress(sqlite3.IntegrityError):
            return store.create_run(config, launched_by="cli", run_id=run_id)
    return store.create_run(config, launched_by="cli")


def _ended_state(manifest: dict[str, Any]) -> RunState:
    """Return how the run ended; one that went on when it was exported has stopped for us."""
    states = {str(state): state for state in ENDED}
    state = states.get(manifest["state"], RunState.STOPPED)
    return RunState.STOPPED if state == RunState.CRASHED else state
