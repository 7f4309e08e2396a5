import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dashboard.dataset_samples import PER_PAGE, num_pages, page_of, sample_order, sheet_png


def test_classes_take_turns_even_where_the_set_is_sorted_by_class():
    labels = np.repeat([0, 1, 2], 4)
    assert labels[sample_order(labels)].tolist() == [0, 1, 2] * 4


def test_a_class_that_has_run_out_is_passed_over():
    labels = np.array([1, 0, 0, 0, 1])
    order = sample_order(labels)
    assert labels[order].tolist() == [0, 1, 0, 1, 0]
    assert order.tolist() == [1, 0, 2, 4, 3]


def test_one_class_is_shown_in_the_order_of_the_set():
    assert sample_order(np.array([2, 0, 2, 1, 2]), 2).tolist() == [0, 2, 4]
    assert sample_order(np.array([0, 0]), 5).tolist() == []


@given(st.lists(st.integers(0, 6), max_size=80))
def test_every_image_is_shown_once(labels):
    labels = np.array(labels, np.int64)
    assert sorted(sample_order(labels).tolist()) == list(range(len(labels)))


@given(st.integers(0, 500))
def test_the_pages_together_show_everything(count):
    order = np.arange(count)
    pages = [page_of(order, page) for page in range(1, num_pages(count) + 1)]
    assert np.concatenate(pages).tolist() == order.tolist()
    assert all(len(page) <= PER_PAGE for page in pages)
    assert num_pages(count) >= 1


def test_a_sheet_holds_every_pixel_unchanged():
    images = np.random.default_rng(0).integers(0, 256, (7, 32, 32, 3)).astype(np.uint8)
    sheet = np.array(Image.open(io.BytesIO(sheet_png(images, 3))))
    assert sheet.shape == (96, 96, 3)
    for place, image in enumerate(images):
        row, column = divmod(place, 3)
        cut = sheet[32 * row : 32 * row + 32, 32 * column : 32 * column + 32]
        assert (cut == image).all()


def test_a_page_of_the_worst_images_stays_small():
    noise = np.random.default_rng(0).integers(0, 256, (PER_PAGE, 32, 32, 3)).astype(np.uint8)
    assert len(sheet_png(noise, 10)) * 4 / 3 < 300_000  # as base64
