import pytest

from dashboard.markdown import plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("run 7", "run 7"),
        ("**bold**", r"\*\*bold\*\*"),
        ("[here](http://x)", r"\[here\]\(http\://x\)"),
        (":red[no]", r"\:red\[no\]"),
        ("$x^2$", r"\$x^2\$"),
        ("<b>&amp;", r"\<b\>\&amp;"),
        ("two\nlines", "two lines"),
    ],
)
def test_text_from_outside_is_shown_as_it_is(text, shown):
    assert plain(text) == shown
