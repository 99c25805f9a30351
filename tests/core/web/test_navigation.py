"""The menu leads where its reader may go; a redirect stays on this host."""

import re
from urllib.parse import urljoin, urlsplit

import pytest
from flask import g
from hypothesis import given
from hypothesis import strategies as st

from matchmaker.core.access import ANONYMOUS, Actor
from matchmaker.core.web import navigation
from matchmaker.core.web.navigation import local_target, menu
from tests.factories import accounts as make
from tests.factories.listings import make_achievement

HOST = "https://matchmaker.example"
UNSAFE = [
    "//evil.example", "//evil.example/%2f..", "///evil.example", "////evil.example", "/\\evil.example",
    "\\\\evil.example", "\\/evil.example", "/\\/evil.example", "/\t/evil.example", "/\n/evil.example",
    "/\r/evil.example",
    "\t//evil.example", " //evil.example", "/ /evil.example", "/\x0b/evil.example", "/\0/evil.example",
    "\0//evil.example", "http://evil.example", "https://evil.example", "HTTP://evil.example", "http:evil.example",
    "https:/evil.example", "https:///evil.example", "http:\\\\evil.example", "ftp://evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "mailto:a@evil.example", "evil.example", "@evil.example",
    ".evil.example", "//user@evil.example", "//matchmaker.example@evil.example", "//evil。example",
    "//ｅｖｉｌ.example", "//xn--e1a.example", "//127.0.0.1", "//[::1]", "//2130706433", "//0x7f.1",
    "?next=//evil.example", "#//evil.example", "", " ", "/\x7f/evil.example", "/%0d\r\nLocation: //evil.example",
    "/a\\b", "/" + "x" * 3000,
]  # fmt: skip
SAFE = [
    "/", "/organisations", "/organisations?q=%E7%94%B5&page=2", "/a/b#c", "/%2f/evil.example", "/%2F%2Fevil.example",
    "/%5cevil.example", "/@evil.example", "/evil.example//x", "/?next=//evil.example", "/文", "/.//evil.example",
    "/..//evil.example", "/;//evil.example", "/:80",
]  # fmt: skip


@pytest.mark.parametrize("target", UNSAFE)
def test_a_target_that_could_leave_this_host_is_not_followed(target):
    assert local_target(target, "/home") == "/home"


@pytest.mark.parametrize("target", SAFE)
def test_a_path_of_ours_is_followed_and_stays_here(target):
    assert local_target(target, "/home") == target
    assert urlsplit(urljoin(HOST + "/sign-in", target)).netloc == "matchmaker.example"


def test_no_target_is_the_default():
    assert local_target(None, "/home") == "/home"


@given(st.text(st.sampled_from("/\\.@:?#%\t\n\r\0 evil\u3000／＼"), max_size=12))
def test_no_target_of_any_form_leaves_this_host(target):
    followed = local_target(target, "/home")
    assert followed.startswith("/")
    # What browsers do before they read an address: drop tabs and line breaks, read a backslash as a slash.
    as_browsers_read = followed.translate({9: None, 10: None, 13: None, ord("\\"): "/"})
    assert urlsplit(urljoin(HOST + "/sign-in", as_browsers_read)).netloc == "matchmaker.example"


def test_signing_in_and_choosing_a_language_never_lead_away(client):
    user = make.make_user()
    for target in UNSAFE:
        for address, data in (
            ("/language", {"lang": "en"}),
            ("/sign-in", {"email": user.email, "password": make.PASSWORD}),
        ):
            answer = client.post(address, data={**data, "next": target})
            assert (answer.status_code, answer.location) == (302, "/"), (address, target)
    for target in ("/organisations?page=2", "/文"):
        answer = client.post("/language", data={"lang": "en", "next": target})
        assert urlsplit(answer.location).netloc == ""
        assert answer.location.startswith("/")


def test_the_sign_in_page_does_not_carry_an_unsafe_target_on(client):
    page = client.get("/sign-in", query_string={"next": "//evil.example"})
    assert "evil.example" not in page.text.split("<main")[1]


@pytest.fixture
def items(monkeypatch):
    monkeypatch.setattr(navigation, "_items", [])


def test_the_menu_is_in_order_and_shows_what_leads_somewhere(app, items):
    navigation.item("accounts.sign_in", "Two", 20)
    navigation.item("accounts.account", "One", 10, shown=lambda actor: not actor.anonymous)
    navigation.item("accounts.account", "One again", 5)
    navigation.item(
        "accounts.register", "Own", 30, shown=lambda actor: not actor.anonymous, group=navigation.Group.WORK
    )

    def phrases():
        return [(group, [item.phrase for item in entries]) for group, entries in menu().items()]

    with app.test_request_context():
        g.actor = ANONYMOUS
        assert phrases() == [("Explore", ["Two"])]
        g.actor = Actor(kind="user")
        assert phrases() == [("My work", ["Own"]), ("Explore", ["One", "Two"])]


def test_the_present_page_is_marked_in_the_menu(client):
    page = client.get("/organisations").text
    assert page.count('aria-current="page"') == 1
    assert '<a href="/organisations" aria-current="page">' in page


@pytest.mark.parametrize(
    ("path", "section"),
    [
        ("/organisations/{organisation}", "/organisations"),
        ("/achievements/{achievement}", "/achievements"),
        ("/achievements/{achievement}/matches", "/achievements"),
        ("/policy/P3-4", "/policy"),
        ("/nothing-here", None),
    ],
)
def test_on_pages_within_a_section_the_section_is_marked(client, path, section):
    achievement = make_achievement()
    page = client.get(path.format(organisation=achievement.organisation_id, achievement=achievement.id)).text
    marked = re.findall(r'<a href="([^"]*)" aria-current="true">', page.split("<main")[0])
    assert marked == ([] if section is None else [section])
    assert 'aria-current="page"' not in page.split("<main")[0]


def test_the_longest_address_decides_and_a_like_one_does_not(app, items):
    navigation.item("deals.deals", "Deals", 10)
    navigation.item("notices.notices", "Notices", 20, also=("/deals/notices",))

    def marked(path):
        with app.test_request_context(path):
            g.actor = ANONYMOUS
            return {place.phrase: place.mark for entries in menu().values() for place in entries if place.mark}

    assert marked("/deals") == {"Deals": "page"}
    assert marked("/deals/1") == {"Deals": "true"}
    assert marked("/deals/notices/1") == {"Notices": "true"}
    assert marked("/dealsmen") == {}
