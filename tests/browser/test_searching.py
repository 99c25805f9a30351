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
