"""What is open in a deal, line by line: as it is computed now, and as it is written down in `OpenAmount`."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, Subquery, func, or_, select, union_all
from sqlalchemy.orm import selectinload

from matchmaker.core.db import db
from matchmaker.deals.amount_models import OpenAmount
from matchmaker.deals.basis import basis
from matchmaker.deals.models import Deal
from matchmaker.deals.queries.money import allocation
from matchmaker.deals.queries.terms import terms_in_force
from matchmaker.deals.schedule import DueKind

AT_ONCE = 200
"""Deals that are read with all that their lines follow from."""

_begun = Deal.payment_starts_on.is_not(None)


class Line(NamedTuple):
    """A row of `OpenAmount`."""

    deal_id: uuid.UUID
    kind: DueKind
    number: int
    licensor_id: uuid.UUID
    licensee_id: uuid.UUID
    due_on: date
    late_after_on: date
    open_fen: int


def computed_lines(deal: Deal) -> set[Line]:
    """Empty before payment has begun."""
    terms = terms_in_force(deal)
    grace = timedelta(days=terms.grace_days if terms is not None else 0)
    found = set()
    for one in allocation(deal).settled:
        if one.open_fen:
            kind, number, due_on = one.due.kind, one.due.number, one.due.due_on
            sides = deal.licensor_id, deal.licensee_id
            found.add(Line(deal.id, kind, number, *sides, due_on, due_on + grace, one.open_fen))
    return found


def written_lines(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, set[Line]]:
    found: dict[uuid.UUID, set[Line]] = defaultdict(set)
    query = select(*(getattr(OpenAmount, name) for name in Line._fields)).where(OpenAmount.deal_id.in_(ids))
    for row in db.session.execute(query):
        found[row.deal_id].add(Line(*row))
    return found


def with_lines(ids: Sequence[uuid.UUID]) -> Select[Deal]:
    """Those of these deals that may have lines, read anew with all that the lines follow from."""
    children = (Deal.versions, Deal.royalty_reports, Deal.payments, Deal.records)
    return (
        select(Deal)
        .where(Deal.id.in_(ids), or_(_begun, Deal.amounts_basis != ""))
        .options(*(selectinload(rows) for rows in children))
        .order_by(Deal.id)
        .execution_options(populate_existing=True)
    )


def _unwritten() -> Subquery:
    """Ids of deals whose payment has begun and whose lines were never written, or on another basis."""
    now, basis_of = basis(), Deal.amounts_basis
    # in two parts and not by `<>`, which no index answers: it is asked once a minute, and by each reader
    return union_all(*(select(Deal.id).where(_begun, part) for part in (basis_of < now, basis_of > now))).subquery()


def count_unwritten(*conditions: ColumnElement[bool]) -> int:
    """How many deals wait for their lines, of those that the conditions leave."""
    ids = _unwritten()
    query = select(func.count()).select_from(Deal).join(ids, ids.c.id == Deal.id)
    return db.session.scalar(query.where(*conditions)) or 0


def list_unwritten() -> list[uuid.UUID]:
    """Ids of some of them."""
    return sorted(db.session.scalars(select(_unwritten().c.id).limit(AT_ONCE)))


def list_written(after: uuid.UUID | None = None) -> list[uuid.UUID]:
    """Ids of the next deals whose lines were written, on this basis."""
    query = select(Deal.id).where(_begun, Deal.amounts_basis == basis()).order_by(Deal.id).limit(AT_ONCE)
    return list(db.session.scalars(query if after is None else query.where(Deal.id > after)))
