"""Chinese first, English second: what a reader chose, else what the browser asks for, else Chinese."""

import pytest
from flask import g
from flask_babel import gettext, ngettext

from matchmaker.core.web import i18n
from tests.architecture.catalogues import known
from tests.factories import accounts as make


@pytest.fixture
def dry_client(dry_app):
    return dry_app.test_client()


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        (None, "zh-CN"), ("", "zh-CN"), ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"), ("zh", "zh-CN"), ("zh-TW", "zh-CN"),
        ("en", "en"), ("en-US,en;q=0.9", "en"), ("en;q=0.4,zh;q=0.9", "zh-CN"), ("fr", "zh-CN"), ("fr,en;q=0.5", "en"),
        ("*", "zh-CN"), ("\0;;q=x,,", "zh-CN"), ("x" * 5000, "zh-CN"),
    ],
)  # fmt: skip
def test_the_browser_is_asked(dry_client, accept, language):
    headers = {} if accept is None else {"Accept-Language": accept}
    page = dry_client.get("/sign-in", headers=headers)
    assert f'<html lang="{language}">' in page.text
    assert ("登录" in page.text) is (language == "zh-CN")
    assert ("Sign in" in page.text) is (language == "en")


def test_a_choice_lasts_and_wins_over_the_browser(dry_client):
    dry_client.post("/language", data={"lang": "en"})
    assert '<html lang="en">' in dry_client.get("/sign-in", headers={"Accept-Language": "zh"}).text
    dry_client.post("/language", data={"lang": "zh_Hans_CN"})
    assert '<html lang="zh-CN">' in dry_client.get("/sign-in", headers={"Accept-Language": "en"}).text


@pytest.mark.parametrize("odd", ["fr", "", "EN", "../en", "en\0", "en" * 1000])
def test_a_language_that_we_do_not_speak_is_not_chosen(dry_client, odd):
    assert dry_client.post("/language", data={"lang": odd}).status_code == 302
    assert dry_client.get_cookie("lang") is None
    dry_client.set_cookie("lang", odd.replace("\0", " "))
    assert '<html lang="zh-CN">' in dry_client.get("/sign-in").text


def test_who_is_signed_in_finds_the_own_language_on_every_machine(app, client):
    user = make.make_user()
    make.sign_in(client, user)
    client.post("/language", data={"lang": "en"})
    elsewhere = app.test_client()
    make.sign_in(elsewhere, user)
    assert '<html lang="en">' in elsewhere.get("/account", headers={"Accept-Language": "zh"}).text


def test_outside_a_request_it_is_chinese(dry_app):
    with dry_app.app_context():
        assert i18n.select_locale() == i18n.ZH
        assert gettext("Sign in") == "登录"


def test_english_is_the_key_and_needs_no_catalogue(dry_app):
    with dry_app.test_request_context(headers={"Accept-Language": "en"}):
        assert gettext("Sign in") == "Sign in"
        assert ngettext("%(num)s day", "%(num)s days", 1) == "1 day"
        assert ngettext("%(num)s day", "%(num)s days", 2) == "2 days"


def test_the_catalogues_of_all_features_are_read_together(dry_app):
    assert {path.parent.name for path in i18n.catalogues()} >= {"core", "accounts"}
    with dry_app.test_request_context():
        g.locale = i18n.ZH
        assert gettext("Next") == "下一页"
        assert gettext("Enterprise signatory") != "Enterprise signatory"


def test_chinese_has_one_plural_form(dry_app):
    with dry_app.test_request_context():
        for entries in known().values():
            for _, message in entries:
                if isinstance(message.id, tuple):
                    one, many = message.id
                    translations = {i18n._chinese().ungettext(one, many, count) for count in (0, 1, 2, 100)}
                    assert translations == {message.string[0] if isinstance(message.string, tuple) else message.string}


def test_the_messages_of_form_fields_are_in_the_readers_language(dry_client):
    odd = {"employees": "many", "kind": "none of these"}
    chinese = dry_client.post("/register", data=odd).text
    assert "不是有效的整数。" in chinese
    assert "不是有效的选择。" in chinese
    english = dry_client.post("/register", data=odd, headers={"Accept-Language": "en"}).text
    assert "Not a valid integer value." in english
    assert "Not a valid choice." in english
