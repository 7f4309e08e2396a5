from cifar_core.mcnemar import Disagreement, mcnemar_p_value
from dashboard.evaluate_compare import difference_words
from dashboard.evaluate_matrix import matrix_cells


def found(only_first: int, only_second: int) -> Disagreement:
    return Disagreement(50, only_first, only_second, 7, mcnemar_p_value(only_first, only_second))


def test_a_large_difference_names_the_better_network():
    assert "B is better" in difference_words(found(3, 30), "A", "B")
    assert "A is better" in difference_words(found(30, 3), "A", "B")


def test_a_small_difference_proves_nothing():
    words = difference_words(found(6, 5), "A", "B")
    assert "proves nothing" in words and "A alone recognises 6 images, B alone 5" in words


def test_cells_say_counts_or_shares_and_are_as_strong_as_their_share():
    counts = matrix_cells([[6, 2], [0, 4]], ["cat", "dog"], shares=False)
    shares = matrix_cells([[6, 2], [0, 4]], ["cat", "dog"], shares=True)
    assert [[cell["text"] for cell in row] for row in counts] == [["6", "2"], ["", "4"]]
    assert [[cell["text"] for cell in row] for row in shares] == [["75 %", "25 %"], ["", "100 %"]]
    assert counts[0][1]["label"] == "cat taken for dog: 2 · 25.0 %"
    assert counts[0][0]["strength"] == 0.75 and counts[1][0]["strength"] == 0
