"""Every (state, action, role) cell of claims, against expectations written out here; and both faces of each rule."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from matchmaker.accounts.models import Membership, Organisation, User
from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.accounts.services import add_member, remove_member
from matchmaker.core import access, audit, clock
from matchmaker.core.access import ANONYMOUS, Actor
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.errors import DomainError
from matchmaker.subsidies import budget, services
from matchmaker.subsidies.models import Claim
from matchmaker.subsidies.permissions import Can, has_interest
from matchmaker.subsidies.states import ClaimState
from tests.factories.accounts import SYSTEM, actor, make_actor, make_organisation
from tests.factories.deals import BROKER, LICENSEE, LICENSOR, organisation_of
from tests.factories.subsidies import Case, make_budget, make_bureau, make_claim

ACTIONS = ("edit", "submit", "withdraw", "return", "approve", "reject", "pay")

HIDDEN = dict.fromkeys(ACTIONS, 404)
LOOKS_ON = dict.fromkeys(ACTIONS, 403)
ANONYMOUSLY = dict.fromkeys(ACTIONS, 401)


def claimant(**open_: int) -> dict[str, int]:
    """Of a claimant: editing is for drafts, the other own steps wait for their state, the bureau's are not theirs."""
    own = {"edit": 403, "submit": 409, "withdraw": 409}
    return {**LOOKS_ON, **own, **open_}


def reviewer(**open_: int) -> dict[str, int]:
    return {**LOOKS_ON, "return": 409, "approve": 409, "reject": 409, **open_}


def payer(**open_: int) -> dict[str, int]:
    return {**LOOKS_ON, "pay": 409, **open_}


REVIEW = {"return": 200, "approve": 200, "reject": 200}

# Who the people are stands in `people`: "in two places" means that the person also belongs to a party, "who reviewed"
# that the reviewer has changed to the other role since.
CELLS: dict[str, dict[str, dict[str, int]]] = {
    "draft": {
        "claimant": claimant(edit=200, submit=200, withdraw=200),
        "colleague": claimant(edit=200, submit=200, withdraw=200),
        "reviewer": HIDDEN,
        "reviewer in two places": HIDDEN,
        "administrator": HIDDEN,
        "administrator in two places": HIDDEN,
        "administrator who reviewed": HIDDEN,
    },
    "submitted": {
        "claimant": claimant(withdraw=200),
        "colleague": claimant(withdraw=200),
        "reviewer": reviewer(**REVIEW),
        "reviewer in two places": LOOKS_ON,
        "administrator": payer(),
        "administrator in two places": LOOKS_ON,
        "administrator who reviewed": payer(),
    },
    "approved": {
        "claimant": claimant(),
        "colleague": claimant(),
        "reviewer": reviewer(),
        "reviewer in two places": LOOKS_ON,
        "administrator": payer(pay=200),
        "administrator in two places": LOOKS_ON,
        "administrator who reviewed": LOOKS_ON,
    },
    "paid": {
        "claimant": claimant(),
        "colleague": claimant(),
        "reviewer": reviewer(),
        "reviewer in two places": LOOKS_ON,
        "administrator": payer(),
        "administrator in two places": LOOKS_ON,
        "administrator who reviewed": LOOKS_ON,
    },
    "rejected": {
        "claimant": claimant(),
        "colleague": claimant(),
        "reviewer": reviewer(),
        "reviewer in two places": LOOKS_ON,
        "administrator": payer(),
        "administrator in two places": LOOKS_ON,
        "administrator who reviewed": LOOKS_ON,
    },
    "withdrawn": {
        "claimant": claimant(),
        "colleague": claimant(),
        "reviewer": reviewer(),
        "reviewer in two places": LOOKS_ON,
        "administrator": payer(),
        "administrator in two places": LOOKS_ON,
        "administrator who reviewed": payer(),
    },
}
for _state, _cells in CELLS.items():
    _cells |= {
        "auditor": HIDDEN if _state == "draft" else LOOKS_ON,
        "licensor": HIDDEN,
        "licensee": HIDDEN,
        "other intermediary": HIDDEN,
        "nobody": ANONYMOUSLY,
    }


def with_second_place(organisation: Organisation, role: Role, other: Actor) -> Actor:
    """The person behind `other`, acting for this organisation too, in this role."""
    with unit_of_work():
        user = db.session.get_one(User, other.user_id)
        return actor(add_member(SYSTEM, organisation, user, roles={role}))


def people(case: Case) -> dict[str, Actor]:
    bureau, authority = case.bureau, make_organisation(OrganisationKind.AUTHORITY)
    claiming = organisation_of(case.claimant)
    manager = make_actor(OrganisationKind.INTERMEDIARY, Role.TECHNOLOGY_MANAGER, organisation=claiming)
    signatory = case.play.actors[LICENSEE]
    return {
        "claimant": case.claimant,
        "colleague": manager,
        "licensor": case.play.actors[LICENSOR],
        "licensee": signatory,
        "reviewer": bureau.reviewer,
        "reviewer in two places": with_second_place(authority, Role.REVIEWER, signatory),
        "administrator": bureau.administrator,
        "administrator in two places": with_second_place(authority, Role.ADMINISTRATOR, manager),
        "administrator who reviewed": replace(bureau.reviewer, roles=frozenset({Role.ADMINISTRATOR})),
        "auditor": bureau.auditor,
        "other intermediary": make_actor(OrganisationKind.INTERMEDIARY, Role.TECHNOLOGY_MANAGER),
        "nobody": ANONYMOUS,
    }


def take(action: str, who: Actor, claim: Claim) -> None:
    """Call the command of the action with facts that are in order."""
    fen = claim.requested_fen
    steps: dict[str, Callable[[], Any]] = {
        "edit": lambda: services.edit_claim(who, claim, requested_fen=fen, statement="改"),
        "submit": lambda: services.submit_claim(who, claim),
        "withdraw": lambda: services.withdraw_claim(who, claim),
        "return": lambda: services.return_claim(who, claim, reason="补充材料"),
        "approve": lambda: services.approve_claim(who, claim, approved_fen=fen, reason="同意"),
        "reject": lambda: services.reject_claim(who, claim, reason="不符合条件"),
        "pay": lambda: services.pay_claim(who, claim, paid_on=clock.today()),
    }
    steps[action]()


class _Undo(Exception):
    pass


def outcome(action: str, who: Actor, claim: Claim) -> int:
    """Status with which the step answers, 200 where it succeeds. Undone afterwards."""
    before = len(audit.list_events(claim.id)), claim.version, claim.state
    try:
        with unit_of_work():
            take(action, who, claim)
            assert len(audit.list_events(claim.id)) == before[0] + 1
            raise _Undo
    except _Undo:
        return 200
    except DomainError as error:
        db.session.rollback()
        assert (len(audit.list_events(claim.id)), claim.version, claim.state) == before
        return error.status


@pytest.mark.parametrize("state", list(ClaimState))
def test_each_step_is_open_to_its_people_and_refused_to_the_others(app: Flask, state: ClaimState) -> None:
    case = make_claim(state)
    make_budget()
    found = {
        name: {action: outcome(action, who, case.claim) for action in ACTIONS} for name, who in people(case).items()
    }
    assert found == CELLS[state]


def test_a_draft_that_came_back_is_the_claimants_own_again(app: Flask) -> None:
    case = make_claim(ClaimState.SUBMITTED)
    case.return_()
    assert access.may(case.claimant, Can.CLAIM_VIEW, case.claim)
    assert not access.may(case.bureau.reviewer, Can.CLAIM_VIEW, case.claim)


def test_a_draft_withdrawn_before_it_was_handed_in_stays_unseen(app: Flask) -> None:
    case = make_claim()
    case.withdraw()
    assert not access.may(case.bureau.auditor, Can.CLAIM_VIEW, case.claim)


def test_everyone_who_belongs_to_a_party_has_an_interest_whomever_they_act_for(app: Flask) -> None:
    case = make_claim(ClaimState.SUBMITTED)
    authority = make_organisation(OrganisationKind.AUTHORITY)
    for side in (LICENSOR, LICENSEE, BROKER):
        assert has_interest(with_second_place(authority, Role.REVIEWER, case.play.actors[side]), case.claim)
    assert not has_interest(case.bureau.reviewer, case.claim)


def leave(who: Actor, organisation_id: uuid.UUID) -> None:
    with unit_of_work():
        row = db.session.scalars(
            sa.select(Membership).where(
                Membership.user_id == who.user_id, Membership.organisation_id == organisation_id
            )
        ).one()
        remove_member(SYSTEM, row)


def test_an_interest_ends_with_the_membership(app: Flask) -> None:
    case = make_claim(ClaimState.SUBMITTED)
    person = with_second_place(make_organisation(OrganisationKind.AUTHORITY), Role.REVIEWER, case.play.actors[LICENSEE])
    leave(person, case.play.deal.licensee_id)
    assert access.may(person, Can.CLAIM_REVIEW, case.claim)


def test_whoever_wrote_the_claim_never_decides_it_even_after_leaving(app: Flask) -> None:
    case = make_claim(ClaimState.SUBMITTED)
    person = with_second_place(make_organisation(OrganisationKind.AUTHORITY), Role.REVIEWER, case.claimant)
    leave(person, case.claim.claimant_organisation_id)
    assert not has_interest(person, case.claim)
    assert not access.may(person, Can.CLAIM_REVIEW, case.claim)


def test_the_database_itself_keeps_claimant_reviewer_and_payer_apart(app: Flask) -> None:
    case = make_claim(ClaimState.PAID)
    for column, other in (
        ("reviewer_user_id", "claimed_by_user_id"),
        ("payer_user_id", "claimed_by_user_id"),
        ("payer_user_id", "reviewer_user_id"),
    ):
        with pytest.raises(sa.exc.IntegrityError, match="_is_not_"), unit_of_work():
            db.session.execute(sa.text(f"UPDATE claims SET {column} = {other}"))
    assert case.claim.state == ClaimState.PAID


def test_unverified_organisations_neither_begin_nor_submit_claims(app: Flask) -> None:
    pending = make_organisation(OrganisationKind.INTERMEDIARY, verified=False)
    assert not access.may(make_actor(OrganisationKind.INTERMEDIARY, organisation=pending), Can.CLAIM_CREATE)
    case = make_claim()
    assert access.may(case.claimant, Can.CLAIM_SUBMIT, case.claim)
    assert not access.may(replace(case.claimant, verified=False), Can.CLAIM_SUBMIT, case.claim)


def test_budgets_are_seen_by_administrators_and_auditors_and_set_by_administrators(app: Flask) -> None:
    bureau = make_bureau()
    seen = {who: access.may(who, Can.BUDGET_VIEW) for who in (bureau.administrator, bureau.auditor, bureau.reviewer)}
    assert list(seen.values()) == [True, True, False]
    year = clock.today().year
    for who, status in ((bureau.auditor, 403), (bureau.reviewer, 403), (ANONYMOUS, 401), (bureau.administrator, 200)):
        try:
            with unit_of_work():
                budget.set_total(who, None, programme="P3-4", year=year, total_fen=1)
            found = 200
        except DomainError as error:
            found = error.status
        assert found == status


def test_both_faces_of_every_rule_agree(app: Flask) -> None:
    cases = [make_claim(state) for state in ClaimState]
    returned, dropped = make_claim(ClaimState.SUBMITTED), make_claim()
    returned.return_()
    dropped.withdraw()
    other = make_claim(ClaimState.SUBMITTED, clause_id="P2-3")
    authority = make_organisation(OrganisationKind.AUTHORITY)
    actors = [who for case in (cases[1], cases[2]) for who in people(case).values()]
    actors += [with_second_place(authority, Role.REVIEWER, who) for who in other.play.actors.values()]
    claims = list(db.session.scalars(sa.select(Claim)))
    assert len(claims) == len(ClaimState) + 3
    rules = access.all_rules()
    for permission in Can:
        if permission.startswith("budget"):
            continue
        for who in actors:
            rows = set(db.session.scalars(sa.select(Claim.id).where(access.visible(who, permission))))
            assert rows == {claim.id for claim in claims if rules[permission].one(who, claim)}, (permission, who)
