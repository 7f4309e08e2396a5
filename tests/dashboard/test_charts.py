import plotly.graph_objects as go

from dashboard.charts import CONFIG, new_figure


def test_a_figure_shows_the_page_behind_it_and_names_its_axes():
    figure = new_figure(go.Scatter(x=[1], y=[2]), height=200, x_title="step", y_title="loss")
    assert figure.layout.height == 200
    assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
    assert figure.layout.xaxis.title.text == "step"
    assert figure.layout.yaxis.title.text == "loss"
    assert len(figure.data) == 1


def test_an_axis_without_title_takes_no_room_for_one():
    assert new_figure().layout.xaxis.title.text is None


def test_no_figure_offers_to_be_sent_away():
    assert CONFIG["showSendToCloud"] is False
