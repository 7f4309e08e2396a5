import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from cifar_core.mcnemar import compare_answers, mcnemar_p_value


@settings(deadline=None)
@given(st.integers(0, 300), st.integers(0, 300))
def test_the_p_value_is_that_of_scipys_exact_binomial_test(first, second):
    expected = binomtest(first, first + second, 0.5).pvalue if first + second else 1.0
    assert mcnemar_p_value(first, second) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("first", "second"), [(4000, 4200), (9000, 1000), (0, 5000)])
def test_thousands_of_images_need_no_approximation(first, second):
    expected = binomtest(first, first + second, 0.5).pvalue
    assert mcnemar_p_value(first, second) == pytest.approx(expected, rel=1e-6)


def test_images_are_counted_by_who_is_right():
    first = torch.tensor([True, True, True, False, False, True])
    second = torch.tensor([True, False, False, True, False, False])
    found = compare_answers(first, second)
    assert (found.both_right, found.only_first, found.only_second, found.both_wrong) == (1, 3, 1, 1)
    assert found.p_value == pytest.approx(0.625)
    assert found.to_dict()["only_first"] == 3
