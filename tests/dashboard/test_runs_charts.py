import pytest

from cifar_core.records import EpochRecord
from dashboard.runs_charts import RunCurve, curves_figure, parallel_figure, positions

EPOCHS = [EpochRecord(n, 10 * n, 1 / n, 0.5, 1.2 / n, 0.4 + n / 10, 1e-3, 30.0, 0) for n in (1, 2)]


def test_an_epoch_stands_at_its_number_its_step_or_its_minute():
    assert positions(EPOCHS, "epoch") == [1, 2]
    assert positions(EPOCHS, "step") == [10, 20]
    assert positions(EPOCHS, "time") == [0.5, 1.0]


def test_each_run_is_a_line_in_its_own_colour():
    curves = [RunCurve("<b>one</b>", "#111111", EPOCHS), RunCurve("two", "#222222", EPOCHS[:1])]
    figure = curves_figure(curves, "val_accuracy", "step", ("Step", "Accuracy"))
    first, second = figure.data
    assert list(first.y) == pytest.approx([0.5, 0.6]) and list(second.x) == [10]
    assert (first.line.color, second.line.color) == ("#111111", "#222222")
    assert first.name == "&lt;b&gt;one&lt;/b&gt;"
    assert figure.layout.yaxis.tickformat == ".0%"


def test_words_become_levels_and_many_numbers_stay_numbers():
    rates = [10.0**-n for n in range(7)]
    figure = parallel_figure(
        {"Network": ["vgg", "simple_cnn", None, "vgg", "vgg", "vgg", "vgg"], "Rate": rates},
        ("Accuracy", [0.1 * n for n in range(7)]),
    )
    network, rate, accuracy = figure.data[0].dimensions
    assert list(network.ticktext) == ["–", "simple_cnn", "vgg"]
    assert list(network["values"]) == [2, 1, 0, 2, 2, 2, 2]
    assert list(rate["values"]) == rates and accuracy.label == "Accuracy"
