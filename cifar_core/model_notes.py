"""What a person did with a model: its name and its deletion, in ``models/<id>.note.json``.

One small file a model: a damaged one costs a name, never a model. Ids are made by the program or
are the names of files in ``models/``.
"""

import json
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from cifar_core.data.names import readable_name
from cifar_core.errors import CheckpointError
from cifar_core.files import write_atomically
from cifar_core.workspace import Workspace

MAX_NAME = 80
"""Letters in the name of a model."""


@dataclass(frozen=True)
class Note:
    """The content of a note.

    Attributes:
        name: what the person calls the model; empty where nobody named it.
        original_name: what the file was called that it was uploaded as.
        added_at: when it was uploaded, in seconds since 1970, UTC; 0 for the model of a run.
        deleted_at: when it was deleted; 0 if it was not.
    """

    name: str = ""
    original_name: str = ""
    added_at: float = 0.0
    deleted_at: float = 0.0


def note_path(workspace: Workspace, model_id: str) -> Path:
    """Return where the note of a model of the workspace is, or would be."""
    return workspace.models_dir / f"{model_id}.note.json"


def read_note(workspace: Workspace, model_id: str) -> Note:
    """Return what is noted of a model; a missing or damaged note counts as an empty one."""
    try:
        values = json.loads(note_path(workspace, model_id).read_bytes())
    except (OSError, ValueError, RecursionError):
        return Note()
    known = Note()
    kept = {
        name: values[name]
        for name, default in asdict(known).items()
        if isinstance(values, dict) and type(values.get(name)) is type(default)
    }
    return replace(known, **kept)


def write_note(workspace: Workspace, model_id: str, note: Note) -> None:
    """Note something of a model.

    Raises:
        CheckpointError: the disk refuses.
    """
    content = json.dumps(asdict(note), indent=2, ensure_ascii=False).encode()
    try:
        write_atomically(note_path(workspace, model_id), content)
    except OSError as error:
        raise CheckpointError(f"The model's note cannot be written: {error}.") from error


def short_name(name: str) -> str:
    """Return a name from outside as one printable line of at most ``MAX_NAME`` letters."""
    printable = "".join(sign if sign.isprintable() else " " for sign in readable_name(name))
    line = re.sub(r"\s+", " ", printable).strip() or "model"
    return line if len(line) <= MAX_NAME else line[: MAX_NAME - 1] + "…"
