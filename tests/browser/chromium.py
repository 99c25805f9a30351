"""Chromium as the tests drive it: Debian's, headless, with everything that calls home switched off."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-default-apps", "--force-color-profile=srgb",
]  # fmt: skip
PASSWORD = "demo-matchmaker-2026"


@contextmanager
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=15_000)  # the machine may have other things to do
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield chromium
        chromium.close()


@contextmanager
def visitor(
    browser: Browser,
    server: str,
    *,
    language: str = "zh-CN",
    width: int = 1280,
    height: int = 900,
    scripts: bool = True,
    scheme: Literal["light", "dark"] = "light",
    forgive: tuple[str, ...] = (),
) -> Iterator[Page]:
    """A page of a new visitor. At the end: no console error, no policy violation, no request to another host.

    `forgive`: statuses of pages that the visit means to see; the browser notes each as an error of its own.
    """
    context = browser.new_context(
        base_url=server,
        locale=language,
        viewport={"width": width, "height": height},
        java_script_enabled=scripts,
        color_scheme=scheme,
    )
    page = context.new_page()
    faults: list[str] = []
    host = urlsplit(server).netloc

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(f"status of {status}" in message.text for status in forgive):
            faults.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "request", lambda request: None if urlsplit(request.url).netloc in (host, "") else faults.append(request.url)
    )
    try:
        yield page
        assert faults == [], faults
    finally:
        page.goto("about:blank")  # asked to close while it goes to another page, Chromium may never answer
        context.close()


def sign_in(page: Page, email: str) -> None:
    """Sign in with a demo account, through the page."""
    page.goto("/sign-in")
    page.fill("[name=email]", email)
    page.fill("[name=password]", PASSWORD)
    page.click("main form button")
    page.wait_for_url("**/")
