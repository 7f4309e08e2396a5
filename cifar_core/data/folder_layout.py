"""Find the classes and picture files of an image folder; opens no picture."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cifar_core.data.names import is_junk, is_picture_name, natural_key, readable_name
from cifar_core.errors import DatasetError

MAX_IMAGES = 1_000_000
"""Of one set; at 3 kB each they fill 3 GB of memory."""

_EXPECTED = "expected train/<class>/<pictures> and, if there is one, test/<class>/<pictures>"


@dataclass(frozen=True)
class FolderLayout:
    """What an image folder holds.

    Attributes:
        root: the folder that holds the parts; file names are told relative to it.
        files: the pictures, the training part first; within a part by class, then by name.
        labels: int64 (N,), indices into ``classes``.
        num_train: how many of the files are the training part.
        classes: names of the class folders in natural order.
        notes: sentences about what was ignored.
    """

    root: Path
    files: tuple[Path, ...]
    labels: np.ndarray
    num_train: int
    classes: tuple[str, ...]
    notes: tuple[str, ...]


def scan_layout(folder: Path, title: str) -> FolderLayout:
    """Find classes and files.

    Args:
        folder: holds train and perhaps test, or the class folders themselves, or one folder that
            holds either.
        title: what a person calls the folder, for the sentences.

    Raises:
        DatasetError: the folder is missing or cannot be read, or its layout is not as expected.
    """
    if not folder.is_dir():
        found = "is no folder" if folder.exists() else "does not exist"
        raise DatasetError(f"{title} {found}; {_EXPECTED}.")
    try:
        return _scan(_unwrap(folder), title)
    except OSError as error:
        raise DatasetError(
            f"{title} cannot be read: {error.strerror} ({error.filename})."
        ) from error


def find_test_part(folder: Path, title: str) -> Path:
    """Return the folder that holds the class folders of the pictures for testing.

    Args:
        folder: holds test, or the class folders themselves, or one folder that holds either.
        title: as in ``scan_layout``.

    Raises:
        DatasetError: the folder is missing or cannot be read, or holds train and no test.
    """
    if not folder.is_dir():
        found = "is no folder" if folder.exists() else "does not exist"
        raise DatasetError(f"{title} {found}; expected test/<class>/<pictures>.")
    try:
        root = _unwrap(folder)
        parts = {name.casefold(): path for name, path in _subfolders(root).items()}
    except OSError as error:
        raise DatasetError(f"{title} cannot be read: {error.strerror}.") from error
    if "train" in parts and "test" not in parts:
        raise DatasetError(
            f"{title} has a folder train, but none called test; expected test/<class>/<pictures>."
        )
    return parts.get("test", root)


def scan_signature(folder: Path) -> str:
    """Return a sha256 in hex over names, sizes and times of all files; it opens none of them.

    Raises:
        DatasetError: the folder is missing or cannot be read.
    """
    digest = hashlib.sha256()
    try:
        for entry in _walk(folder):
            digest.update(os.fsencode(os.path.relpath(entry.path, folder)))
            digest.update(b"\0%d %d\n" % _state(entry))
    except OSError as error:
        raise DatasetError(f"{folder} cannot be read: {error.strerror}.") from error
    return digest.hexdigest()


def _state(entry: os.DirEntry[str]) -> tuple[int, int]:
    if entry.is_dir():
        return 0, 0  # its entries count, not its own times
    try:
        state = entry.stat()
    except FileNotFoundError:  # a link to nowhere
        state = entry.stat(follow_symlinks=False)
    return state.st_size, state.st_mtime_ns


def _scan(root: Path, title: str) -> FolderLayout:
    notes: list[str] = []
    train, test = _find_parts(root, title, notes)
    train_classes = _find_classes(train, notes)
    test_classes = _find_classes(test, notes) if test else {}
    _check_classes(train_classes, test_classes, title)
    label_of = {name: label for label, name in enumerate(train_classes)}
    files: list[Path] = []
    labels: list[int] = []
    num_train = 0
    for classes in (train_classes, test_classes):
        for name, class_folder in classes.items():
            found = _find_pictures(class_folder, root, title, notes)
            files += found
            labels += [label_of[name]] * len(found)
        num_train = num_train or len(files)
    if len(files) > MAX_IMAGES:
        raise DatasetError(
            f"{title} holds {len(files):,} pictures; expected at most {MAX_IMAGES:,}."
        )
    return FolderLayout(
        root=root,
        files=tuple(files),
        labels=np.array(labels, np.int64),
        num_train=num_train,
        classes=tuple(readable_name(name) for name in train_classes),
        notes=tuple(notes),
    )


def _unwrap(folder: Path) -> Path:
    """Return the only subfolder where it wraps everything, else the folder itself."""
    folders = _subfolders(folder)
    if len(folders) != 1 or {"train", "test"} & set(map(str.casefold, folders)):
        return folder
    (only,) = folders.values()
    return only if _subfolders(only) else folder


def _find_parts(root: Path, title: str, notes: list[str]) -> tuple[Path, Path | None]:
    """Return the training and the test part; the first is the root where there is no train."""
    folders = {name.casefold(): path for name, path in _subfolders(root).items()}
    train, test = folders.pop("train", None), folders.pop("test", None)
    if train is None and test is not None:
        raise DatasetError(f"{title} has a folder test, but none called train; {_EXPECTED}.")
    if train is None:
        return root, None
    if folders:
        names = ", ".join(readable_name(path.name) for path in folders.values())
        notes.append(f"Beside train and test these folders were ignored: {names}.")
    return train, test


def _find_classes(part: Path, notes: list[str]) -> dict[str, Path]:
    loose = sum(is_picture_name(entry.name) for entry in _visible(part) if not entry.is_dir())
    if loose:
        notes.append(
            f"Pictures in {readable_name(part.name)} itself, in no class folder, were ignored: "
            f"{loose:,}."
        )
    return _subfolders(part)


def _check_classes(train: dict[str, Path], test: dict[str, Path], title: str) -> None:
    if len(train) < 2:
        names = f" ({readable_name(next(iter(train)))})" if train else ""
        raise DatasetError(
            f"{title} has too few class folders, {len(train)}{names}; expected at least 2, as "
            "train/<class>/<pictures>."
        )
    unknown = [readable_name(name) for name in test if name not in train]
    if unknown:
        raise DatasetError(
            f"{title} has classes in test that train has not: {', '.join(unknown)}; expected the "
            "same names in both."
        )


def _find_pictures(class_folder: Path, root: Path, title: str, notes: list[str]) -> list[Path]:
    """Return the pictures below a class folder, sorted by name, its subfolders included."""
    paths = [Path(entry.path) for entry in _walk(class_folder) if not entry.is_dir()]
    pictures = [path for path in paths if is_picture_name(path.name)]
    place = readable_name(class_folder.relative_to(root).as_posix())
    if not pictures:
        raise DatasetError(
            f"The class folder {place} in {title} holds no pictures; put some in or remove it."
        )
    others = len(paths) - len(pictures)
    if others:
        notes.append(f"Files in {place} without the ending of a picture were ignored: {others:,}.")
    return pictures


def _subfolders(folder: Path) -> dict[str, Path]:
    names = [entry.name for entry in _visible(folder) if entry.is_dir()]
    return {name: folder / name for name in sorted(names, key=natural_key)}


def _walk(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Yield everything visible below a folder, depth first and sorted by name."""
    for entry in _visible(folder):
        yield entry
        if entry.is_dir() and not _leads_back(entry):
            yield from _walk(Path(entry.path))


def _visible(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        seen = [entry for entry in entries if not is_junk(entry.name)]
    return sorted(seen, key=lambda entry: entry.name)


def _leads_back(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a link to a folder that holds it: following it would never end."""
    if not entry.is_symlink():
        return False
    path = Path(entry.path)
    return path.resolve() in (path.parent.resolve(), *path.parent.resolve().parents)
