"""Small images as pictures for a page: whole multiples, nearest neighbour. No Streamlit."""

import base64
import io

import numpy as np
from PIL import Image


def enlarge_png(image: np.ndarray, factor: int) -> bytes:
    """Return an image as a PNG whose every pixel is a square.

    Args:
        image: uint8 (H, W, 3), RGB.
        factor: side of the square, at least 1.
    """
    large = image.repeat(factor, axis=0).repeat(factor, axis=1)
    buffer = io.BytesIO()
    Image.fromarray(large).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def data_url(image: np.ndarray, factor: int = 1) -> str:
    """Return an image, enlarged as by ``enlarge_png``, as text that an ``img`` can show."""
    return png_url(enlarge_png(image, factor))


def png_url(png: bytes) -> str:
    """Return a PNG as text that an ``img`` can show."""
    return "data:image/png;base64," + base64.b64encode(png).decode()
