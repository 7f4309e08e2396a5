import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cifar_core.config import TrainConfig
from cifar_core.errors import RunError
from cifar_core.records import EpochRecord, StepRecord
from cifar_core.run_state import RunState
from dashboard import curves
from dashboard.curves import CurveCache, Seen, bucket_ends, minmax_indices, news, read_curves


def steps(first, last, *, factor=1.0):
    return [
        StepRecord(n, 1 + n // 100, factor * (2 / n + n % 7 / 10), 1e-3, 500.0)
        for n in range(first, last + 1)
    ]


def epoch(number, step):
    return EpochRecord(number, step, 1.0, 0.5, 1.1, 0.4, 1e-3, 2.0, 10.0)


@pytest.fixture
def run_id(store):
    run_id = store.create_run(TrainConfig(epochs=3))
    store.update_run(run_id, steps_per_epoch=100)
    return run_id


def last_seen(answer):
    points, epochs = answer["points"], answer["epochs"]["epoch"]
    return Seen(points["step"][-1], points["loss"][-1], epochs[-1] if epochs else 0)


def test_a_chart_gets_everything_first_and_only_new_points_later(store, run_id):
    store.add_metrics(run_id, [*steps(1, 120), epoch(1, 100)])
    first = news(read_curves(store, run_id), Seen())
    assert first["points"]["step"] == list(range(1, 121))
    assert first["epochs"]["epoch"] == [1]
    assert first["total_steps"] == 300

    store.add_metrics(run_id, steps(121, 130))
    second = news(read_curves(store, run_id), last_seen(first))
    assert second["points"]["step"] == list(range(121, 131))
    assert second["epochs"]["epoch"] == []
    assert not second["reset"]


def test_a_chart_of_a_run_without_steps_gets_empty_lines(store, run_id):
    answer = news(read_curves(store, run_id), Seen())
    assert answer["points"] == {"step": [], "loss": []}
    assert answer["buckets"] == {"step": [], "mean": [], "count": [], "learning_rate": []}
    assert not answer["reset"]
    assert not answer["ended"]


def test_an_unknown_run_is_an_error(store):
    with pytest.raises(RunError, match="no run 'nonsense'"):
        read_curves(store, "nonsense")


def test_a_run_that_ended_says_so(store, run_id):
    store.update_run(run_id, state=RunState.FINISHED)
    assert news(read_curves(store, run_id), Seen())["ended"]


def test_a_run_that_was_cut_back_makes_the_chart_start_again(store, run_id):
    store.add_metrics(run_id, steps(1, 120))
    seen = last_seen(news(read_curves(store, run_id), Seen()))
    store.delete_metrics_after(run_id, step=90, epoch=1)
    answer = news(read_curves(store, run_id), seen)
    assert answer["reset"]
    assert answer["points"]["step"] == list(range(1, 91))


def test_a_run_that_went_another_way_past_what_was_seen_makes_the_chart_start_again(store, run_id):
    store.add_metrics(run_id, steps(1, 120))
    seen = last_seen(news(read_curves(store, run_id), Seen()))
    store.delete_metrics_after(run_id, step=90, epoch=1)
    store.add_metrics(run_id, steps(91, 150, factor=1.01))
    assert news(read_curves(store, run_id), seen)["reset"]


def test_a_run_that_repeats_its_steps_exactly_does_not(store, run_id):
    store.add_metrics(run_id, steps(1, 120))
    seen = last_seen(news(read_curves(store, run_id), Seen()))
    store.delete_metrics_after(run_id, step=90, epoch=1)
    store.add_metrics(run_id, steps(91, 150))
    answer = news(read_curves(store, run_id), seen)
    assert not answer["reset"]
    assert answer["points"]["step"] == list(range(121, 151))


def test_an_epoch_that_is_no_longer_there_makes_the_chart_start_again(store, run_id):
    store.add_metrics(run_id, [*steps(1, 100), epoch(1, 100)])
    seen = last_seen(news(read_curves(store, run_id), Seen()))
    store.delete_metrics_after(run_id, step=100, epoch=1)
    assert news(read_curves(store, run_id), seen)["reset"]


def test_known_steps_are_not_read_again_unless_the_run_was_cut_back(store, run_id, monkeypatch):
    store.add_metrics(run_id, steps(1, 50))
    known = read_curves(store, run_id)
    store.add_metrics(run_id, steps(51, 60))
    asked = []
    read = type(store).steps
    monkeypatch.setattr(
        type(store), "steps", lambda self, run, *, after=0: asked.append(after) or read(
            self, run, after=after)
    )  # fmt: skip
    assert read_curves(store, run_id, known).step.tolist() == list(range(1, 61))
    assert asked == [49]
    store.delete_metrics_after(run_id, step=30, epoch=1)
    assert read_curves(store, run_id, known).step.tolist() == list(range(1, 31))


def test_a_long_run_is_sent_in_few_points_that_keep_its_peaks(store, run_id):
    records = steps(1, 9_000)
    records[4_321] = dataclasses.replace(records[4_321], loss=77.0)
    store.add_metrics(run_id, records)
    answer = news(read_curves(store, run_id), Seen())
    points, buckets = answer["points"], answer["buckets"]
    assert len(points["step"]) <= curves.FULL_POINTS
    assert points["step"][0] == 1
    assert points["step"][-1] == 9_000
    assert 77.0 in points["loss"]
    assert sum(buckets["count"]) == 9_000
    mean = np.dot(buckets["mean"], buckets["count"]) / 9_000
    assert mean == pytest.approx(np.mean([r.loss for r in records]), abs=1e-4)


def test_an_update_stays_a_few_kilobytes_however_fast_the_run(store, run_id):
    store.add_metrics(run_id, steps(1, 100))
    seen = last_seen(news(read_curves(store, run_id), Seen()))
    store.add_metrics(run_id, steps(101, 5_000))
    answer = news(read_curves(store, run_id), seen)
    assert answer["points"]["step"][-1] == 5_000
    assert len(json.dumps(answer)) < 5_000


def test_a_loss_that_is_no_number_is_sent_as_null(store, run_id):
    store.add_metrics(run_id, [StepRecord(1, 1, float("inf"), 1e-3, 500.0)])
    answer = news(read_curves(store, run_id), Seen())
    assert answer["points"]["loss"] == [None]
    json.dumps(answer, allow_nan=False)
    store.add_metrics(run_id, [StepRecord(2, 1, 3.0, 1e-3, 500.0)])
    assert not news(read_curves(store, run_id), Seen(1, None))["reset"]


def test_changed_learning_rates_and_resumptions_are_marked_once_they_took_effect(store, run_id):
    store.add_command(run_id, "learning_rate", 5e-4)
    store.add_command(run_id, "pause")
    assert news(read_curves(store, run_id), Seen())["marks"] == []
    store.mark_applied([c.number for c in store.commands(run_id)], 40)
    assert news(read_curves(store, run_id), Seen())["marks"] == [
        {"kind": "learning_rate", "step": 40, "value": 5e-4}
    ]


def test_a_run_that_went_on_from_its_checkpoint_is_marked_there(store, run_id):
    store.note_resumed(run_id, 90)
    assert news(read_curves(store, run_id), Seen())["marks"] == [
        {"kind": "resume", "step": 90, "value": None}
    ]


def test_viewers_within_half_a_second_share_one_look(store, workspace, run_id, monkeypatch):
    cache, looks = CurveCache(), []
    monkeypatch.setattr(
        curves, "read_curves", lambda *args: looks.append(args) or read_curves(*args)
    )
    store.add_metrics(run_id, steps(1, 5))
    assert cache.fresh(workspace, run_id) is None
    first = cache.read(workspace, run_id)
    assert cache.read(workspace, run_id) is cache.fresh(workspace, run_id) is first
    assert len(looks) == 1
    monkeypatch.setattr(curves, "FRESH_S", 0.0)
    store.add_metrics(run_id, steps(6, 8))
    assert cache.fresh(workspace, run_id) is None
    assert cache.read(workspace, run_id).step.tolist() == list(range(1, 9))


def test_the_curves_of_few_runs_are_kept(store, workspace, monkeypatch):
    monkeypatch.setattr(curves, "_KEPT_RUNS", 2)
    cache = CurveCache()
    runs = [store.create_run(TrainConfig()) for _ in range(3)]
    for run_id in runs:
        cache.read(workspace, run_id)
    assert [cache.fresh(workspace, run_id) is None for run_id in runs] == [True, False, False]


@pytest.mark.parametrize("query", [{"after_step": "x"}, {"after_loss": "much"}])
def test_a_query_that_is_no_number_is_refused(query):
    with pytest.raises(ValueError, match=r"invalid literal|could not convert"):
        Seen.from_query(query)


def test_a_query_says_what_was_seen():
    query = {"after_step": "7", "after_loss": "1.25", "after_epoch": "2"}
    assert Seen.from_query(query) == Seen(7, 1.25, 2)
    assert Seen.from_query({"after_step": "7", "after_loss": "null"}) == Seen(7, None, 0)


@given(
    arrays(np.float64, st.integers(1, 700), elements=st.floats(-10, 10)),
    st.integers(4, 80),
)
def test_thinning_keeps_ends_and_extremes_in_order(values, limit):
    kept = minmax_indices(values, limit)
    assert len(kept) <= max(limit, min(len(values), limit))
    assert (np.diff(kept) > 0).all()
    assert kept[0] == 0
    assert kept[-1] == len(values) - 1
    assert values[kept].min() == values.min()
    assert values[kept].max() == values.max()


@given(st.integers(0, 500), st.integers(1, 90))
def test_buckets_cover_everything_and_differ_by_at_most_one(count, num_buckets):
    ends = bucket_ends(count, num_buckets)
    sizes = np.diff(ends, prepend=0)
    assert sizes.sum() == count
    assert len(ends) == min(count, num_buckets)
    assert count == 0 or sizes.max() - sizes.min() <= 1
