"""Every page type: no violation that axe knows, no sideways scrolling, one language, no error, no foreign request.

Each page is read twice, in Chinese, light, at a desk, and in English, dark, on a phone; the other six ways at night.
"""

from __future__ import annotations

from itertools import groupby, product

import pytest

from tests.browser import checks
from tests.browser.chromium import sign_in, visitor
from tests.browser.pages import KINDS

pytestmark = pytest.mark.browser

DESK, PHONE = 1280, 360
BY_DAY = [("zh-CN", "light", DESK), ("en", "dark", PHONE)]
AT_NIGHT = [way for way in product(("zh-CN", "en"), ("light", "dark"), (DESK, PHONE)) if way not in BY_DAY]

EVERYONE = [(who, tuple(kinds)) for who, kinds in groupby(KINDS, key=lambda kind: kind.who)]


def check(browser, server, who, kinds, language, scheme, width):
    faults = []
    with visitor(browser, server, language=language, width=width, scheme=scheme, forgive=("404", "403")) as page:
        if who:
            sign_in(page, who)
        for kind in kinds:
            kind.open(page)
            assert page.evaluate("document.documentElement.lang") == language
            found = [*checks.axe(page), *(f"foreign: {text}" for text in checks.foreign(page, language))]
            if wider := checks.sideways(page):
                found.append(f"sideways: {wider}px")
            faults += [f"{kind.name} [{page.url}] {fault}" for fault in found]
    assert faults == [], "\n" + "\n".join(faults)


@pytest.mark.parametrize(("language", "scheme", "width"), BY_DAY)
@pytest.mark.parametrize(("who", "kinds"), EVERYONE, ids=lambda value: value if isinstance(value, str) else "pages")
def test_pages_have_no_fault(browser, server, matched, who, kinds, language, scheme, width):
    check(browser, server, who, kinds, language, scheme, width)


@pytest.mark.nightly
@pytest.mark.parametrize(("language", "scheme", "width"), AT_NIGHT)
@pytest.mark.parametrize(("who", "kinds"), EVERYONE, ids=lambda value: value if isinstance(value, str) else "pages")
def test_pages_have_no_fault_in_any_other_way_either(browser, server, matched, who, kinds, language, scheme, width):
    check(browser, server, who, kinds, language, scheme, width)
