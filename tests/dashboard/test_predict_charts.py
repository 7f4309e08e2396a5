from dashboard.colours import class_colour
from dashboard.predict_charts import Bar, probability_bars

BARS = [Bar("cat", 3, 0.7), Bar("dog", 5, 0.25), Bar("<a href='http://a'>x</a>", 12, 0.05)]


def test_the_likeliest_class_is_on_top_with_its_name_share_and_colour():
    figure = probability_bars(BARS)
    track, filled = figure.data
    assert list(filled.x) == [0.7, 0.25, 0.05]
    assert list(filled.marker.color) == [class_colour(3), class_colour(5), class_colour(12)]
    assert list(figure.layout.yaxis.ticktext)[:2] == ["cat", "dog"]
    assert list(figure.layout.yaxis2.ticktext) == ["70.0 %", "25.0 %", "5.0 %"]
    assert list(figure.layout.yaxis.range) == [2.5, -0.5]
    assert list(track.x) == [1, 1, 1]


def test_every_answer_has_the_same_scale():
    assert list(probability_bars(BARS).layout.xaxis.range) == [0, 1]
    assert list(probability_bars(BARS[2:]).layout.xaxis.range) == [0, 1]


def test_names_of_classes_are_no_html():
    figure = probability_bars(BARS)
    assert "&lt;a href" in figure.layout.yaxis.ticktext[2]
    assert all("<a" not in names[0] for names in figure.data[1].customdata)
