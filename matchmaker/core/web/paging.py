"""Pages of a list: counted once, read once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from flask import request, url_for
from sqlalchemy import Select, func, select

from matchmaker.core.db import db
from matchmaker.core.types import clean_text

T = TypeVar("T")
SIZE = 20
LAST = 10_000
LONGEST_SEARCH = 200


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    items: Sequence[T]
    number: int
    total: int
    size: int = SIZE

    @property
    def last(self) -> int:
        return max(1, -(-self.total // self.size))

    @property
    def first_row(self) -> int:
        return (self.number - 1) * self.size + 1 if self.total else 0

    @property
    def last_row(self) -> int:
        return min(self.total, self.number * self.size)


def page_number() -> int:
    """`?page=`, from 1; anything odd is page 1."""
    text = request.args.get("page", "1")
    return min(max(int(text), 1), LAST) if text.isascii() and text.isdigit() and len(text) < 10 else 1


def search_text(name: str = "q") -> str:
    """What was typed into a search box: cleaned, on one line, at most 200 characters."""
    return " ".join(clean_text(request.args.get(name, "")[:LONGEST_SEARCH]).split())


def paged(query: Select[Any], number: int, *, size: int = SIZE) -> Page[Any]:
    """One page of an ordered query of rows (two statements: count and rows)."""
    total = db.session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    number = min(number, max(1, -(-total // size)))
    rows = db.session.scalars(query.limit(size).offset((number - 1) * size)).unique().all()
    return Page(rows, number, total, size)


def sliced(items: Sequence[T], number: int, *, size: int = SIZE) -> Page[T]:
    """One page of a list already in memory (a ranking)."""
    number = min(number, max(1, -(-len(items) // size)))
    return Page(items[(number - 1) * size : number * size], number, len(items), size)


def file_url(endpoint: str, kind: str) -> str:
    """The list of this address as a file, facets kept, all pages of it."""
    args = request.args.to_dict(flat=False)
    args.pop("page", None)
    return url_for(endpoint, kind=kind) + ("?" + urlencode(args, doseq=True) if args else "")


def page_url(number: int) -> str:
    """This address with another page number, facets kept."""
    args = {**request.args.to_dict(flat=False), "page": [str(number)]}
    # Not through url_for, for which names such as _external or endpoint mean something.
    return url_for(request.endpoint or "", **(request.view_args or {})) + "?" + urlencode(args, doseq=True)
