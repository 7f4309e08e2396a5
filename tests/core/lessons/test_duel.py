import pytest

from cifar_core.lessons.duel import draw_places, score_answers
from cifar_core.scores import wilson_interval


def test_a_score_counts_right_answers_with_their_interval():
    score = score_answers([1, 2, 3, 4], [1, 2, 0, 4])
    assert (score.right, score.total, score.accuracy) == (3, 4, 0.75)
    assert (score.low, score.high) == wilson_interval(3, 4)


def test_answers_and_labels_must_be_as_many():
    with pytest.raises(ValueError):
        score_answers([1], [1, 2])


def test_the_same_draw_gives_the_same_different_places():
    places = draw_places(500, 3)
    assert places == draw_places(500, 3) != draw_places(500, 4)
    assert len(set(places)) == 20
    assert all(0 <= place < 500 for place in places)


def test_there_may_be_fewer_pictures_than_asked_for():
    assert sorted(draw_places(5, 1)) == [0, 1, 2, 3, 4]
