"""The pictures that a visitor asks about: opened once, made small, and what is wrong with them.

Knows no widgets. An opened picture is kept as what the page shows and what the network would see;
the full-size one is given up at once, so that a hundred photos do not fill the memory.
"""

import hashlib
import io
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from cifar_core.errors import ImageError
from cifar_core.model_notes import short_name
from cifar_core.pictures import FITS, open_picture
from dashboard.pictures import enlarge_png

MAX_PICTURES = 100
"""Looked at at once."""
MAX_PICTURE_MB = 64
"""The same limit as ``picture_limits.MAX_PICTURE_BYTES``."""
PICTURE_TYPES = (
    *("png", "jpg", "jpeg", "jfif", "webp", "bmp", "gif", "tif", "tiff", "ppm", "pgm", "avif"),
    *("heic", "heif"),  # cannot be read, but the sentence says what to do instead of a grey button
)
_SHOWN_SIDE = 512

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture, ready for the network and for the page.

    Attributes:
        name: what the visitor calls it; one short line, not for Markdown.
        shown: PNG or JPEG of at most 512 pixels a side, upright.
        size: width and height of the original.
        seen: what the network would see, uint8 (32, 32, 3), by the way of fitting it.
        truth: name of its true class; empty where nobody knows.
    """

    name: str
    shown: bytes
    size: tuple[int, int]
    seen: dict[str, Bytes]
    truth: str = ""

    @property
    def is_small(self) -> bool:
        """Whether the network sees all of it, pixel by pixel."""
        return self.size == (32, 32)


@dataclass(frozen=True)
class Refused:
    """A file that is no picture for us, and why, in a sentence."""

    name: str
    reason: str


def open_upload(name: str, content: bytes) -> Picture | Refused:
    """Open what a visitor uploaded or photographed; the same file is opened once.

    Args:
        name: of the file on the visitor's machine: only shown.
        content: of the file.
    """
    digest = hashlib.sha256(content).hexdigest()
    return _open(short_name(name), digest, content)


def from_data_set(image: Bytes, name: str, truth: str) -> Picture:
    """Return a stored image as a picture.

    Args:
        image: uint8 (32, 32, 3).
        name: what to call it.
        truth: name of its class.
    """
    return Picture(name, enlarge_png(image, 8), (32, 32), dict.fromkeys(FITS, image), truth)


@st.cache_data(max_entries=2 * MAX_PICTURES, show_spinner=False)
def _open(name: str, digest: str, _content: bytes) -> Picture | Refused:
    from cifar_core.prediction import prepare_picture

    try:
        picture = open_picture(_content)
    except ImageError as error:
        return Refused(name, str(error).replace("The picture", name, 1))
    seen = {fit: prepare_picture(picture, fit=fit)[0].numpy() for fit in FITS}
    return Picture(name, _small_file(picture), picture.size, seen)


def _small_file(picture: Image.Image) -> bytes:
    """Return a file for the page: small pictures enlarged without blur, large ones made small."""
    if max(picture.size) <= 64:
        return enlarge_png(np.asarray(picture), 8 if max(picture.size) <= 32 else 4)
    small = picture.copy()
    small.thumbnail((_SHOWN_SIDE, _SHOWN_SIDE), reducing_gap=3.0)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()
