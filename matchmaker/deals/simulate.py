"""What terms would mean in cash, month by month and for both sides, if sales came so or so. Pure.

Each way to pay is a plain `Terms`, and every amount and day comes from `schedule`, so that the simulator cannot
promise what the running licence would not ask for. The rest is arithmetic on assumptions that people enter:

* Months count from the day the licence takes effect; month 0 is the first. What is sold in a month is booked on
  its last day, so that it belongs to exactly one royalty period.
* What a side spends to begin with (the licensee's investment, the licensor's cost of handing over) falls in month 0.
* A failed trial is a technology that never sells. Where the terms have a trial, the licence ends with it and nothing
  is owed; where they have none, what was agreed stays owed, as the contract says.
* Milestones count as met when the trial ends; added output value counts as what is sold.
* Present values discount each month's cash by a yearly rate, compounded, to the day the licence takes effect.
* Value-added tax comes on top of each fee: the licensee pays it, the licensor passes it on. Nothing is deducted; who
  can deduct it, or is exempt, enters 0. Commission is a share of each fee, half of it borne by each side, as the law
  has it where nothing clear was agreed (Supreme People's Court, interpretation on technology contracts, arts. 38-41).

Taxes on income are left out on both sides.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal, localcontext
from enum import StrEnum
from fractions import Fraction
from itertools import accumulate
from types import MappingProxyType

from matchmaker.core.errors import N_
from matchmaker.core.money import at_rate, round_half_up, split
from matchmaker.deals import royalty, schedule
from matchmaker.deals.terms import (
    DealKind,
    Deferral,
    EntryFeeRoyalty,
    Fee,
    FirstRevenue,
    Instalment,
    Instalments,
    InvestFirst,
    LumpSum,
    Milestone,
    Milestones,
    OnDate,
    RevenueThreshold,
    RoyaltyBase,
    Stake,
    Terms,
    simple_triggers,
)
from matchmaker.deals.workdays import Workdays

MOST_MONTHS = 240


class Scenario(StrEnum):
    LOW = "low"
    EXPECTED = "expected"
    HIGH = "high"
    FAILED = "failed"


class Plan(StrEnum):
    LUMP_SUM = "lump_sum"
    INSTALMENTS = "instalments"
    DEFERRAL = "deferral"
    ENTRY_ROYALTY = "entry_royalty"
    PAY_LATER = "pay_later"
    ON_THE_TABLE = "on_the_table"  # the terms of a negotiation, as they stand


SCENARIO_LABELS: Mapping[Scenario, str] = MappingProxyType(
    {
        Scenario.LOW: N_("Low sales"),
        Scenario.EXPECTED: N_("Expected sales"),
        Scenario.HIGH: N_("High sales"),
        Scenario.FAILED: N_("The trial fails"),
    }
)

PLAN_LABELS: Mapping[Plan, str] = MappingProxyType(
    {
        Plan.LUMP_SUM: N_("Lump sum at once"),
        Plan.INSTALMENTS: N_("In instalments"),
        Plan.DEFERRAL: N_("Lump sum, deferred"),
        Plan.ENTRY_ROYALTY: N_("Entry fee plus royalty"),
        Plan.PAY_LATER: N_("Use first, pay later"),
        Plan.ON_THE_TABLE: N_("The terms on the table"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """What is assumed of the world. `sales_fen` is for the first year of sales, by scenario; a failure sells nothing.

    `growth`, `margin` and `rate` are shares of one: yearly change of sales, profit on sales before any fee, discount.
    `vat` and `commission` are shares of each fee. `workdays`: the calendar by which terms that say so postpone a day
    of payment.
    """

    effective_on: date
    months: int
    sales_fen: Mapping[Scenario, int]
    sales_begin: int = 0
    growth: Fraction = Fraction(0)
    margin: Fraction
    rate: Fraction
    investment_fen: int = 0
    handover_fen: int = 0
    vat: Fraction = Fraction(0)
    commission: Fraction = Fraction(0)
    workdays: Workdays | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What is asked for in each way to pay."""

    price_fen: int
    parts: int
    every_months: int
    deferral_months: int
    entry_fen: int
    royalty: Fraction
    period_months: int = 12
    minimum_fen: int = 0
    cap_fen: int | None = None
    trial_months: int
    later_fen: int
    later_royalty: Fraction = Fraction(0)


# --- the ways to pay ------------------------------------------------------------------------------------------------


def plan_terms(plan: Plan, prices: Prices, world: Assumptions, like: Terms | None = None) -> Terms:
    """Terms that ask for this. Territory and the like are those of `like`, empty where there is none yet.

    ValueError for terms on the table, which are their own.
    """
    if plan is Plan.ON_THE_TABLE:
        raise ValueError("the terms on the table are not made here")
    trial_months = prices.trial_months if plan is Plan.PAY_LATER else 0
    return replace(
        like or _BLANK,
        kind=DealKind.PAY_LATER_LICENCE if plan is Plan.PAY_LATER else DealKind.LICENCE,
        effective_on=world.effective_on,
        ends_on=schedule.add_months(world.effective_on, world.months) - timedelta(days=1),
        trial_months=trial_months,
        trigger=OnDate(schedule.add_months(world.effective_on, trial_months)),
        fee=_fee(plan, prices),
    )


_BLANK = Terms(
    territory="", field_of_use="", effective_on=date.min, ends_on=None, trigger=FirstRevenue(), fee=LumpSum(0)
)


def _fee(plan: Plan, prices: Prices) -> Fee:
    match plan:
        case Plan.INSTALMENTS:
            parts = split(prices.price_fen, [1] * prices.parts)
            return Instalments(tuple(Instalment(n * prices.every_months, fen) for n, fen in enumerate(parts)))
        case Plan.DEFERRAL:
            return Deferral(prices.price_fen, prices.deferral_months)
        case Plan.ENTRY_ROYALTY:
            return EntryFeeRoyalty(
                entry_fen=prices.entry_fen,
                rate=prices.royalty,
                base=RoyaltyBase.SALES,
                minimum_fen=prices.minimum_fen,
                cap_fen=prices.cap_fen,
                period_months=prices.period_months,
            )
        case Plan.PAY_LATER if prices.later_royalty:
            return EntryFeeRoyalty(
                entry_fen=prices.later_fen,
                rate=prices.later_royalty,
                base=RoyaltyBase.SALES,
                period_months=prices.period_months,
            )
        case Plan.PAY_LATER:
            return LumpSum(prices.later_fen)
    return LumpSum(prices.price_fen)


# --- cash -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Flow:
    """Fen by month, from month 0, negative for what goes out. `after_fen` falls due beyond the last month shown."""

    sales: tuple[int, ...]
    paid: tuple[int, ...]
    licensor: tuple[int, ...]
    licensee: tuple[int, ...]
    after_fen: int
    vat: tuple[int, ...]
    commission: tuple[int, ...]

    @property
    def paid_fen(self) -> int:
        return sum(self.paid)


def can_be_played(terms: Terms) -> bool:
    """Whether the terms ask for money by a calendar: those for shares do not, nor those still without a last day."""
    return not isinstance(terms.fee, Stake | InvestFirst) and terms.ends_on is not None


def play(terms: Terms, world: Assumptions, scenario: Scenario) -> Flow:
    """The cash of both sides under these terms, if the world goes this way."""
    sales = monthly_sales(world, scenario)
    dues = _dues(terms, world, sales) if _is_owed(terms, scenario) else []
    paid, after_fen = [0] * world.months, 0
    for due in dues:
        month = month_of(world.effective_on, due.due_on)
        if month < world.months:
            paid[month] += due.fen
        else:
            after_fen += due.fen
    profit = [at_rate(fen, world.margin) for fen in sales]
    vat, commission = (tuple(at_rate(fen, rate) for fen in paid) for rate in (world.vat, world.commission))
    licensor, licensee = list(paid), [earned - fee for earned, fee in zip(profit, paid, strict=True)]
    for month, (tax_fen, commission_fen) in enumerate(zip(vat, commission, strict=True)):
        halves = split(commission_fen, [1, 1])
        licensor[month] -= halves[0]
        licensee[month] -= halves[1] + tax_fen
    licensor[0] -= world.handover_fen
    licensee[0] -= world.investment_fen
    return Flow(tuple(sales), tuple(paid), tuple(licensor), tuple(licensee), after_fen, vat, commission)


def _is_owed(terms: Terms, scenario: Scenario) -> bool:
    return scenario is not Scenario.FAILED or not terms.trial_months


def monthly_sales(world: Assumptions, scenario: Scenario) -> list[int]:
    """Each year's sales in twelve parts that add up to it; years count from the first month with sales."""
    found: list[int] = []
    first_fen = 0 if scenario is Scenario.FAILED else world.sales_fen[scenario]
    year = 0
    while len(found) < world.months:
        year_fen = round_half_up(first_fen * (1 + world.growth) ** year)
        found += split(year_fen, [1] * 12)
        year += 1
    return ([0] * world.sales_begin + found)[: world.months]


def month_of(effective_on: date, day: date) -> int:
    """How many whole months after it took effect the day falls, 0 in the first; days before count as month 0."""
    month = (day.year - effective_on.year) * 12 + day.month - effective_on.month
    return max(0, month if schedule.add_months(effective_on, month) <= day else month - 1)


def _booked_on(effective_on: date, month: int) -> date:
    return schedule.add_months(effective_on, month + 1) - timedelta(days=1)


def _dues(terms: Terms, world: Assumptions, sales: Sequence[int]) -> list[schedule.Due]:
    """All that falls due, as `schedule` has it; empty where what starts payment never happens."""
    starts_on = _payment_starts_on(terms, world.effective_on, sales)
    if starts_on is None:
        return []
    accepted = dict.fromkeys(range(len(terms.fee.parts)), starts_on) if isinstance(terms.fee, Milestones) else {}
    periods = schedule.royalty_periods(terms, starts_on)
    bases = _bases(terms, world, sales, periods)
    royalties = [one.due for one in royalty.statements(terms, bases, periods, workdays=world.workdays)]
    return [*schedule.amounts_due(terms, starts_on, workdays=world.workdays, accepted=accepted), *royalties]


def _bases(terms: Terms, world: Assumptions, sales: Sequence[int], periods: Sequence[schedule.Period]) -> list[int]:
    """The base of each period: what was booked on its days."""
    by_profit = isinstance(terms.fee, EntryFeeRoyalty) and terms.fee.base is RoyaltyBase.PROFIT
    booked = [at_rate(fen, world.margin) if by_profit else fen for fen in sales]
    days = [_booked_on(world.effective_on, month) for month in range(len(sales))]
    so_far = [0, *accumulate(booked)]
    return [
        so_far[bisect_right(days, period.ends_on)] - so_far[bisect_left(days, period.starts_on)] for period in periods
    ]


def _payment_starts_on(terms: Terms, effective_on: date, sales: Sequence[int]) -> date | None:
    """The agreed day, or that on which sales fulfil the condition; a milestone counts as met when the trial ends."""
    happened: dict[int, date] = {}
    for place, event in enumerate(simple_triggers(terms.trigger)):
        if isinstance(event, FirstRevenue | RevenueThreshold):
            needed = event.fen if isinstance(event, RevenueThreshold) else 1
            month = next((month for month, total in enumerate(accumulate(sales)) if total >= needed), None)
            if month is not None:
                happened[place] = _booked_on(effective_on, month)
        elif isinstance(event, Milestone):
            happened[place] = schedule.trial_ends_on(terms)
    return schedule.started_on(terms.trigger, happened, date.max)


# --- what to make of it ---------------------------------------------------------------------------------------------


def present_value(cash: Sequence[int], rate: Fraction) -> int:
    """Worth of monthly cash on the day of month 0, in whole fen, halves away from zero. `rate` is yearly.

    ValueError for a rate of -1 or less, at which nothing can be discounted.
    """
    if rate <= -1:
        raise ValueError("a yearly rate is above -1")
    up, down = rate.numerator + rate.denominator, rate.denominator
    years = -(-len(cash) // 12)
    # Whole years exactly, so that a tie is a tie; the twelfth root within a year to sixty digits.
    total = Fraction(0)
    for month, root in enumerate(_roots(rate)):
        yearly = cash[month::12]
        total += root * sum(fen * down**year * up ** (years - year) for year, fen in enumerate(yearly))
    return round_half_up(total / up**years)


def _roots(rate: Fraction) -> list[Fraction]:
    """What a fen is worth after 0 to 11 months of a year at this rate."""
    with localcontext() as context:
        context.prec = 60
        yearly = Decimal(rate.denominator) / Decimal(rate.numerator + rate.denominator)
        return [Fraction(yearly ** (Decimal(month) / 12)) if month else Fraction(1) for month in range(12)]


def break_even(cash: Sequence[int]) -> int | None:
    """The month from which on the cash so far is never below zero again: 0 from the start, None not by the end."""
    under = [month for month, total in enumerate(accumulate(cash)) if total < 0]
    if not under:
        return 0
    return under[-1] + 1 if under[-1] + 1 < len(cash) else None


class Bearer(StrEnum):
    LICENSOR = "licensor"
    SHARED = "shared"
    LICENSEE = "licensee"


BEARER_LABELS: Mapping[Bearer, str] = MappingProxyType(
    {
        Bearer.LICENSOR: N_("The licensor"),
        Bearer.SHARED: N_("Both sides"),
        Bearer.LICENSEE: N_("The licensee"),
    }
)


@dataclass(frozen=True, slots=True)
class Risk:
    """Who carries what, read from the figures.

    `technology`: who loses the fee if it does not work, `failed_fen` being paid all the same. `market`: whose the
    loss is if sales are low; of the expected fee `low_fen` is paid then. `wait_months`: how long the licensor waits
    for the average yuan, None where none comes.
    """

    technology: Bearer
    market: Bearer
    failed_fen: int
    low_fen: int
    wait_months: Fraction | None


def risk(flows: Mapping[Scenario, Flow]) -> Risk:
    expected, low, failed = (
        flows[scenario].paid_fen + flows[scenario].after_fen
        for scenario in (Scenario.EXPECTED, Scenario.LOW, Scenario.FAILED)
    )
    paid = flows[Scenario.EXPECTED].paid
    waited = sum(month * fen for month, fen in enumerate(paid))
    return Risk(
        technology=_bearer(failed, expected),
        market=_bearer(low, expected),
        failed_fen=failed,
        low_fen=low,
        wait_months=Fraction(waited, sum(paid)) if sum(paid) else None,
    )


def _bearer(still_paid_fen: int, expected_fen: int) -> Bearer:
    if still_paid_fen >= expected_fen:
        return Bearer.LICENSEE
    return Bearer.SHARED if still_paid_fen else Bearer.LICENSOR


@dataclass(frozen=True, slots=True)
class Figures:
    """One way to pay in one scenario."""

    flow: Flow
    licensor_value_fen: int
    licensee_value_fen: int
    licensee_even: int | None
    licensor_even: int | None
    deepest_fen: int
    """The lowest the licensee's cash so far ever stands: what it must be able to lay out; 0 if never below."""


def figures(terms: Terms, world: Assumptions, scenario: Scenario) -> Figures:
    flow = play(terms, world, scenario)
    return Figures(
        flow=flow,
        licensor_value_fen=present_value(flow.licensor, world.rate),
        licensee_value_fen=present_value(flow.licensee, world.rate),
        licensee_even=break_even(flow.licensee),
        licensor_even=break_even(flow.licensor),
        deepest_fen=min(0, *accumulate(flow.licensee)),
    )


@dataclass(frozen=True, slots=True)
class Compared:
    """One way to pay in every scenario."""

    plan: Plan
    terms: Terms
    by_scenario: Mapping[Scenario, Figures]
    risk: Risk


def compare(plans: Mapping[Plan, Terms], world: Assumptions) -> list[Compared]:
    """The ways to pay side by side, in the order given."""
    found = []
    for plan, terms in plans.items():
        by_scenario = {scenario: figures(terms, world, scenario) for scenario in Scenario}
        by_flow = {scenario: one.flow for scenario, one in by_scenario.items()}
        found.append(Compared(plan, terms, by_scenario, risk(by_flow)))
    return found
