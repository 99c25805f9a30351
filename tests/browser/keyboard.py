"""Pages worked by keyboard alone: what a test clicks, fills and checks is reached with Tab and done with keys."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page

MOST_STOPS = 400
HERE = "element => element === document.activeElement || element.contains(document.activeElement)"


def reach(target: Locator) -> None:
    """Press Tab until the element has the focus. Fails where the keyboard does not get there."""
    page, element = target.page, target.element_handle()
    for stop in range(MOST_STOPS):
        if stop % 20 == 19:  # not at each stop, which takes longer than the key; but a part may have been loaded anew
            element = target.element_handle()
        if element.evaluate(HERE):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {target} on {page.url}")


LEADS_ON = "element => Boolean(element.closest('a[href], form:not([hx-post], [hx-get]) button:not([type=button])'))"


def press(target: Locator, **_: Any) -> None:
    """Enter on a link or button; as a click does, it waits for the page that this leads to."""
    reach(target)
    page = target.page
    leads_on = target.evaluate(LEADS_ON)
    if not leads_on:
        page.keyboard.press("Enter")
        return
    with page.expect_navigation():
        page.keyboard.press("Enter")


def type_in(target: Locator, text: str, **_: Any) -> None:
    reach(target)
    keys = target.page.keyboard
    if target.get_attribute("type") == "date":
        year, month, day = text.split("-")
        keys.type(month + day + year)  # as the browser's own field has it in its own language, English
        assert target.input_value() == text
    else:
        keys.press("Control+a")
        keys.insert_text(text)


def tick(target: Locator, **_: Any) -> None:
    reach(target)
    if not target.is_checked():
        target.page.keyboard.press("Space")
    assert target.is_checked()


def choose(target: Locator, value: str | None = None, *, label: str | None = None, **_: Any) -> None:
    """An option by its value or by what it says, walked to with the arrow keys."""
    reach(target)
    target.page.keyboard.press("Home")
    for _step in range(MOST_STOPS):
        chosen, says = target.evaluate("element => [element.value, element.selectedOptions[0]?.label]")
        if value == chosen or (value is None and label == says):
            return
        target.page.keyboard.press("ArrowDown")
    raise AssertionError(f"{value or label} is not among the options of {target}")


def attach(target: Locator, files: Any, **_: Any) -> None:
    """The file field is reached by keyboard; the dialogue that it opens is the system's, not the page's."""
    reach(target)
    target.element_handle().set_input_files(files)


def take_the_mouse_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on clicking, filling, checking, choosing and attaching are done by keys."""
    acts = {"click": press, "fill": type_in, "check": tick, "select_option": choose, "set_input_files": attach}
    for name, act in acts.items():
        monkeypatch.setattr(Locator, name, act)
        monkeypatch.setattr(
            Page, name, lambda page, selector, *rest, act=act, **more: act(page.locator(selector).first, *rest, **more)
        )
