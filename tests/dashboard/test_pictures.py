import base64
import io

import numpy as np
from PIL import Image

from dashboard.pictures import data_url, enlarge_png


def test_every_pixel_becomes_a_square():
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    large = np.array(Image.open(io.BytesIO(enlarge_png(image, 4))))
    assert large.shape == (128, 128, 3)
    assert (large[::4, ::4] == image).all()
    assert (large[3::4, 3::4] == image).all()


def test_a_data_url_holds_the_same_picture():
    image = np.full((32, 32, 3), 7, np.uint8)
    start, content = data_url(image, 2).split(",")
    assert start == "data:image/png;base64"
    assert base64.b64decode(content) == enlarge_png(image, 2)
