"""Dated values by two persons, the rule book that comes of them, and the bad-credit list."""

from __future__ import annotations

import json
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import DBAPIError, IntegrityError

from matchmaker.accounts.models import Organisation
from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core import audit, clock
from matchmaker.core.access import Actor
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.errors import Conflict, Forbidden, NotFound
from matchmaker.deals.states import DealState
from matchmaker.subsidies import gather, policies, policy_services, queries, rulebook
from matchmaker.subsidies.amounts import OverRate
from matchmaker.subsidies.explain import sha256_of
from matchmaker.subsidies.policy_models import DiscreditedParty, PolicyChange, PolicyDecision
from matchmaker.subsidies.policy_services import (
    BaseWithoutRate,
    BeforeTheClause,
    LiftedBeforeListed,
    NoRateHere,
    NoSumHere,
    NothingProposed,
    RateWithoutBase,
    ReasonMissing,
)
from matchmaker.subsidies.states import ClaimState
from tests.factories.accounts import make_actor, make_organisation
from tests.factories.deals import BROKER, make_deal
from tests.factories.subsidies import P3_4, Bureau, draft, make_bureau, make_claim

THREE_PERCENT = {"rate": Fraction(3, 100), "base": ("receipts_fen",)}
SOURCE = "示例实施细则第十二条"
START = date(2026, 7, 1)


@pytest.fixture
def bureau(app: Flask) -> Bureau:
    return make_bureau()


def propose(actor: Actor, **changes: Any) -> PolicyChange:
    facts = {"clause_id": P3_4, "from_on": START, "values": THREE_PERCENT, "source": SOURCE, **changes}
    with unit_of_work():
        return policy_services.propose_values(actor, None, **facts)


def decide(actor: Actor, change: PolicyChange, *, confirmed: bool = True, reason: str = "") -> None:
    with unit_of_work():
        row = db.session.get_one(PolicyChange, change.id)
        policy_services.decide_change(actor, row, confirmed=confirmed, reason=reason)


def rate_on(day: date) -> Fraction | None:
    db.session.rollback()
    return rulebook.clause_on(P3_4, day).rate


def test_a_value_counts_from_its_day_once_a_second_person_has_confirmed_it(bureau: Bureau) -> None:
    change = propose(bureau.reviewer)
    assert rate_on(START) is None
    decide(bureau.administrator, change)
    assert [rate_on(START - timedelta(days=1)), rate_on(START)] == [None, Fraction(3, 100)]
    clause = rulebook.clause_on(P3_4, START)
    assert (clause.base, clause.changes[-1].source_zh, clause.changes[-1].number) == (
        ("receipts_fen",),
        SOURCE,
        str(change.id),
    )
    history = rulebook.clause_in_time(P3_4).history()
    assert [(row.from_on, row.clause.rate) for row in history] == [
        (date(2025, 1, 6), None),
        (START, Fraction(3, 100)),
    ]


def test_a_refused_value_never_counts_and_needs_a_reason(bureau: Bureau) -> None:
    change = propose(bureau.reviewer)
    with pytest.raises(ReasonMissing):
        decide(bureau.administrator, change, confirmed=False)
    decide(bureau.administrator, change, confirmed=False, reason="与细则不符")
    assert rate_on(START) is None


def test_nobody_confirms_the_own_proposal(bureau: Bureau) -> None:
    change = propose(bureau.administrator)
    with pytest.raises(Forbidden):
        decide(bureau.administrator, change)
    assert rate_on(START) is None


def test_the_database_itself_refuses_one_person_for_both(bureau: Bureau) -> None:
    change = propose(bureau.administrator)
    values = {"confirmed": True, "reason": "", "decided_at": clock.now(), "change_id": change.id}
    for proposer in (bureau.administrator.user_id, bureau.reviewer.user_id):  # the second is not who proposed it
        with pytest.raises(IntegrityError):
            with unit_of_work():
                both = {"proposed_by_id": proposer, "decided_by_id": bureau.administrator.user_id}
                db.session.execute(sa.insert(PolicyDecision).values(**values, **both))


def test_a_proposal_is_decided_once(bureau: Bureau) -> None:
    change = propose(bureau.reviewer)
    decide(bureau.administrator, change)
    with pytest.raises(Forbidden):
        decide(bureau.administrator, change, confirmed=False, reason="改主意")


@pytest.mark.parametrize("table", ["policy_changes", "policy_decisions"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET change_id = change_id", "DELETE FROM {}"])
def test_what_was_entered_is_never_changed(bureau: Bureau, table: str, statement: str) -> None:
    decide(bureau.administrator, propose(bureau.reviewer))
    text = statement.format(table).replace("change_id", "id" if table == "policy_changes" else "change_id")
    with pytest.raises(DBAPIError, match="append_only"):
        with unit_of_work():
            db.session.execute(sa.text(text))


def test_both_steps_stand_in_the_log_with_the_values(bureau: Bureau) -> None:
    change = propose(bureau.reviewer)
    decide(bureau.administrator, change)
    events = audit.list_events(change.id)
    assert [event.event for event in events] == ["policy.proposed", "policy.confirmed"]
    assert events[0].facts["values"] == {"rate": "3/100", "base": ["receipts_fen"]}
    assert [event.actor_id for event in events] == [bureau.reviewer.user_id, bureau.administrator.user_id]


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.TECHNOLOGY_MANAGER, Role.TTO_OFFICER])
def test_others_enter_nothing(bureau: Bureau, role: Role) -> None:
    kinds = {Role.AUDITOR: OrganisationKind.AUTHORITY, Role.TTO_OFFICER: OrganisationKind.UNIVERSITY}
    stranger = make_actor(kinds.get(role, OrganisationKind.INTERMEDIARY), role)
    with pytest.raises(Forbidden):
        propose(stranger)
    change = propose(bureau.reviewer)
    with pytest.raises(Forbidden):
        decide(stranger, change)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"values": {}}, NothingProposed),
        ({"values": {"name_zh": "x"}}, NothingProposed),
        ({"values": {"rate": Fraction(1, 2)}}, RateWithoutBase),
        ({"values": {"base": ("receipts_fen",)}}, BaseWithoutRate),
        ({"clause_id": "P4-5a"}, NoRateHere),
        ({"clause_id": "P3-1", "values": {"amount_fen": 5}}, NoSumHere),
        ({"from_on": date(2025, 1, 5)}, BeforeTheClause),
        ({"clause_id": "P9-9"}, NotFound),
    ],
)
def test_what_makes_no_sense_is_refused(bureau: Bureau, changes: dict[str, Any], refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        propose(bureau.reviewer, **changes)


def test_of_two_values_for_one_day_the_one_confirmed_last_counts(bureau: Bureau) -> None:
    first = propose(bureau.reviewer)
    second = propose(bureau.reviewer, values={**THREE_PERCENT, "rate": Fraction(2, 100)})
    decide(bureau.administrator, second)
    with clock.at(clock.now() + timedelta(minutes=1)):
        decide(bureau.administrator, first)
    assert rate_on(START) == Fraction(3, 100)


# --- claims keep their rule -----------------------------------------------------------------------------------------


def test_a_claim_keeps_the_rule_it_was_made_under_and_a_new_one_has_the_new(bureau: Bureau) -> None:
    today = clock.today()
    play = make_deal(DealState.PAYING, broker=True)
    play.pay(1_000_000)
    old = make_claim(ClaimState.SUBMITTED, play=play, bureau=bureau)
    before = json.dumps(queries.current_verdict(old.claim).working.steps, default=str)  # type: ignore[union-attr]
    decide(bureau.administrator, propose(bureau.reviewer, from_on=today))
    claim = db.session.get_one(type(old.claim), old.claim.id)
    assert claim.clause.rate is None
    assert json.dumps(queries.current_verdict(claim).working.steps, default=str) == before  # type: ignore[union-attr]
    fresh = make_deal(DealState.PAYING, actors={**make_deal(broker=False).actors, BROKER: play.actors[BROKER]})
    fresh.pay(1_000_000)
    with pytest.raises(OverRate):
        draft(fresh.actors[BROKER], fresh.deal, requested_fen=30_001)
    new = draft(fresh.actors[BROKER], fresh.deal, requested_fen=30_000)
    assert new.clause.rate == Fraction(3, 100)
    assert policies.freeze(new.clause) == new.clause_frozen
    assert sha256_of(new.clause_frozen) != sha256_of(claim.clause_frozen)


# --- the bad-credit list --------------------------------------------------------------------------------------------


def enter(actor: Actor, organisation: Organisation, listed_on: date) -> DiscreditedParty:
    with unit_of_work():
        return policy_services.list_discredited(
            actor,
            None,
            credit_code=organisation.credit_code.lower(),
            name=organisation.name,
            listed_on=listed_on,
            source="示例",
        )


def test_a_party_is_discredited_from_its_day_until_the_day_it_is_lifted(bureau: Bureau) -> None:
    organisation = make_organisation()
    other = make_organisation()
    entry = enter(bureau.administrator, organisation, date(2026, 3, 1))
    with unit_of_work():
        row = db.session.get_one(DiscreditedParty, entry.id)
        with pytest.raises(LiftedBeforeListed):
            policy_services.lift_discredited(bureau.administrator, row, lifted_on=date(2026, 2, 28))
        policy_services.lift_discredited(bureau.administrator, row, lifted_on=date(2026, 6, 1))
        with pytest.raises(Conflict):
            policy_services.lift_discredited(bureau.administrator, row, lifted_on=date(2026, 6, 1))
    days = [date(2026, 2, 28), date(2026, 3, 1), date(2026, 5, 31), date(2026, 6, 1)]
    organisation = db.session.get_one(Organisation, organisation.id)
    found = [gather.organisation_facts(organisation, on=day)["claimant_discredited"] for day in days]
    assert found == [False, True, True, False]
    assert gather.organisation_facts(other, on=days[1])["claimant_discredited"] is False


def test_only_administrators_keep_the_list(bureau: Bureau) -> None:
    for actor in (bureau.reviewer, bureau.auditor, make_actor(OrganisationKind.ENTERPRISE)):
        with pytest.raises(Forbidden):
            enter(actor, make_organisation(), date(2026, 3, 1))
