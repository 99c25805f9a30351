"""Days by the Civil Code's way of counting, amounts to the fen, payments set against the oldest due first.

The oracles are written from the rules alone: days by walking the calendar, money by exact fractions.
"""

from __future__ import annotations

import calendar
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from matchmaker.deals.royalty import Bound, royalty_due
from matchmaker.deals.schedule import (
    Due,
    DueKind,
    Period,
    add_months,
    amounts_due,
    awaits_payment,
    days_left,
    first_payment_on,
    royalty_periods,
    trial_ends_on,
)
from matchmaker.deals.settlement import allocate, outstanding, overdue
from matchmaker.deals.terms import (
    Deferral,
    EntryFeeRoyalty,
    FirstRevenue,
    Instalment,
    Instalments,
    LumpSum,
    OnDate,
    RoyaltyBase,
    Terms,
    fixed_fen,
)

TERMS = Terms(
    territory="Jilin Province",
    field_of_use="Bearings for rail vehicles",
    effective_on=date(2026, 3, 31),
    ends_on=date(2031, 3, 31),
    trigger=FirstRevenue(),
    fee=LumpSum(100),
)
WHOLE_YEAR = Period(1, date(2027, 1, 1), date(2027, 12, 31))


def with_fee(fee: Any, **changes: Any) -> Terms:
    return replace(TERMS, fee=fee, **changes)


def royalty(rate: Fraction, **changes: Any) -> Terms:
    return with_fee(EntryFeeRoyalty(0, rate, RoyaltyBase.SALES, **changes))


# Months


def months_later(day: date, months: int) -> date:
    """Oracle: walk month by month through the calendar, then take the day or the month's last one."""
    year, month = day.year, day.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    days = [d for week in calendar.Calendar().monthdatescalendar(year, month) for d in week if d.month == month]
    return next((d for d in days if d.day == day.day), days[-1])


DAYS = st.dates(date(1990, 1, 1), date(2150, 12, 31))


@given(DAYS, st.integers(0, 400))
@example(date(2000, 1, 31), 1)
@example(date(2099, 11, 30), 3)
@example(date(2000, 2, 29), 1200)
def test_months_are_counted_as_the_civil_code_counts_them(day: date, months: int) -> None:
    assert add_months(day, months) == months_later(day, months)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2026, 1, 31), 2, date(2026, 3, 31)),
        (date(2026, 1, 31), 3, date(2026, 4, 30)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2000, 2, 29), 1200, date(2100, 2, 28)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 3, 31), 0, date(2026, 3, 31)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2026, 1, 15), -1, date(2025, 12, 15)),
    ],
)
def test_a_31st_stays_a_31st_wherever_the_month_has_one(day: date, months: int, expected: date) -> None:
    assert add_months(day, months) == expected


@pytest.mark.parametrize(("day", "months"), [(date(9999, 12, 1), 1), (date(1, 1, 1), -1), (date(2026, 1, 1), 10**30)])
def test_a_day_outside_the_calendar_is_refused(day: date, months: int) -> None:
    with pytest.raises(ValueError, match="outside the calendar"):
        add_months(day, months)


# Trial


def test_the_trials_last_day_is_the_same_day_of_its_last_month() -> None:
    assert trial_ends_on(TERMS) == date(2027, 3, 31)
    assert trial_ends_on(replace(TERMS, trial_months=11)) == date(2027, 2, 28)


def test_a_trial_of_no_months_ends_as_it_begins() -> None:
    assert trial_ends_on(replace(TERMS, trial_months=0)) == TERMS.effective_on


@pytest.mark.parametrize(
    ("today", "left"),
    [(date(2026, 3, 31), 365), (date(2027, 3, 30), 1), (date(2027, 3, 31), 0), (date(2027, 4, 2), -2)],
)
def test_days_left_count_down_to_the_last_day_and_on_below_zero(today: date, left: int) -> None:
    assert days_left(TERMS, today) == left


@pytest.mark.parametrize(
    ("trial_months", "trigger", "awaits"),
    [
        (12, FirstRevenue(), True),
        (12, OnDate(date(2027, 3, 31)), True),
        (0, FirstRevenue(), True),
        (0, OnDate(date(2026, 3, 31)), False),
    ],
)
def test_use_comes_before_payment_with_a_trial_or_an_event_to_wait_for(
    trial_months: int, trigger: Any, awaits: bool
) -> None:
    assert awaits_payment(replace(TERMS, trial_months=trial_months, trigger=trigger)) is awaits


# Fixed amounts

AMOUNTS = st.integers(1, 10**12)
PARTS = st.lists(st.builds(Instalment, st.integers(0, 120), AMOUNTS), min_size=1, max_size=12)
FIXED_FEES = st.one_of(
    st.builds(LumpSum, AMOUNTS),
    st.builds(Deferral, AMOUNTS, st.integers(0, 120)),
    st.builds(Instalments, PARTS.map(tuple)),
)


@given(FIXED_FEES, DAYS)
def test_what_falls_due_adds_up_to_the_price_and_comes_in_order(fee: Any, triggered_on: date) -> None:
    dues = amounts_due(with_fee(fee), triggered_on)
    assert sum(due.fen for due in dues) == fixed_fen(fee)
    assert [due.number for due in dues] == list(range(1, len(dues) + 1))
    assert [due.due_on for due in dues] == sorted(due.due_on for due in dues)
    parts = fee.parts if isinstance(fee, Instalments) else [Instalment(getattr(fee, "months_after", 0), fee.fen)]
    expected = [(months_later(triggered_on, part.months_after), part.fen) for part in parts]
    assert sorted((due.due_on, due.fen) for due in dues) == sorted(expected)


def test_instalments_fall_due_by_the_month_ends_of_the_anchor() -> None:
    fee = Instalments((Instalment(0, 300), Instalment(1, 200), Instalment(2, 100)))
    assert amounts_due(with_fee(fee), date(2027, 1, 31)) == [
        Due(1, date(2027, 1, 31), 300, DueKind.INSTALMENT),
        Due(2, date(2027, 2, 28), 200, DueKind.INSTALMENT),
        Due(3, date(2027, 3, 31), 100, DueKind.INSTALMENT),
    ]


@pytest.mark.parametrize(
    ("fee", "kind", "due_on"),
    [
        (LumpSum(500), DueKind.LUMP_SUM, date(2027, 1, 31)),
        (Deferral(500, 13), DueKind.DEFERRED, date(2028, 2, 29)),
        (EntryFeeRoyalty(500, Fraction(1, 20), RoyaltyBase.SALES), DueKind.ENTRY_FEE, date(2027, 1, 31)),
    ],
)
def test_other_fees_have_one_fixed_amount(fee: Any, kind: DueKind, due_on: date) -> None:
    assert amounts_due(with_fee(fee), date(2027, 1, 31)) == [Due(1, due_on, 500, kind)]


def test_a_zero_entry_fee_is_never_due() -> None:
    assert amounts_due(royalty(Fraction(1, 20)), date(2027, 1, 31)) == []


def test_the_first_payment_is_known_where_a_day_starts_payment() -> None:
    fee = Instalments((Instalment(3, 1), Instalment(6, 1)))
    assert first_payment_on(with_fee(fee, trigger=OnDate(date(2027, 11, 30)))) == date(2028, 2, 29)


def test_the_first_payment_is_unknown_where_an_event_starts_it_or_nothing_is_fixed() -> None:
    assert first_payment_on(TERMS) is None
    assert first_payment_on(replace(royalty(Fraction(1, 20)), trigger=OnDate(date(2027, 11, 30)))) is None


# Royalties


@given(
    st.integers(-(10**14), 10**14),
    st.fractions(Fraction(1, 10**6), 1, max_denominator=10**6),
    st.integers(0, 10**9),
    st.none() | st.integers(10**9, 10**12),
)
def test_a_royalty_is_the_rate_on_the_base_within_minimum_and_cap(
    base_fen: int, rate: Fraction, minimum_fen: int, cap_fen: int | None
) -> None:
    found = royalty_due(royalty(rate, minimum_fen=minimum_fen, cap_fen=cap_fen), base_fen, WHOLE_YEAR)
    exact = max(base_fen, 0) * rate
    assert -Fraction(1, 2) < found.rated_fen - exact <= Fraction(1, 2)  # half up
    bounded = max(found.rated_fen, minimum_fen) if cap_fen is None else min(max(found.rated_fen, minimum_fen), cap_fen)
    assert found.due.fen == bounded
    assert (found.bound is None) == (found.due.fen == found.rated_fen)


@pytest.mark.parametrize(
    ("base_fen", "rated_fen", "fen", "bound"),
    [
        (1_999, 100, 500, Bound.MINIMUM),
        (10_000, 500, 500, None),
        (10_010, 501, 501, None),  # 500.5 rounds up
        (20_000, 1000, 1000, None),
        (20_010, 1001, 1000, Bound.CAP),
        (-20_000, 0, 500, Bound.MINIMUM),
    ],
)
def test_minimum_and_cap_take_over_just_beyond_their_edges(
    base_fen: int, rated_fen: int, fen: int, bound: Bound | None
) -> None:
    found = royalty_due(royalty(Fraction(1, 20), minimum_fen=500, cap_fen=1000), base_fen, WHOLE_YEAR)
    assert (found.base_fen, found.rated_fen, found.due.fen, found.bound) == (base_fen, rated_fen, fen, bound)


def test_a_royalty_is_due_on_the_last_day_of_its_period() -> None:
    assert royalty_due(royalty(Fraction(1, 20)), 2000, WHOLE_YEAR).due == Due(
        1, date(2027, 12, 31), 100, DueKind.ROYALTY
    )


def test_a_fee_without_royalty_has_none() -> None:
    assert royalty_periods(TERMS, date(2027, 1, 1)) == []
    with pytest.raises(TypeError):
        royalty_due(TERMS, 2000, WHOLE_YEAR)


@given(st.dates(date(2026, 1, 1), date(2030, 12, 31)), st.integers(0, 4000), st.sampled_from([1, 2, 3, 6, 12]))
def test_royalty_periods_cover_each_day_from_the_start_of_payment_to_the_end_once(
    triggered_on: date, days: int, period_months: int
) -> None:
    ends_on = triggered_on + timedelta(days=days)
    terms = replace(royalty(Fraction(1, 20), period_months=period_months), ends_on=ends_on)
    periods = royalty_periods(terms, triggered_on)
    covered = [p.starts_on + timedelta(days=n) for p in periods for n in range((p.ends_on - p.starts_on).days + 1)]
    assert covered == [triggered_on + timedelta(days=n) for n in range(days + 1)]
    assert [p.number for p in periods] == list(range(1, len(periods) + 1))
    for period in periods[:-1]:
        assert period.ends_on == months_later(triggered_on, period.number * period_months)


def test_quarters_from_a_month_end_keep_to_month_ends() -> None:
    terms = replace(royalty(Fraction(1, 20), period_months=3), ends_on=date(2027, 9, 15))
    assert royalty_periods(terms, date(2026, 11, 30)) == [
        Period(1, date(2026, 11, 30), date(2027, 2, 28)),
        Period(2, date(2027, 3, 1), date(2027, 5, 30)),
        Period(3, date(2027, 5, 31), date(2027, 8, 30)),
        Period(4, date(2027, 8, 31), date(2027, 9, 15)),
    ]


def test_there_is_no_period_after_the_licence_has_ended() -> None:
    assert royalty_periods(royalty(Fraction(1, 20)), date(2031, 4, 1)) == []


def test_periods_need_an_end_and_a_length() -> None:
    for terms in (replace(royalty(Fraction(1, 20)), ends_on=None), royalty(Fraction(1, 20), period_months=0)):
        with pytest.raises(ValueError, match="periods need"):
            royalty_periods(terms, date(2027, 1, 1))


# Payments

DUES = st.lists(
    st.builds(
        Due, st.integers(1, 9), st.dates(date(2026, 1, 1), date(2026, 12, 31)), AMOUNTS, st.sampled_from(DueKind)
    ),
    max_size=8,
    unique_by=lambda due: (due.kind, due.number),
)


@given(DUES, st.integers(0, 10**13))
def test_an_allocation_loses_nothing_and_never_exceeds_a_due(dues: list[Due], paid_fen: int) -> None:
    found = allocate(dues, paid_fen)
    assert sum(one.paid_fen for one in found.settled) + found.surplus_fen == paid_fen
    assert sum(one.due.fen for one in found.settled) == sum(due.fen for due in dues)
    assert all(0 <= one.paid_fen <= one.due.fen for one in found.settled)
    assert found.surplus_fen >= 0
    assert not (found.surplus_fen and found.open_fen)


@given(DUES, st.integers(0, 10**13))
def test_nothing_is_paid_on_a_due_while_an_older_one_is_open(dues: list[Due], paid_fen: int) -> None:
    settled = allocate(dues, paid_fen).settled
    assert [one.due.due_on for one in settled] == sorted(due.due_on for due in dues)
    states = [(one.paid_fen > 0) + (one.open_fen == 0) for one in settled]  # 2 paid, 1 in part, 0 open
    assert states == sorted(states, reverse=True)
    assert states.count(1) <= 1


@given(DUES, st.integers(0, 10**13), st.randoms(use_true_random=False))
def test_the_order_in_which_dues_are_given_does_not_matter(dues: list[Due], paid_fen: int, random: Any) -> None:
    shuffled = list(dues)
    random.shuffle(shuffled)
    assert allocate(shuffled, paid_fen) == allocate(dues, paid_fen)


def test_payments_are_never_negative() -> None:
    with pytest.raises(ValueError, match="cannot be negative"):
        allocate([], -1)


FIRST = Due(1, date(2027, 1, 31), 300, DueKind.INSTALMENT)
SECOND = Due(2, date(2027, 2, 28), 200, DueKind.INSTALMENT)


@pytest.mark.parametrize(
    ("paid_fen", "today", "late"),
    [
        (0, date(2027, 1, 31), []),
        (0, date(2027, 2, 10), []),  # last day of grace
        (0, date(2027, 2, 11), [(FIRST, 300, 11)]),
        (299, date(2027, 2, 11), [(FIRST, 1, 11)]),
        (300, date(2027, 2, 11), []),
        (0, date(2027, 3, 11), [(FIRST, 300, 39), (SECOND, 200, 11)]),
        (350, date(2027, 3, 11), [(SECOND, 150, 11)]),
        (501, date(2027, 3, 11), []),
    ],
)
def test_what_is_unpaid_after_the_days_of_grace_is_overdue(
    paid_fen: int, today: date, late: list[tuple[Due, int, int]]
) -> None:
    found = overdue(allocate([SECOND, FIRST], paid_fen), today, grace_days=10)
    assert [(one.due, one.open_fen, one.days_late) for one in found] == late


def test_without_grace_the_day_after_is_late() -> None:
    assert overdue(allocate([FIRST], 0), date(2027, 1, 31), grace_days=0) == []
    assert [one.days_late for one in overdue(allocate([FIRST], 0), date(2027, 2, 1), grace_days=0)] == [1]


def test_outstanding_is_all_that_is_unpaid_or_what_is_due_by_a_day() -> None:
    assert outstanding(allocate([FIRST, SECOND], 0)) == 500
    assert outstanding(allocate([FIRST, SECOND], 350)) == 150
    assert outstanding(allocate([FIRST, SECOND], 900)) == 0
    assert outstanding(allocate([FIRST, SECOND], 100), until=date(2027, 2, 27)) == 200
    assert outstanding(allocate([FIRST, SECOND], 100), until=date(2027, 2, 28)) == 400
