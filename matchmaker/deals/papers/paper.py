"""A paper as plain values: what stands on it, not yet how it is set. Pure.

A text is a tuple with one string for each language of the paper, in its order, so that a bilingual contract is the
same paper in two languages at once. `to_data` hands it to the typesetters as dicts, lists and strings.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from typing import Any

Text = tuple[str, ...]
"""The same words in each language of the paper."""


@dataclass(frozen=True, slots=True)
class Heading:
    text: Text
    number: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: Text
    number: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and what they are: (label, value)."""

    rows: tuple[tuple[Text, Text], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The columns named in `figures`, counted from 0, hold figures and are set flush right."""

    head: tuple[Text, ...]
    rows: tuple[tuple[Text, ...], ...]
    figures: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Signatures:
    """A place for each party to sign: its name, then lines to fill in."""

    title: Text
    parties: tuple[Text, ...]
    lines: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Break:
    """What follows begins on a new page."""


Block = Break | Heading | Paragraph | Facts | Table | Signatures


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """`foot` stands on each page, and below it the `fingerprint` of the terms; `page` is what the page number is
    written with, {page} and {pages} in it. `keyword` is for programs: it stands in the file's own description. `mark`
    stands across each page of what is no contract yet."""

    languages: tuple[str, ...]  # BCP 47, the first one leads
    title: Text
    subtitle: Text | None = None
    blocks: tuple[Block, ...]
    foot: Text
    fingerprint: str = ""
    keyword: str = ""
    page: Text
    mark: Text = ()


def to_data(paper: Paper) -> dict[str, Any]:
    """Plain data; each block carries its kind."""
    data = _plain(paper)
    assert isinstance(data, dict)
    return data


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        plain = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        return {"kind": type(value).__name__.lower(), **plain}
    return value
