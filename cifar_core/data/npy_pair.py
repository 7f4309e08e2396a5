"""A test set as a pair of numpy files, as CIFAR-10.1 comes: images and labels.

The files may come from anybody: nothing in them is unpickled, and their headers are checked before
memory is taken for what they claim to hold.

Source: https://github.com/modestyachts/CIFAR-10.1, ``cifar10.1_v6_data.npy`` (uint8, 2,000 x 32 x
32 x 3) and ``cifar10.1_v6_labels.npy`` (integers 0 to 9).
"""

from collections.abc import Sequence
from pathlib import Path
from tokenize import TokenError
from typing import IO

import numpy as np

from cifar_core.data.image_set import IMAGE_SIZE, RawImages
from cifar_core.data.names import readable_name
from cifar_core.errors import DatasetError

MAX_IMAGES = 100_000
"""Of a test set: ten times that of CIFAR-10, and 307 MB."""
_MAX_HEADER_BYTES = 10_000
_MAGIC = b"\x93NUMPY"

_NUMPY_ERRORS = (
    EOFError,
    MemoryError,
    OverflowError,
    RecursionError,
    SyntaxError,
    TypeError,
    ValueError,
    TokenError,
    UserWarning,  # of headers as Python 2 wrote them, where Python turns warnings into errors
)
"""What numpy raises on damaged headers, besides OSError."""


def is_npy(path: Path) -> bool:
    """Whether a file begins as numpy's do."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def find_pair(path: Path, title: str = "") -> tuple[Path, Path]:
    """Return images and labels, where one of the two files is named.

    Args:
        path: its name holds "data" or "images", or else "labels".
        title: what a person calls the file; its name if left out.

    Raises:
        DatasetError: the other one is not beside it.
    """
    for word, other in (("data", "labels"), ("images", "labels"), ("labels", "data"),
                        ("labels", "images")):  # fmt: skip
        start, found, end = path.name.rpartition(word)
        partner = path.with_name(start + other + end)
        if found and partner.is_file():
            return (partner, path) if word == "labels" else (path, partner)
    raise DatasetError(
        f"{readable_name(title or path.name)} is one of a pair; expected the other one beside it, "
        "as in cifar10.1_v6_data.npy and cifar10.1_v6_labels.npy."
    )


def read_pair(
    first: Path, second: Path, classes: Sequence[str], titles: tuple[str, str] = ("", "")
) -> RawImages:
    """Read a pair of files; which is which follows from their shapes.

    Args:
        first: images uint8 (N, 32, 32, 3), or integer labels (N,).
        second: the other one.
        classes: names in label order.
        titles: what a person calls the files; their names if left out.

    Returns:
        Images of which all count as training part: the format of a set knows no other way.

    Raises:
        DatasetError: a file is missing, damaged, too large or of another kind, or the two do not
            belong together.
    """
    shown = {
        path: readable_name(title or path.name)
        for path, title in zip((first, second), titles, strict=True)
    }
    arrays = {path: _read(path, shown[path]) for path in (first, second)}
    pictures = [path for path in (first, second) if arrays[path].ndim == 4]
    if len(arrays) != 2 or len(pictures) != 1:
        raise DatasetError(
            f"{shown[first]} and {shown[second]} are no pair; expected images uint8 of shape "
            "(N, 32, 32, 3) in one file and N labels in the other."
        )
    (labels_path,) = {first, second} - set(pictures)
    images, labels = arrays[pictures[0]], arrays[labels_path]
    if len(images) != len(labels):
        raise DatasetError(
            f"{shown[pictures[0]]} has {len(images):,} images, but {shown[labels_path]} has "
            f"{len(labels):,} labels; expected as many."
        )
    if labels.min() < 0 or labels.max() >= len(classes):
        raise DatasetError(
            f"The labels in {shown[labels_path]} run from {labels.min()} to {labels.max()}; "
            f"expected 0 to {len(classes) - 1} for {len(classes)} classes."
        )
    name = _common_name(shown[pictures[0]], shown[labels_path])
    return RawImages(images, labels.astype(np.int64), len(images), tuple(classes), name)


def _read(path: Path, title: str) -> np.ndarray:
    """Read one file: images uint8 (N, 32, 32, 3), or integers (N,)."""
    try:
        with path.open("rb") as file:
            shape, dtype, header_bytes = _read_header(file)
            _check_header(title, shape, dtype)
            size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
            if path.stat().st_size != header_bytes + size:
                raise DatasetError(
                    f"{title} has {path.stat().st_size:,} bytes, but says that it has "
                    f"{header_bytes + size:,}; it is damaged or incomplete."
                )
            file.seek(0)
            return np.asarray(
                np.lib.format.read_array(
                    file, allow_pickle=False, max_header_size=_MAX_HEADER_BYTES
                )
            )
    except OSError as error:
        raise DatasetError(f"{title} cannot be read: {error.strerror or error}.") from error
    except _NUMPY_ERRORS as error:
        raise DatasetError(f"{title} is no numpy file that can be read: {error}.") from error


def _read_header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype, int]:
    """Return shape, type and the length of the header; no array is made."""
    version = np.lib.format.read_magic(file)
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in readers:
        raise ValueError(f"format {version[0]}.{version[1]} is not known")
    shape, _, dtype = readers[version](file, max_header_size=_MAX_HEADER_BYTES)
    return shape, dtype, file.tell()


def _check_header(title: str, shape: tuple[int, ...], dtype: np.dtype) -> None:
    is_images = len(shape) == 4 and shape[1:] == (IMAGE_SIZE, IMAGE_SIZE, 3) and dtype == np.uint8
    is_labels = len(shape) == 1 and dtype.kind in "iu"
    if not (is_images or is_labels):
        raise DatasetError(
            f"{title} holds {dtype} of shape {shape}; expected images uint8 (N, 32, 32, 3) or N "
            "whole numbers as labels."
        )
    if not 0 < shape[0] <= MAX_IMAGES:
        raise DatasetError(
            f"{title} holds {shape[0]:,} entries; expected 1 to {MAX_IMAGES:,} of a test set."
        )


def _common_name(images: str, labels: str) -> str:
    """Return what two file names begin with: "cifar10.1_v6"."""
    length = next(
        (i for i, (a, b) in enumerate(zip(images, labels, strict=False)) if a != b),
        min(len(images), len(labels)),
    )
    common = images[:length].strip(" ._-")
    return "CIFAR-10.1" + common[9:].replace("_", " ") if common.startswith("cifar10.1") else common
