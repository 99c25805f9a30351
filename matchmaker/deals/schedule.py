"""Days and amounts that follow from terms: the trial's end, what is due when, what is overdue. Pure.

Periods count as the Civil Code counts them (art. 201, 202): a period of months that begins on a day ends with
the same day of its last month, or with that month's last day where it has no such day. Months are counted from
the anchor every time, so that a 31st stays a 31st. Postponement over public holidays (art. 203) is not applied.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType

from matchmaker.core.errors import N_
from matchmaker.core.money import at_rate
from matchmaker.deals.terms import (
    Deferral,
    EntryFeeRoyalty,
    Instalments,
    LumpSum,
    OnDate,
    Terms,
    fixed_parts,
)


def add_months(day: date, months: int) -> date:
    """The same day of the month so many months on; the month's last day where it is shorter.

    ValueError beyond the years 1 to 9999.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise ValueError(f"{months} months from {day} is outside the calendar")
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def trial_ends_on(terms: Terms) -> date:
    """Last day of the trial; the effective day itself where there is no trial."""
    return add_months(terms.effective_on, terms.trial_months)


def days_left(terms: Terms, today: date) -> int:
    """Days from today to the trial's last day: 0 on that day, negative after it."""
    return (trial_ends_on(terms) - today).days


def awaits_payment(terms: Terms) -> bool:
    """Whether use comes before payment: there is a trial, or an event has to happen first."""
    return terms.trial_months > 0 or not isinstance(terms.trigger, OnDate)


def first_payment_on(terms: Terms) -> date | None:
    """Earliest day on which a fixed amount falls due, where the terms alone tell it; else None."""
    parts = fixed_parts(terms.fee)
    if not isinstance(terms.trigger, OnDate) or not parts:
        return None
    return add_months(terms.trigger.on, min(part.months_after for part in parts))


class DueKind(StrEnum):
    LUMP_SUM = "lump_sum"
    INSTALMENT = "instalment"
    DEFERRED = "deferred"
    ENTRY_FEE = "entry_fee"
    ROYALTY = "royalty"


DUE_LABELS: Mapping[DueKind, str] = MappingProxyType(
    {
        DueKind.LUMP_SUM: N_("Lump sum"),
        DueKind.INSTALMENT: N_("Instalment"),
        DueKind.DEFERRED: N_("Deferred fee"),
        DueKind.ENTRY_FEE: N_("Entry fee"),
        DueKind.ROYALTY: N_("Royalty"),
    }
)

_KIND_OF = {
    LumpSum: DueKind.LUMP_SUM,
    Instalments: DueKind.INSTALMENT,
    Deferral: DueKind.DEFERRED,
    EntryFeeRoyalty: DueKind.ENTRY_FEE,
}


@dataclass(frozen=True, slots=True)
class Due:
    """An amount to be paid. `number` counts from 1 within its kind."""

    number: int
    due_on: date
    fen: int
    kind: DueKind


def amounts_due(terms: Terms, triggered_on: date) -> list[Due]:
    """The fixed amounts, by day, once payment has started on `triggered_on`. Royalties come by `royalty_due`."""
    kind = _KIND_OF[type(terms.fee)]
    parts = sorted(fixed_parts(terms.fee), key=lambda part: part.months_after)
    return [
        Due(number, add_months(triggered_on, part.months_after), part.fen, kind)
        for number, part in enumerate(parts, start=1)
    ]


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


class Bound(StrEnum):
    MINIMUM = "minimum"
    CAP = "cap"


BOUND_LABELS: Mapping[Bound, str] = MappingProxyType(
    {
        Bound.MINIMUM: N_("The agreed minimum applies"),
        Bound.CAP: N_("The agreed maximum applies"),
    }
)


@dataclass(frozen=True, slots=True)
class Royalty:
    """A period's royalty with its working: `rated_fen` is the rate on the base, `bound` what replaced it, if any."""

    due: Due
    base_fen: int
    rated_fen: int
    bound: Bound | None


def royalty_due(terms: Terms, base_fen: int, period: Period) -> Royalty:
    """Royalty of one period on its sales or profit, due on the period's last day.

    A loss counts as nothing. Minimum and cap are those of a whole period for a shortened one as well: the
    terms agree no other. TypeError for a fee without royalty.
    """
    fee = terms.fee
    if not isinstance(fee, EntryFeeRoyalty):
        raise TypeError("the fee has no royalty")
    rated_fen = at_rate(max(base_fen, 0), fee.rate)
    fen, bound = rated_fen, None
    if rated_fen < fee.minimum_fen:
        fen, bound = fee.minimum_fen, Bound.MINIMUM
    elif fee.cap_fen is not None and rated_fen > fee.cap_fen:
        fen, bound = fee.cap_fen, Bound.CAP
    return Royalty(Due(period.number, period.ends_on, fen, DueKind.ROYALTY), base_fen, rated_fen, bound)


@dataclass(frozen=True, slots=True)
class Settled:
    """A due amount and how much of it is paid."""

    due: Due
    paid_fen: int

    @property
    def open_fen(self) -> int:
        return self.due.fen - self.paid_fen


@dataclass(frozen=True, slots=True)
class Allocation:
    """What was paid, set against the dues oldest first. `surplus_fen` is left over when all are paid."""

    settled: tuple[Settled, ...]
    surplus_fen: int

    @property
    def open_fen(self) -> int:
        return sum(one.open_fen for one in self.settled)


def allocate(dues: Iterable[Due], paid_fen: int) -> Allocation:
    """Set the sum of payments against the dues, oldest first, never more on one than is due.

    ValueError for a negative sum: corrections are postings of their own and already netted in it.
    """
    if paid_fen < 0:
        raise ValueError("the sum of payments cannot be negative")
    left_fen, settled = paid_fen, []
    for due in sorted(dues, key=lambda due: (due.due_on, due.kind, due.number)):
        part_fen = min(left_fen, due.fen)
        left_fen -= part_fen
        settled.append(Settled(due, part_fen))
    return Allocation(tuple(settled), left_fen)


@dataclass(frozen=True, slots=True)
class Overdue:
    due: Due
    open_fen: int
    days_late: int


def overdue(dues: Iterable[Due], paid_fen: int, today: date, grace_days: int) -> list[Overdue]:
    """What is unpaid after its day and the days of grace, oldest first. Lateness counts from the due day."""
    late = [(one, (today - one.due.due_on).days) for one in allocate(dues, paid_fen).settled if one.open_fen]
    return [Overdue(one.due, one.open_fen, days) for one, days in late if days > grace_days]


def outstanding(dues: Iterable[Due], paid_fen: int, until: date | None = None) -> int:
    """Unpaid fen in all, or of what falls due up to and including `until`."""
    settled = allocate(dues, paid_fen).settled
    return sum(one.open_fen for one in settled if until is None or one.due.due_on <= until)
