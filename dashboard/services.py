"""What pages open again and again: the workspace, the store, image sets and models.

Torch is imported inside the functions that need it, so that a page that only watches is light.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from cifar_core.data_jobs import find_job
from cifar_core.store import Store
from cifar_core.workspace import Workspace

if TYPE_CHECKING:
    from cifar_core.checkpoint import Model
    from cifar_core.data.image_set import ImageSet


_LOOK_AGAIN_S = 10


def get_workspace() -> Workspace:
    """Return the workspace that everything lies in."""
    return Workspace.default()


def get_store() -> Store:
    """Return the store of the workspace; cheap, so that every run of a page may ask."""
    workspace = get_workspace()
    if not workspace.database_path.exists():  # somebody tidied up meanwhile: make it again
        _open_store.cache_clear()
    return _open_store(workspace)


def is_data_ready(data: str, fit: str = "crop") -> bool:
    """Whether opening the source takes milliseconds; False too where it cannot be found.

    Args:
        data: 'builtin', 'cifar10', or the path of a folder or archive.
        fit: how pictures of another shape come to 32 x 32.
    """
    from cifar_core.data.sources import is_ready
    from cifar_core.errors import DatasetError

    try:
        return is_ready(data, get_workspace(), fit=fit)
    except DatasetError:
        return False


def get_image_set(data: str, fit: str = "crop") -> ImageSet:
    """Open a prepared source; mapped once, shared by all sessions, until it is prepared anew.

    Args:
        data: 'builtin', 'cifar10', or the path of a folder or archive, and ready.
        fit: as in ``is_data_ready``.

    Raises:
        DatasetError: the source cannot be found or read.
    """
    root = str(get_workspace().root)
    job = find_job(get_workspace(), data, fit)
    version = _version_of(data, fit, root, job.finished_at if job else 0.0)
    return _open_image_set(data, fit, root, version)


def forget_image_sets() -> None:
    """Look at the disk again at the next opening: something there was deleted."""
    _version_of.clear()


def get_model(path: Path) -> Model:
    """Read a model file; shared by all sessions until the file changes. Do not train it.

    Raises:
        CheckpointError: the file is missing, damaged, unsafe, or holds something else.
    """
    found = path.stat() if path.is_file() else None
    return _load_model(str(path), found and found.st_mtime_ns, found and found.st_size)


@lru_cache(maxsize=4)
def _open_store(workspace: Workspace) -> Store:
    return Store(workspace)


# The signature of a large folder takes a second, and every click on a page would wait for it.
@st.cache_resource(ttl=_LOOK_AGAIN_S, max_entries=32, show_spinner=False)
def _version_of(data: str, fit: str, root: str, finished_at: float) -> tuple[str, int]:
    from cifar_core.data.sources import open_data, prepared_version

    workspace = Workspace(Path(root))
    version = prepared_version(data, workspace, fit=fit)
    if version[1]:
        return version
    open_data(data, workspace, fit=fit)  # it was not ready after all
    return prepared_version(data, workspace, fit=fit)


@st.cache_resource(max_entries=4, show_spinner=False)
def _open_image_set(data: str, fit: str, root: str, version: tuple[str, int]) -> ImageSet:
    from cifar_core.data.sources import open_data

    return open_data(data, Workspace(Path(root)), fit=fit)


@st.cache_resource(max_entries=4, show_spinner=False)
def _load_model(path: str, mtime_ns: int | None, size: int | None) -> Model:
    from cifar_core.checkpoint import load_model

    return load_model(Path(path))
