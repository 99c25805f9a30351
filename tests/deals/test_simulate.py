"""The simulator's arithmetic, against a second reckoning that goes day by day and knows no `schedule`."""

from __future__ import annotations

import calendar
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matchmaker.deals import schedule, simulate
from matchmaker.deals.simulate import Assumptions, Bearer, Plan, Prices, Scenario
from matchmaker.deals.terms import (
    DealKind,
    Deferral,
    EntryFeeRoyalty,
    FirstRevenue,
    Instalment,
    Instalments,
    LumpSum,
    Milestone,
    OnDate,
    Postponement,
    RevenueThreshold,
    RoyaltyBase,
    Terms,
)
from matchmaker.deals.workdays import Workdays

YUAN = 100
WAN = 10_000 * YUAN


def world(**changes: object) -> Assumptions:
    known: dict[str, object] = {
        "effective_on": date(2027, 1, 1),
        "months": 60,
        "sales_fen": {Scenario.LOW: 100 * WAN, Scenario.EXPECTED: 300 * WAN, Scenario.HIGH: 900 * WAN},
        "margin": Fraction(1, 5),
        "rate": Fraction(8, 100),
    }
    return Assumptions(**{**known, **changes})  # type: ignore[arg-type]


def prices(**changes: object) -> Prices:
    known: dict[str, object] = {
        "price_fen": 100 * WAN,
        "parts": 3,
        "every_months": 12,
        "deferral_months": 24,
        "entry_fen": 20 * WAN,
        "royalty": Fraction(3, 100),
        "trial_months": 12,
        "later_fen": 120 * WAN,
    }
    return Prices(**{**known, **changes})  # type: ignore[arg-type]


def flow(plan: Plan, scenario: Scenario = Scenario.EXPECTED, **changes: object) -> simulate.Flow:
    here = world(**changes)
    return simulate.play(simulate.plan_terms(plan, prices(), here), here, scenario)


def months_with(cash: tuple[int, ...]) -> dict[int, int]:
    return {month: fen for month, fen in enumerate(cash) if fen}


# --- the ways to pay ------------------------------------------------------------------------------------------------


def test_a_lump_sum_is_paid_in_the_first_month() -> None:
    assert months_with(flow(Plan.LUMP_SUM).paid) == {0: 100 * WAN}


def test_instalments_add_up_to_the_price_and_lie_apart_as_agreed() -> None:
    assert months_with(flow(Plan.INSTALMENTS).paid) == {0: 33_333_334, 12: 33_333_333, 24: 33_333_333}


def test_a_deferral_is_paid_whole_after_its_months() -> None:
    assert months_with(flow(Plan.DEFERRAL).paid) == {24: 100 * WAN}


def test_entry_fee_and_royalty_come_at_once_and_at_the_end_of_each_period() -> None:
    royalties = dict.fromkeys((12, 24, 36, 48, 59), 9 * WAN)  # a period ends with the day it began with
    assert months_with(flow(Plan.ENTRY_ROYALTY).paid) == {0: 20 * WAN, **royalties}


def test_pay_later_is_free_in_the_trial_and_paid_as_it_ends() -> None:
    assert months_with(flow(Plan.PAY_LATER).paid) == {12: 120 * WAN}
    terms = simulate.plan_terms(Plan.PAY_LATER, prices(), world())
    assert terms.kind is DealKind.PAY_LATER_LICENCE
    assert schedule.trial_ends_on(terms) == date(2028, 1, 1)


def test_pay_later_with_a_royalty_asks_for_both() -> None:
    terms = simulate.plan_terms(Plan.PAY_LATER, prices(later_royalty=Fraction(1, 50)), world())
    assert terms.fee == EntryFeeRoyalty(120 * WAN, Fraction(1, 50), RoyaltyBase.SALES)


def test_a_failed_trial_costs_no_fee_under_pay_later_and_the_whole_price_without_a_trial() -> None:
    assert flow(Plan.PAY_LATER, Scenario.FAILED).paid_fen == 0
    for plan in (Plan.LUMP_SUM, Plan.INSTALMENTS, Plan.DEFERRAL):
        assert flow(plan, Scenario.FAILED).paid_fen == 100 * WAN
    assert flow(Plan.ENTRY_ROYALTY, Scenario.FAILED).paid_fen == 20 * WAN


def test_the_ways_to_pay_keep_what_else_was_negotiated() -> None:
    like = simulate.plan_terms(Plan.LUMP_SUM, prices(), world())
    like = replace(like, territory="吉林省", grace_days=7)
    made = simulate.plan_terms(Plan.DEFERRAL, prices(), world(), like)
    assert (made.territory, made.grace_days, made.fee) == ("吉林省", 7, Deferral(100 * WAN, 24))
    with pytest.raises(ValueError, match="table"):
        simulate.plan_terms(Plan.ON_THE_TABLE, prices(), world())


def test_tax_comes_on_top_and_commission_is_borne_half_by_each_side() -> None:
    plain = flow(Plan.LUMP_SUM)
    found = flow(Plan.LUMP_SUM, vat=Fraction(6, 100), commission=Fraction(3, 100))
    assert (months_with(found.vat), months_with(found.commission)) == ({0: 6 * WAN}, {0: 3 * WAN})
    assert found.paid == plain.paid
    assert plain.licensor[0] - found.licensor[0] == 15_000 * YUAN
    assert plain.licensee[0] - found.licensee[0] == 6 * WAN + 15_000 * YUAN


@given(st.fractions(0, 1, max_denominator=1000), st.fractions(0, 1, max_denominator=1000), st.sampled_from(Plan))
def test_what_one_side_pays_the_other_the_state_or_the_intermediary_gets(
    vat: Fraction, commission: Fraction, plan: Plan
) -> None:
    if plan is Plan.ON_THE_TABLE:
        return
    plain, found = flow(plan), flow(plan, vat=vat, commission=commission)
    gone = [tax + part for tax, part in zip(found.vat, found.commission, strict=True)]
    both = [a + b for a, b in zip(found.licensor, found.licensee, strict=True)]
    assert both == [a + b - out for a, b, out in zip(plain.licensor, plain.licensee, gone, strict=True)]


def test_what_falls_due_beyond_the_last_month_is_told_apart() -> None:
    here = world(months=12)
    played = simulate.play(simulate.plan_terms(Plan.INSTALMENTS, prices(), here), here, Scenario.EXPECTED)
    assert (played.paid_fen, played.after_fen) == (33_333_334, 66_666_666)


@pytest.mark.parametrize(
    ("trigger", "month"),
    [
        (OnDate(date(2027, 5, 31)), 4),
        (FirstRevenue(), 6),
        (RevenueThreshold(300 * WAN), 17),
        (RevenueThreshold(301 * WAN), 18),
        (Milestone("首台样机验收"), 12),
    ],
)
def test_payment_starts_when_the_event_comes_in_this_scenario(trigger: object, month: int) -> None:
    here = world(sales_begin=6)
    terms = simulate.plan_terms(Plan.PAY_LATER, prices(), here)
    terms = replace(terms, trigger=trigger)
    assert months_with(simulate.play(terms, here, Scenario.EXPECTED).paid) == {month: 120 * WAN}


def test_terms_that_postpone_a_rest_day_move_the_payment_to_the_next_month() -> None:
    """31 July 2027 is a Saturday."""
    here = world(workdays=Workdays({}))
    terms = replace(
        simulate.plan_terms(Plan.LUMP_SUM, prices(), here),
        trigger=OnDate(date(2027, 7, 31)),
        postponement=Postponement.NEXT_WORKING_DAY,
    )
    assert months_with(simulate.play(terms, here, Scenario.EXPECTED).paid) == {7: 100 * WAN}
    as_it_falls = replace(terms, postponement=Postponement.AS_IT_FALLS)
    assert months_with(simulate.play(as_it_falls, here, Scenario.EXPECTED).paid) == {6: 100 * WAN}


def test_an_event_that_never_comes_asks_for_nothing() -> None:
    here = world()
    terms = simulate.plan_terms(Plan.LUMP_SUM, prices(), here)
    terms = replace(terms, trigger=FirstRevenue())
    assert simulate.play(terms, here, Scenario.FAILED).paid_fen == 0


# --- laws -----------------------------------------------------------------------------------------------------------

days = st.dates(date(2020, 1, 1), date(2040, 12, 31))
shares = st.fractions(0, 1, max_denominator=1000)
amounts = st.integers(0, 10**11)


@st.composite
def worlds(draw: st.DrawFn) -> Assumptions:
    low, expected, high = sorted(draw(st.tuples(amounts, amounts, amounts)))
    return Assumptions(
        effective_on=draw(days),
        months=draw(st.integers(1, 120)),
        sales_fen={Scenario.LOW: low, Scenario.EXPECTED: expected, Scenario.HIGH: high},
        sales_begin=draw(st.integers(0, 40)),
        growth=draw(st.fractions(-1, 2, max_denominator=100)),
        margin=draw(shares),
        rate=draw(st.fractions(0, 1, max_denominator=100)),
        investment_fen=draw(amounts),
        handover_fen=draw(amounts),
    )


@st.composite
def fees(draw: st.DrawFn) -> LumpSum | Deferral | Instalments | EntryFeeRoyalty:
    kind = draw(st.sampled_from(["lump", "deferral", "parts", "royalty"]))
    if kind == "lump":
        return LumpSum(draw(amounts))
    if kind == "deferral":
        return Deferral(draw(amounts), draw(st.integers(0, 60)))
    if kind == "parts":
        months = sorted(draw(st.sets(st.integers(0, 80), min_size=1, max_size=8)))
        return Instalments(tuple(Instalment(month, draw(amounts)) for month in months))
    minimum = draw(amounts)
    return EntryFeeRoyalty(
        draw(amounts),
        draw(shares),
        draw(st.sampled_from(list(RoyaltyBase))),
        minimum,
        draw(st.none() | st.integers(minimum, 10**12)),
        draw(st.integers(1, 12)),
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[Terms, Assumptions, Scenario]:
    here = draw(worlds())
    trial = draw(st.integers(0, 24))
    starts_on = here.effective_on + timedelta(days=draw(st.integers(0, 900)))
    terms = Terms(
        territory="",
        field_of_use="",
        effective_on=here.effective_on,
        ends_on=here.effective_on + timedelta(days=draw(st.integers(0, 4000))),
        trial_months=trial,
        trigger=draw(st.sampled_from([OnDate(starts_on), FirstRevenue(), RevenueThreshold(10**9)])),
        fee=draw(fees()),
    )
    return terms, here, draw(st.sampled_from(list(Scenario)))


def month_start(start: date, months: int) -> date:
    """Of the calendar, by counting years up and then single months."""
    year, month = start.year + months // 12, start.month
    for _ in range(months % 12):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return date(year, month, min(start.day, calendar.monthrange(year, month)[1]))


def half_up(number: Fraction) -> int:
    whole, rest = divmod(number, 1)
    return int(whole) + (rest >= Fraction(1, 2))


def second_reckoning(terms: Terms, here: Assumptions, scenario: Scenario) -> list[tuple[date, int]]:
    """What is due on which day: sales set on their days first, then walked through day by day."""
    if scenario is Scenario.FAILED and terms.trial_months:
        return []
    sold = {
        month_start(here.effective_on, month + 1) - timedelta(days=1): fen
        for month, fen in enumerate(simulate.monthly_sales(here, scenario))
    }
    if isinstance(terms.trigger, OnDate):
        start = terms.trigger.on
    else:
        needed = terms.trigger.fen if isinstance(terms.trigger, RevenueThreshold) else 1
        totals = zip(sorted(sold), accumulate(sold[day] for day in sorted(sold)), strict=True)
        reached = [day for day, total in totals if total >= needed]
        if not reached:
            return []
        start = reached[0]
    fee = terms.fee
    match fee:
        case LumpSum(fen):
            return [(start, fen)]
        case Deferral(fen, months):
            return [(month_start(start, months), fen)]
        case Instalments(parts):
            return [(month_start(start, part.months_after), part.fen) for part in parts]
    assert isinstance(fee, EntryFeeRoyalty)
    found = [(start, fee.entry_fen)]
    number, begins = 1, start
    assert terms.ends_on is not None
    while begins <= terms.ends_on:
        ends = min(month_start(start, number * fee.period_months), terms.ends_on)
        base = Fraction(0)
        for day, fen in sold.items():
            if begins <= day <= ends:
                base += half_up(fen * here.margin) if fee.base is RoyaltyBase.PROFIT else fen
        assert isinstance(fee.rate, Fraction)
        asked = max(fee.minimum_fen, half_up(base * fee.rate))
        found.append((ends, asked if fee.cap_fen is None else min(asked, fee.cap_fen)))
        number, begins = number + 1, ends + timedelta(days=1)
    return found


@settings(max_examples=300, deadline=None)
@given(cases())
def test_every_fen_falls_in_the_month_the_second_reckoning_finds(case: tuple[Terms, Assumptions, Scenario]) -> None:
    compare_with_second_reckoning(*case)


@pytest.mark.nightly
@settings(max_examples=10_000, deadline=None)
@given(cases())
def test_ten_thousand_terms_agree_with_the_second_reckoning(case: tuple[Terms, Assumptions, Scenario]) -> None:
    compare_with_second_reckoning(*case)


def compare_with_second_reckoning(terms: Terms, here: Assumptions, scenario: Scenario) -> None:
    played = simulate.play(terms, here, scenario)
    expected, after = [0] * here.months, 0
    starts = [month_start(here.effective_on, month) for month in range(here.months + 1)]
    for day, fen in second_reckoning(terms, here, scenario):
        month = max(0, sum(start <= day for start in starts) - 1)
        if month < here.months:
            expected[month] += fen
        else:
            after += fen
    assert list(played.paid) == expected
    assert played.after_fen == after


@settings(deadline=None)
@given(cases())
def test_a_fee_only_changes_hands(case: tuple[Terms, Assumptions, Scenario]) -> None:
    """Month by month both sides together have the profit, less what each spent to begin with."""
    terms, here, scenario = case
    played = simulate.play(terms, here, scenario)
    for month, sold in enumerate(played.sales):
        spent = (here.investment_fen + here.handover_fen) if month == 0 else 0
        assert played.licensor[month] + played.licensee[month] == half_up(sold * here.margin) - spent


@given(worlds())
def test_the_months_of_a_year_of_sales_add_up_to_it(here: Assumptions) -> None:
    sales = simulate.monthly_sales(here, Scenario.EXPECTED)
    assert len(sales) == here.months
    assert not any(sales[: here.sales_begin])
    running = sales[here.sales_begin :]
    for year in range(len(running) // 12):
        exact = here.sales_fen[Scenario.EXPECTED] * (1 + here.growth) ** year
        part = running[12 * year : 12 * year + 12]
        assert sum(part) == half_up(exact)
        assert max(part) - min(part) <= 1
    assert simulate.monthly_sales(here, Scenario.FAILED) == [0] * here.months


cash = st.lists(st.integers(-(10**13), 10**13), min_size=1, max_size=240)
rates = st.fractions(0, 3, max_denominator=1000)


@given(cash)
def test_at_a_rate_of_nothing_the_present_value_is_the_sum(flows: list[int]) -> None:
    assert simulate.present_value(flows, Fraction(0)) == sum(flows)


@given(st.lists(st.integers(-(10**13), 10**13), min_size=1, max_size=15), rates)
def test_cash_once_a_year_is_discounted_exactly(yearly: list[int], rate: Fraction) -> None:
    flows = [fen if not month else 0 for fen in yearly for month in range(12)]
    exact = sum((Fraction(fen) / (1 + rate) ** year for year, fen in enumerate(yearly)), Fraction(0))
    sign = -1 if exact < 0 else 1
    assert simulate.present_value(flows, rate) == sign * half_up(abs(exact))


@given(cash, rates)
def test_cash_by_the_month_is_discounted_as_the_formula_says(flows: list[int], rate: Fraction) -> None:
    plain = sum(fen * float(1 + rate) ** (-month / 12) for month, fen in enumerate(flows))
    assert abs(simulate.present_value(flows, rate) - plain) <= 1 + 1e-11 * sum(map(abs, flows))


@given(st.lists(st.integers(0, 10**13), min_size=1, max_size=240), rates, rates)
def test_income_is_worth_less_the_higher_the_rate(flows: list[int], one: Fraction, other: Fraction) -> None:
    low, high = sorted((one, other))
    assert simulate.present_value(flows, low) >= simulate.present_value(flows, high)


def test_a_rate_at_which_nothing_can_be_discounted_is_refused() -> None:
    with pytest.raises(ValueError, match="rate"):
        simulate.present_value([1], Fraction(-1))


@given(cash)
def test_from_the_break_even_on_the_cash_so_far_never_goes_below_nothing(flows: list[int]) -> None:
    totals = list(accumulate(flows))
    month = simulate.break_even(flows)
    if month is None:
        assert totals[-1] < 0
    else:
        assert all(total >= 0 for total in totals[month:])
        assert month == 0 or totals[month - 1] < 0


@given(days, st.integers(0, 300))
def test_a_day_belongs_to_the_month_that_began_last(start: date, count: int) -> None:
    begins, next_begins = month_start(start, count), month_start(start, count + 1)
    assert simulate.month_of(start, begins) == count
    assert simulate.month_of(start, next_begins - timedelta(days=1)) == count
    assert simulate.month_of(start, start - timedelta(days=1)) == 0


# --- who carries what -----------------------------------------------------------------------------------------------


def test_who_carries_which_risk_is_read_from_the_figures() -> None:
    here = world()
    plans = {
        plan: simulate.plan_terms(plan, prices(entry_fen=20 * WAN), here) for plan in Plan if plan != Plan.ON_THE_TABLE
    }
    found = {one.plan: one.risk for one in simulate.compare(plans, here)}
    assert found[Plan.LUMP_SUM].technology is Bearer.LICENSEE
    assert found[Plan.LUMP_SUM].market is Bearer.LICENSEE
    assert found[Plan.LUMP_SUM].wait_months == 0
    assert found[Plan.DEFERRAL].wait_months == 24
    assert found[Plan.ENTRY_ROYALTY].technology is Bearer.SHARED
    assert found[Plan.ENTRY_ROYALTY].market is Bearer.SHARED
    assert found[Plan.PAY_LATER].technology is Bearer.LICENSOR
    assert found[Plan.PAY_LATER].failed_fen == 0


def test_what_the_licensee_must_lay_out_is_the_lowest_its_cash_stands() -> None:
    here = world(investment_fen=50 * WAN, sales_begin=12)
    found = simulate.figures(simulate.plan_terms(Plan.LUMP_SUM, prices(), here), here, Scenario.EXPECTED)
    assert found.deepest_fen == -150 * WAN
    assert found.licensee_even == 12 + 30 - 1
    assert found.licensor_even == 0
