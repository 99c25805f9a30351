"""Schedules, royalties, penalties and allocations once more, written anew and naively from the rules' words.

Nothing here is shared with the code under test but the values of terms: days by counting months one at a time, money
by fractions, tiers by walking along the base, penalties day by day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

from matchmaker.deals.terms import (
    ByTier,
    ByYear,
    Deferral,
    EntryFeeRoyalty,
    Instalments,
    LumpSum,
    Milestones,
    Terms,
    TierSpan,
)

LENGTHS = {1: 31, 3: 31, 4: 30, 5: 31, 6: 30, 7: 31, 8: 31, 9: 30, 10: 31, 11: 30, 12: 31}


def month_length(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return LENGTHS[month]


def months_later(day: date, months: int) -> date:
    """The same day so many months on; the month's last day where it has no such day."""
    year, month = day.year, day.month
    for _ in range(months):
        month += 1
        if month == 13:
            year, month = year + 1, 1
    return date(year, month, min(day.day, month_length(year, month)))


def half_up(amount: Fraction) -> int:
    whole = amount.numerator // amount.denominator
    return whole + (1 if amount - whole >= Fraction(1, 2) else 0)


def fixed_amounts(terms: Terms, start: date, accepted: Mapping[int, date]) -> list[tuple[date, int]]:
    """Day and fen of each fixed amount."""
    match terms.fee:
        case LumpSum(fen):
            found = [(start, fen)]
        case Deferral(fen, months):
            found = [(months_later(start, months), fen)]
        case Instalments(parts):
            found = [(months_later(start, part.months_after), part.fen) for part in parts]
        case EntryFeeRoyalty(entry_fen=fen):
            found = [(start, fen)] if fen else []
        case Milestones(steps):
            found = []
            for place, step in enumerate(steps):
                if place in accepted:
                    day = accepted[place] + timedelta(days=step.days_after)
                    found.append((day if day > start else start, step.fen))
        case _:
            found = []
    return sorted(found)


def periods(terms: Terms, start: date) -> list[tuple[date, date]]:
    """First and last day of each royalty period."""
    fee, found, first, number = terms.fee, [], start, 1
    assert isinstance(fee, EntryFeeRoyalty)
    assert terms.ends_on is not None
    while first <= terms.ends_on:
        last = months_later(start, number * fee.period_months)
        if last > terms.ends_on:
            last = terms.ends_on
        found.append((first, last))
        first, number = last + timedelta(days=1), number + 1
    return found


def rate_at(rate: ByTier, position: Fraction) -> Fraction:
    found = rate.tiers[0].rate
    for tier in rate.tiers:
        if position >= tier.from_fen:
            found = tier.rate
    return found


def royalties(terms: Terms, bases: Sequence[int]) -> list[int]:
    """Fen of the royalty of each period reported."""
    fee, found, before = terms.fee, [], 0
    assert isinstance(fee, EntryFeeRoyalty)
    for number, base in enumerate(bases):
        counted = base if base > 0 else 0
        if isinstance(fee.rate, ByYear):
            year = number * fee.period_months // 12
            exact = counted * (fee.rate.rates[year] if year < len(fee.rate.rates) else fee.rate.rates[-1])
        elif isinstance(fee.rate, ByTier):
            low = before if fee.rate.span is TierSpan.LIFE else 0
            starts = [tier.from_fen for tier in fee.rate.tiers]
            cuts = sorted({low, low + counted, *(start for start in starts if low < start < low + counted)})
            exact = Fraction(0)
            for left, right in pairwise(cuts):
                exact += (right - left) * rate_at(fee.rate, Fraction(left))
        else:
            exact = counted * fee.rate
        fen = half_up(Fraction(exact))
        if fen < fee.minimum_fen:
            fen = fee.minimum_fen
        elif fee.cap_fen is not None and fen > fee.cap_fen:
            fen = fee.cap_fen
        if fee.total_cap_fen is not None and sum(found) + fen > fee.total_cap_fen:
            fen = max(0, fee.total_cap_fen - sum(found))
        found.append(fen)
        before += counted
    return found


def penalty(due_on: date, fen: int, parts: Sequence[tuple[date, int]], terms: Terms, until: date) -> int:
    """Day by day from the day after the days of grace: the rate on what was open when the day began. At most the agreed
    share of what was open when the first of these days began."""
    agreed = terms.penalty
    assert agreed is not None
    total, day = Fraction(0), due_on + timedelta(days=terms.grace_days + 1)
    while day <= until:
        open_fen = fen - sum(part for paid_on, part in parts if paid_on < day)
        total += open_fen * agreed.daily_rate
        day += timedelta(days=1)
    late = fen - sum(part for paid_on, part in parts if paid_on <= due_on + timedelta(days=terms.grace_days))
    found = half_up(total)
    return found if agreed.cap is None else min(found, half_up(late * agreed.cap))
