"""Read a person's own pictures: an image folder, or an archive of one.

The layout is ``train/<class>/*`` and, if there is one, ``test/<class>/*``.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from cifar_core.data.archive import unpack_archive
from cifar_core.data.folder_layout import (
    FolderLayout,
    find_test_part,
    scan_layout,
    scan_signature,
)
from cifar_core.data.image_set import IMAGE_SIZE, RawImages
from cifar_core.data.names import readable_name
from cifar_core.data.scratch import scratch_folder
from cifar_core.errors import DatasetError, ImageError
from cifar_core.pictures import fit_picture, open_picture

__all__ = ["read_archive", "read_image_folder", "read_test_images", "scan_signature"]

Progress = Callable[[int, int], None]
"""Called with what is done and what there is in all, from the calling thread."""

_CHUNK = 64
"""Pictures that a thread reads before it reports."""
_THREADS = min(4, os.cpu_count() or 1)
"""Each may hold one large picture in memory, up to a gigabyte."""
_NAMED_FAILURES = 20
_ARCHIVE_ENDINGS = (".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".tbz2", ".txz", ".tar", ".zip")
_STEPS = 1000
"""Of the progress of an archive."""
_UNPACKING_SHARE = 0.25


def read_image_folder(
    folder: Path, *, fit: str = "crop", progress: Progress | None = None
) -> RawImages:
    """Read all pictures of a folder, each brought to 32 x 32.

    Pictures that cannot be read are left out and told in the notes. The order is that of the class
    names, then of the file names, so that the same folder gives the same set everywhere.

    Args:
        folder: holds train and perhaps test, or the class folders themselves.
        fit: how a picture comes to a square; one of ``pictures.FITS``.
        progress: told how many pictures are read.

    Raises:
        ConfigError: ``fit`` is unknown.
        DatasetError: the folder is missing or cannot be read, has another layout, fewer than two
            classes, or a class without a readable picture.
    """
    name = folder.resolve().name
    return _read(folder, name, str(folder), fit=fit, progress=progress)


def read_archive(
    archive: Path,
    scratch: Path,
    *,
    name: str = "",
    fit: str = "crop",
    progress: Progress | None = None,
) -> RawImages:
    """Read all pictures of a .zip or .tar archive of an image folder.

    Args:
        archive: see ``unpack_archive``.
        scratch: folder for a temporary copy of the pictures; it is removed again.
        name: what a person calls the archive; its file name if left out.
        fit: as in ``read_image_folder``.
        progress: told how far the reading is, in thousandths.

    Raises:
        ConfigError: ``fit`` is unknown.
        DatasetError: as for ``unpack_archive`` and ``read_image_folder``.
    """
    return _read_unpacked(archive, scratch, name, progress, partial(_read, fit=fit))


def read_test_images(
    path: Path,
    scratch: Path,
    *,
    name: str = "",
    fit: str = "crop",
    progress: Progress | None = None,
) -> RawImages:
    """Read pictures that are all for testing, from an image folder or an archive of one.

    Of a folder with a test part only that is read; otherwise it holds the class folders itself.

    Args:
        path: of the folder or archive.
        scratch: as in ``read_archive``.
        name: as in ``read_archive``.
        fit: as in ``read_image_folder``.
        progress: told how far the reading is.

    Raises:
        ConfigError: ``fit`` is unknown.
        DatasetError: as for ``read_archive``; or there is a training part and none for testing.
    """
    read = partial(_read_test_part, fit=fit)
    if not path.is_dir():
        return _read_unpacked(path, scratch, name, progress, read)
    return read(path, name or path.resolve().name, str(path), progress=progress)


def _read_unpacked(
    archive: Path,
    scratch: Path,
    name: str,
    progress: Progress | None,
    read: Callable[..., RawImages],
) -> RawImages:
    title = name or archive.name
    with scratch_folder(scratch) as folder:
        unpacking = _share(progress, 0.0, _UNPACKING_SHARE)
        notes = unpack_archive(archive, folder, title=title, progress=unpacking)
        reading = _share(progress, _UNPACKING_SHARE, 1.0)
        raw = read(folder, _stem(title), title, progress=reading)
    return replace(raw, notes=(*notes, *raw.notes))


def _read_test_part(
    folder: Path, name: str, title: str, *, fit: str, progress: Progress | None
) -> RawImages:
    return _read(find_test_part(folder, title), name, title, fit=fit, progress=progress)


def _read(folder: Path, name: str, title: str, *, fit: str, progress: Progress | None) -> RawImages:
    layout = scan_layout(folder, title)
    images, failures = _decode(layout.files, fit, progress)
    is_read = np.ones(len(images), bool)
    is_read[list(failures)] = False
    _check_every_class(layout, is_read, failures, title)
    return RawImages(
        images=images[is_read] if failures else images,
        labels=layout.labels[is_read],
        num_train=int(is_read[: layout.num_train].sum()),
        classes=layout.classes,
        name=readable_name(name),
        notes=(*layout.notes, *_failure_notes(layout, failures)),
    )


def _decode(
    files: tuple[Path, ...], fit: str, progress: Progress | None
) -> tuple[np.ndarray, dict[int, str]]:
    """Return images uint8 (N, 32, 32, 3), and for each unreadable file why it is black there."""
    images = np.zeros((len(files), IMAGE_SIZE, IMAGE_SIZE, 3), np.uint8)
    failures: dict[int, str] = {}
    starts = range(0, len(files), _CHUNK)
    pool = ThreadPoolExecutor(_THREADS, "pictures")
    try:
        for start, failed in zip(
            starts, pool.map(partial(_decode_chunk, files, images, fit), starts), strict=True
        ):
            failures |= failed
            if progress:
                progress(min(start + _CHUNK, len(files)), len(files))
    finally:
        pool.shutdown(cancel_futures=True)
    return images, failures


def _decode_chunk(
    files: tuple[Path, ...], images: np.ndarray, fit: str, start: int
) -> dict[int, str]:
    failures = {}
    for position in range(start, min(start + _CHUNK, len(files))):
        try:
            images[position] = fit_picture(open_picture(files[position]), fit=fit)
        except ImageError as error:
            failures[position] = str(error)
    return failures


def _check_every_class(
    layout: FolderLayout, is_read: np.ndarray, failures: dict[int, str], title: str
) -> None:
    """Raise DatasetError where no training picture of a class could be read."""
    train_labels = layout.labels[: layout.num_train]
    counts = np.bincount(train_labels[is_read[: layout.num_train]], minlength=len(layout.classes))
    for label, name in enumerate(layout.classes):
        if counts[label] == 0:
            first = int(np.argmax(train_labels == label))
            raise DatasetError(
                f"No training picture of the class {name} in {title} can be read; the first one: "
                f"{failures[first]}"
            )


def _failure_notes(layout: FolderLayout, failures: dict[int, str]) -> list[str]:
    if not failures:
        return []
    notes = [
        f"Pictures that cannot be read were left out: {len(failures):,} of {len(layout.files):,}."
    ]
    for position in sorted(failures)[:_NAMED_FAILURES]:
        place = layout.files[position].parent.relative_to(layout.root).as_posix()
        notes.append(f"In {readable_name(place)}: {failures[position]}")
    if len(failures) > _NAMED_FAILURES:
        notes.append(f"And {len(failures) - _NAMED_FAILURES:,} more that cannot be read.")
    return notes


def _stem(archive_name: str) -> str:
    for ending in _ARCHIVE_ENDINGS:
        if archive_name.lower().endswith(ending):
            return archive_name[: -len(ending)]
    return archive_name


def _share(progress: Progress | None, start: float, end: float) -> Progress | None:
    """Return a progress that fills the stretch from ``start`` to ``end`` of the given one."""
    if progress is None:
        return None
    return lambda done, total: progress(
        round(_STEPS * (start + (end - start) * done / max(1, total))), _STEPS
    )
