"""What the code computes and what the rules say when followed step by step: the same to the fen and to the day."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matchmaker.deals import royalty, schedule, settlement
from matchmaker.deals.rewards import CostsBeyondIncome, NoCompleters, RewardTooLow, reward
from matchmaker.deals.schedule import Due, DueKind
from matchmaker.deals.settlement import Paid
from matchmaker.deals.terms import (
    ByTier,
    ByYear,
    Completer,
    Deferral,
    EarlierOf,
    EntryFeeRoyalty,
    FirstRevenue,
    Instalment,
    Instalments,
    LaterOf,
    LumpSum,
    MilestonePart,
    Milestones,
    OnDate,
    Penalty,
    Postponement,
    RoyaltyBase,
    Terms,
    Tier,
    TierSpan,
)
from matchmaker.deals.workdays import Workdays
from tests.deals import oracle

FEN = st.integers(1, 10**12)
RATE = st.fractions(Fraction(1, 10_000), Fraction(1, 2), max_denominator=10_000)
# Month ends, leap days and the turns of years come up often, not once in a thousand.
DAY = st.one_of(
    st.dates(date(1996, 1, 1), date(2110, 12, 31)),
    st.builds(
        lambda year, place: oracle.months_later(date(year, 1, 31), place),
        st.sampled_from([1999, 2000, 2024, 2026, 2028, 2099, 2100]),
        st.integers(0, 23),
    ),
)
MONTHS = st.integers(0, 60)


@st.composite
def tiers(draw: Any) -> ByTier:
    starts = [0, *sorted(draw(st.sets(FEN, max_size=3)))]
    span = draw(st.sampled_from(TierSpan))
    return ByTier(tuple(Tier(start, draw(RATE)) for start in starts), span)


ROYALTY = st.builds(
    EntryFeeRoyalty,
    st.integers(0, 10**9),
    st.one_of(RATE, st.builds(ByYear, st.lists(RATE, min_size=1, max_size=5).map(tuple)), tiers()),
    st.sampled_from(RoyaltyBase),
    st.integers(0, 10**6),
    st.none() | st.integers(10**6, 10**11),
    st.integers(1, 12),
    st.none() | st.integers(10**6, 10**12),
    st.none() | st.integers(0, 60),
    st.none() | st.integers(0, 60),
)
FIXED = st.one_of(
    st.builds(LumpSum, FEN),
    st.builds(Deferral, FEN, MONTHS),
    st.builds(
        Instalments,
        st.dictionaries(MONTHS, FEN, min_size=1, max_size=6).map(
            lambda parts: tuple(Instalment(months, fen) for months, fen in sorted(parts.items()))
        ),
    ),
    st.builds(
        Milestones,
        st.lists(st.builds(MilestonePart, st.just("x"), FEN, st.integers(0, 90)), min_size=1, max_size=4).map(tuple),
    ),
    ROYALTY,
)


def terms_of(start: date, fee: Any, **changes: Any) -> Terms:
    years = changes.pop("years", 4)
    return Terms(
        territory="x",
        field_of_use="x",
        effective_on=start,
        ends_on=oracle.months_later(start, 12 * years),
        trigger=FirstRevenue(),
        fee=fee,
        **changes,
    )


A_THOUSAND, TEN_THOUSAND = (settings(max_examples=cases, deadline=None, database=None) for cases in (1_000, 10_000))
of_fixed = given(DAY, FIXED, st.dictionaries(st.integers(0, 3), st.integers(-400, 400), max_size=4))
of_royalties = given(DAY, ROYALTY, st.lists(st.integers(-(10**9), 10**12), max_size=12), st.integers(1, 5))


def compare_fixed(start: date, fee: Any, shifts: Any) -> None:
    accepted = {place: start + timedelta(days=days) for place, days in shifts.items()}
    found = schedule.amounts_due(terms_of(start, fee), start, accepted=accepted)
    assert sorted((due.due_on, due.fen) for due in found) == oracle.fixed_amounts(terms_of(start, fee), start, accepted)
    assert [due.due_on for due in found] == sorted(due.due_on for due in found)


def compare_royalties(start: date, fee: Any, bases: list[int], years: int) -> None:
    terms = terms_of(start, fee, years=years)
    periods = schedule.royalty_periods(terms, start)
    assert [(one.starts_on, one.ends_on) for one in periods] == oracle.periods(terms, start)
    reported = bases[: len(periods)]
    found = royalty.statements(terms, reported, periods)
    assert [one.due.fen for one in found] == oracle.royalties(terms, reported)
    days = timedelta(days=fee.pay_days or 0)
    assert [one.due.due_on for one in found] == [last + days for _, last in oracle.periods(terms, start)][: len(found)]
    assert all(sum(share.part_fen for share in one.shares) == max(one.base_fen, 0) for one in found)


@A_THOUSAND
@of_fixed
def test_fixed_amounts_fall_due_on_the_days_and_in_the_fen_of_the_terms(start: date, fee: Any, shifts: Any) -> None:
    compare_fixed(start, fee, shifts)


@A_THOUSAND
@of_royalties
def test_royalties_are_those_of_the_terms_to_the_fen(start: date, fee: Any, bases: list[int], years: int) -> None:
    compare_royalties(start, fee, bases, years)


@given(DAY, st.integers(0, 400))
def test_a_31st_stays_a_31st_and_a_29th_of_february_comes_back(start: date, months: int) -> None:
    assert schedule.add_months(start, months) == oracle.months_later(start, months)


DUES = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 1_000)), max_size=6).map(
    lambda rows: [
        Due(number, date(2026, 1, 1) + timedelta(days=days), fen, DueKind.INSTALMENT)
        for number, (days, fen) in enumerate(rows, start=1)
    ]
)
PAYMENTS = st.lists(
    st.builds(
        Paid,
        st.integers(0, 800),
        st.integers(0, 90).map(lambda days: date(2026, 1, 1) + timedelta(days=days)),
        st.none() | st.tuples(st.just(DueKind.INSTALMENT), st.integers(1, 7)),
    ),
    max_size=6,
)


@given(DUES, PAYMENTS, st.randoms())
def test_an_allocation_loses_nothing_and_gives_no_amount_more_than_is_due(
    dues: list[Due], paid: list[Paid], random: Any
) -> None:
    found = settlement.settle(dues, paid)
    assert all(0 <= one.paid_fen <= one.due.fen for one in found.settled)
    assert sum(one.paid_fen for one in found.settled) + found.surplus_fen == sum(one.fen for one in paid)
    assert all(sum(fen for _, fen in one.parts) == one.paid_fen for one in found.settled)
    if found.surplus_fen:
        assert found.open_fen == 0
    shuffled = random.sample(paid, len(paid))
    again = settlement.settle(random.sample(dues, len(dues)), shuffled)
    assert (again, [one.parts for one in again.settled]) == (found, [one.parts for one in found.settled])


@given(DUES, PAYMENTS)
def test_a_payment_that_names_an_amount_is_set_against_it_first(dues: list[Due], paid: list[Paid]) -> None:
    found = {(one.due.kind, one.due.number): one for one in settlement.settle(dues, paid).settled}
    for target, one in found.items():
        named = sum(payment.fen for payment in paid if payment.target == target)
        assert one.paid_fen >= min(named, one.due.fen)


@given(DUES, st.integers(0, 4_000))
def test_what_names_nothing_goes_to_the_oldest_first(dues: list[Due], fen: int) -> None:
    settled = settlement.allocate(dues, fen).settled
    unpaid = [place for place, one in enumerate(settled) if one.open_fen]
    assert all(one.paid_fen == 0 for one in settled[unpaid[0] + 1 :]) if unpaid else True
    assert [one.due.due_on for one in settled] == sorted(due.due_on for due in dues)


@given(
    st.integers(1, 10**9),
    st.lists(st.tuples(st.integers(-20, 120), st.integers(1, 10**9)), max_size=4),
    st.integers(0, 30),
    st.fractions(Fraction(1, 100_000), Fraction(1, 100), max_denominator=100_000),
    st.none() | RATE,
    st.integers(0, 150),
    st.integers(0, 150),
)
def test_a_penalty_is_that_of_each_day_after_the_days_of_grace_and_is_not_charged_twice(
    fen: int, paid: list[Any], grace: int, rate: Fraction, cap: Fraction | None, until: int, earlier: int
) -> None:
    due = Due(1, date(2026, 1, 31), fen, DueKind.LUMP_SUM)
    terms = terms_of(date(2025, 1, 1), LumpSum(fen), grace_days=grace, penalty=Penalty(rate, cap))
    payments = [Paid(part, due.due_on + timedelta(days=days)) for days, part in paid]
    (one,) = settlement.settle([due], payments).settled
    last, first = due.due_on + timedelta(days=max(until, earlier)), due.due_on + timedelta(days=min(until, earlier))
    whole = settlement.penalty(one, terms, last)
    assert whole.fen == oracle.penalty(due.due_on, fen, one.parts, terms, last)
    before = settlement.penalty(one, terms, first)
    rest = settlement.penalty(one, terms, last, charged_on=first, charged_fen=before.fen)
    assert abs(before.fen + rest.fen - whole.fen) <= 1  # two roundings instead of one
    if cap is not None:
        assert before.fen + rest.fen <= max(before.fen, oracle.half_up(fen * cap))


@given(
    st.integers(0, 10**12),
    st.integers(0, 10**9),
    st.integers(0, 10**9),
    st.fractions(Fraction(1, 2), 1, max_denominator=100),
    st.lists(st.integers(1, 100), min_size=1, max_size=6),
)
def test_a_reward_is_never_below_its_rate_and_its_parts_add_up(
    received: int, cost: int, tax: int, rate: Fraction, weights: list[int]
) -> None:
    people = [Completer(str(place), Fraction(weight, sum(weights))) for place, weight in enumerate(weights)]
    if cost + tax > received:
        with pytest.raises(CostsBeyondIncome):
            reward(received, cost, tax, rate, people)
        return
    found = reward(received, cost, tax, rate, people)
    assert found.net_fen == received - cost - tax
    assert 0 <= found.pool_fen - found.net_fen * rate < 1
    assert sum(part.fen for part in found.parts) == found.pool_fen
    assert found.pool_fen + found.unit_fen == found.net_fen
    assert all(abs(part.fen - found.pool_fen * part.share) < 1 for part in found.parts)


def test_a_reward_below_half_or_without_anyone_to_share_is_refused() -> None:
    with pytest.raises(RewardTooLow):
        reward(100, 0, 0, Fraction(49, 100), [Completer("x", Fraction(1))])
    with pytest.raises(NoCompleters):
        reward(100, 0, 0, Fraction(1, 2), [])


# --- days -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "following"),
    [
        (date(2026, 10, 1), date(2026, 10, 8)),  # National Day 2026: 1 to 7 October
        (date(2026, 10, 10), date(2026, 10, 10)),  # a Saturday that is worked
        (date(2026, 11, 28), date(2026, 11, 30)),  # an ordinary Saturday
        (date(2026, 11, 27), date(2026, 11, 27)),
    ],
)
def test_a_rest_day_is_followed_by_the_next_working_day(day: date, following: date) -> None:
    assert Workdays().on_or_after(day) == following
    postponed = terms_of(day, LumpSum(1), postponement=Postponement.NEXT_WORKING_DAY)
    assert schedule.amounts_due(postponed, day, workdays=Workdays())[0].due_on == following
    as_it_falls = terms_of(day, LumpSum(1), postponement=Postponement.AS_IT_FALLS)
    assert schedule.amounts_due(as_it_falls, day, workdays=Workdays())[0].due_on == day


def test_the_table_of_overrides_has_the_last_word() -> None:
    friday, saturday = date(2026, 11, 27), date(2026, 11, 28)
    assert Workdays({friday: False, saturday: True}).on_or_after(friday) == saturday
    with pytest.raises(ValueError, match="no working day"):
        Workdays({friday + timedelta(days=days): False for days in range(40)}).on_or_after(friday)


def test_postponing_an_instalment_does_not_move_the_next() -> None:
    terms = terms_of(
        date(2026, 10, 1), Instalments((Instalment(0, 1), Instalment(1, 1))), postponement=Postponement.NEXT_WORKING_DAY
    )
    found = schedule.amounts_due(terms, date(2026, 10, 1), workdays=Workdays())
    assert [due.due_on for due in found] == [date(2026, 10, 8), date(2026, 11, 2)]  # 1 November is a Sunday


TODAY = date(2026, 6, 1)


@pytest.mark.parametrize(
    ("trigger", "happened", "starts_on"),
    [
        (FirstRevenue(), {}, None),
        (FirstRevenue(), {0: date(2026, 5, 1)}, date(2026, 5, 1)),
        (OnDate(date(2026, 6, 1)), {}, date(2026, 6, 1)),
        (OnDate(date(2026, 6, 2)), {}, None),
        (EarlierOf((FirstRevenue(), OnDate(date(2026, 5, 15)))), {}, date(2026, 5, 15)),
        (EarlierOf((FirstRevenue(), OnDate(date(2026, 5, 15)))), {0: date(2026, 5, 1)}, date(2026, 5, 1)),
        (LaterOf((FirstRevenue(), OnDate(date(2026, 5, 15)))), {}, None),
        (LaterOf((FirstRevenue(), OnDate(date(2026, 5, 15)))), {0: date(2026, 5, 1)}, date(2026, 5, 15)),
        (LaterOf((FirstRevenue(), OnDate(date(2026, 7, 1)))), {0: date(2026, 5, 1)}, None),
        (LaterOf(()), {}, None),
    ],
)
def test_payment_starts_when_the_terms_say(trigger: Any, happened: Any, starts_on: date | None) -> None:
    assert schedule.started_on(trigger, happened, TODAY) == starts_on


def test_open_amounts_are_classed_by_age() -> None:
    dues = [
        Due(number, TODAY - timedelta(days=days), 10**number, DueKind.INSTALMENT)
        for number, days in enumerate((0, 1, 30, 31, 60, 61, 90, 91))
    ]
    ages = settlement.ageing(settlement.settle(dues, []), TODAY)
    assert ages == (110, 11_000, 1_100_000, 10_000_000)


LAWS = [
    of_fixed(compare_fixed),
    of_royalties(compare_royalties),
    test_a_31st_stays_a_31st_and_a_29th_of_february_comes_back,
    test_an_allocation_loses_nothing_and_gives_no_amount_more_than_is_due,
    test_a_payment_that_names_an_amount_is_set_against_it_first,
    test_a_penalty_is_that_of_each_day_after_the_days_of_grace_and_is_not_charged_twice,
    test_a_reward_is_never_below_its_rate_and_its_parts_add_up,
]


@pytest.mark.nightly
@pytest.mark.parametrize("law", LAWS)
def test_the_laws_hold_for_ten_thousand_cases_too(law: Any) -> None:
    TEN_THOUSAND(law)()
