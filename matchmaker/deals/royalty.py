"""Royalties: what follows from the sales or profit of each period. Pure.

A royalty is a sum of shares of the base (one share, or one for each tier), rounded half up to the fen once, then
bounded by the minimum and the maximum of the period and by the maximum of all royalties together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType

from matchmaker.core.errors import N_
from matchmaker.core.money import round_half_up
from matchmaker.deals.schedule import Due, DueKind, Period, postponed
from matchmaker.deals.terms import ByTier, ByYear, EntryFeeRoyalty, Terms, TierSpan
from matchmaker.deals.workdays import Workdays

REPORT_DAYS = 30
"""Days after a period within which it is reported, where the terms say nothing."""


class Bound(StrEnum):
    MINIMUM = "minimum"
    CAP = "cap"
    TOTAL_CAP = "total_cap"


BOUND_LABELS: Mapping[Bound, str] = MappingProxyType(
    {
        Bound.MINIMUM: N_("The agreed minimum applies"),
        Bound.CAP: N_("The agreed maximum applies"),
        Bound.TOTAL_CAP: N_("The agreed maximum of all royalties applies"),
    }
)


@dataclass(frozen=True, slots=True)
class Share:
    """One line of the working: this rate on this part of the base."""

    part_fen: int
    rate: Fraction


@dataclass(frozen=True, slots=True)
class Royalty:
    """A period's royalty with its working: `rated_fen` is the rate on the base, `bound` what replaced it, if any."""

    due: Due
    base_fen: int
    rated_fen: int
    bound: Bound | None
    shares: tuple[Share, ...] = ()


def royalty_due(
    terms: Terms,
    base_fen: int,
    period: Period,
    *,
    before_fen: int = 0,
    charged_fen: int = 0,
    workdays: Workdays | None = None,
) -> Royalty:
    """Royalty of one period on its sales or profit.

    `before_fen`: base of all periods before, for tiers over the whole life; `charged_fen`: royalties of all periods
    before. A loss counts as nothing. Minimum and maximum are those of a whole period for a shortened one as well:
    the terms agree no other. TypeError for a fee without royalty.
    """
    fee = terms.fee
    if not isinstance(fee, EntryFeeRoyalty):
        raise TypeError("the fee has no royalty")
    counted = max(base_fen, 0)
    shares = tuple(_shares(fee, counted, period, before_fen))
    rated_fen = round_half_up(sum((share.part_fen * share.rate for share in shares), Fraction(0)))
    fen, bound = _bounded(fee, rated_fen, charged_fen)
    due_on = postponed(terms, period.ends_on + timedelta(days=fee.pay_days or 0), workdays)
    return Royalty(Due(period.number, due_on, fen, DueKind.ROYALTY), base_fen, rated_fen, bound, shares)


def _shares(fee: EntryFeeRoyalty, counted_fen: int, period: Period, before_fen: int) -> Iterator[Share]:
    match fee.rate:
        case ByYear(rates):
            year = (period.number - 1) * fee.period_months // 12  # the year in which the period begins
            yield Share(counted_fen, rates[min(year, len(rates) - 1)])
        case ByTier(tiers, span):
            low = before_fen if span is TierSpan.LIFE else 0
            high = low + counted_fen
            for place, tier in enumerate(tiers):
                until = tiers[place + 1].from_fen if place + 1 < len(tiers) else high
                part = min(high, until) - max(low, tier.from_fen)
                if part > 0:
                    yield Share(part, tier.rate)
        case rate:
            yield Share(counted_fen, rate)


def _bounded(fee: EntryFeeRoyalty, rated_fen: int, charged_fen: int) -> tuple[int, Bound | None]:
    fen, bound = rated_fen, None
    if rated_fen < fee.minimum_fen:
        fen, bound = fee.minimum_fen, Bound.MINIMUM
    elif fee.cap_fen is not None and rated_fen > fee.cap_fen:
        fen, bound = fee.cap_fen, Bound.CAP
    if fee.total_cap_fen is not None and fen > (left := max(0, fee.total_cap_fen - charged_fen)):
        fen, bound = left, Bound.TOTAL_CAP
    return fen, bound


def statements(
    terms: Terms, bases: Sequence[int], periods: Sequence[Period], *, workdays: Workdays | None = None
) -> list[Royalty]:
    """The royalties of the first periods, in order, each counting those before it. `bases`: one for each, in fen."""
    found: list[Royalty] = []
    before_fen = charged_fen = 0
    for base_fen, period in zip(bases, periods, strict=False):
        one = royalty_due(terms, base_fen, period, before_fen=before_fen, charged_fen=charged_fen, workdays=workdays)
        found.append(one)
        before_fen += max(base_fen, 0)
        charged_fen += one.due.fen
    return found


def report_by(terms: Terms, period: Period) -> Period:
    """The period in which a period is reported: from the day after it to the last day in time."""
    days = terms.fee.report_days if isinstance(terms.fee, EntryFeeRoyalty) else None
    within = timedelta(days=REPORT_DAYS if days is None else days)
    return Period(period.number, period.ends_on + timedelta(days=1), period.ends_on + within)
