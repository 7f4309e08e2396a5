"""Open a picture of unknown origin safely, and bring it to the size that the network sees.

What a file is follows from its first bytes, never from its name. Its size is read from the header
and checked before a pixel is decoded. Nothing global in Pillow is changed, so any number of threads
may open pictures at once.
"""

import stat
import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PpmImagePlugin import PpmImageFile

from cifar_core.config import FITS
from cifar_core.data.image_set import IMAGE_SIZE
from cifar_core.data.names import readable_name
from cifar_core.errors import ConfigError, ImageError
from cifar_core.picture_kinds import EXPECTED_KINDS, describe_content, find_reader
from cifar_core.picture_limits import MAX_PICTURE_BYTES, MAX_PIXELS, check_length, check_work

__all__ = ["FITS", "MAX_PICTURE_BYTES", "MAX_PIXELS", "fit_picture", "open_picture"]

_GREY = (128, 128, 128)
_DRAFT_SIDE = 1024
"""A JPEG picture with twice this on both sides is decoded at a half, a quarter or an eighth."""
_PPM_HEADER_BYTES = 4096
_BLOCK_PIXELS = 2**20
"""Greys that are scaled at once: eight times this is the memory that it takes."""

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What sets a picture upright, for each value of the EXIF tag Orientation."""
_ORIENTATION_TAG = 0x0112

_PILLOW_ERRORS = (
    ArithmeticError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,  # raised where Python turns warnings into errors
)
"""What Pillow's readers raise on damaged files: they promise no narrower type."""


def open_picture(source: bytes | Path) -> Image.Image:
    """Decode a picture: upright, its first frame, on white where it is transparent.

    16-bit and 32-bit greys are scaled to 8 bits. A large JPEG picture comes back at a half, a
    quarter or an eighth of its size, with at least 1024 pixels on its shorter side.

    Args:
        source: the content of a file, or its path.

    Returns:
        A picture in mode RGB, in memory as a whole.

    Raises:
        ImageError: the file is missing, empty, no picture, damaged, or above ``MAX_PICTURE_BYTES``
            or ``MAX_PIXELS``. The sentence begins with the file's name.
    """
    name = readable_name(source.name) if isinstance(source, Path) else "The picture"
    content = _read_file(source, name) if isinstance(source, Path) else source
    check_length(name, len(content))
    reader = find_reader(content)
    if reader is None:
        raise ImageError(f"{name} is no picture but {describe_content(content)}; {EXPECTED_KINDS}.")
    try:
        if reader is PpmImageFile:  # reads its header byte by byte: no comment without an end
            reader(BytesIO(content[:_PPM_HEADER_BYTES]))
        picture = reader(BytesIO(content))
        check_work(name, picture, content)
        return _decode(picture)
    except _PILLOW_ERRORS as error:
        raise ImageError(
            f"{name} is a damaged {reader.format} picture ({error}); save or download it again."
        ) from error


def fit_picture(picture: Image.Image, *, size: int = IMAGE_SIZE, fit: str = "crop") -> np.ndarray:
    """Bring a picture to a square of ``size`` pixels a side.

    Args:
        picture: of any size and mode. One that has the right size is not resampled.
        size: in pixels.
        fit: one of ``FITS``.

    Returns:
        uint8 (size, size, 3), RGB, writable.

    Raises:
        ConfigError: ``fit`` is unknown.
    """
    if fit not in FITS:
        raise ConfigError(f"fit is {fit!r}; expected one of {', '.join(FITS)}.")
    if picture.mode != "RGB":
        picture = picture.convert("RGB")
    if picture.size == (size, size):
        return np.array(picture)
    if fit == "letterbox":
        return np.array(_letterbox(picture, size))
    return np.array(_resize(_centre_square(picture) if fit == "crop" else picture, (size, size)))


def _letterbox(picture: Image.Image, size: int) -> Image.Image:
    longest = max(picture.size)
    width, height = (max(1, round(side * size / longest)) for side in picture.size)
    canvas = Image.new("RGB", (size, size), _GREY)
    canvas.paste(_resize(picture, (width, height)), ((size - width) // 2, (size - height) // 2))
    return canvas


def _centre_square(picture: Image.Image) -> Image.Image:
    width, height = picture.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return picture.crop((left, top, left + side, top + side))


def _resize(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    # reducing_gap averages whole blocks of pixels first: faster on a large photo
    return picture.resize(size, Image.Resampling.BICUBIC, reducing_gap=3.0)


def _read_file(path: Path, name: str) -> bytes:
    try:
        state = path.stat()
        if not stat.S_ISREG(state.st_mode):  # a pipe or device might never end
            kind = "a folder" if stat.S_ISDIR(state.st_mode) else "no ordinary file"
            raise ImageError(f"{name} is {kind}; expected a picture file.")
        check_length(name, state.st_size)
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ImageError(f"{name} does not exist; expected a picture file.") from error
    except (OSError, ValueError) as error:  # ValueError: NUL in the name
        reason = getattr(error, "strerror", None) or error
        raise ImageError(f"{name} cannot be read: {reason}.") from error


def _decode(picture: ImageFile) -> Image.Image:
    """Return the picture of an opened file as upright RGB."""
    if isinstance(picture, JpegImageFile) and min(picture.size) >= 2 * _DRAFT_SIDE:
        picture.draft(None, (_DRAFT_SIDE, _DRAFT_SIDE))
    picture.load()
    turn = _find_turn(picture)
    return _to_rgb(picture if turn is None else picture.transpose(turn))


def _find_turn(picture: Image.Image) -> Image.Transpose | None:
    try:
        return _TURNS.get(picture.getexif().get(_ORIENTATION_TAG, 1))
    except _PILLOW_ERRORS:  # damaged notes about a picture are no reason to refuse it
        return None


def _to_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode == "F" or picture.mode.startswith("I"):
        picture = Image.fromarray(_to_8_bits(np.asarray(picture)))
    if picture.has_transparency_data:
        return _on_white(picture)
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _on_white(picture: Image.Image) -> Image.Image:
    layer = picture if picture.mode == "RGBA" else picture.convert("RGBA")
    canvas = Image.new("RGB", layer.size, "white")
    canvas.paste(layer, mask=layer.getchannel("A"))
    return canvas


def _to_8_bits(values: np.ndarray) -> np.ndarray:
    """Scale greys to 8 bits.

    Whole numbers are taken for 16 bits and fractions for 0..1 or 0..255, where all of them fit;
    otherwise the darkest value becomes black and the brightest white.

    Args:
        values: int or float32 (H, W).

    Returns:
        uint8 (H, W).
    """
    low, high = _grey_range(values)
    scale = 255 / (high - low) if high > low else 0.0
    greys = np.empty(values.shape, np.uint8)
    rows = max(1, _BLOCK_PIXELS // values.shape[1])
    for top in range(0, len(values), rows):
        block = np.nan_to_num(values[top : top + rows].astype(np.float64), posinf=low, neginf=low)
        greys[top : top + rows] = np.rint((block - low) * scale).clip(0, 255)
    return greys


def _grey_range(values: np.ndarray) -> tuple[float, float]:
    """Return which values become black and white; NaN and infinity do not count."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    for top in (65535.0,) if values.dtype.kind in "iu" else (1.0, 255.0):
        if low >= 0 and high <= top:
            return 0.0, top
    return low, high
