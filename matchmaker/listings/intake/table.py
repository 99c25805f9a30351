"""Listings of an organisation as lines of the same spreadsheet that is read: what went out can come in elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flask_babel import gettext as _

from matchmaker.core import clock, messages, sheets, taxonomy
from matchmaker.listings import documents
from matchmaker.listings.facts import Completer, Right
from matchmaker.listings.intake.template import heading
from matchmaker.listings.intake.wording import COLUMNS
from matchmaker.listings.queries import Listing

_CODES = {"field": "fields", "district": "districts", "industries": "industries"}


def headings(noun: str) -> list[str]:
    return [*(heading(noun, fact) for fact in COLUMNS[noun]), _("State"), _("Published on"), _("Author")]


def lines(noun: str, listings: Iterable[Listing]) -> Iterator[list[Any]]:
    """A line for each listing: what was last saved, as its organisation reads it."""
    for listing in listings:
        facts = documents.working_facts(listing)
        cells = {fact: getattr(facts, fact) for fact in COLUMNS[noun] if fact != "id"} | {"id": listing.external_id}
        yield [
            *(_cell(fact, cells) for fact in COLUMNS[noun]),
            messages.label(listing.state),
            clock.day_of(listing.published_at) if listing.published_at is not None else None,
            listing.author.name if listing.author is not None else "",
        ]


def _cell(fact: str, cells: Mapping[str, Any]) -> Any:
    value = cells[fact]
    if fact.endswith("_fen"):
        return sheets.fen_cell(value)
    if fact == "language":
        return messages.label(value)
    if fact == "anonymous":
        return _("yes") if value else _("no")
    if fact == "modes":
        return "; ".join(messages.label(mode) for mode in value)
    if fact == "rights":
        return "\n".join(_right(right) for right in value)
    if fact == "completers":
        return "; ".join(_completer(completer) for completer in value)
    if fact == "keywords":
        return ", ".join(value)
    if fact == "industries":
        return "; ".join(taxonomy.name("industries", code) for code in value)
    return taxonomy.name(_CODES[fact], value) if fact in _CODES and value else value


def _right(right: Right) -> str:
    kind, status = (messages.label(word) if word else "" for word in (right.kind, right.status))
    last_day = right.expires_on.isoformat() if right.expires_on else ""
    return "; ".join([kind, right.number, status, last_day]).rstrip("; ")


def _completer(completer: Completer) -> str:
    return completer.name if completer.share is None else f"{completer.name} {completer.share}%"
