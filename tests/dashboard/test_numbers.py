import pytest

from dashboard.numbers import ago, count, duration, megabytes, percent


def test_shares_are_said_in_percent():
    assert percent(0.634) == "63.4 %"
    assert percent(1) == "100.0 %"
    assert percent(0.9251, 0) == "93 %"


def test_large_counts_have_their_thousands_apart():
    assert count(12_000) == "12,000"
    assert count(7) == "7"
    assert count(1234.6) == "1,235"


@pytest.mark.parametrize(
    ("size", "said"),
    [(900, "1 kB"), (34_200, "34 kB"), (1_204_000, "1.2 MB"), (99_900_000, "99.9 MB"),
     (432_000_000, "432 MB")],
)  # fmt: skip
def test_sizes_are_said_in_a_fitting_unit(size, said):
    assert megabytes(size) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-3, "0 s"), (0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min"), (80, "1 min 20 s"),
     (599, "9 min 59 s"), (754, "12 min"), (3599.7, "1 h"), (7500, "2 h 5 min"),
     (7199, "2 h")],
)  # fmt: skip
def test_spans_are_said_in_their_largest_units(seconds, said):
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-5, "just now"), (30, "just now"), (300, "5 min ago"), (3 * 3600 + 60, "3 h ago"),
     (86_400, "1 day ago"), (2.9 * 86_400, "2 days ago")],
)  # fmt: skip
def test_moments_are_said_by_their_distance(seconds, said):
    assert ago(1_000_000.0, now=1_000_000.0 + seconds) == said
