"""The verdict on a claim: every condition with its reason, met and not met."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchmaker.accounts.roles import OrganisationKind
from matchmaker.deals.states import PartyRole
from matchmaker.subsidies import policies
from matchmaker.subsidies.amounts import CapUsedUp, NothingReceivedYet, OverCap, OverRate, PaysNothing
from matchmaker.subsidies.catalogue import Clause
from matchmaker.subsidies.rules import CLAIMANT_PART, Condition, Situation, judge, period_note, programme_of

CAP_FEN = 50_000_000
SOUND = Situation(
    on=date(2026, 3, 2),
    claimant_kind=OrganisationKind.INTERMEDIARY,
    claimant_verified=True,
    part=PartyRole.BROKER,
    signed_on=date(2026, 2, 1),
    introduced_on=date(2026, 1, 5),
    credit_codes=("91220101MA00000011", "91220101MA00000022", "91220101MA00000033"),
    rival=None,
    requested_fen=1_000_000,
    granted_fen=0,
)


def clause_of(clause_id: str) -> Clause:
    return policies.current().catalogue.clause(clause_id)


P3_4 = clause_of("P3-4")


def condition(code: str, clause: Clause = P3_4, **changes: Any) -> Condition:
    verdict = judge(clause, replace(SOUND, **changes))
    return next(condition for condition in verdict.conditions if condition.code == code)


def test_a_sound_claim_meets_every_condition_and_shows_its_working() -> None:
    verdict = judge(P3_4, SOUND)
    assert [(c.code, c.met) for c in verdict.conditions] == [
        ("beneficiary", True),
        ("part", True),
        ("signature", True),
        ("introduction", True),
        ("parties", True),
        ("only_claim", True),
        ("in_force", True),
        ("amount", True),
    ]
    assert verdict.unmet == ()
    assert verdict.working is not None
    assert [step.fen for step in verdict.working.steps] == [CAP_FEN, 0, CAP_FEN, 1_000_000]
    assert verdict.working.note is not None  # there is no rate


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("beneficiary", {"claimant_kind": OrganisationKind.ENTERPRISE}),
        ("beneficiary", {"claimant_verified": False}),
        ("part", {"part": PartyRole.LICENSEE}),
        ("part", {"part": None}),
        ("signature", {"signed_on": None}),
        ("parties", {"credit_codes": ("91220101MA00000011", "91220101MA00000022", "91220101MA00000011")}),
        ("only_claim", {"rival": "2026-ABCDEF"}),
        ("in_force", {"on": date(2025, 1, 5)}),
        ("amount", {"requested_fen": CAP_FEN + 1}),
        ("amount", {"granted_fen": CAP_FEN}),
    ],
)
def test_each_condition_fails_alone(code: str, changes: dict[str, Any]) -> None:
    assert judge(P3_4, replace(SOUND, **changes)).unmet == (code,)


def test_the_clause_holds_from_its_first_day() -> None:
    assert condition("in_force", on=date(2025, 1, 6)).met is True
    assert condition("in_force", on=date(2025, 1, 5)).facts == {"start_on": date(2025, 1, 6)}


@pytest.mark.parametrize("introduced_on", [None, date(2026, 2, 2)])
def test_a_missing_or_late_introduction_is_looked_at_and_stops_nobody(introduced_on: date | None) -> None:
    assert condition("introduction", introduced_on=introduced_on).met is None
    assert judge(P3_4, replace(SOUND, introduced_on=introduced_on)).unmet == ()


def test_an_introduction_on_the_day_of_the_signature_counts() -> None:
    assert condition("introduction", introduced_on=SOUND.signed_on).met is True


def test_an_introduction_is_asked_of_intermediaries_alone() -> None:
    codes = [c.code for c in judge(clause_of("P2-3"), SOUND).conditions]
    assert "introduction" not in codes


@pytest.mark.parametrize(
    ("clause_id", "kind", "part"),
    [
        ("P2-3", OrganisationKind.ENTERPRISE, PartyRole.LICENSEE),
        ("P3-3", OrganisationKind.UNIVERSITY, PartyRole.LICENSOR),
        ("P3-4", OrganisationKind.INTERMEDIARY, PartyRole.BROKER),
    ],
)
def test_each_clause_for_deals_has_its_party(clause_id: str, kind: OrganisationKind, part: PartyRole) -> None:
    clause = clause_of(clause_id)
    assert CLAIMANT_PART[clause_id] is part
    assert judge(clause, replace(SOUND, claimant_kind=kind, part=part)).unmet == ()


def test_only_clauses_that_pay_organisations_of_the_platform_are_claimed_for_deals() -> None:
    for clause_id in CLAIMANT_PART:
        assert clause_of(clause_id).pays
        assert clause_of(clause_id).beneficiary_kinds


@pytest.mark.parametrize(
    ("clause", "changes", "refusal"),
    [
        (P3_4, {"requested_fen": CAP_FEN + 1}, OverCap),
        (P3_4, {"granted_fen": CAP_FEN}, CapUsedUp),
        (clause_of("P3-1"), {}, PaysNothing),
        (replace(P3_4, rate=Fraction(3, 100), base="receipts"), {"base_fen": 0}, NothingReceivedYet),
        (replace(P3_4, rate=Fraction(3, 100), base="receipts"), {"base_fen": 33_333_299}, OverRate),
    ],
)
def test_the_amount_is_refused_in_the_words_of_the_amounts(
    clause: Clause, changes: dict[str, Any], refusal: type
) -> None:
    amount = condition("amount", clause, **changes)
    assert (amount.met, amount.reason) == (False, refusal.phrase)
    assert judge(clause, replace(SOUND, **changes)).working is None


def test_the_page_says_that_the_source_names_no_period() -> None:
    assert period_note(P3_4) is not None
    assert period_note(clause_of("P1-1")) is None  # each year, says the source


def test_each_clause_is_its_own_programme() -> None:
    assert programme_of(P3_4) == "P3-4"


days = st.dates(date(2025, 1, 1), date(2030, 1, 1))
situations = st.builds(
    Situation,
    on=days,
    claimant_kind=st.sampled_from(OrganisationKind),
    claimant_verified=st.booleans(),
    part=st.none() | st.sampled_from(PartyRole),
    signed_on=st.none() | days,
    introduced_on=st.none() | days,
    credit_codes=st.lists(st.sampled_from(["a", "b", "c"]), max_size=3).map(tuple),
    rival=st.none() | st.just("2026-ABCDEF"),
    requested_fen=st.integers(1, 2 * CAP_FEN),
    granted_fen=st.integers(0, CAP_FEN),
    base_fen=st.none() | st.integers(0, CAP_FEN),
)


@given(situations)
def test_a_frozen_situation_is_plain_data_and_gives_the_same_verdict(situation: Situation) -> None:
    frozen = situation.freeze()
    assert {type(value) for value in frozen.values()} <= {str, int, bool, list, type(None), OrganisationKind, PartyRole}
    assert Situation.thaw(frozen) == situation
    assert judge(P3_4, Situation.thaw(frozen)) == judge(P3_4, situation)


@given(situations)
def test_every_verdict_lists_every_condition_with_a_reason(situation: Situation) -> None:
    verdict = judge(P3_4, situation)
    assert len({condition.code for condition in verdict.conditions}) == len(verdict.conditions) == 8
    for condition in verdict.conditions:
        assert condition.label
        assert condition.reason % condition.facts
    assert (verdict.working is not None) == ("amount" not in verdict.unmet)


@given(situations, st.integers(1, 400))
def test_a_day_later_no_condition_but_the_start_changes(situation: Situation, later: int) -> None:
    before = judge(P3_4, situation)
    after = judge(P3_4, replace(situation, on=situation.on + timedelta(days=later)))
    changed = [new.code for old, new in zip(before.conditions, after.conditions, strict=True) if old.met != new.met]
    assert changed in ([], ["in_force"])
