"""What terms may say, each rule just inside and just outside its edge."""

from __future__ import annotations

import inspect
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from matchmaker.core.errors import DomainError, Invalid, InvalidMany
from matchmaker.core.money import LIMIT_FEN
from matchmaker.deals import rules
from matchmaker.deals.rules import Context, TermsWarning, validate
from matchmaker.deals.schedule import amounts_due, royalty_periods, trial_ends_on
from matchmaker.deals.terms import (
    DealKind,
    Deferral,
    EntryFeeRoyalty,
    FirstRevenue,
    Instalment,
    Instalments,
    LicenceKind,
    LumpSum,
    Milestone,
    OnDate,
    PricingRoute,
    RevenueThreshold,
    RoyaltyBase,
    Terms,
    TrialEnd,
    TrialOutcome,
)

SOUND = Terms(
    territory="Jilin Province",
    field_of_use="Bearings for rail vehicles",
    effective_on=date(2026, 3, 31),
    ends_on=date(2031, 3, 31),
    trigger=FirstRevenue(),
    fee=LumpSum(12_000_000),
    pricing=PricingRoute.LISTING,
    trial_end=TrialEnd(TrialOutcome.END),
)
SMALL = Context(rights_expire_on=date(2031, 3, 31), licensee_is_sme=True)
ORDINARY, WITH_OWNER, SOLE = LicenceKind


def judged(context: Context = SMALL, **changes: Any) -> list[TermsWarning]:
    return validate(replace(SOUND, **changes), context)


def faults(context: Context = SMALL, **changes: Any) -> list[tuple[str, str | None]]:
    with pytest.raises(InvalidMany) as refusal:
        judged(context, **changes)
    for fault in refusal.value.errors:
        assert isinstance(fault, Invalid)
        assert fault.phrase % fault.facts
    return [(fault.code, fault.field) for fault in refusal.value.errors]


def warned(context: Context = SMALL, **changes: Any) -> list[tuple[str, str]]:
    found = judged(context, **changes)
    for warning in found:
        assert warning.phrase % warning.facts
        assert warning.source
    return [(warning.code, warning.field) for warning in found]


def royalty(**changes: Any) -> EntryFeeRoyalty:
    return replace(EntryFeeRoyalty(0, Fraction(1, 20), RoyaltyBase.SALES), **changes)


def test_sound_terms_pass_without_a_word() -> None:
    assert warned() == []


# The end


def test_a_licence_needs_a_last_day() -> None:
    assert faults(ends_on=None) == [("terms.no_end_date", "ends_on")]


def test_a_licence_does_not_end_before_it_begins() -> None:
    assert faults(ends_on=date(2026, 3, 30)) == [("terms.ends_before_start", "ends_on")]
    assert faults(ends_on=date(2026, 3, 30), trial_months=0, kind=DealKind.LICENCE) == [
        ("terms.ends_before_start", "ends_on")
    ]


def test_a_licence_does_not_end_within_its_trial() -> None:
    assert faults(ends_on=date(2027, 3, 30)) == [("terms.ends_in_trial", "ends_on")]
    assert warned(ends_on=date(2027, 3, 31)) == []


def test_a_licence_does_not_outlive_the_first_right_to_expire() -> None:
    lapses = replace(SMALL, rights_expire_on=date(2031, 3, 30))
    assert faults(lapses) == [("terms.ends_after_rights", "ends_on")]
    assert warned(lapses, ends_on=date(2031, 3, 30)) == []


def test_know_how_alone_sets_no_latest_end() -> None:
    assert warned(replace(SMALL, rights_expire_on=None), ends_on=date(2190, 1, 1)) == []


# Payment


def test_payment_does_not_start_while_the_trial_runs() -> None:
    assert faults(trigger=OnDate(date(2027, 3, 30))) == [("terms.payment_in_trial", "trigger.on")]
    assert warned(trigger=OnDate(date(2027, 3, 31))) == []


def test_payment_does_not_start_before_the_licence() -> None:
    assert faults(trigger=OnDate(date(2026, 3, 30))) == [("terms.payment_before_start", "trigger.on")]


def test_payment_does_not_start_after_the_licence() -> None:
    assert faults(trigger=OnDate(date(2031, 4, 1))) == [("terms.payment_after_end", "trigger.on")]
    assert warned(trigger=OnDate(date(2031, 3, 31))) == []


# The parties


def test_pay_later_is_not_for_a_large_enterprise() -> None:
    assert faults(replace(SMALL, licensee_is_sme=False)) == [("terms.licensee_not_sme", "licensee")]


def test_pay_later_waits_until_the_licensees_size_is_known() -> None:
    assert faults(replace(SMALL, licensee_is_sme=None)) == [("terms.licensee_size_unknown", "licensee")]


@pytest.mark.parametrize("licensee_is_sme", [True, False, None])
def test_a_paid_licence_is_for_anyone(licensee_is_sme: bool | None) -> None:
    assert warned(replace(SMALL, licensee_is_sme=licensee_is_sme), kind=DealKind.LICENCE) == []


@pytest.mark.parametrize("licence", list(LicenceKind))
@pytest.mark.parametrize("existing", [{WITH_OWNER}, {SOLE}, {ORDINARY, SOLE}])
def test_nothing_is_licensed_beside_a_licence_to_a_single_licensee(
    licence: LicenceKind, existing: set[LicenceKind]
) -> None:
    context = replace(SMALL, existing_kinds=frozenset(existing))
    assert faults(context, licence=licence) == [("terms.already_exclusive", "licence")]


def test_ordinary_licences_stand_side_by_side() -> None:
    assert warned(replace(SMALL, existing_kinds=frozenset({ORDINARY}))) == []


@pytest.mark.parametrize("licence", [WITH_OWNER, SOLE])
def test_a_single_licensee_after_others_is_a_matter_of_scope(licence: LicenceKind) -> None:
    context = replace(SMALL, existing_kinds=frozenset({ORDINARY}))
    assert warned(context, licence=licence) == [("terms.licensed_before", "licence")]
    assert warned(licence=licence) == []


# Entries


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"territory": " \n"}, "territory", "terms.blank"),
        ({"field_of_use": ""}, "field_of_use", "terms.blank"),
        ({"field_of_use": "x" * 2001}, "field_of_use", "terms.too_long"),
        ({"trigger": Milestone(" ")}, "trigger.text", "terms.blank"),
        ({"trigger": RevenueThreshold(0)}, "trigger.fen", "terms.amount_not_positive"),
        ({"trial_months": -1}, "trial_months", "terms.out_of_range"),
        ({"trial_months": 61}, "trial_months", "terms.out_of_range"),
        ({"grace_days": -1}, "grace_days", "terms.out_of_range"),
        ({"grace_days": 366}, "grace_days", "terms.out_of_range"),
        ({"commission_fen": 0}, "commission_fen", "terms.amount_not_positive"),
        ({"fee": LumpSum(0)}, "fee.fen", "terms.amount_not_positive"),
        ({"fee": LumpSum(LIMIT_FEN + 1)}, "fee.fen", "money.amount_too_large"),
        ({"fee": Deferral(-1, 6)}, "fee.fen", "terms.amount_not_positive"),
        ({"fee": Deferral(1, -1)}, "fee.months_after", "terms.out_of_range"),
        ({"fee": Deferral(1, 361)}, "fee.months_after", "terms.out_of_range"),
        ({"fee": Instalments(())}, "fee.parts", "terms.no_instalments"),
        (
            {"fee": Instalments(tuple(Instalment(n, 1) for n in range(121)))},
            "fee.parts",
            "terms.no_instalments",
        ),
        (
            {"fee": Instalments((Instalment(1, 1), Instalment(1, 1)))},
            "fee.parts.1.months_after",
            "terms.instalments_out_of_order",
        ),
        (
            {"fee": Instalments((Instalment(1, 1), Instalment(2, 0)))},
            "fee.parts.1.fen",
            "terms.amount_not_positive",
        ),
        ({"fee": Instalments((Instalment(361, 1),))}, "fee.parts.0.months_after", "terms.out_of_range"),
        ({"fee": royalty(entry_fen=-1)}, "fee.entry_fen", "terms.amount_negative"),
        ({"fee": royalty(minimum_fen=-1)}, "fee.minimum_fen", "terms.amount_negative"),
        ({"fee": royalty(minimum_fen=LIMIT_FEN + 1)}, "fee.minimum_fen", "money.amount_too_large"),
        ({"fee": royalty(cap_fen=0)}, "fee.cap_fen", "terms.amount_not_positive"),
        ({"fee": royalty(minimum_fen=2, cap_fen=1)}, "fee.cap_fen", "terms.cap_below_minimum"),
        ({"fee": royalty(rate=Fraction(0))}, "fee.rate", "terms.rate_out_of_range"),
        ({"fee": royalty(rate=Fraction(101, 100))}, "fee.rate", "terms.rate_out_of_range"),
        ({"fee": royalty(period_months=0)}, "fee.period_months", "terms.out_of_range"),
        ({"fee": royalty(period_months=13)}, "fee.period_months", "terms.out_of_range"),
    ],
)
def test_an_entry_out_of_bounds_is_refused_at_its_field(changes: dict[str, Any], field: str, code: str) -> None:
    assert faults(kind=DealKind.LICENCE, **changes) == [(code, field)]


@pytest.mark.parametrize(
    "changes",
    [
        {"territory": "x" * 2000},
        {"trial_months": 0},
        {"grace_days": 0},
        {"grace_days": 365},
        {"commission_fen": 1},
        {"fee": LumpSum(1)},
        {"fee": Deferral(1, 360)},
        {"fee": Instalments((Instalment(0, 1), Instalment(360, 1)))},
        {"fee": royalty(minimum_fen=1, cap_fen=1)},
        {"fee": royalty(period_months=1)},
        {"trigger": RevenueThreshold(1)},
        {"trigger": Milestone("First order delivered")},
    ],
)
def test_entries_at_their_bounds_are_fine(changes: dict[str, Any]) -> None:
    assert warned(kind=DealKind.LICENCE, **changes) == []


def test_instalments_together_stay_within_the_limit_of_amounts() -> None:
    fee = Instalments((Instalment(0, LIMIT_FEN), Instalment(1, 1)))
    assert faults(fee=fee) == [("money.amount_too_large", "fee.parts")]


@pytest.mark.parametrize("day", [date(1, 1, 1), date(1989, 12, 31), date(2200, 1, 1), date(9999, 12, 31)])
def test_days_outside_the_calendar_in_use_are_refused_and_do_not_break_the_other_rules(day: date) -> None:
    found = faults(effective_on=day, ends_on=day, trigger=OnDate(day), trial_months=60)
    out_of_range = [field for code, field in found if code == "terms.day_out_of_range"]
    assert out_of_range == ["effective_on", "ends_on", "trigger.on"]


def test_all_faults_are_named_at_once() -> None:
    found = faults(
        Context(rights_expire_on=date(2031, 3, 31), licensee_is_sme=None, existing_kinds=frozenset({SOLE})),
        territory="",
        ends_on=None,
        trigger=OnDate(date(2026, 12, 1)),
        fee=royalty(rate=Fraction(2), minimum_fen=2, cap_fen=1),
    )
    assert found == [
        ("terms.blank", "territory"),
        ("terms.rate_out_of_range", "fee.rate"),
        ("terms.cap_below_minimum", "fee.cap_fen"),
        ("terms.no_end_date", "ends_on"),
        ("terms.payment_in_trial", "trigger.on"),
        ("terms.licensee_size_unknown", "licensee"),
        ("terms.already_exclusive", "licence"),
    ]


# Warnings


@pytest.mark.parametrize(
    ("base", "rate", "high"),
    [
        (RoyaltyBase.SALES, Fraction(20, 100), False),
        (RoyaltyBase.SALES, Fraction(2001, 10000), True),
        (RoyaltyBase.PROFIT, Fraction(40, 100), False),
        (RoyaltyBase.PROFIT, Fraction(4001, 10000), True),
    ],
)
def test_a_royalty_above_a_fifth_of_sales_or_two_fifths_of_profit_is_unusual(
    base: RoyaltyBase, rate: Fraction, high: bool
) -> None:
    expected = [("terms.high_royalty", "fee.rate")] if high else []
    assert warned(fee=royalty(base=base, rate=rate)) == expected


@pytest.mark.parametrize(
    "fee",
    [
        LumpSum(2_000_000_001),
        Deferral(2_000_000_001, 6),
        Instalments((Instalment(0, 2_000_000_000), Instalment(6, 1))),
        royalty(entry_fen=2_000_000_001),
    ],
)
def test_a_fixed_fee_above_twenty_million_yuan_is_unusual(fee: Any) -> None:
    assert warned(fee=fee) == [("terms.high_fixed_fee", "fee")]
    assert warned(fee=LumpSum(2_000_000_000)) == []


def test_a_trial_above_three_years_is_unusual() -> None:
    assert warned(trial_months=37) == [("terms.long_trial", "trial_months")]
    assert warned(trial_months=36) == []


def test_pay_later_without_a_trial_is_unusual() -> None:
    assert warned(trial_months=0) == [("terms.no_trial", "trial_months")]
    assert warned(trial_months=1) == []


@pytest.mark.parametrize(
    ("on", "fee", "early"),
    [
        (date(2027, 3, 30), LumpSum(1), True),
        (date(2027, 3, 31), LumpSum(1), False),
        (date(2026, 9, 30), Deferral(1, 5), True),
        (date(2026, 9, 30), Deferral(1, 7), False),
        (date(2026, 9, 30), royalty(), False),
        (date(2026, 9, 30), royalty(entry_fen=1), True),
    ],
)
def test_paying_within_a_year_of_effect_is_early_for_use_first_pay_later(on: date, fee: Any, early: bool) -> None:
    expected = [("terms.early_payment", "trigger.on")] if early else []
    assert warned(trial_months=6, trigger=OnDate(on), fee=fee) == expected


def test_a_paid_licence_may_be_paid_at_once() -> None:
    assert warned(kind=DealKind.LICENCE, trial_months=0, trigger=OnDate(SOUND.effective_on)) == []


@pytest.mark.parametrize(
    ("today", "changes", "expected"),
    [
        (date(2027, 3, 31), {"trial_months": 12}, []),  # the last day of the trial
        (date(2027, 4, 1), {"trial_months": 12}, [("terms.trial_over", "effective_on")]),
        (date(2027, 4, 1), {"trial_months": 0}, []),
        (date(2027, 5, 1), {"trial_months": 0, "trigger": OnDate(date(2027, 5, 1))}, []),
        (
            date(2027, 5, 2),
            {"trial_months": 0, "trigger": OnDate(date(2027, 5, 1))},
            [("terms.overdue_at_once", "trigger.on")],
        ),
        (date(2027, 5, 2), {"trial_months": 0, "trigger": OnDate(date(2027, 5, 1)), "fee": royalty()}, []),
    ],
)
def test_terms_that_reach_back_are_warned_about(
    today: date, changes: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    """As soon as all have signed, what they say of earlier days counts."""
    found = warned(replace(SMALL, today=today), kind=DealKind.LICENCE, **changes)
    assert [one for one in found if one[0] in ("terms.trial_over", "terms.overdue_at_once")] == expected


def test_revenue_may_start_payment_at_any_time() -> None:
    assert warned(trial_months=6, trigger=RevenueThreshold(1)) == []


# As a whole

LIFE = st.dates(date(2026, 1, 1), date(2036, 12, 31))
ANY_DAY = st.sampled_from([date(1, 1, 1), date(9999, 12, 31)])
CHANGES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from(DealKind),
        "licence": st.sampled_from(LicenceKind),
        "territory": st.sampled_from(["", "Jilin", "Changchun"]),
        "effective_on": st.one_of(LIFE, LIFE, LIFE, ANY_DAY),
        "trial_months": st.integers(-1, 61),
        "ends_on": st.one_of(LIFE, LIFE, LIFE, ANY_DAY, st.none()),
        "trigger": st.one_of(st.builds(OnDate, LIFE), st.just(FirstRevenue())),
        "fee": st.one_of(
            st.builds(LumpSum, st.integers(0, 10**10)),
            st.builds(Deferral, st.integers(1, 10**9), st.integers(0, 100)),
            st.builds(
                EntryFeeRoyalty,
                st.integers(0, 10**9),
                st.fractions(0, Fraction(1, 2), max_denominator=100),
                st.sampled_from(RoyaltyBase),
                st.integers(0, 100),
                st.none() | st.integers(50, 200),
                st.integers(1, 12),
            ),
        ),
    },
)
CONTEXTS = st.builds(
    Context,
    st.one_of(st.none(), st.just(date(2036, 12, 31)), LIFE),
    st.sampled_from([True, True, True, False, None]),
    st.sampled_from([frozenset[LicenceKind](), frozenset({ORDINARY}), frozenset({ORDINARY}), frozenset({SOLE})]),
)


@given(CHANGES, CONTEXTS)
def test_any_terms_are_judged_and_accepted_ones_can_be_scheduled(changes: dict[str, Any], context: Context) -> None:
    terms = replace(SOUND, **changes)
    try:
        validate(terms, context)
    except InvalidMany:
        event("refused")
        return
    event("accepted")
    assert terms.ends_on is not None
    assert terms.effective_on <= trial_ends_on(terms) <= terms.ends_on
    assert all(due.fen > 0 for due in amounts_due(terms, terms.ends_on))
    periods = royalty_periods(terms, terms.effective_on)
    assert not periods or periods[-1].ends_on == terms.ends_on


def test_each_fault_has_a_code_of_its_own() -> None:
    found = [cls for _, cls in inspect.getmembers(rules, inspect.isclass) if issubclass(cls, DomainError)]
    own = [cls for cls in found if cls.__module__ == rules.__name__]
    assert len({cls.code for cls in own}) == len({cls.phrase for cls in own}) == len(own) > 10
