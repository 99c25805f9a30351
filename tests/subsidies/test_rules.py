"""The verdict on a claim: every condition with its reason, met, not met and not shown yet."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matchmaker.accounts.roles import OrganisationKind
from matchmaker.subsidies import policies
from matchmaker.subsidies.amounts import CapUsedUp, MoneyNotShown, OverCap, OverRate, PaysNothing, StillFree
from matchmaker.subsidies.catalogue import BUILT_IN, Clause
from matchmaker.subsidies.facts import FACTS
from matchmaker.subsidies.rules import (
    CLAIMANT_PART,
    Condition,
    Situation,
    judge,
    period_note,
    programme_of,
)
from tests.subsidies.values import any_facts

CAP_FEN = 50_000_000
SOUND_FACTS: dict[str, Any] = {
    "claimant_kind": "intermediary",
    "claimant_verified": True,
    "claimant_discredited": False,
    "claimant_local": True,
    "deal_part": "broker",
    "signed": True,
    "signed_on": date(2026, 2, 1),
    "introduced_on": date(2026, 1, 5),
    "broker_confirmed": True,
    "contract_registered": True,
    "parties_related": False,
    "licensor_local": True,
    "licensee_local": True,
    "claims_elsewhere": (),
}
SOUND = Situation(on=date(2026, 3, 2), facts=SOUND_FACTS, requested_fen=1_000_000)
UNKNOWN = object()


def clause_of(clause_id: str) -> Clause:
    return policies.current().catalogue.clause(clause_id)


P3_4 = clause_of("P3-4")
AT_RATE = replace(P3_4, rate=Fraction(3, 100), base=("approved_fen", "invoices_fen", "receipts_fen"))
MONEY = {"approved_fen": 10**9, "invoices_fen": 10**9, "receipts_fen": 10**9, "receipt_reused": False}


def case(*, facts: dict[str, Any] | None = None, **changes: Any) -> Situation:
    """The sound situation with some facts otherwise, or unknown."""
    mixed = {**SOUND_FACTS, **(facts or {})}
    return replace(SOUND, facts={name: value for name, value in mixed.items() if value is not UNKNOWN}, **changes)


def condition(code: str, situation: Situation, clause: Clause = P3_4) -> Condition:
    return next(one for one in judge(clause, situation).conditions if one.code == code)


def test_a_sound_claim_meets_every_condition_and_shows_its_working() -> None:
    verdict = judge(P3_4, SOUND)
    assert [(c.code, c.met) for c in verdict.conditions] == [
        ("beneficiary", True),
        ("part", True),
        ("verified", True),
        ("credit", True),
        ("signature", True),
        ("introduction", True),
        ("broker_confirmed", True),
        ("registered", True),
        ("parties", True),
        ("local_deal", True),
        ("only_claim", True),
        ("in_force", True),
        ("amount", True),
    ]
    assert (verdict.unmet, verdict.open, verdict.outcome) == ((), (), "granted")
    assert verdict.working is not None
    assert [step.fen for step in verdict.working.steps] == [CAP_FEN, 0, CAP_FEN, 1_000_000]
    assert verdict.working.note is not None  # there is no rate


@pytest.mark.parametrize(
    ("code", "situation"),
    [
        ("beneficiary", case(facts={"claimant_kind": "enterprise"})),
        ("verified", case(facts={"claimant_verified": False})),
        ("credit", case(facts={"claimant_discredited": True})),
        ("part", case(facts={"deal_part": "licensee"})),
        ("signature", case(facts={"signed_on": date(2025, 1, 5), "introduced_on": date(2025, 1, 4)})),
        ("signature", case(facts={"signed": False})),
        ("introduction", case(facts={"introduced_on": date(2026, 2, 2), "service_shown": False})),
        ("broker_confirmed", case(facts={"broker_confirmed": False})),
        ("registered", case(facts={"contract_registered": False})),
        ("parties", case(facts={"parties_related": True})),
        ("local_deal", case(facts={"licensor_local": False, "licensee_local": False})),
        ("only_claim", case(facts={"rival_claim": "2026-ABCDEF"})),
        ("amount", case(requested_fen=CAP_FEN + 1)),
        ("amount", case(granted_fen=CAP_FEN)),
    ],
)
def test_each_condition_fails_alone(code: str, situation: Situation) -> None:
    verdict = judge(P3_4, situation)
    assert (verdict.unmet, verdict.outcome) == ((code,), "refused")


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("beneficiary", "claimant_kind"),
        ("verified", "claimant_verified"),
        ("credit", "claimant_discredited"),
        ("part", "deal_part"),
        ("broker_confirmed", "broker_confirmed"),
        ("registered", "contract_registered"),
        ("parties", "parties_related"),
        ("introduction", "introduced_on"),
        ("only_claim", "claims_elsewhere"),
    ],
)
def test_a_fact_that_is_not_recorded_leaves_its_condition_open(code: str, name: str) -> None:
    verdict = judge(P3_4, case(facts={name: UNKNOWN}))
    assert (verdict.unmet, verdict.open, verdict.outcome) == ((), (code,), "open")


def test_a_late_introduction_is_open_until_the_service_before_the_signing_is_shown() -> None:
    late = {"introduced_on": date(2026, 2, 2)}
    assert condition("introduction", case(facts=late)).met is None
    assert condition("introduction", case(facts={**late, "service_shown": True})).met is True
    assert condition("introduction", case(facts={"introduced_on": SOUND_FACTS["signed_on"]})).met is True


def test_what_would_change_a_condition_is_said_with_the_comparisons_in_the_way() -> None:
    unmet = condition("local_deal", case(facts={"licensor_local": False, "licensee_local": False}))
    assert unmet.change is not None
    assert [finding.fact for finding in unmet.findings] == ["licensor_local", "licensee_local"]
    assert [finding.fact for finding in unmet.blockers] == ["licensor_local"]  # one of the two is enough
    met = condition("local_deal", SOUND)
    assert (met.change, met.blockers) == (None, ())


def test_the_clause_holds_from_its_first_day() -> None:
    first = P3_4.in_force_from
    assert condition("in_force", case(on=first)).met is True
    assert condition("in_force", case(on=first - timedelta(days=1))).facts == {"start_on": first}


@pytest.mark.parametrize(("later", "met"), [(-1, True), (0, True), (1, False)])
def test_a_deadline_is_the_last_day(later: int, met: bool) -> None:
    clause = replace(P3_4, deadline_on=SOUND.on - timedelta(days=later))
    assert condition("deadline", SOUND, clause).met is met


def test_clauses_that_exclude_each_other_are_not_both_claimed_for_a_deal() -> None:
    clause = clause_of("P3-3")
    facts = {"claimant_kind": "university", "deal_part": "licensor", "transfer_office": True}
    assert condition("exclusion", case(facts={**facts, "claims_elsewhere": ("P3-4",)}), clause).met is True
    clash = condition("exclusion", case(facts={**facts, "claims_elsewhere": ("P1-5", "P3-4")}), clause)
    assert (clash.met, clash.facts) == (False, {"clauses": ("P1-5",)})
    assert condition("exclusion", case(facts={**facts, "claims_elsewhere": UNKNOWN}), clause).met is None


@pytest.mark.parametrize(("reused", "met"), [(False, True), (True, False), (UNKNOWN, None)])
def test_with_a_base_of_receipts_each_receipt_counts_once(reused: Any, met: bool | None) -> None:
    situation = case(facts={**MONEY, "receipt_reused": reused})
    assert condition("receipts", situation, AT_RATE).met is met
    assert "receipts" not in [one.code for one in judge(P3_4, situation).conditions]


@pytest.mark.parametrize(
    ("clause_id", "kind"),
    [
        ("P1-5", OrganisationKind.UNIVERSITY),
        ("P2-3", OrganisationKind.ENTERPRISE),
        ("P3-3", OrganisationKind.UNIVERSITY),
        ("P3-4", OrganisationKind.INTERMEDIARY),
    ],
)
def test_each_clause_for_deals_has_its_party(clause_id: str, kind: OrganisationKind) -> None:
    clause = clause_of(clause_id)
    facts = {
        "claimant_kind": kind.value,
        "deal_part": CLAIMANT_PART[clause_id].value,
        "transfer_office": True,
        "national_key_laboratory": True,
    }
    assert judge(clause, case(facts=facts)).outcome == "granted"


def test_the_parts_of_the_shipped_clauses_are_those_of_the_catalogue() -> None:
    assert {c.id: c.part for c in policies.current().catalogue if c.part} == dict(CLAIMANT_PART)
    for clause_id in CLAIMANT_PART:
        assert clause_of(clause_id).pays
        assert clause_of(clause_id).beneficiary_kinds


@pytest.mark.parametrize(
    ("clause", "situation", "refusal", "met"),
    [
        (P3_4, case(requested_fen=CAP_FEN + 1), OverCap, False),
        (P3_4, case(granted_fen=CAP_FEN), CapUsedUp, False),
        (clause_of("P3-1"), SOUND, PaysNothing, False),
        (AT_RATE, SOUND, MoneyNotShown, None),
        (AT_RATE, case(facts={**MONEY, "receipts_fen": 33_333_299}), OverRate, False),
        (AT_RATE, case(facts={**MONEY, "receipts_fen": 0, "free_until": SOUND.on}), StillFree, False),
    ],
)
def test_the_amount_is_refused_in_the_words_of_the_amounts(
    clause: Clause, situation: Situation, refusal: type, met: bool | None
) -> None:
    amount = condition("amount", situation, clause)
    assert (amount.met, amount.reason) == (met, refusal.phrase)  # type: ignore[attr-defined]


def test_in_the_free_period_the_working_shows_nothing_and_says_until_when() -> None:
    situation = case(facts={**MONEY, "receipts_fen": 0, "free_until": date(2026, 12, 1)}, requested_fen=None)
    verdict = judge(AT_RATE, situation)
    assert verdict.working is not None
    assert (verdict.working.computed_fen, verdict.working.steps[-1].fen) == (0, 0)
    assert condition("amount", situation, AT_RATE).facts["free_until"] == date(2026, 12, 1)


def test_a_verdict_follows_the_values_of_its_day() -> None:
    changed = P3_4.with_changes(
        tuple(
            replace(change, from_on=day)
            for change, day in [
                (_change(amount_fen=40_000_000), date(2026, 3, 2)),
                (_change(amount_fen=60_000_000), date(2026, 4, 1)),
            ]
        )
    )
    caps = {day: judge(changed, case(on=day)).working.steps[0].fen for day in _DAYS}  # type: ignore[union-attr]
    assert list(caps.values()) == [50_000_000, 40_000_000, 40_000_000, 60_000_000]


_DAYS = (date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 31), date(2026, 4, 1))


def _change(**values: Any) -> Any:
    from matchmaker.subsidies.catalogue import Change

    return Change(date(2026, 1, 1), tuple(values.items()), "示例", "example")


def test_the_page_says_that_the_source_names_no_period() -> None:
    assert period_note(P3_4) is not None
    assert period_note(clause_of("P1-1")) is None  # each year, says the source


def test_each_clause_is_its_own_programme_unless_the_policy_names_one() -> None:
    assert programme_of(P3_4) == "P3-4"
    assert programme_of(replace(P3_4, programme="中介机构后补助")) == "中介机构后补助"


def test_a_situation_of_the_first_form_is_still_read() -> None:
    frozen = {
        "on": "2026-03-02",
        "claimant_kind": "intermediary",
        "claimant_verified": True,
        "part": "broker",
        "signed_on": "2026-02-01",
        "introduced_on": None,
        "credit_codes": ["A", "B", "C"],
        "rival": None,
        "requested_fen": 5,
        "granted_fen": 7,
        "base_fen": None,
    }
    read = Situation.thaw(frozen)
    assert (read.on, read.requested_fen, read.granted_fen) == (date(2026, 3, 2), 5, 7)
    assert read.facts == {
        "claimant_kind": "intermediary",
        "claimant_verified": True,
        "deal_part": "broker",
        "signed": True,
        "signed_on": date(2026, 2, 1),
        "parties_related": False,
    }


situations = st.builds(
    Situation,
    on=st.dates(date(2024, 12, 1), date(2030, 1, 1)),
    facts=any_facts,
    requested_fen=st.none() | st.integers(-1, 2 * CAP_FEN),
    granted_fen=st.integers(0, CAP_FEN),
    stated=st.frozensets(st.sampled_from(sorted(FACTS)), max_size=3),
)
clauses = st.sampled_from([*policies.current().catalogue, AT_RATE])


@settings(max_examples=150)
@given(clauses, situations)
def test_a_frozen_clause_and_situation_are_plain_data_and_give_the_same_verdict(
    clause: Clause, situation: Situation
) -> None:
    kept = json.loads(json.dumps(policies.freeze(clause.on(situation.on))))
    frozen = json.loads(json.dumps(situation.freeze()))
    again = Situation.thaw(frozen)
    assert json.loads(json.dumps(again.freeze())) == frozen
    assert judge(policies.thaw(kept), again) == judge(clause, situation)


@settings(max_examples=150)
@given(clauses, situations)
def test_every_verdict_lists_every_condition_once_with_a_reason(clause: Clause, situation: Situation) -> None:
    verdict = judge(clause, situation)
    assert len({one.code for one in verdict.conditions}) == len(verdict.conditions)
    assert set(verdict.unmet) | set(verdict.open) <= {one.code for one in verdict.conditions}
    for one in verdict.conditions:
        assert one.label
        assert one.reason % one.facts
        assert one.met is True or one.code in (*verdict.unmet, *verdict.open)
        assert (one.blockers == ()) or one.met is not True


def test_the_codes_that_no_condition_of_the_data_may_bear_are_those_of_every_clause() -> None:
    found = set()
    for clause in policies.current().catalogue:
        own = {rule.id for rule in clause.conditions}
        for base in (None, ("receipts_fen",)):
            changed = replace(clause, base=base, deadline_on=clause.in_force_from, excludes=("P0",))
            codes = [one.code for one in judge(changed, Situation(clause.in_force_from, {})).conditions]
            assert len(codes) == len(set(codes))
            found |= set(codes) - own
    assert found == BUILT_IN
