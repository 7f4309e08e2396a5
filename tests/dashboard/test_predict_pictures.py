"""Pictures of any origin, opened once and made small; what is none is told."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from cifar_core.picture_limits import MAX_PICTURE_BYTES
from cifar_core.pictures import FITS, open_picture
from cifar_core.prediction import prepare_picture
from dashboard import predict_pictures
from dashboard.predict_pictures import MAX_PICTURE_MB, Picture, Refused, from_data_set, open_upload


def file_of(picture: Image.Image, format: str, **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format, **options)
    return buffer.getvalue()


def gradient(width: int, height: int, mode: str = "RGB") -> Image.Image:
    rows = np.linspace(0, 255, width * height * 3).astype(np.uint8).reshape(height, width, 3)
    return Image.fromarray(rows).convert(mode)


def huge_png(side: int) -> bytes:
    """A PNG of a few kilobytes that would take side × side pixels of memory."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + (
        chunk(b"IEND", b"")
    )  # fmt: skip


def turned_photo() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return file_of(gradient(60, 80), "JPEG", exif=exif)


PICTURES = {
    "photo.jpg": file_of(gradient(300, 200), "JPEG"),
    "cmyk.jpg": file_of(gradient(80, 60, "CMYK"), "JPEG"),
    "deep.png": file_of(Image.fromarray(np.arange(4096, dtype=np.uint16).reshape(64, 64)), "PNG"),
    "moving.gif": file_of(
        gradient(80, 60), "GIF", save_all=True, append_images=[gradient(80, 60, "L")]
    ),
    "turned.jpg": turned_photo(),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_seen_exactly_as_the_network_gets_it(name):
    picture = open_upload(name, PICTURES[name])
    assert isinstance(picture, Picture)
    whole = open_picture(PICTURES[name])
    for fit in FITS:
        assert (picture.seen[fit] == prepare_picture(whole, fit=fit)[0].numpy()).all()
    assert picture.size == whole.size
    shown = Image.open(io.BytesIO(picture.shown))
    assert shown.width / shown.height == pytest.approx(whole.width / whole.height, rel=0.02)


def test_a_large_picture_is_shown_small():
    picture = open_upload("large.png", file_of(gradient(1500, 900), "PNG"))
    assert Image.open(io.BytesIO(picture.shown)).size == (512, 307)


def test_a_small_picture_is_shown_in_sharp_squares():
    small = gradient(32, 32)
    picture = open_upload("small.png", file_of(small, "PNG"))
    shown = np.array(Image.open(io.BytesIO(picture.shown)))
    assert (shown[::8, ::8] == np.array(small)).all()
    assert picture.is_small
    assert (picture.seen["crop"] == np.array(small)).all()


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("notes.png", b"only a text", "notes.png is no picture but text"),
        ("empty.jpg", b"", "empty.jpg is empty"),
        ("huge.png", huge_png(20_000), "huge.png has 20,000 x 20,000 = 400 million pixels"),
        ("cut.jpg", file_of(gradient(300, 200), "JPEG")[:400], "cut.jpg is a damaged JPEG"),
    ],
)
def test_what_is_no_picture_is_refused_under_its_name(name, content, reason):
    refused = open_upload(name, content)
    assert isinstance(refused, Refused)
    assert refused.reason.startswith(reason)


def test_a_name_from_outside_becomes_one_short_line():
    picture = open_upload("a\nb" + "x" * 200 + ".png", file_of(gradient(40, 40), "PNG"))
    assert picture.name.startswith("a b")
    assert len(picture.name) == 80


def test_the_same_file_is_opened_once(monkeypatch):
    content = file_of(gradient(50, 40), "PNG")
    opened = open_upload("once.png", content)
    monkeypatch.setattr(predict_pictures, "open_picture", None)  # would fail if called
    again = open_upload("once.png", content)
    assert again.shown == opened.shown


def test_an_image_of_a_data_set_is_seen_pixel_by_pixel():
    image = np.array(gradient(32, 32))
    picture = from_data_set(image, "Image 5", "cat")
    assert all((picture.seen[fit] == image).all() for fit in FITS)
    assert picture.is_small
    assert picture.truth == "cat"


def test_the_upload_field_has_the_same_limit_as_the_reader():
    assert MAX_PICTURE_MB * 10**6 == MAX_PICTURE_BYTES
