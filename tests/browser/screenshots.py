"""Pictures of the main pages, from a freshly started demonstration: `python -m tests.browser.screenshots DIRECTORY`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.browser.chromium import browser, sign_in, visitor
from tests.browser.server import serving

DESK, PHONE = 1280, 390


def first(selector: str):
    """Follow the first link that fits."""

    def follow(page: Page) -> None:
        page.locator(selector).first.click()
        page.wait_for_load_state()

    return follow


PAGES = (
    # name, who, path, steps
    ("home", None, "/", ()),
    ("search", None, "/achievements?q=激光雷达 降雪", ()),
    ("achievement", None, "/achievements", (first("main .entry a[href^='/achievements/']"),)),
    (
        "matches",
        None,
        "/needs?q=动力电池 水冷板",
        (first("main .entry a[href^='/needs/']"), first("main a[href$='/matches']")),
    ),
    (
        "pairing",
        None,
        "/needs?q=动力电池 水冷板",
        (
            first("main .entry a[href^='/needs/']"),
            first("main a[href$='/matches']"),
            first("main a[href*='/pairings/']"),
        ),
    ),
    ("policy", None, "/policy", ()),
    ("clause", None, "/policy/P3-4", ()),
    ("figures", None, "/dashboard", ()),
    ("new-achievement", "researcher@beihu.example", "/achievements/new", ()),
    ("my-listings", "tto@beihu.example", "/listings/mine", ()),
    ("introductions", "tto@beihu.example", "/introductions", ()),
    ("introduction", "tto@beihu.example", "/introductions", (first("main .entry a[href^='/introductions/']"),)),
    ("deals", "manager@qiaoliang.example", "/deals", ()),
    (
        "deal",
        "manager@qiaoliang.example",
        "/deals?state=on_trial",
        (first("main a[href^='/deals/']:not([href^='/deals/new'])"),),
    ),
    ("claim", "reviewer@bureau.example", "/claims", (first("main a[href^='/claims/']"),)),
    ("budgets", "admin@bureau.example", "/budgets", ()),
)


def take(
    chromium: Browser,
    server: str,
    directory: Path,
    *,
    language: str = "zh-CN",
    width: int = DESK,
    only: tuple[str, ...] = (),
) -> None:
    """Write a picture of each page, or of those named."""
    suffix = "" if width == DESK else "-phone"
    for name, email, address, steps in PAGES:
        if only and name not in only:
            continue
        with visitor(chromium, server, language=language, width=width) as page:
            if email:
                sign_in(page, email)
            page.goto(address)
            for step in steps:
                step(page)
            path = directory / f"{name}-{language[:2]}{suffix}.jpg"
            page.screenshot(path=path, full_page=True, type="jpeg", quality=65)


def main(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    with serving() as server, browser() as chromium:
        with visitor(chromium, server) as page:  # the worker needs a moment for the first match lists
            for _ in range(240):
                page.goto("/dashboard")
                if page.locator("table").first.locator("tbody td.num").nth(1).inner_text() != "0":
                    break
                time.sleep(0.5)
        take(chromium, server, directory)
        take(chromium, server, directory, width=PHONE, only=("home", "search", "new-achievement", "deal"))
        take(chromium, server, directory, language="en", only=("home", "pairing", "clause", "figures"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
