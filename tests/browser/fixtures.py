"""One platform and one browser for all browser tests of a run, wherever they stand: `tests/conftest.py` enters them."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import browser as chromium
from tests.browser.chromium import visitor
from tests.browser.server import serving


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with serving() as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def matched(browser: Browser, server: str) -> None:
    """The worker has computed the first match lists."""
    with visitor(browser, server) as page:
        for _ in range(480):
            page.goto("/dashboard")
            if page.locator("#funnel tbody td").nth(3).inner_text() != "0":
                return
            time.sleep(0.5)
    raise AssertionError("no match list after four minutes")
