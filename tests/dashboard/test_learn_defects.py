import pytest

from cifar_core.lessons.defects import DEFECTS
from dashboard.learn_defects import bugs, hidden_bug, split_pictures


def test_every_mistake_has_its_words():
    assert set(bugs()) == set(DEFECTS)


@pytest.mark.parametrize("first", [1, 8, 15])
def test_seven_rounds_hide_every_mistake_once(first):
    assert {hidden_bug(draw) for draw in range(first, first + 7)} == set(DEFECTS)


def test_the_order_changes_from_game_to_game():
    games = [[hidden_bug(first + n) for n in range(7)] for first in (1, 8)]
    assert games[0] != games[1]


@pytest.mark.parametrize("count", [3, 60, 120, 50_000])
def test_the_three_parts_fit_into_the_pictures(count):
    sizes = split_pictures(count)
    assert sum(sizes) <= count
    assert min(sizes) >= 1
