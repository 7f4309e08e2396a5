import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.dataset_address import View

NAMES = ["data", "fit", "split", "class", "page", "image"]


def test_a_bare_link_is_the_beginning_of_the_default_source():
    assert View.from_params({}, "builtin") == View("builtin")


def test_a_link_says_only_what_is_not_the_beginning():
    assert View("builtin").to_params() == {"data": "builtin"}
    view = View("/pets", fit="stretch", split="test", class_name="cat", page=3, image=0)
    assert view.to_params() == {
        "data": "/pets", "fit": "stretch", "split": "test", "class": "cat", "page": "3",
        "image": "0",
    }  # fmt: skip


@given(
    st.builds(
        View,
        data=st.text(min_size=1).filter(lambda t: t == t.strip() and t and "\0" not in t),
        fit=st.sampled_from(["crop", "letterbox", "stretch"]),
        split=st.sampled_from(["train", "test"]),
        class_name=st.text(),
        page=st.integers(1, 10**8),
        image=st.none() | st.integers(0, 10**8),
    )
)
def test_a_link_reproduces_the_view(view):
    assert View.from_params(view.to_params(), "builtin") == view


@pytest.mark.parametrize(
    "params",
    [{"page": "-1"}, {"page": "0"}, {"page": "³"}, {"page": "9" * 5000}, {"split": "half"},
     {"fit": "squash"}, {"image": "x"}, {"data": " "}, {"data": "a\0b"}, {"data": "x" * 9999}],
)  # fmt: skip
def test_nonsense_is_as_if_it_were_not_there(params):
    assert View.from_params(params, "builtin") == View("builtin")


@given(st.dictionaries(st.sampled_from(NAMES), st.text()))
def test_no_link_is_an_error(params):
    View.from_params(params, "builtin")
