"""Keep an uploaded archive under a name of our own.

What the browser calls the file is only ever shown; it never becomes part of a path.
"""

import hashlib
import json
from pathlib import Path
from typing import BinaryIO

from cifar_core.data.names import readable_name
from cifar_core.data.scratch import scratch_folder
from cifar_core.data.tar_stream import BLOCK_BYTES, is_tar_header
from cifar_core.errors import DatasetError
from cifar_core.files import write_atomically
from cifar_core.workspace import Workspace

MAX_UPLOAD_MB = 250
"""Below the server's own limit (.streamlit/config.toml); larger archives are named by path."""

ENDINGS = ("zip", "tar", "gz", "tgz", "bz2", "xz")
"""What the browser's file dialog offers; what counts is the content."""

_CHUNK_BYTES = 1_000_000
_SHOWN_LETTERS = 60
_KINDS = (
    (b"PK\x03\x04", ".zip"),
    (b"\x1f\x8b", ".tar.gz"),
    (b"BZh", ".tar.bz2"),
    (b"\xfd7zXZ\0", ".tar.xz"),
)


def keep_upload(file: BinaryIO, name: str, workspace: Workspace) -> Path:
    """Copy an uploaded archive into the workspace, piece by piece.

    The same content uploaded twice is kept once.

    Args:
        file: at its start.
        name: what the visitor calls the file; shown, and nothing else.
        workspace: it is kept in the data folder.

    Returns:
        Path of the kept archive.

    Raises:
        DatasetError: the file is no archive or too large, or the disk refuses it.
    """
    shown = readable_name(name)[:_SHOWN_LETTERS]
    start = file.read(BLOCK_BYTES)
    ending = _ending_of(start)
    if ending is None:
        raise DatasetError(
            f"{shown} is no archive; expected a .zip or .tar.gz of train/<class>/<pictures>."
        )
    try:
        with scratch_folder(workspace.data_dir) as folder:
            digest = _copy(start, file, folder / "upload", shown)
            kept = _uploads_dir(workspace) / f"upload-{digest[:12]}{ending}"
            if not kept.exists():  # else its time is part of the prepared set's name
                (folder / "upload").rename(kept)
        write_atomically(_label_path(kept), json.dumps({"name": shown}).encode())
    except OSError as error:
        raise DatasetError(f"{shown} cannot be kept: {error.strerror}.") from error
    return kept


def list_uploads(workspace: Workspace) -> list[Path]:
    """Return the kept archives, the latest first."""
    found = [
        path
        for path in _uploads_dir(workspace).glob("upload-*")
        if path.suffix != ".json" and path.is_file()
    ]
    return sorted(found, key=lambda path: -path.stat().st_mtime)


def upload_name(path: Path, workspace: Workspace) -> str | None:
    """Return what the visitor called a kept archive; None for any other path."""
    if path.parent != _uploads_dir(workspace):
        return None
    try:
        return str(json.loads(_label_path(path).read_bytes())["name"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def forget_upload(path: Path, workspace: Workspace) -> None:
    """Remove a kept archive; any other path stays as it is."""
    if path.parent == _uploads_dir(workspace) and path.name.startswith("upload-"):
        path.unlink(missing_ok=True)
        _label_path(path).unlink(missing_ok=True)


def _copy(start: bytes, file: BinaryIO, target: Path, shown: str) -> str:
    """Return the sha256 in hex of what was copied."""
    digest, size, chunk = hashlib.sha256(), 0, start
    with target.open("xb") as output:
        while chunk:
            size += len(chunk)
            if size > MAX_UPLOAD_MB * 2**20:  # the browser's own check can be left out
                raise DatasetError(
                    f"{shown} has more than {MAX_UPLOAD_MB} MB; copy it to this machine yourself "
                    "and name its path instead."
                )
            digest.update(chunk)
            output.write(chunk)
            chunk = file.read(_CHUNK_BYTES)
    return digest.hexdigest()


def _ending_of(start: bytes) -> str | None:
    for magic, ending in _KINDS:
        if start.startswith(magic):
            return ending
    return ".tar" if len(start) == BLOCK_BYTES and is_tar_header(start) else None


def _label_path(kept: Path) -> Path:
    return kept.with_name(kept.name + ".json")


def _uploads_dir(workspace: Workspace) -> Path:
    folder = workspace.data_dir / "uploads"
    folder.mkdir(exist_ok=True)
    return folder
