"""Words typed into the search page as it opens, with scripts and without."""

from __future__ import annotations

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
