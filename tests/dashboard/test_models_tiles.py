import base64
import io
import re

import numpy as np
from PIL import Image

from dashboard.models_tiles import PictureTile, colour_legend, share_bars, tile_grid


def test_each_picture_is_sent_as_it_is_and_enlarged_by_a_whole_multiple():
    pixels = np.random.default_rng(0).integers(0, 256, (3, 3, 3), np.uint8)
    html = tile_grid([PictureTile(pixels, "one", "1")] * 2, 64, "filters")
    assert html.count("<img") == 2 and 'width="63" height="63"' in html
    sent = re.search(r"base64,([^\"]+)", html).group(1)
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(sent))))
    assert (shown == pixels).all()
    assert "image-rendering:pixelated" in html


def test_names_from_outside_stay_text():
    html = tile_grid([PictureTile(np.zeros((1, 1, 3), np.uint8), '"><b>', "<i>")], 8, "<u>")
    assert "<b>" not in html and "<i>" not in html and "<u>" not in html


def test_the_legend_marks_zero_only_where_it_lies_between():
    assert "left:25.0%" in colour_legend(("-1", "3"), 0.25)
    assert "left:" not in colour_legend(("0 <", "3"))
    assert "0 &lt;" in colour_legend(("0 <", "3"))


def test_bars_are_as_long_as_their_shares():
    html = share_bars([("a<", 0.25, "#123456", "25.0 %")], "answers")
    assert "width:25.0%;background:#123456" in html and "a&lt;" in html
