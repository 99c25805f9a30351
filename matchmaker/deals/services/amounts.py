"""Keeps `OpenAmount` in step with the rows that it follows from, whoever changes them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, update

from matchmaker.core.db import db, follows
from matchmaker.deals.amount_models import OpenAmount
from matchmaker.deals.basis import basis
from matchmaker.deals.models import Deal, Payment, Record, RoyaltyReport, TermsVersion
from matchmaker.deals.queries import lines
from matchmaker.deals.queries.lines import Line


def _deal_of(row: Any) -> uuid.UUID | None:
    if isinstance(row, Deal):
        return row.id
    return row.deal_id if isinstance(row, Payment | Record | RoyaltyReport | TermsVersion) else None


@follows(_deal_of)
def write_amounts(ids: Collection[uuid.UUID]) -> None:
    """Write what is open in these deals, where it is not written so. Part of a unit of work, and its last."""
    rest = sorted(ids)
    for start in range(0, len(rest), lines.AT_ONCE):
        _write(_look_at(rest[start : start + lines.AT_ONCE]))


@dataclass(frozen=True, slots=True)
class Found:
    """A deal and its lines: as written, and as computed now."""

    deal_id: uuid.UUID
    basis: str
    written: set[Line]
    computed: set[Line]


def list_differing(ids: Sequence[uuid.UUID]) -> list[Found]:
    """Those of these deals of which something else is written than is computed now. Part of a unit of work."""
    return [one for one in _look_at(ids) if one.written != one.computed]


def _look_at(ids: Sequence[uuid.UUID]) -> list[Found]:
    # Locked before the rest is read: of two that change one deal, the later one sees what follows from both.
    deals = list(db.session.scalars(lines.with_lines(ids).with_for_update(of=Deal)))
    written = lines.written_lines([deal.id for deal in deals]) if deals else {}
    return [
        Found(deal.id, deal.amounts_basis, written.get(deal.id, set()), lines.computed_lines(deal)) for deal in deals
    ]


def _write(found: Sequence[Found]) -> None:
    moved = [one for one in found if one.written != one.computed]
    if moved:
        _execute(delete(OpenAmount).where(OpenAmount.deal_id.in_([one.deal_id for one in moved])))
    if rows := [line._asdict() for one in moved for line in sorted(one.computed)]:
        db.session.execute(insert(OpenAmount), rows)
    if others := [one.deal_id for one in found if one.basis != basis()]:
        _execute(update(Deal).where(Deal.id.in_(others)).values(amounts_basis=basis()))


def _execute(statement: Any) -> None:
    db.session.execute(statement, execution_options={"synchronize_session": False})
