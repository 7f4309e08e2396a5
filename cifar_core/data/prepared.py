"""Prepared image sets on disk: written once, then opened in milliseconds by memory mapping.

A prepared set is a folder with ``images.npy`` (uint8 N x 32 x 32 x 3), ``labels.npy`` (int64 N) and
``set.json``. Many processes may open it at once; the pages of the mapped file are shared between
them. It is made in a temporary folder, synced and renamed, so a killed preparation leaves nothing
that could be mistaken for a set; the next one sweeps up what it left.
"""

import hashlib
import json
import secrets
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from cifar_core.data.image_set import IMAGE_SIZE, ImageSet, RawImages
from cifar_core.errors import DatasetError
from cifar_core.files import sync

FORMAT = 1
_CHUNK = 5_000
"""Images worked on at once, so that a large set needs little memory beside its own."""


def write_prepared(raw: RawImages, folder: Path, *, origin: str = "") -> None:
    """Write a set to ``folder``, replacing a damaged one that may be there.

    One process at a time may do this; see ``sources``.

    Args:
        raw: the images.
        folder: where they go.
        origin: the path that they were read from, where it is a person's own.

    Raises:
        DatasetError: images and labels do not fit together, or the disk refuses.
    """
    _check(raw)
    for leftover in folder.parent.glob(f".{folder.name}.*.tmp"):  # of a killed preparation
        shutil.rmtree(leftover, ignore_errors=True)
    temporary = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.tmp")
    try:
        temporary.mkdir(parents=True)
        np.save(temporary / "images.npy", np.ascontiguousarray(raw.images))
        np.save(temporary / "labels.npy", raw.labels.astype(np.int64))
        (temporary / "set.json").write_text(_to_json(raw, origin), encoding="utf-8")
        for path in (*temporary.iterdir(), temporary):
            sync(path)
        shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
    except OSError as error:  # numpy's, for a full disk, has a text but no strerror
        reason = error.strerror or str(error)
        raise DatasetError(f"The images cannot be written to {folder}: {reason}.") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def open_prepared(folder: Path) -> ImageSet:
    """Map a prepared set from disk.

    Raises:
        DatasetError: the folder is no prepared set, or one of its files is damaged.
    """
    try:
        about = json.loads((folder / "set.json").read_text(encoding="utf-8"))
        # "c": pages are shared until somebody writes to them, and torch does not warn about
        # read-only memory
        raw = RawImages(
            images=np.load(folder / "images.npy", mmap_mode="c"),
            labels=np.load(folder / "labels.npy"),
            num_train=about["num_train"],
            classes=tuple(about["classes"]),
            name=about["name"],
            drawn=about["drawn"],
            notes=tuple(about["notes"]),
        )
        if about["format"] != FORMAT or raw.labels.dtype != np.int64:
            raise ValueError("it is of another format")
        _check(raw)
        return _image_set(raw, about)
    except (OSError, EOFError, ValueError, KeyError, TypeError, DatasetError) as error:
        raise DatasetError(
            f"{folder} is not a whole prepared image set ({error}). Delete this folder; the next "
            "opening makes it anew."
        ) from error


def _image_set(raw: RawImages, about: dict[str, Any]) -> ImageSet:
    import torch  # here, so that asking what is prepared does not wait for it

    return ImageSet(
        images=torch.from_numpy(raw.images),
        labels=torch.from_numpy(raw.labels),
        num_train=raw.num_train,
        classes=raw.classes,
        name=raw.name,
        drawn=raw.drawn,
        fingerprint=about["fingerprint"],
        mean=tuple(about["mean"]),
        std=tuple(about["std"]),
        notes=raw.notes,
    )


def hold_in_memory(raw: RawImages) -> ImageSet:
    """Return a set that is not on disk, for images that are looked at once.

    Raises:
        DatasetError: images and labels do not fit together.
    """
    _check(raw)
    return _image_set(raw, _describe(raw))


def is_prepared(folder: Path) -> bool:
    """Whether a set has been prepared here; says nothing about damage."""
    return (folder / "set.json").is_file()


def fingerprint_of(raw: RawImages) -> str:
    """Return a sha256 in hex over everything that training can see of a set."""
    digest = hashlib.sha256()
    digest.update(json.dumps([raw.num_train, list(raw.classes)]).encode())
    digest.update(np.ascontiguousarray(raw.labels, dtype="<i8").tobytes())
    for start in range(0, len(raw.images), _CHUNK):
        digest.update(np.ascontiguousarray(raw.images[start : start + _CHUNK]).tobytes())
    return digest.hexdigest()


def channel_statistics(images: np.ndarray) -> tuple[list[float], list[float]]:
    """Return each channel's mean and standard deviation, pixels scaled to 0..1.

    Args:
        images: uint8 (N, H, W, 3), N at least 1.
    """
    # Sums of integers: exact, so the result does not depend on the chunks or the machine.
    total, squares = np.zeros(3, np.int64), np.zeros(3, np.int64)
    for start in range(0, len(images), _CHUNK):
        chunk = images[start : start + _CHUNK].astype(np.int64)
        total += chunk.sum(axis=(0, 1, 2))
        squares += (chunk**2).sum(axis=(0, 1, 2))
    count = images.shape[0] * images.shape[1] * images.shape[2]
    mean = total / count
    variance = squares / count - mean**2
    # A set of one flat colour has no deviation; a tiny one keeps the division defined.
    std = np.sqrt(np.maximum(variance, 1.0))
    return [float(m) / 255 for m in mean], [float(s) / 255 for s in std]


def _to_json(raw: RawImages, origin: str) -> str:
    return json.dumps({**_describe(raw), "origin": origin}, indent=2)


def _describe(raw: RawImages) -> dict[str, object]:
    mean, std = channel_statistics(raw.images[: raw.num_train])
    return {
        "format": FORMAT,
        "name": raw.name,
        "classes": list(raw.classes),
        "num_train": raw.num_train,
        "drawn": raw.drawn,
        "fingerprint": fingerprint_of(raw),
        "mean": mean,
        "std": std,
        "notes": list(raw.notes),
    }


def _check(raw: RawImages) -> None:
    shape = (len(raw.labels), IMAGE_SIZE, IMAGE_SIZE, 3)
    if raw.images.shape != shape or raw.images.dtype != np.uint8:
        raise DatasetError(
            f"The images are {raw.images.dtype} {raw.images.shape}; expected uint8 {shape}."
        )
    if not 0 < raw.num_train <= len(raw.labels):
        raise DatasetError("The set has no training images; expected at least one.")
    if len(raw.labels) and not 0 <= raw.labels.min() <= raw.labels.max() < len(raw.classes):
        raise DatasetError(
            f"The labels run from {raw.labels.min()} to {raw.labels.max()}; expected 0 to "
            f"{len(raw.classes) - 1} for {len(raw.classes)} classes."
        )
