"""Money that falls due in the deals of one organisation.

What is open in a deal follows from its terms, its payments and what the parties declared, and is computed from them. A
process keeps what it computed, by all that it follows from: so of thousands of deals only those that moved since, or
all of them on a new day, are read and computed again, a few hundred at a time.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import aliased, selectinload

from matchmaker.accounts.models import Organisation
from matchmaker.core.access import Actor, visible
from matchmaker.core.db import db
from matchmaker.deals import queries as deals
from matchmaker.deals.models import Deal, Payment, Record, RoyaltyReport
from matchmaker.deals.permissions import Can
from matchmaker.deals.schedule import Due

KEPT = 20_000
"""Deals of which a process remembers what is open; of those asked for longest ago it forgets."""

_AT_ONCE = 200


class DealShown(Protocol):
    """What a row of `_standing` says of its deal; names of its sides in both languages."""

    id: UUID
    title: str
    licensor: str
    licensor_en: str | None
    licensee: str
    licensee_en: str | None


@dataclass(frozen=True, slots=True)
class OpenAmount:
    """An amount of a deal in which payment has begun, not paid in full. `owed`: by the reader's organisation, else to
    it. `days_late`: after the day, once the days of grace that the terms give have passed; 0 before."""

    deal: DealShown
    due: Due
    open_fen: int
    owed: bool
    days_late: int

    def falls_due_in_month_of(self, today: date) -> bool:
        """In this calendar month or earlier, and not overdue."""
        day = self.due.due_on
        return not self.days_late and (day.year, day.month) <= (today.year, today.month)


@dataclass(frozen=True, slots=True)
class Side:
    """What one side has open: by `owed`, the amounts by day, and how many there are of what sum."""

    owed: bool
    amounts: Sequence[OpenAmount]
    late: tuple[int, int]
    """How many are overdue, and fen; likewise below."""
    this_month: tuple[int, int]
    all: tuple[int, int]


def sides_of(amounts: Iterable[OpenAmount], today: date, *, first: bool) -> list[Side]:
    """Amounts to be paid and amounts awaited, `first` saying which come first; a side without any is left out."""
    found = []
    for owed in (first, not first):
        mine = [one for one in amounts if one.owed == owed]
        late = [one.open_fen for one in mine if one.days_late]
        now = [one.open_fen for one in mine if one.falls_due_in_month_of(today)]
        everything = [one.open_fen for one in mine]
        if mine:
            found.append(Side(owed, mine, *((len(fen), sum(fen)) for fen in (late, now, everything))))
    return found


Amounts = tuple[tuple[Due, int, int], ...]
"""Of a deal: what is due, fen open, days late."""

_kept: OrderedDict[UUID, tuple[Any, Amounts]] = OrderedDict()
_lock = threading.Lock()


def list_open_amounts(actor: Actor, today: date) -> list[OpenAmount]:
    """Of all deals in which the actor's organisation pays or is paid, by day."""
    rows: Sequence[Any] = db.session.execute(_standing(actor)).all()
    marks = {row[0]: (today, *row[1:6]) for row in rows}
    amounts = _amounts(marks, today)
    found = [
        OpenAmount(row, due, open_fen, row.licensee_id == actor.organisation_id, days_late)
        for row in rows
        for due, open_fen, days_late in amounts[row.id]
    ]
    return sorted(found, key=lambda one: (one.due.due_on, one.deal.title, one.due.kind, one.due.number))


def _standing(actor: Actor) -> Any:
    """Each deal with what its open amounts follow from: any change of the row itself takes its version on; records
    and reports are only ever added; payments are added, or taken back once."""
    licensor, licensee = aliased(Organisation), aliased(Organisation)

    def count(column: Any, of: Any) -> Any:
        return select(func.count(column)).where(of.deal_id == Deal.id).correlate(Deal).scalar_subquery()

    return (
        select(
            Deal.id,
            Deal.version,
            count(Payment.id, Payment),
            count(Payment.reversal_id, Payment),
            count(RoyaltyReport.number, RoyaltyReport),
            count(Record.deal_id, Record),
            Deal.title,
            Deal.licensee_id,
            licensor.name.label("licensor"),
            licensor.name_en.label("licensor_en"),
            licensee.name.label("licensee"),
            licensee.name_en.label("licensee_en"),
        )
        .join(licensor, licensor.id == Deal.licensor_id)
        .join(licensee, licensee.id == Deal.licensee_id)
        .where(
            visible(actor, Can.DEAL_VIEW),
            or_(Deal.licensor_id == actor.organisation_id, Deal.licensee_id == actor.organisation_id),
            Deal.payment_starts_on.is_not(None),
        )
        .order_by(Deal.created_at, Deal.id)
    )


def _amounts(marks: dict[UUID, Any], today: date) -> dict[UUID, Amounts]:
    """Of each deal, as kept under its mark or computed now."""
    with _lock:
        found = {key: _kept[key][1] for key, mark in marks.items() if key in _kept and _kept[key][0] == mark}
    for chunk in _chunks([key for key in marks if key not in found]):
        found |= _computed(chunk, today)
    with _lock:
        for key, mark in marks.items():
            _kept[key] = (mark, found[key])
            _kept.move_to_end(key)
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return found


def _chunks(keys: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    for start in range(0, len(keys), _AT_ONCE):
        yield keys[start : start + _AT_ONCE]


def _computed(keys: Iterable[UUID], today: date) -> dict[UUID, Amounts]:
    query = (
        select(Deal)
        .where(Deal.id.in_(keys))
        .options(
            selectinload(Deal.versions),
            selectinload(Deal.royalty_reports),
            selectinload(Deal.payments),
            selectinload(Deal.records),
        )
        .order_by(Deal.id)
    )
    found: dict[UUID, Amounts] = {}
    for deal in db.session.scalars(query):
        late = {one.due: one.days_late for one in deals.overdue(deal, today)}
        settled = deals.allocation(deal).settled
        found[deal.id] = tuple((one.due, one.open_fen, late.get(one.due, 0)) for one in settled if one.open_fen)
    return found
