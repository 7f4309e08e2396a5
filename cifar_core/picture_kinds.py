"""What kind of picture a file holds, told by its first bytes; decodes nothing."""

from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.PpmImagePlugin import PpmImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

EXPECTED_KINDS = "expected PNG, JPEG, WebP, BMP, GIF, TIFF, PPM or AVIF"

PICTURE_ENDINGS = frozenset(
    f".{ending}"
    for ending in (
        *("png", "apng", "jpg", "jpeg", "jpe", "jfif", "webp", "avif"),
        *("bmp", "gif", "tif", "tiff", "ppm", "pgm", "pbm", "pnm"),
    )
)
"""Endings, in lower case, of files that are taken for pictures in folders and archives."""

_SIGNATURES: tuple[tuple[bytes, type[ImageFile]], ...] = (
    (b"\x89PNG\r\n\x1a\n", PngImageFile),
    (b"\xff\xd8\xff", JpegImageFile),
    (b"GIF87a", GifImageFile),
    (b"GIF89a", GifImageFile),
    (b"BM", BmpImageFile),
    *((start, TiffImageFile) for start in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    *((b"P" + kind, PpmImageFile) for kind in (b"1", b"2", b"3", b"4", b"5", b"6")),
)

_OTHER_KINDS = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a zip archive or an office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\0\0\x01\0", "an icon"),
    (b"8BPS", "a Photoshop document"),
    (b"<svg", "an SVG drawing"),
    (b"<", "HTML or XML text"),
)


def find_reader(content: bytes) -> type[ImageFile] | None:
    """Return Pillow's reader for a file's content, or None where we read no such kind."""
    for signature, reader in _SIGNATURES:
        if content.startswith(signature):
            return reader
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return WebPImageFile
    return AvifImageFile if {b"avif", b"avis"} & _brands(content) else None


def _brands(content: bytes) -> set[bytes]:
    """Return the brands of an ISO media file, such as b"avif" or b"heic"; empty for others."""
    if content[4:8] != b"ftyp":
        return set()
    box = content[8 : min(int.from_bytes(content[:4]), 256)]
    return {box[i : i + 4] for i in range(0, len(box), 4)}


def describe_content(content: bytes) -> str:
    """Return what the content is, as the middle of a sentence."""
    if {b"heic", b"heix", b"hevc", b"mif1"} & _brands(content):
        return "a HEIC photo, which cannot be read here (export it as JPEG)"
    start = content[:512]
    for signature, kind in _OTHER_KINDS:
        if start.lstrip().startswith(signature):
            return kind
    is_text = all(byte >= 32 or byte in b"\t\n\r" for byte in start)
    return "text" if is_text else "data of an unknown kind"
