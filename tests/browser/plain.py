"""What `Kind.open` asks of a browser's page, on Flask's test client: links are followed, nothing is drawn."""

from __future__ import annotations

import re
from urllib.parse import urljoin

from flask.testing import FlaskClient
from lxml import html

_PART = re.compile(
    r"(?P<tag>^\w+)|\.(?P<class>[\w-]+)|#(?P<id>[\w-]+)|\[(?P<name>[\w-]+)(?:(?P<how>[\^$*]?)='?(?P<value>[^\]']*)'?)?\]"
    r"|:not\((?P<inner>[^)]+)\)"
)


def _condition(part: re.Match[str]) -> str:
    if part["inner"]:
        return f"not({' and '.join(map(_condition, _PART.finditer(part['inner'])))})"
    if part["tag"]:
        return f"self::{part['tag']}"
    if part["class"]:
        return f"contains(concat(' ', normalize-space(@class), ' '), ' {part['class']} ')"
    if part["id"]:
        return f"@id='{part['id']}'"
    name, value = f"@{part['name']}", f"'{part['value']}'"
    if part["value"] is None:
        return name
    if part["how"] == "$":
        return f"substring({name}, string-length({name}) - string-length({value}) + 1)={value}"
    return {"": f"{name}={value}", "^": f"starts-with({name}, {value})", "*": f"contains({name}, {value})"}[part["how"]]


def xpath(selector: str) -> str:
    """The selectors that the list of pages uses: tag, class, id, attribute, `:not()`, descent."""
    steps = []
    for compound in selector.split():
        parts = list(_PART.finditer(compound))
        assert "".join(part[0] for part in parts) == compound, f"not understood: {selector}"
        steps.append("//*" + "".join(f"[{_condition(part)}]" for part in parts))
    return "".join(steps)


class Found:
    """Elements of a page, as a locator has them."""

    def __init__(self, elements: list[html.HtmlElement]) -> None:
        self._elements = elements

    @property
    def first(self) -> Found:
        return self.nth(0)

    def nth(self, place: int) -> Found:
        return Found(self._elements[place : place + 1])

    def count(self) -> int:
        return len(self._elements)

    def get_attribute(self, name: str) -> str | None:
        return self._elements[0].get(name)

    def wait_for(self, *, timeout: int) -> None:
        """Nothing comes by itself here: what the page waits for has been done."""
        assert self._elements


class Answer:
    def __init__(self, status: int) -> None:
        self.status = status


class PlainPage:
    def __init__(self, client: FlaskClient) -> None:
        self.client, self.url = client, ""

    def goto(self, address: str) -> Answer:
        answer = self.client.get(urljoin(self.url, address), follow_redirects=True)
        self.url, self._text = answer.request.url, answer.text
        return Answer(answer.status_code)

    def locator(self, selector: str) -> Found:
        return Found(html.fromstring(self._text).xpath(xpath(selector)))
