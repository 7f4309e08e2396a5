"""The models of a workspace: of its runs, brought from elsewhere, and shipped with the program.

A run's model is a file of the run. An uploaded one is checked in full, written anew as safetensors
under an id of ours, and kept in ``models/``. What a person does with a model stands in its note
(``model_notes``): deleting is a mark there, so it can be undone; ``purge_models`` removes the files
later. The shipped ones lie in the package, which is only read; they work before any training.

Listing reads headers only and imports no torch; ``import_model`` does.
"""

import secrets
import time
from dataclasses import dataclass, replace
from pathlib import Path

from cifar_core.errors import CheckpointError
from cifar_core.model_header import HEADER_KEY, ModelFacts, read_facts
from cifar_core.model_notes import MAX_NAME, Note, note_path, read_note, short_name, write_note
from cifar_core.picture_kinds import describe_content
from cifar_core.run_paths import model_path
from cifar_core.store import Store
from cifar_core.workspace import Workspace

UPLOAD_ENDINGS = (".pt", ".pth", ".safetensors")
SHIPPED_DIR = Path(__file__).parent / "shipped"
"""Written by ``benchmarks/ship_model.py``; the JSON beside each says how it was trained."""
KEPT_AFTER_DELETE_S = 7 * 86_400.0
"""So long a deleted upload can be brought back."""


@dataclass(frozen=True, kw_only=True)
class ModelEntry(ModelFacts):
    """A model of the workspace, with what its file says of itself.

    Attributes:
        model_id: made by the program; a run's model has the id of the run.
        name: what the person calls it; empty where nobody named it.
        path: the file that the model is read from.
        source: "run", "upload" or "shipped".
        created_at: when it came to be here, in seconds since 1970, UTC.
        size_bytes: of the file.
        run_id: the run of this workspace that it belongs to; empty for all others.
        deleted_at: when it was deleted; 0 if it was not.
    """

    model_id: str
    name: str
    path: Path
    source: str
    created_at: float
    size_bytes: int
    run_id: str = ""
    deleted_at: float = 0.0


def list_models(workspace: Workspace) -> list[ModelEntry]:
    """Return the models that were not deleted; damaged ones say so.

    A person's own come first, the newest before the others, then the shipped ones, the best first.
    """
    return [entry for entry in _all_models(workspace) if not entry.deleted_at]


def deleted_models(workspace: Workspace) -> list[ModelEntry]:
    """Return the models that can be brought back, the last deleted first."""
    deleted = [entry for entry in _all_models(workspace) if entry.deleted_at]
    return sorted(deleted, key=lambda entry: -entry.deleted_at)


def find_model(workspace: Workspace, model_id: str) -> ModelEntry:
    """Return one model; ``model_id`` may be any text, and never becomes part of a path.

    Raises:
        CheckpointError: there is no such model, or it was deleted.
    """
    for entry in list_models(workspace):
        if entry.model_id == model_id:
            return entry
    raise CheckpointError(f"There is no model {model_id[:MAX_NAME]!r} here; it may be deleted.")


def model_file(workspace: Workspace, named: str) -> Path:
    """Return the file that somebody means by its path, or by the id of a model in the list."""
    path = Path(named)
    if path.exists():
        return path
    found = (entry.path for entry in list_models(workspace) if entry.model_id == named)
    return next(found, path)


def import_model(workspace: Workspace, upload: Path, original_name: str) -> ModelEntry:
    """Check a model file from elsewhere and keep a copy of what it holds.

    Args:
        workspace: where the copy goes.
        upload: the file, under a name of ours with one of ``UPLOAD_ENDINGS``.
        original_name: what the person's machine calls it: shown, never used as a path.

    Returns:
        The new model.

    Raises:
        CheckpointError: the file is damaged, unsafe, or holds something else than a network of this
            program; or the disk refuses.
    """
    from cifar_core.checkpoint import hash_weights, load_model, portable_weights, write_tensors

    shown = short_name(original_name)
    try:
        _check_kind(upload)
        model = load_model(upload)
        weights = portable_weights(model.network)
        info = replace(model.info, weights_sha256=hash_weights(weights))
    except CheckpointError as error:
        raise CheckpointError(str(error).replace(upload.name, shown)) from error
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    model_id = f"upload-{stamp}-{secrets.token_hex(3)}"
    path = workspace.models_dir / f"{model_id}.safetensors"
    write_tensors(weights, {HEADER_KEY: info.to_json()}, path)
    write_note(workspace, model_id, Note(shown, shown, time.time()))
    return find_model(workspace, model_id)


def rename_model(workspace: Workspace, model_id: str, name: str) -> ModelEntry:
    """Call a model something else.

    Args:
        workspace: where it is.
        model_id: of a model that was not deleted.
        name: any text; shortened to ``MAX_NAME`` letters, in one line. Empty gives an upload its
            first name back and takes away a run's.

    Raises:
        CheckpointError: there is no such model, or the disk refuses.
    """
    entry = find_model(workspace, model_id)
    note = read_note(workspace, entry.model_id)
    name = short_name(name) if name.strip() else note.original_name
    write_note(workspace, entry.model_id, replace(note, name=name))
    return find_model(workspace, model_id)


def delete_model(workspace: Workspace, model_id: str) -> None:
    """Take a model off the list. The file of a run stays with the run.

    Raises:
        CheckpointError: there is no such model, or the disk refuses.
    """
    entry = find_model(workspace, model_id)
    note = read_note(workspace, entry.model_id)
    write_note(workspace, entry.model_id, replace(note, deleted_at=time.time()))


def restore_model(workspace: Workspace, model_id: str) -> None:
    """Bring a deleted model back.

    Raises:
        CheckpointError: it is no longer there, or the disk refuses.
    """
    if model_id not in {entry.model_id for entry in deleted_models(workspace)}:
        raise CheckpointError(f"The model {model_id[:MAX_NAME]!r} cannot be brought back any more.")
    write_note(workspace, model_id, replace(read_note(workspace, model_id), deleted_at=0.0))


def purge_models(workspace: Workspace, *, older_than_s: float = KEPT_AFTER_DELETE_S) -> int:
    """Remove the files of uploads deleted longer ago; return how many."""
    limit = time.time() - older_than_s
    old = [entry for entry in deleted_models(workspace) if entry.deleted_at < limit]
    uploads = [entry for entry in old if entry.source == "upload"]
    for entry in uploads:
        entry.path.unlink(missing_ok=True)
        note_path(workspace, entry.model_id).unlink(missing_ok=True)
    return len(uploads)


def _all_models(workspace: Workspace) -> list[ModelEntry]:
    """Return every model in the order of the list, deleted ones too."""
    entries = [*_run_models(workspace), *_uploaded_models(workspace)]
    newest_first = sorted(entries, key=lambda e: (e.created_at, e.model_id), reverse=True)
    return [*newest_first, *sorted(_shipped_models(workspace), key=lambda e: -(e.accuracy or 0))]


def _run_models(workspace: Workspace) -> list[ModelEntry]:
    found = []
    for run in Store(workspace).runs():
        path = model_path(workspace.run_dir(run.run_id))
        note = read_note(workspace, run.run_id)
        entry = path and _entry(path, run.run_id, note, default_name=run.name, source="run")
        if entry:
            found.append(replace(entry, run_id=run.run_id))
    return found


def _uploaded_models(workspace: Workspace) -> list[ModelEntry]:
    found = []
    for path in sorted(workspace.models_dir.glob("[!.]*.safetensors")):
        note = read_note(workspace, path.stem)
        entry = _entry(path, path.stem, note, default_name=path.stem, source="upload")
        if entry:
            found.append(entry)
    return found


def _shipped_models(workspace: Workspace) -> list[ModelEntry]:
    found = []
    for path in sorted(SHIPPED_DIR.glob("*.safetensors")):
        model_id = f"shipped-{path.stem}"
        note = read_note(workspace, model_id)
        entry = _entry(path, model_id, note, default_name="", source="shipped")
        if entry:
            found.append(entry)
    return found


def _entry(
    path: Path, model_id: str, note: Note, *, default_name: str, source: str
) -> ModelEntry | None:
    """Return a model of the list, or None where its file vanished meanwhile."""
    try:
        state = path.stat()
    except OSError:
        return None
    facts = read_facts(path)
    trained_here = facts.trained_at if source != "upload" else 0.0
    return ModelEntry(
        **vars(facts),
        model_id=model_id,
        name=note.name or (short_name(default_name) if default_name else ""),
        path=path,
        source=source,
        created_at=note.added_at or trained_here or state.st_mtime,
        size_bytes=state.st_size,
        deleted_at=note.deleted_at,
    )


def _check_kind(upload: Path) -> None:
    """Refuse at once what begins like no model file; how a model begins proves nothing yet.

    Raises:
        CheckpointError: it is a text, a picture, or something else that cannot be a model.
    """
    with upload.open("rb") as file:
        start = file.read(512)
    looks_right = start[8:9] == b"{" or start.startswith((b"PK\x03\x04", b"\x80"))
    if start and upload.suffix != ".safetensors" and not looks_right:
        raise CheckpointError(
            f"{upload.name} is no model file but {describe_content(start)}; expected a state_dict "
            "saved with torch.save, or safetensors."
        )
