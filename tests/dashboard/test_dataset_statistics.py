import numpy as np
import pytest

from cifar_core.data.prepared import channel_statistics
from dashboard.dataset_statistics import PixelStatistics, count_classes, count_levels


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (2_500, 4, 4, 3)).astype(np.uint8)


def test_levels_are_counted_over_all_chunks(images):
    histogram = count_levels(images)
    assert histogram.sum(axis=1).tolist() == [2_500 * 16] * 3
    for channel in range(3):
        expected = np.histogram(images[..., channel], bins=256, range=(0, 256))[0]
        assert (histogram[channel] == expected).all()


def test_mean_and_std_are_those_that_normalisation_uses(images):
    raw = PixelStatistics(count_levels(images), np.tile(np.arange(256.0), (3, 1)))
    mean, std = channel_statistics(images)
    assert raw.mean / 255 == pytest.approx(mean)
    assert raw.std / 255 == pytest.approx(std)
    assert raw.shares.sum(axis=1) == pytest.approx(1)


def test_a_class_without_images_counts_zero():
    assert count_classes(np.array([0, 2, 2]), 4).tolist() == [1, 0, 2, 0]
