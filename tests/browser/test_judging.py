"""Judging with one key, and without scripts."""

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import sign_in, visitor
from tests.browser.pages import ENTRY_N, MATCHES, SIGNATORY

pytestmark = pytest.mark.browser


def own_matches(page):
    sign_in(page, SIGNATORY)
    page.goto("/listings/mine?state=published")
    for selector in (ENTRY_N, MATCHES):
        page.goto(page.locator(selector).first.get_attribute("href"))
    return page.locator("[data-judged]").first


def test_a_key_judges_where_the_focus_is_and_nowhere_else(browser, server, matched):
    with visitor(browser, server, language="en") as page:
        entry = own_matches(page)
        address = page.url.split("#")[0]
        page.keyboard.press("4")  # the focus is on no entry
        assert page.url == address
        entry.locator("h2 a").focus()
        page.keyboard.press("0")
        expect(entry.locator(".judge-aside select")).to_be_focused()
        page.keyboard.press("4")  # in a field it is typing
        assert page.url == address
        entry.locator("h2 a").focus()
        page.keyboard.press("4")
        expect(page.locator(".state.own").first).to_have_text("Your judgement: Strong")
        assert page.evaluate("document.activeElement.closest('[data-judged]') !== null")  # the focus stayed with it


def test_a_mark_that_the_server_refuses_goes_back_and_says_so(browser, server, matched):
    with visitor(browser, server, language="en", forgive=("500",)) as page:
        entry = own_matches(page)
        page.route("**/judge", lambda route: route.fulfill(status=500, body=""))
        pressed = entry.locator("[aria-pressed=true]")
        before = pressed.all_inner_texts()
        entry.locator("[data-key='1']").click()
        expect(entry.get_by_role("alert")).to_have_text("This was not noted. Try again, or reload the page.")
        assert pressed.all_inner_texts() == before


def test_a_judgement_is_undone_to_what_was_said_before(browser, server, matched):
    with visitor(browser, server, language="en") as page:
        entry = own_matches(page)
        for key, level in (("3", "Fairly strong"), ("2", "Weak")):
            entry.locator(f"[data-key='{key}']").click()
            expect(page.locator(".state.own").first).to_have_text(f"Your judgement: {level}")  # said by the server
        page.locator(".notice .undo button").click()
        expect(page.locator(".state.own").first).to_have_text("Your judgement: Fairly strong")


def test_without_scripts_a_pair_is_put_aside_and_taken_back(browser, server, matched):
    with visitor(browser, server, language="en", scripts=False) as page:
        entry = own_matches(page)
        title = entry.locator("h2").inner_text()
        entry.locator(".judge-aside summary").click()
        entry.locator(".judge-aside select").select_option("too_early")
        entry.locator(".judge-aside form button").click()
        page.locator("#aside > summary").click()
        row = page.locator("#aside .entry", has_text=title)
        expect(row).to_contain_text("Put aside: Too early")
        row.locator("form button").click()
        expect(page.locator("[data-judged] h2", has_text=title).first).to_be_visible()
