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


def test_one_epoch_is_no_reason_to_show_accuracies_that_cannot_be():
    accuracy, loss = (
        curves_figure([RunCurve("one", "#111111", EPOCHS[:1])], measure, "epoch", ("Epoch", ""))
        for measure in ("val_accuracy", "val_loss")
    )
    assert (accuracy.layout.yaxis.minallowed, accuracy.layout.yaxis.maxallowed) == (-0.05, 1.05)
    assert loss.layout.yaxis.maxallowed is None


def test_each_run_is_a_line_across_settings_at_even_levels_or_by_size():
    rates = [float(n) for n in range(1, 11)]
    figure = parallel_figure(
        {"Network": ["vgg", "simple_cnn"] * 5, "Rate": rates},
        ("Accuracy", [0.1 * n for n in range(1, 11)]),
        [(f"run {n}", "#123456") for n in range(10)],
    )
    assert len(figure.data) == 10
    first, second = figure.data[:2]
    assert list(first.y) == [1.0, 0.0, 0.0]
    assert list(second.y) == pytest.approx([0.0, 1 / 9, 1 / 9])
    assert first.line.color == "#123456"
    words = [annotation.text for annotation in figure.layout.annotations]
    assert words == ["simple_cnn", "vgg", "1", "10", "10.0%", "100.0%"]
