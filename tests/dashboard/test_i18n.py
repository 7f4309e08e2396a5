from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import i18n
from dashboard.i18n import _, catalogue, language, ngettext


def page() -> None:
    import streamlit as st

    from dashboard.i18n import _, choose_language, language

    st.text(language())
    st.text(_("Home"))
    st.button("switch", on_click=choose_language, args=("en",))


@pytest.fixture
def visit(monkeypatch):
    """Run ``page`` as a visitor whose browser has this locale, cookie and link."""

    def run(locale="en-US", cookie=None, link=None) -> AppTest:
        cookies = {i18n.COOKIE: cookie} if cookie else {}
        monkeypatch.setattr(
            i18n.st, "context", type("Context", (), {"locale": locale, "cookies": cookies})
        )
        app = AppTest.from_function(page)
        if link:
            app.query_params["lang"] = link
        return app.run()

    return run


def shown(app: AppTest) -> tuple[str, str]:
    return app.text[0].value, app.text[1].value


@pytest.mark.parametrize(
    ("locale", "expected"),
    [("en-US", "en"), ("zh-CN", "zh"), ("zh-Hans-CN", "zh"), ("zh", "zh"), ("de-DE", "en"),
     (None, "en")],
)  # fmt: skip
def test_the_browser_chooses_at_first(visit, locale, expected):
    assert shown(visit(locale))[0] == expected


def test_a_remembered_choice_goes_before_the_browser(visit):
    assert shown(visit("en-US", cookie="zh")) == ("zh", "首页")
    assert shown(visit("zh-CN", cookie="en")) == ("en", "Home")
    assert shown(visit("zh-CN", cookie="<script>"))[0] == "zh"


def test_a_link_goes_before_both_and_the_switch_before_the_link(visit):
    app = visit("en-US", cookie="en", link="zh")
    assert shown(app) == ("zh", "首页")
    app.button[0].click().run()
    assert shown(app) == ("en", "Home")
    app.run()
    assert shown(app) == ("en", "Home")


def test_an_unknown_language_in_a_link_is_ignored(visit):
    assert shown(visit("zh-CN", link="xx"))[0] == "zh"


def test_outside_a_session_everything_is_english():
    assert language() == "en"
    assert _("Home") == "Home"
    assert ngettext("{days} day ago", "{days} days ago", 1) == "{days} day ago"
    assert ngettext("{days} day ago", "{days} days ago", 2) == "{days} days ago"


def test_chinese_has_one_form_for_any_number():
    chinese = catalogue("zh")
    one = chinese.ngettext("{days} day ago", "{days} days ago", 1)
    assert one == chinese.ngettext("{days} day ago", "{days} days ago", 5) == "{days} 天前"


def test_a_message_without_translation_stays_english():
    assert catalogue("zh").gettext("No such sentence.") == "No such sentence."


def test_a_fuzzy_translation_is_not_shown(tmp_path, monkeypatch):
    folder = tmp_path / "zh_CN" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "one.po").write_text('msgid "a"\nmsgstr "甲"\n\n#, fuzzy\nmsgid "b"\nmsgstr "乙"\n')
    (folder / "two.po").write_text('msgid "c"\nmsgstr "丙"\n')
    monkeypatch.setattr(i18n, "LOCALE_DIR", Path(tmp_path))
    merged = catalogue.__wrapped__("zh")
    assert [merged.gettext(m) for m in "abc"] == ["甲", "b", "丙"]
