"""Extra test sets: labelled images that a model is measured on beside its own test images.

They lie in the workspace, one prepared set each, all of it for testing. A set has class names; it
fits every model with the same names, in whatever order.
"""

import json
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock

from cifar_core.data.class_order import check_classes, in_order
from cifar_core.data.folder import read_test_images
from cifar_core.data.image_set import ImageSet, RawImages
from cifar_core.data.names import readable_name
from cifar_core.data.npy_pair import find_pair, is_npy, read_pair
from cifar_core.data.prepared import hold_in_memory, open_prepared, write_prepared
from cifar_core.data.summary import read_summary
from cifar_core.errors import DatasetError
from cifar_core.workspace import Workspace

Progress = Callable[[int, int], None]

MAX_NAME = 60
"""Letters of a set's name."""


@dataclass(frozen=True)
class ExtraTest:
    """An extra test set of the workspace.

    Attributes:
        name: what the person calls it; no two have the same.
        classes: class names in label order.
        num_images: how many images it holds.
        size_bytes: on disk.
        added_at: seconds since 1970, UTC.
        notes: sentences about what was skipped and why.
    """

    name: str
    classes: tuple[str, ...]
    num_images: int
    size_bytes: int
    added_at: float
    notes: tuple[str, ...] = ()


def list_extra_tests(workspace: Workspace, classes: Sequence[str] | None = None) -> list[ExtraTest]:
    """Return the extra test sets, by name; damaged ones are left out.

    Args:
        workspace: where they lie.
        classes: only sets with these names, in any order.
    """
    found = [_describe(folder) for folder in _folders(workspace)]
    fitting = [
        test
        for test in found
        if test and (classes is None or sorted(test.classes) == sorted(classes))
    ]
    return sorted(fitting, key=lambda test: test.name.casefold())


def open_extra_test(
    workspace: Workspace, name: str, classes: Sequence[str] | None = None
) -> ImageSet:
    """Open an extra test set: all of its images are the test part.

    Args:
        workspace: where it lies.
        name: as listed.
        classes: the order of the labels in the result; the set's own if left out.

    Raises:
        DatasetError: there is no such set, its classes are others, or its files are damaged.
    """
    folder = _folder_of(workspace, name)
    return in_order(replace(open_prepared(folder), num_train=0), classes)


def read_extra_test(
    path: Path, workspace: Workspace, classes: Sequence[str], *, fit: str = "crop"
) -> ImageSet:
    """Read a test set without keeping it.

    Args:
        path: as for ``add_extra_test``, one path of it.
        workspace: where temporary files go.
        classes: names in the order that the labels shall have.
        fit: how pictures of another shape come to 32 x 32.

    Raises:
        DatasetError: as for ``add_extra_test``.
    """
    raw = _read([path], (), workspace, classes, fit, None)
    return in_order(replace(hold_in_memory(raw), num_train=0), classes)


def add_extra_test(
    workspace: Workspace,
    paths: Sequence[Path],
    classes: Sequence[str],
    *,
    name: str = "",
    titles: Sequence[str] = (),
    fit: str = "crop",
    progress: Progress | None = None,
) -> ExtraTest:
    """Read a test set and keep its images in the workspace.

    Args:
        workspace: where it goes.
        paths: an image folder or archive of ``<class>/*`` or ``test/<class>/*``; or a pair of
            ``.npy`` files, images and labels, of which one is enough where the other one lies
            beside it.
        classes: names that it must have; also the meaning of the labels in a ``.npy`` file.
        name: what to call it; made from the file's name if left out.
        titles: what a person calls the files; their names if left out.
        fit: how pictures of another shape come to 32 x 32.
        progress: told how far the reading is.

    Returns:
        The set as it is listed now.

    Raises:
        DatasetError: the files cannot be read, have other classes, or the name is taken.
    """
    raw = _read(paths, titles, workspace, classes, fit, progress)
    shown = _clean_name(name or raw.name)
    with FileLock(_home(workspace) / ".lock"):
        if shown in {test.name for test in list_extra_tests(workspace)}:
            raise DatasetError(
                f"There is an extra test set called {shown} already; delete it first, or give this "
                "one another name."
            )
        folder = _home(workspace) / _slug(shown, workspace)
        write_prepared(replace(raw, name=shown), folder)
    described = _describe(folder)
    assert described is not None
    return described


def delete_extra_test(workspace: Workspace, name: str) -> None:
    """Remove an extra test set from the workspace.

    Raises:
        DatasetError: there is none of that name.
    """
    shutil.rmtree(_folder_of(workspace, name), ignore_errors=True)


# --- reading


def _read(
    paths: Sequence[Path],
    titles: Sequence[str],
    workspace: Workspace,
    classes: Sequence[str],
    fit: str,
    progress: Progress | None,
) -> RawImages:
    titles = [*titles, *("" for _ in paths[len(titles) :])]
    if len(paths) == 2:
        raw = read_pair(paths[0], paths[1], classes, (titles[0], titles[1]))
    elif len(paths) != 1:
        raise DatasetError(
            f"{len(paths)} files were given; expected one archive, or two .npy files: images and "
            "labels."
        )
    elif is_npy(paths[0]):
        raw = read_pair(*find_pair(paths[0], titles[0]), classes)
    else:
        scratch = _home(workspace)
        raw = read_test_images(paths[0], scratch, name=titles[0], fit=fit, progress=progress)
    check_classes(raw.name, raw.classes, classes)
    # All are for testing, but a prepared set is never without a training part.
    return replace(raw, num_train=len(raw.labels))


# --- where they lie


def _home(workspace: Workspace) -> Path:
    folder = workspace.data_dir / "extra-tests"
    folder.mkdir(exist_ok=True)
    return folder


def _folders(workspace: Workspace) -> list[Path]:
    return [path for path in _home(workspace).glob("[!.]*") if path.is_dir()]


def _folder_of(workspace: Workspace, name: str) -> Path:
    """Return the folder of a set; the name, which may be any text, is only compared."""
    for folder in _folders(workspace):
        test = _describe(folder)
        if test and test.name == name:
            return folder
    known = ", ".join(test.name for test in list_extra_tests(workspace)) or "none yet"
    raise DatasetError(
        f"There is no extra test set called {name[:MAX_NAME]!r}; there are: {known}."
    )


def _describe(folder: Path) -> ExtraTest | None:
    try:
        summary = read_summary(folder)
        about: dict[str, Any] = json.loads((folder / "set.json").read_text(encoding="utf-8"))
        state = (folder / "set.json").stat()
        size = sum(path.stat().st_size for path in folder.iterdir())
    except (DatasetError, OSError, ValueError):
        return None
    return ExtraTest(
        name=summary.name,
        classes=summary.classes,
        num_images=summary.num_train,
        size_bytes=size,
        added_at=state.st_mtime,
        notes=tuple(map(str, about.get("notes", ()))),
    )


def _clean_name(name: str) -> str:
    text = " ".join(readable_name(name).split())
    shown = "".join(sign for sign in text if sign.isprintable())[:MAX_NAME].strip()
    return shown or "Extra test set"


def _slug(name: str, workspace: Workspace) -> str:
    plain = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower()[:40] or "set"
    number, slug = 2, plain
    while (_home(workspace) / slug).exists():
        slug, number = f"{plain}-{number}", number + 1
    return slug
