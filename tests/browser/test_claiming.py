"""A claim in the browser: the verdict while deals are chosen, with scripts and without."""

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import sign_in, visitor
from tests.browser.pages import MANAGER

pytestmark = pytest.mark.browser

NEW = "/claims/new?clause=P3-4"


def test_the_verdict_stands_there_as_soon_as_a_deal_is_chosen(browser, server):
    with visitor(browser, server, language="en") as page:
        sign_in(page, MANAGER)
        page.goto(NEW)
        tried = page.locator("#tried")
        expect(tried).to_contain_text("Choose a deal")
        page.locator("#claim-form [name=deal]").first.check()
        expect(tried.get_by_role("heading", name="Verdict")).to_be_visible()
        expect(tried.get_by_role("heading", name="Working")).to_be_visible()
        page.locator("[name=requested_fen]").fill("999999999")
        expect(tried).to_contain_text("cannot be granted as it stands")
        assert page.locator("#claim-form [name=deal]").first.is_checked()
        expect(page.get_by_role("button", name="Show the verdict")).to_be_hidden()


def test_without_scripts_a_button_shows_the_verdict_and_keeps_what_was_typed(browser, server):
    with visitor(browser, server, language="en", scripts=False) as page:
        sign_in(page, MANAGER)
        page.goto(NEW)
        page.locator("#claim-form [name=deal]").first.check()
        page.locator("[name=statement]").fill("half of it")
        page.get_by_role("button", name="Show the verdict").click()
        expect(page.locator("#tried").get_by_role("heading", name="Verdict")).to_be_visible()
        expect(page.locator("[name=statement]")).to_have_value("half of it")
        assert page.locator("#claim-form [name=deal]").first.is_checked()
