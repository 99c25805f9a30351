"""What every page has to pass: axe, no sideways scrolling, and no string in the other language."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.architecture.catalogues import CHINESE, known

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text("utf-8")
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "resultTypes": ["violations"],  # not where each rule held, which takes as long again to write down
}

_TEXTS = """() => {
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const root = document.documentElement.lang;
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const text = node.textContent.trim().replace(/\\s+/g, " ");
    const parent = node.parentElement;
    if (!text || parent.closest("script, style, textarea, kbd, code, mark")) continue;
    if (parent.closest("[lang]").lang !== root) continue;
    found.push(text);
  }
  for (const element of document.querySelectorAll("[aria-label], [placeholder], [title]"))
    for (const name of ["aria-label", "placeholder", "title"])
      if (element.getAttribute(name) && element.closest("[lang]").lang === root)
        found.push(element.getAttribute(name).trim());
  return found;
}"""


def axe(page: Page) -> list[str]:
    """Violations, one line each."""
    page.evaluate(AXE)
    result: dict[str, Any] = page.evaluate("(options) => axe.run(document, options)", RULES)
    return [
        f"{violation['id']} {node['target']}: {node['failureSummary'][:300]}"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]


def sideways(page: Page) -> int:
    """Pixels by which the page is wider than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@cache
def _strings() -> tuple[frozenset[str], frozenset[str]]:
    """Phrases in English and in Chinese that differ from their translation, without placeholders."""
    english, chinese = set(), set()
    for (_, msgid), entries in known().items():
        for _, message in entries:
            strings = message.string if isinstance(message.string, tuple) else (message.string,)
            if CHINESE.search(strings[0]) and "%(" not in msgid and len(msgid) > 3:
                english.add(msgid)
                chinese.add(strings[0])
    return frozenset(english), frozenset(chinese)


def foreign(page: Page, language: str) -> list[str]:
    """Strings of the page's own that stand in the other language, codes shown raw, placeholders left over."""
    english, chinese = _strings()
    others = english if language.startswith("zh") else chinese
    least = 12 if language.startswith("zh") else 6
    long = [other for other in others if len(other) >= least]
    found = []
    for text in page.evaluate(_TEXTS):
        raw = re.fullmatch(r"[a-z]+(_[a-z]+)+", text) or re.search(
            r"%\(\w+\)[sd]|\{\{|\}\}|\bNone\b(?! so far)|undefined", text
        )
        if raw or text in others or any(other in text for other in long):
            found.append(text)
    return found
