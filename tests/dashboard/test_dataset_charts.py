import numpy as np
import pytest

from dashboard.colours import TEST_DARK, TRAIN
from dashboard.dataset_charts import MANY_CLASSES, class_figure, ends_leave_plot, pixel_figure
from dashboard.dataset_statistics import PixelStatistics

NAMES = {"train": "Training", "test": "Test"}


def statistics(histogram):
    return PixelStatistics(np.array(histogram), np.tile(np.linspace(-1, 1, 256), (3, 1)))


def test_bars_count_each_class_in_each_part():
    counts = {"train": np.array([5, 3]), "test": np.array([2, 1])}
    figure = class_figure(["cat", "2024"], counts, NAMES)
    train, test = figure.data
    assert (list(train.x), list(train.y)) == (["cat", "2024"], [5, 3])
    assert list(test.y) == [2, 1]
    assert (train.name, test.name) == ("Training", "Test")
    assert figure.layout.xaxis.type == "category"


def test_parts_differ_by_pattern_as_well_as_by_colour():
    counts = {"train": np.array([5]), "test": np.array([2])}
    train, test = class_figure(["cat"], counts, NAMES).data
    assert train.marker.color == TRAIN
    assert train.marker.pattern.shape != test.marker.pattern.shape
    dark = class_figure(["cat"], counts, NAMES, dark=True).data[1]
    assert dark.marker.color == TEST_DARK


def test_bars_of_many_classes_lie_and_make_the_figure_higher():
    classes = [f"class {n}" for n in range(100)]
    few, many = ({"train": np.ones(n, int)} for n in (MANY_CLASSES, 100))
    assert class_figure(classes[:MANY_CLASSES], few, NAMES).data[0].orientation == "v"
    figure = class_figure(classes, many, NAMES)
    assert figure.data[0].orientation == "h"
    assert list(figure.data[0].y) == classes
    assert figure.layout.height > 2_000


def test_names_of_classes_are_no_markup_and_not_endless():
    counts = {"train": np.array([5, 3])}
    (bars,) = class_figure(["<b>cat</b>", "x" * 300], counts, NAMES).data
    assert bars.x[0] == "&lt;b&gt;cat&lt;/b&gt;"
    assert len(bars.x[1]) == 40
    (bars,) = class_figure(["x" * 300, "x" * 299 + "y"], counts, NAMES).data
    assert len(set(bars.x)) == 2


def test_curves_show_shares_at_the_values_in_three_colours_and_dashes():
    histogram = np.ones((3, 256), int)
    histogram[1, 100] = 257
    traces = pixel_figure(
        statistics(histogram), ["R", "G", "B"], x_title="value", y_title="share", dark=False
    ).data
    assert [trace.name for trace in traces] == ["R", "G", "B"]
    assert traces[1].y[100] == pytest.approx(257 / 512)
    assert traces[0].x[0] == -1
    assert len({trace.line.color for trace in traces}) == 3
    assert len({trace.line.dash for trace in traces}) == 3


def test_pixels_gathered_at_the_ends_do_not_press_the_rest_flat():
    histogram = np.ones((3, 256), int)
    assert not ends_leave_plot(statistics(histogram))
    histogram[0, 255] = 1_000
    gathered = statistics(histogram)
    assert ends_leave_plot(gathered)
    figure = pixel_figure(gathered, ["R", "G", "B"], x_title="", y_title="", dark=True)
    assert figure.layout.yaxis.range[1] < 0.01


def test_a_set_of_black_and_white_alone_is_still_plotted():
    histogram = np.zeros((3, 256), int)
    histogram[:, [0, 255]] = 10
    only_ends = statistics(histogram)
    assert not ends_leave_plot(only_ends)
    figure = pixel_figure(only_ends, ["R", "G", "B"], x_title="", y_title="", dark=False)
    assert figure.layout.yaxis.range[1] > 0.5
