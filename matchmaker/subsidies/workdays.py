"""Which days are worked in China: the `holidays` calendar, with make-up workdays, and the bureau's overrides over it.

The State Council announces each year's days off late in the year before; until the calendar knows them, an
administrator enters them as overrides.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

import holidays
from sqlalchemy import Select, select

from matchmaker.core import audit, clock
from matchmaker.core.access import Actor
from matchmaker.core.db import command, db
from matchmaker.core.errors import N_, Invalid
from matchmaker.subsidies import deadlines
from matchmaker.subsidies.deadlines import IsWorkday
from matchmaker.subsidies.permissions import Can
from matchmaker.subsidies.review_models import Workday
from matchmaker.subsidies.states import ClaimState

FIRST, LAST = 2025, 2099


class DayOutOfRange(Invalid):
    """Facts: first, last."""

    code = "subsidies.day_out_of_range"
    phrase = N_("Choose a day in the years %(first)s to %(last)s.")


@cache
def _china() -> Any:
    return holidays.country_holidays("CN")


def calendar() -> IsWorkday:
    """The calendar as it is now; reads the overrides once."""
    overrides = {row.day: row.works for row in db.session.scalars(select(Workday))}
    return lambda day: overrides[day] if day in overrides else _china().is_working_day(day)


def due_on(state: ClaimState, day: date | None = None) -> date | None:
    """When what a claim waits for is due, for one that comes into this state on a day (today if none is given)."""
    return deadlines.due_on(state, day or clock.today(), calendar())


def list_overrides() -> Select[Workday]:
    """The latest day first."""
    return select(Workday).order_by(Workday.day.desc())


@command(Can.WORKDAY_SET)
def set_workday(actor: Actor, _: None, *, day: date, works: bool, note: str) -> Workday:
    """Say that a day is (not) worked. Deadlines that were set before stay. Raises DayOutOfRange."""
    if not FIRST <= day.year <= LAST:
        raise DayOutOfRange(field="day", first=FIRST, last=LAST)
    row = db.session.scalar(select(Workday).where(Workday.day == day)) or Workday(day=day)
    row.works, row.note = works, note
    db.session.add(row)
    audit.record(actor, "workday.set", row, day=day.isoformat(), works=works)
    return row
