"""Words typed into the search page as it opens, with scripts and without."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import visitor

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("address", ["/achievements", "/needs"])
def test_words_are_answered_best_match_first_until_another_order_is_chosen(browser, server, matched, address, scripts):
    with visitor(browser, server, scripts=scripts) as page:
        page.goto(address)
        page.fill("#q", "电池低温")
        if not scripts:
            page.press("#q", "Enter")
        expect(page.locator("#results .toolbar")).to_contain_text("按匹配度排序")
        page.select_option("#order", "newest")
        if not scripts:
            page.press("#q", "Enter")
        expect(page.locator("#results .toolbar")).to_contain_text("按发布时间由近及远排序")


def test_what_is_done_to_the_results_after_typing_stays(browser, server, matched):
    """Leaving the field is no change of the words: the results they gave are not asked for once more."""
    with visitor(browser, server) as page:
        page.goto("/achievements")
        page.fill("#q", "电池低温")
        expect(page.locator("#results .toolbar")).to_contain_text("按匹配度排序")
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.locator("#results details summary").click()
        page.locator("#results input[name=id]").first.check()
        page.wait_for_timeout(1_000)
        assert [url for url in asked if "/static/" not in url] == []  # the tab's picture may be asked for this late
        expect(page.locator("#results details")).to_have_attribute("open", "")
        expect(page.locator("#results input[name=id]").first).to_be_checked()


@pytest.mark.parametrize("scripts", [True, False])
def test_an_order_chosen_before_the_words_holds_for_them(browser, server, matched, scripts):
    with visitor(browser, server, scripts=scripts) as page:
        page.goto("/achievements")
        page.select_option("#order", "newest")
        page.fill("#q", "电池低温")
        if not scripts:
            page.press("#q", "Enter")
        expect(page).to_have_url(re.compile("q=%E7%94%B5.*order=newest"))
        expect(page.locator("#results .toolbar")).to_contain_text("按发布时间由近及远排序")
        expect(page.locator("#order")).to_have_value("newest")
