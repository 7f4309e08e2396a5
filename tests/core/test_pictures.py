import struct
import threading
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from cifar_core import picture_limits, pictures
from cifar_core.errors import ConfigError, ImageError
from cifar_core.pictures import FITS, fit_picture, open_picture

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def encoded(picture: Image.Image, format: str, **options: object) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, format, **options)
    return buffer.getvalue()


def colourful(width: int = 40, height: int = 30) -> Image.Image:
    rows, columns = np.mgrid[0:height, 0:width]
    pixels = np.stack([columns * 255 // width, rows * 255 // height, columns * 0 + 90], axis=-1)
    return Image.fromarray(pixels.astype(np.uint8))


def opened(picture: Image.Image, format: str = "PNG", **options: object) -> np.ndarray:
    result = open_picture(encoded(picture, format, **options))
    assert result.mode == "RGB"
    return np.asarray(result)


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "PPM"])
def test_lossless_formats_come_back_exactly(format: str):
    assert (opened(colourful(), format) == np.asarray(colourful())).all()


@pytest.mark.parametrize("format", ["JPEG", "WEBP", "AVIF", "GIF"])
def test_lossy_formats_come_back_closely(format: str):
    difference = opened(colourful(), format).astype(int) - np.asarray(colourful())
    assert np.abs(difference).mean() < 6


def test_the_content_decides_and_not_the_ending(tmp_path: Path):
    path = tmp_path / "picture.txt"
    path.write_bytes(encoded(colourful(), "PNG"))
    assert open_picture(path).size == (40, 30)


def test_a_phone_photo_of_48_megapixels_passes_and_is_drafted():
    photo = Image.new("L", (8000, 6000), 77)
    result = open_picture(encoded(photo, "JPEG", quality=30))
    assert result.size == (2000, 1500)
    assert (fit_picture(result) == 77).all()


def test_a_jpeg_below_the_draft_size_keeps_its_size():
    assert open_picture(encoded(Image.new("L", (2047, 2500)), "JPEG")).size == (2047, 2500)


def claim_size(content: bytes, width: int, height: int) -> bytes:
    """Write a size into the header of a PNG or GIF file and leave the rest as it is."""
    if content[:3] == b"GIF":
        return content[:6] + struct.pack("<HH", width, height) + content[10:]
    header = b"IHDR" + struct.pack(">II", width, height) + content[24:29]
    return content[:12] + header + struct.pack(">I", zlib.crc32(header)) + content[33:]


@pytest.mark.parametrize("format", ["PNG", "GIF"])
def test_too_many_pixels_are_refused_before_decoding(format: str):
    bomb = claim_size(encoded(colourful(), format), 20_000, 20_000)
    with pytest.raises(ImageError, match=r"20,000 x 20,000 = 400 million pixels; expected at most"):
        open_picture(bomb)


def test_pillows_own_bomb_warning_is_not_met():
    bomb = claim_size(encoded(colourful(), "PNG"), 10_000, 10_000)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(ImageError, match="100 million pixels"):
            open_picture(bomb)
    assert caught == []


def test_a_webp_header_cannot_claim_a_huge_canvas():
    content = bytearray(encoded(Image.new("RGBA", (8, 8)), "WEBP", lossless=True, exif=b"x"))
    assert content[12:16] == b"VP8X"
    content[24:30] = b"\xff\xff\x3f" * 2  # canvas of 4,194,304 pixels a side
    with pytest.raises(ImageError, match="WEBP"):
        open_picture(bytes(content))


def test_too_many_bytes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(picture_limits, "MAX_PICTURE_BYTES", 100)
    content = encoded(colourful(), "BMP")
    path = tmp_path / "large.bmp"
    path.write_bytes(content)
    for source in (content, path):
        with pytest.raises(ImageError, match=r"has 0\.0 MB; expected at most"):
            open_picture(source)


def test_a_jpeg_with_endless_scans_is_refused():
    content = encoded(Image.new("L", (1500, 1500)), "JPEG", progressive=True)
    last_scan = content[content.rindex(b"\xff\xda") : -2]
    with pytest.raises(ImageError, match=r"3,\d\d\d scans"):
        open_picture(content[:-2] + last_scan * 3000 + content[-2:])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"P6 3000 3000 254 ", "9 million pixels; expected at most 2 million in this kind of PPM"),
        (b"P3 100 100 255 " + b"#\n" * 2000, "2,000 comments"),
        (b"P6 #" + b"x" * 5000 + b"\n1 1 255\n123", "damaged PPM picture"),
    ],
)
def test_a_ppm_file_that_pillow_would_read_for_minutes_is_refused(content: bytes, sentence: str):
    with pytest.raises(ImageError, match=sentence):
        open_picture(content)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_the_exif_orientation_is_applied(format: str, orientation: int):
    upright = Image.new("RGB", (32, 16), BLUE)
    upright.paste(RED, (0, 0, 16, 8))
    undo = {6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    turn = undo.get(orientation, pictures._TURNS.get(orientation))
    stored = upright if turn is None else upright.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = opened(stored, format, exif=exif)
    assert pixels.shape == (16, 32, 3)
    red = pixels[:, :, 0] > 128
    assert red[:6, :14].all() and not red[10:].any() and not red[:, 18:].any()


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_damaged_exif_notes_do_not_refuse_the_picture():
    exif = b"Exif\0\0" + b"MM\0*" + b"\xff" * 30
    assert opened(colourful(), "JPEG", exif=exif).shape == (30, 40, 3)


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "TIFF", "AVIF"])
def test_the_first_frame_of_an_animation_is_taken(format: str):
    frames = [Image.new("RGB", (20, 20), colour) for colour in (GREEN, RED)]
    pixels = opened(frames[0], format, save_all=True, append_images=frames[1:])
    assert np.abs(pixels.astype(int) - GREEN).max() < 12


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_transparency_is_laid_on_white(mode: str):
    rgba = Image.new("RGBA", (4, 2), (0, 0, 0, 255))
    rgba.paste((0, 0, 0, 0), (0, 0, 2, 2))
    picture = rgba.convert(mode)
    pixels = np.asarray(pictures._to_rgb(picture))
    assert (pixels[:, :2] == 255).all() and (pixels[:, 2:] == 0).all()


def test_half_transparent_red_becomes_pink():
    pixels = opened(Image.new("RGBA", (3, 3), (255, 0, 0, 128)))
    assert (pixels == (255, 127, 127)).all()


@pytest.mark.parametrize("format", ["PNG", "GIF"])
def test_a_transparent_palette_colour_is_laid_on_white(format: str):
    picture = Image.new("P", (4, 2), 1)
    picture.putpalette([*RED, *BLUE])
    picture.paste(0, (0, 0, 2, 2))
    pixels = opened(picture, format, transparency=0)
    assert (pixels[:, :2] == WHITE).all() and (pixels[:, 2:] == BLUE).all()


def test_a_palette_with_graded_transparency_is_laid_on_white():
    picture = Image.new("P", (2, 1), 0)
    picture.putpalette([*RED, *BLUE])
    picture.putpixel((1, 0), 1)
    assert (opened(picture, transparency=bytes([0, 255])) == [WHITE, BLUE]).all()


def test_a_transparent_rgb_colour_is_laid_on_white():
    assert (opened(Image.new("RGB", (2, 2), RED), transparency=RED) == 255).all()


def test_cmyk_becomes_rgb():
    red = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    assert np.abs(opened(red, "JPEG").astype(int) - RED).max() < 8
    assert (opened(red, "TIFF") == RED).all()


def test_lab_becomes_rgb():
    pixels = opened(Image.new("RGB", (4, 4), RED).convert("LAB"), "TIFF")
    assert np.abs(pixels.astype(int) - RED).max() < 8


@pytest.mark.parametrize(("mode", "white"), [("1", 1), ("L", 255), ("LA", (255, 255))])
def test_grey_modes_become_rgb(mode: str, white: object):
    picture = Image.new(mode, (2, 1), white)
    picture.putpixel((0, 0), (0, 255) if mode == "LA" else 0)
    assert (opened(picture) == [(0, 0, 0), WHITE]).all()


@pytest.mark.parametrize("format", ["PNG", "TIFF", "PPM"])
def test_16_bit_greys_are_scaled_and_not_clipped(format: str):
    greys = np.array([[0, 257 * 10, 257 * 128, 65535]], np.uint16)
    assert (opened(Image.fromarray(greys), format)[0, :, 0] == [0, 10, 128, 255]).all()


def test_32_bit_greys_beyond_16_bits_are_stretched():
    greys = np.array([[-1_000_000, 0, 1_000_000]], np.int32)
    assert (opened(Image.fromarray(greys), "TIFF")[0, :, 0] == [0, 128, 255]).all()


@pytest.mark.parametrize(
    ("greys", "expected"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([0.0, 64.0, 255.0], [0, 64, 255]),
        ([-2.0, 0.0, 2.0], [0, 128, 255]),
        ([7000.0, 7000.0, 7000.0], [0, 0, 0]),
        ([float("nan"), float("inf"), 1.0], [0, 0, 255]),
        ([float("nan")] * 3, [0, 0, 0]),
        ([-3.4e38, 0.0, 3.4e38], [0, 128, 255]),
    ],
)
def test_fractions_are_scaled(greys: list[float], expected: list[int]):
    picture = Image.fromarray(np.array([greys], np.float32))
    assert (opened(picture, "TIFF")[0, :, 0] == expected).all()


def test_greys_of_several_blocks_are_scaled_alike(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pictures, "_BLOCK_PIXELS", 7)
    greys = np.arange(256, dtype=np.uint16).reshape(64, 4) * 257
    assert (opened(Image.fromarray(greys))[:, :, 0] == greys // 257).all()


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "is empty"),
        (b"Dear reader,\nthis is a letter.", "but text"),
        (b"%PDF-1.7 ...", "but a PDF document"),
        (b"PK\x03\x04rest", "but a zip archive"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC photo.*export it as JPEG"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "but an SVG drawing"),
        (bytes(range(256)), "but data of an unknown kind"),
        (b"\x89PNG\r\n\x1a\n", "damaged PNG"),
        (b"\xff\xd8\xff", "damaged JPEG"),
        (b"BM", "damaged BMP"),
        (b"II*\0", "damaged TIFF"),
    ],
)
def test_what_is_no_picture_is_named(content: bytes, found: str):
    with pytest.raises(ImageError, match=found):
        open_picture(content)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "BMP", "GIF", "TIFF", "PPM", "WEBP", "AVIF"])
def test_a_truncated_picture_is_refused(format: str):
    content = encoded(colourful(), format)
    with pytest.raises(ImageError, match=f"The picture is a damaged {format} picture"):
        open_picture(content[: len(content) // 2])


def test_errors_name_the_file(tmp_path: Path):
    (tmp_path / "holiday.jpg").write_bytes(b"")
    (tmp_path / "album").mkdir()
    for name, found in [("holiday.jpg", "is empty"), ("album", "is a folder")]:
        with pytest.raises(ImageError, match=f"^{name} {found}"):
            open_picture(tmp_path / name)
    with pytest.raises(ImageError, match=r"^gone\.png does not exist"):
        open_picture(tmp_path / "gone.png")
    with pytest.raises(ImageError, match="cannot be read"):
        open_picture(tmp_path / ("n" * 300))


def test_a_device_is_refused_and_not_read():
    with pytest.raises(ImageError, match="no ordinary file"):
        open_picture(Path("/dev/zero"))


@settings(max_examples=150, deadline=None)
@given(st.data())
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damaged_bytes_give_a_picture_or_an_image_error(data: st.DataObject):
    format = data.draw(st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "TIFF", "PPM", "WEBP"]))
    content = bytearray(encoded(colourful(12, 9), format))
    for position in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=6)):
        content[position] = data.draw(st.integers(0, 255))
    try:
        assert open_picture(bytes(content)).mode == "RGB"
    except ImageError as error:
        assert str(error).endswith(".")


def test_threads_open_good_and_truncated_pictures_side_by_side():
    good = encoded(colourful(300, 200), "PNG")
    expected = np.asarray(open_picture(good))
    limit, barrier = Image.MAX_IMAGE_PIXELS, threading.Barrier(4)

    def work(number: int) -> bool:
        barrier.wait(10)
        for _ in range(10):
            if number % 2:
                with pytest.raises(ImageError):
                    open_picture(good[:-300])
            elif (np.asarray(open_picture(good)) != expected).any():
                return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(4)))
    assert limit == Image.MAX_IMAGE_PIXELS
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


@pytest.mark.parametrize("fit", FITS)
def test_a_picture_of_the_right_size_stays_byte_identical(fit: str):
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    fitted = fit_picture(Image.fromarray(pixels), fit=fit)
    assert (fitted == pixels).all()
    assert fitted.dtype == np.uint8 and fitted.flags.writeable


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (3, 7), (640, 480), (33, 32)])
def test_every_shape_fits(fit: str, size: tuple[int, int]):
    fitted = fit_picture(Image.new("RGB", size, (200, 100, 50)), fit=fit)
    assert fitted.shape == (32, 32, 3)
    assert (fitted[15:17, 15:17] == (200, 100, 50)).all(-1).any()


def test_crop_takes_the_centre():
    picture = Image.new("RGB", (300, 100), RED)
    picture.paste(GREEN, (100, 0, 200, 100))
    assert (fit_picture(picture, fit="crop") == GREEN).all()


def test_letterbox_keeps_everything_on_mid_grey():
    fitted = fit_picture(Image.new("RGB", (200, 100), RED), fit="letterbox")
    assert (fitted[8:24] == RED).all()
    assert (fitted[:8] == 128).all() and (fitted[24:] == 128).all()


def test_stretch_keeps_everything_and_fills_the_square():
    picture = Image.new("RGB", (300, 100), RED)
    picture.paste(BLUE, (150, 0, 300, 100))
    fitted = fit_picture(picture, size=8, fit="stretch")
    assert (fitted[:, :3] == RED).all() and (fitted[:, 5:] == BLUE).all()


def test_shrinking_averages_fine_patterns():
    board = (np.indices((512, 512)).sum(0) % 2 * 255).astype(np.uint8)
    fitted = fit_picture(Image.fromarray(board)).astype(int)
    assert np.abs(fitted - 127.5).max() < 4


def test_grey_pictures_are_fitted_as_rgb():
    assert (fit_picture(Image.new("L", (50, 50), 9)) == 9).all()


def test_an_unknown_fit_is_refused():
    with pytest.raises(ConfigError, match="fit is 'zoom'; expected one of crop, letterbox"):
        fit_picture(colourful(), fit="zoom")
