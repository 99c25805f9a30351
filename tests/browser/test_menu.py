"""The main menu: groups that unfold at a desk, one button on a phone; by keyboard, and without scripts."""

import pytest
from playwright.sync_api import expect

from tests.browser import checks
from tests.browser.chromium import sign_in, visitor
from tests.browser.keyboard import press
from tests.browser.pages import ADMIN

pytestmark = pytest.mark.browser

DESK, PHONE = 1280, 360


@pytest.mark.parametrize("scripts", [True, False])
def test_a_group_unfolds_at_a_desk_and_marks_where_one_is(browser, server, scripts):
    with visitor(browser, server, width=DESK, scripts=scripts) as page:
        sign_in(page, ADMIN)
        expect(page.locator(".menu-open")).to_be_hidden()
        budgets = page.locator("#menu a[href='/budgets']")
        expect(budgets).to_be_hidden()
        press(page.locator("#menu summary").last)
        press(budgets)
        expect(page).to_have_url(f"{server}/budgets")
        expect(page.locator("#menu summary").last).to_have_attribute("aria-current", "true")
        expect(budgets).to_have_attribute("aria-current", "page")


@pytest.mark.parametrize("scripts", [True, False])
def test_one_button_opens_the_menu_on_a_phone(browser, server, scripts):
    with visitor(browser, server, width=PHONE, scripts=scripts) as page:
        sign_in(page, ADMIN)
        expect(page.locator("#menu")).to_be_hidden()
        press(page.locator(".menu-open"))
        expect(page.locator("#menu")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("#menu")).to_be_hidden()
        press(page.locator(".menu-open"))
        press(page.locator("#menu summary").last)
        press(page.locator("#menu a[href='/budgets']"))
        expect(page).to_have_url(f"{server}/budgets")


@pytest.mark.parametrize(("language", "scheme"), [("zh-CN", "light"), ("en", "dark")])
@pytest.mark.parametrize("width", [DESK, PHONE])
def test_the_open_menu_has_no_fault(browser, server, language, scheme, width):
    with visitor(browser, server, width=width, language=language, scheme=scheme) as page:
        sign_in(page, ADMIN)
        page.goto("/budgets")
        if width == PHONE:
            page.click(".menu-open")
        page.locator("#menu summary").last.click()
        expect(page.locator("#menu a[href='/budgets']")).to_be_visible()
        assert [*checks.axe(page), *checks.foreign(page, language)] == []
        assert checks.sideways(page) == 0
