import pytest

from cifar_core.config import FIELDS, TrainConfig
from dashboard.schedule_chart import MAX_POINTS, schedule_figure, schedule_points
from dashboard.train_fields import FIRST, GROUPS, RATES, _rate_step
from dashboard.train_labels import about, choice_label, field_label, none_label, run_label


def test_every_setting_is_in_the_form_once():
    shown = [*FIRST, *(field for fields in GROUPS.values() for field in fields)]
    assert sorted(shown) == sorted(FIELDS)


def test_every_setting_and_choice_has_a_name():
    for field, spec in FIELDS.items():
        assert field_label(field)
        for choice in spec.choices:
            assert choice_label(choice)


def test_every_empty_field_says_what_empty_means():
    assert none_label("early_stopping") == "never"


@pytest.mark.parametrize("rate", [*RATES, 3e-4, 0.15, 7.0, 1e-7])
def test_a_rate_can_go_down_as_well_as_up(rate):
    step = _rate_step(rate)
    assert 0 < step < rate


@pytest.mark.parametrize("schedule", FIELDS["schedule"].choices)
@pytest.mark.parametrize(("epochs", "steps"), [(1, 1), (1, 7), (8, 400), (1000, 900)])
def test_the_plot_shows_the_schedule_of_the_run_with_few_points(schedule, epochs, steps):
    config = TrainConfig(schedule=schedule, epochs=epochs, step_epochs=2)
    places, rates = schedule_points(config, steps)
    assert len(places) == len(rates) <= 2 * MAX_POINTS
    assert places[0] == 0 and places[-1] == (epochs * steps - 1) / steps
    assert places == sorted(places)
    assert min(rates) >= 0 and max(rates) <= config.learning_rate * 1.0001


def test_a_drop_is_drawn_as_a_drop():
    config = TrainConfig(schedule="step", epochs=8, step_epochs=4, step_factor=0.1)
    places, rates = schedule_points(config, 1000)
    at = places.index(4.0)
    assert rates[at] == pytest.approx(1e-4) and rates[at - 1] == pytest.approx(1e-3)
    assert places[at] - places[at - 1] == pytest.approx(1e-3)


def test_the_figure_spans_all_epochs():
    figure = schedule_figure(TrainConfig(epochs=5), 10)
    assert tuple(figure.layout.xaxis.range) == (0, 5)
    assert figure.data[0].y[0] == 1e-3


@pytest.mark.parametrize(
    ("seconds", "says"),
    [(1, "5 s"), (77, "1 min 15 s"), (151, "3 min"), (3_500, "58 min"), (4_000, "1 h 10 min")],
)
def test_times_are_no_more_exact_than_they_are_known(seconds, says):
    assert about(seconds) == says


def test_a_run_is_called_by_its_name_or_its_settings(store):
    named = store.run(store.create_run(TrainConfig(), name="first try"))
    bare = store.run(store.create_run(TrainConfig(model="resnet18", epochs=1, data="/x/pets")))
    assert run_label(named) == "first try"
    assert run_label(bare) == "ResNet-18 · 1 epoch · pets"
