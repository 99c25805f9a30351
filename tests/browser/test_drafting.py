"""What is typed into a listing's form is kept while it is typed, until its author throws it away."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.chromium import sign_in, visitor


def test_what_is_thrown_away_does_not_come_back(browser, server):
    """Not even the letters typed last, which the form would send as the page is left."""
    with visitor(browser, server) as page:
        sign_in(page, "researcher@beihu.example")
        page.goto("/achievements/new")
        page.fill("[name=title]", "寒区道路融雪材料")
        expect(page.locator("#kept")).not_to_be_empty()
        page.reload()
        page.locator("[name=title]").press_sequentially("与")
        page.locator("form[action$='/discard'] button").click()
        expect(page.locator("[name=title]")).to_have_value("")
        page.reload()
        expect(page.locator("[name=title]")).to_have_value("")
