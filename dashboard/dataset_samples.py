"""Which images a page of the grid shows, and all of them as one small picture. No Streamlit."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

PER_PAGE = 60
"""Six rows of ten, or twelve of five; as one PNG at most 190 kB."""

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]


def sample_order(labels: Ints, label: int | None = None) -> Ints:
    """Return in which order the images of a part are shown.

    All classes take turns, so that the first page of a folder that is sorted by class shows more
    than its first class, and a row of ten holds ten classes where there are ten.

    Args:
        labels: int64 (N,), of the part.
        label: of the images wanted, None for all.

    Returns:
        int64 (n,), positions in ``labels``.
    """
    if label is not None:
        return np.flatnonzero(labels == label)
    by_class = np.argsort(labels, kind="stable")
    sorted_labels = labels[by_class]
    turn = np.arange(len(labels)) - np.searchsorted(sorted_labels, sorted_labels)
    return by_class[np.lexsort((sorted_labels, turn))]


def num_pages(num_images: int) -> int:
    """Return how many pages there are, at least 1."""
    return max(1, -(-num_images // PER_PAGE))


def page_of(order: Ints, page: int) -> Ints:
    """Return the part of an order that a page shows, pages counted from 1."""
    return order[(page - 1) * PER_PAGE : page * PER_PAGE]


def sheet_png(images: Bytes, columns: int) -> bytes:
    """Return images side by side as one PNG, not enlarged: the browser does that, and stays sharp.

    Args:
        images: uint8 (n, H, W, 3), n at least 1.
        columns: images in a row.
    """
    count, height, width, channels = images.shape
    rows = -(-count // columns)
    cells = np.zeros((rows * columns, height, width, channels), np.uint8)
    cells[:count] = images
    sheet = cells.reshape(rows, columns, height, width, channels).transpose(0, 2, 1, 3, 4)
    buffer = io.BytesIO()
    picture = Image.fromarray(sheet.reshape(rows * height, columns * width, channels))
    picture.save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()
