"""How large a picture may be: what is above these limits is refused before it is decoded."""

from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PpmImagePlugin import PpmImageFile

from cifar_core.errors import ImageError
from cifar_core.picture_kinds import EXPECTED_KINDS

MAX_PIXELS = 64_000_000
"""Width times height; a 48-megapixel photo passes."""
MAX_PICTURE_BYTES = 64_000_000

_MAX_JPEG_WORK = 100 * MAX_PIXELS
"""Scans times pixels: each scan of a progressive JPEG file is a pass over the whole picture."""
_MAX_SLOW_PIXELS = 2_000_000
"""For the PPM variants that Pillow decodes in Python, at about 2.5 seconds a megapixel."""
_MAX_COMMENTS = 1000
"""In a PPM file written as text: Pillow copies a megabyte for each of them."""


def check_length(name: str, length: int) -> None:
    """Raise ImageError where a file of ``length`` bytes is empty or too large."""
    if length == 0:
        raise ImageError(f"{name} is empty (0 bytes); {EXPECTED_KINDS}.")
    if length > MAX_PICTURE_BYTES:
        raise ImageError(
            f"{name} has {length / 1e6:,.1f} MB; expected at most {MAX_PICTURE_BYTES / 1e6:.0f} "
            "MB. Save it smaller and try again."
        )


def check_work(name: str, picture: ImageFile, content: bytes) -> None:
    """Raise ImageError where decoding would take too much memory or time.

    Args:
        name: the subject of the sentence.
        picture: opened, not yet decoded.
        content: the whole file.
    """
    width, height = picture.size
    pixels = width * height
    is_slow = isinstance(picture, PpmImageFile) and picture.tile[0].codec_name != "raw"
    limit = _MAX_SLOW_PIXELS if is_slow else MAX_PIXELS
    if pixels > limit:
        raise ImageError(
            f"{name} has {width:,} x {height:,} = {pixels / 1e6:,.0f} million pixels; expected at "
            f"most {limit / 1e6:.0f} million{' in this kind of PPM file' if is_slow else ''}. "
            "Make it smaller and try again."
        )
    if isinstance(picture, JpegImageFile):
        _check_scans(name, content.count(b"\xff\xda"), pixels)
    if is_slow and picture.tile[0].codec_name == "ppm_plain":
        _check_comments(name, content.count(b"#"))


def _check_scans(name: str, scans: int, pixels: int) -> None:
    if scans * pixels > _MAX_JPEG_WORK:
        raise ImageError(
            f"{name} is stored in {scans:,} scans, which take too long to decode; expected an "
            "ordinary JPEG picture. Save it again."
        )


def _check_comments(name: str, comments: int) -> None:
    if comments > _MAX_COMMENTS:
        raise ImageError(
            f"{name} is a PPM file with {comments:,} comments, which take too long to read; "
            f"expected at most {_MAX_COMMENTS:,}. Save it again."
        )
