"""Pictures of the main pages, from a freshly started demonstration: `python -m tests.browser.screenshots DIRECTORY`.

Each page at a desk in both languages; the pages that people read on the way also on a phone; a few in the dark.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page

from tests.browser.chromium import browser, sign_in, visitor
from tests.browser.pages import (
    ADMIN,
    DEAL,
    ENTRY_A,
    ENTRY_N,
    MANAGER,
    MATCHES,
    NEEDS_IMPORT,
    RESEARCHER,
    REVIEWER,
    TTO,
    Kind,
    once_it_was_read,
)
from tests.browser.server import serving

DESK, PHONE = 1280, 390
HIGHEST = 4000
"""Pixels that a picture shows of a long page; what comes after looks alike."""

TYPED = {
    "[name=title]": "寒区车载毫米波雷达天线罩自除雪涂层与加热膜一体化技术",
    "[name=summary]": "在天线罩表面制备低表面能疏冰涂层，并在其下复合透波石墨烯加热膜。零下25℃、雪量5 mm/h工况下，"
    "积雪滑落时间小于40秒，77 GHz单程插入损耗增加不超过0.6 dB。",
    "[name=keywords]": "毫米波雷达, 天线罩, 除雪",
}

PAGES = (
    Kind("front", "", "/"),
    Kind("search", "", "/achievements?q=激光雷达 降雪"),
    Kind("map", "", "/needs?view=map"),
    Kind("achievement", "", "/achievements?q=动力电池", (ENTRY_A,)),
    Kind("matches", "", "/needs?q=动力电池 水冷板", (ENTRY_N, MATCHES)),
    Kind("pairing", "", "/needs?q=动力电池 水冷板", (ENTRY_N, MATCHES, "main a[href*='/pairings/']")),
    Kind("policy", "", "/policy"),
    Kind("clause", "", "/policy/P3-4"),
    Kind("figures", "", "/dashboard"),
    Kind("design", "", "/design"),
    Kind("not-found", "", "/nothing-here", status=404),
    Kind("home", TTO, "/"),
    Kind("my-listings", TTO, "/listings/mine"),
    Kind("new-matches", TTO, "/new-matches"),
    Kind("searches", MANAGER, "/searches"),
    Kind("new-achievement", RESEARCHER, "/achievements/new"),
    Kind("import", RESEARCHER, "/listings/imports", (NEEDS_IMPORT, once_it_was_read)),
    Kind("near-duplicates", REVIEWER, "/near-duplicates"),
    Kind("introductions", TTO, "/introductions"),
    Kind("introduction", TTO, "/introductions", ("main .entry a[href^='/introductions/']",)),
    Kind("pipeline", MANAGER, "/pipeline"),
    Kind("deals", MANAGER, "/deals"),
    Kind("deal", MANAGER, "/deals?state=on_trial", (DEAL,)),
    Kind("claim", REVIEWER, "/claims", ("main a[href^='/claims/']",)),
    Kind("budgets", ADMIN, "/budgets"),
)
ON_A_PHONE = ("front", "search", "map", "pairing", "home", "new-achievement", "pipeline", "deal", "figures")
IN_THE_DARK = ("front", "search", "pairing", "home", "figures", "design")


def take(
    chromium: Browser,
    server: str,
    directory: Path,
    *,
    language: str = "zh-CN",
    width: int = DESK,
    scheme: Literal["light", "dark"] = "light",
    only: tuple[str, ...] = (),
) -> None:
    """Write a picture of each page, or of those named."""
    suffix = ("-phone" if width == PHONE else "") + ("-dark" if scheme == "dark" else "")
    for kind in PAGES:
        if only and kind.name not in only:
            continue
        with visitor(chromium, server, language=language, width=width, scheme=scheme, forgive=("404",)) as page:
            if kind.who:
                sign_in(page, kind.who)
            kind.open(page)
            prepare(page, kind)
            height = min(HIGHEST, int(page.evaluate("document.documentElement.scrollHeight")))
            page.evaluate("window.scrollTo(0, 0)")
            page.set_viewport_size({"width": width, "height": height})  # so that what sticks to the window shows
            page.wait_for_timeout(300)
            path = directory / f"{kind.name}-{language[:2]}{suffix}.jpg"
            page.screenshot(path=path, type="jpeg", quality=60)


def prepare(page: Page, kind: Kind) -> None:
    """The front page after a try, the form while it is written."""
    if kind.name == "front":
        page.fill("#try-text", "车载激光雷达在雪天的点云去噪，嵌入式芯片实时运行，行人检测不下降。")
        page.click(".try-box button")
        page.locator("#tried .entry").first.wait_for()
    if kind.name == "new-achievement":
        for selector, text in TYPED.items():
            page.fill(selector, text)
        page.locator("#preview-matches .entry").first.wait_for()
        page.locator("#kept:not(:empty)").wait_for()


def main(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for old in directory.glob("*.jpg"):
        old.unlink()
    with serving(semantic=True) as server, browser() as chromium:
        with visitor(chromium, server) as page:  # lists first, the second stage after that
            for _ in range(480):
                page.goto("/dashboard")
                if page.locator("#funnel tbody td").nth(3).inner_text() != "0":
                    break
                time.sleep(0.5)
            for _ in range(120):
                next(kind for kind in PAGES if kind.name == "pairing").open(page)
                if page.get_by_text("把握程度").count():
                    break
                time.sleep(2)
        take(chromium, server, directory)
        take(chromium, server, directory, language="en")
        take(chromium, server, directory, width=PHONE, only=ON_A_PHONE)
        take(chromium, server, directory, language="en", width=PHONE, only=("front", "home"))
        take(chromium, server, directory, scheme="dark", only=IN_THE_DARK)
        take(chromium, server, directory, scheme="dark", width=PHONE, only=("front", "home"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
