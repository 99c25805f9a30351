"""Days and amounts that follow from terms: the trial's end, what is due when. Pure.

Periods count as the Civil Code counts them (art. 201, 202): a period of months that begins on a day ends with
the same day of its last month, or with that month's last day where it has no such day. Months are counted from
the anchor every time, so that a 31st stays a 31st. A day of payment on a rest day stays where it falls, unless the
terms postpone it to the next working day (art. 203). Royalties are `royalty`'s, payments `settlement`'s.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType

from matchmaker.core.errors import N_
from matchmaker.deals.terms import (
    Deferral,
    EarlierOf,
    EntryFeeRoyalty,
    Fee,
    Instalments,
    LaterOf,
    LumpSum,
    Milestones,
    OnDate,
    PaymentTrigger,
    Postponement,
    Terms,
    fixed_parts,
)
from matchmaker.deals.workdays import Workdays


def add_months(day: date, months: int) -> date:
    """The same day of the month so many months on; the month's last day where it is shorter.

    ValueError beyond the years 1 to 9999.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise ValueError(f"{months} months from {day} is outside the calendar")
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def day_after(day: date) -> date:
    return day + timedelta(days=1)


def trial_ends_on(terms: Terms, extended_months: int = 0) -> date:
    """Last day of the trial; the effective day itself where there is no trial.

    Extensions count from the effective day as well, so that a 31st stays a 31st. Never past the licence's last day.
    """
    ends_on = add_months(terms.effective_on, terms.trial_months + extended_months)
    return ends_on if not extended_months or terms.ends_on is None else min(ends_on, terms.ends_on)


def midterm_on(terms: Terms) -> date | None:
    """Day of the mid-term report: half-way through the agreed trial. None for a trial under half a year."""
    return add_months(terms.effective_on, terms.trial_months // 2) if terms.trial_months >= 6 else None


def days_left(terms: Terms, today: date) -> int:
    """Days from today to the trial's last day: 0 on that day, negative after it."""
    return (trial_ends_on(terms) - today).days


def postponed(terms: Terms, day: date, workdays: Workdays | None) -> date:
    """The day of payment as the terms count rest days. Without a calendar, as it falls."""
    if terms.postponement is Postponement.NEXT_WORKING_DAY and workdays is not None:
        return workdays.on_or_after(day)
    return day


def started_on(trigger: PaymentTrigger, happened: Mapping[int, date], today: date) -> date | None:
    """The day on which payment starts, None where it does not yet.

    `happened`: days of the events confirmed, by place in `simple_triggers`. A fixed day happens by itself.
    """
    match trigger:
        case EarlierOf(of) | LaterOf(of):
            events = of
        case _:
            events = (trigger,)
    days = {place: one.on for place, one in enumerate(events) if isinstance(one, OnDate) and one.on <= today}
    days |= {place: day for place, day in happened.items() if not isinstance(events[place], OnDate)}
    if isinstance(trigger, EarlierOf):
        return min(days.values(), default=None)
    return max(days.values()) if len(days) == len(events) and days else None


def fixed_start(trigger: PaymentTrigger) -> date | None:
    """The day on which payment starts, where the terms alone tell it."""
    if isinstance(trigger, OnDate):
        return trigger.on
    if isinstance(trigger, EarlierOf | LaterOf) and trigger.of:
        days = [one.on for one in trigger.of if isinstance(one, OnDate)]
        if len(days) == len(trigger.of):
            return min(days) if isinstance(trigger, EarlierOf) else max(days)
    return None


def awaits_payment(terms: Terms) -> bool:
    """Whether use comes before payment: there is a trial, or an event has to happen first."""
    return terms.trial_months > 0 or fixed_start(terms.trigger) is None


def first_payment_on(terms: Terms) -> date | None:
    """Earliest day on which a fixed amount falls due, where the terms alone tell it; else None."""
    parts, starts_on = fixed_parts(terms.fee), fixed_start(terms.trigger)
    if starts_on is None or not parts:
        return None
    return add_months(starts_on, min(part.months_after for part in parts))


class DueKind(StrEnum):
    LUMP_SUM = "lump_sum"
    INSTALMENT = "instalment"
    DEFERRED = "deferred"
    ENTRY_FEE = "entry_fee"
    MILESTONE = "milestone"
    ROYALTY = "royalty"
    PENALTY = "penalty"


DUE_LABELS: Mapping[DueKind, str] = MappingProxyType(
    {
        DueKind.LUMP_SUM: N_("Lump sum"),
        DueKind.INSTALMENT: N_("Instalment"),
        DueKind.DEFERRED: N_("Deferred fee"),
        DueKind.ENTRY_FEE: N_("Entry fee"),
        DueKind.MILESTONE: N_("Milestone payment"),
        DueKind.ROYALTY: N_("Royalty"),
        DueKind.PENALTY: N_("Penalty"),
    }
)

_KIND_OF: Mapping[type[Fee], DueKind] = MappingProxyType(
    {
        LumpSum: DueKind.LUMP_SUM,
        Instalments: DueKind.INSTALMENT,
        Deferral: DueKind.DEFERRED,
        EntryFeeRoyalty: DueKind.ENTRY_FEE,
    }
)


@dataclass(frozen=True, slots=True)
class Due:
    """An amount to be paid. `number` counts from 1 within its kind."""

    number: int
    due_on: date
    fen: int
    kind: DueKind


def amounts_due(
    terms: Terms,
    triggered_on: date,
    *,
    workdays: Workdays | None = None,
    accepted: Mapping[int, date] = MappingProxyType({}),
) -> list[Due]:
    """The fixed amounts, by day, once payment has started on `triggered_on`. Royalties come by `royalty`.

    `accepted`: days on which milestones were accepted, by place; those that were not are not due yet, and none is
    due before payment has started.
    """
    if isinstance(terms.fee, Milestones):
        found = [
            (place + 1, max(accepted[place] + timedelta(days=part.days_after), triggered_on), part.fen)
            for place, part in enumerate(terms.fee.parts)
            if place in accepted
        ]
        kind = DueKind.MILESTONE
    else:
        parts = sorted(fixed_parts(terms.fee), key=lambda part: part.months_after)
        found = [
            (number, add_months(triggered_on, part.months_after), part.fen)
            for number, part in enumerate(parts, start=1)
        ]
        kind = _KIND_OF.get(type(terms.fee), DueKind.LUMP_SUM)
    dues = [Due(number, postponed(terms, day, workdays), fen, kind) for number, day, fen in found]
    return sorted(dues, key=lambda due: (due.due_on, due.number))


@dataclass(frozen=True, slots=True)
class Period:
    """Both days belong to the period."""

    number: int
    starts_on: date
    ends_on: date


def royalty_periods(terms: Terms, triggered_on: date) -> list[Period]:
    """Periods that tile the days from the start of payment to the licence's last day; the last may be shorter.

    Empty for a fee without royalty. ValueError for terms without an end or with periods of no length.
    """
    if not isinstance(terms.fee, EntryFeeRoyalty):
        return []
    if terms.ends_on is None or terms.fee.period_months < 1:
        raise ValueError("periods need a last day of the licence and a length")
    periods: list[Period] = []
    starts_on = triggered_on
    while starts_on <= terms.ends_on:
        number = len(periods) + 1
        ends_on = min(add_months(triggered_on, number * terms.fee.period_months), terms.ends_on)
        periods.append(Period(number, starts_on, ends_on))
        starts_on = ends_on + timedelta(days=1)
    return periods
