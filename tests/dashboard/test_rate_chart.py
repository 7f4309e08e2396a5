from cifar_core.rate_curve import RatePoint, Suggestion
from dashboard.rate_chart import rate_figure

POINTS = [RatePoint(10.0**-n, 2.0, 2.0 + 1 / n) for n in range(5, 0, -1)]


def test_both_suggestions_are_marked_on_the_curve():
    figure = rate_figure(POINTS, Suggestion(advised=1e-2, steepest=2e-2, valley=1e-3))
    assert figure.layout.xaxis.type == "log"
    marks = {trace.x[0]: trace.y[0] for trace in figure.data[2:]}
    assert marks == {1e-2: 2.5, 1e-3: 2.0 + 1 / 3}
    assert figure.data[2].name == "advised: 0.01"


def test_a_divergence_does_not_press_the_descent_flat():
    points = [*POINTS, RatePoint(1.0, 900.0, 900.0)]
    low, high = rate_figure(points, Suggestion(None, None, None)).layout.yaxis.range
    assert low < 2.2 and 2.2 < high < 4


def test_what_was_not_found_is_not_marked():
    assert len(rate_figure(POINTS, Suggestion(None, None, None), dark=True).data) == 2
