"""A part that is loaded later does not rename the page it is loaded into."""

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import sign_in, visitor
from tests.browser.pages import TTO

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("path", "part", "title"),
    [("/", ".sums #sums", "Home"), ("/achievements/new", "#preview-matches", "List an achievement")],
)
def test_the_title_stays_when_a_part_has_loaded(browser, server, path, part, title):
    with visitor(browser, server, language="en") as page:
        sign_in(page, TTO)
        with page.expect_response(lambda answer: answer.request.headers.get("hx-request") == "true"):
            page.goto(path)
        expect(page.locator(part).first).to_be_visible()
        assert page.title().startswith(title)
