"""Every (state, action, role) cell of claims, against expectations written out here; and both faces of each rule."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from matchmaker.accounts.models import Membership, Organisation, User
from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.accounts.services import add_member, remove_member
from matchmaker.core import access, clock
from matchmaker.core.access import ANONYMOUS, Actor
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.errors import DomainError
from matchmaker.subsidies import (
    budget,
    notice_queries,
    notice_services,
    payout_services,
    review_queries,
    review_services,
    services,
)
from matchmaker.subsidies.flags import FlagCode
from matchmaker.subsidies.models import Claim
from matchmaker.subsidies.permissions import Can, has_interest
from matchmaker.subsidies.review_models import ClaimFlag, ClaimObjection, FlagState, ObjectionState
from matchmaker.subsidies.reviewing import Opinion
from matchmaker.subsidies.states import ClaimState
from tests.factories.accounts import SYSTEM, actor, make_actor, make_organisation
from tests.factories.audit import count_events
from tests.factories.deals import BROKER, LICENSEE, LICENSOR, organisation_of
from tests.factories.subsidies import Case, actor_of, make_budget, make_bureau, make_claim

ACTIONS = (
    "edit", "submit", "withdraw", "return", "accept", "review", "recuse", "answer_flag",
    "answer_condition", "propose", "publish", "dismiss", "approve", "reject", "pay", "claw_back", "record_return",
)  # fmt: skip

OWN = ("edit", "submit", "withdraw")
CHECK = ("return", "accept", "answer_flag", "answer_condition", "propose", "publish", "reject")
DECIDE = ("dismiss", "approve")
RECOVER = ("claw_back", "record_return")

HIDDEN = dict.fromkeys(ACTIONS, 404)
LOOKS_ON = dict.fromkeys(ACTIONS, 403)
ANONYMOUSLY = dict.fromkeys(ACTIONS, 401)
OPEN = {
    "draft": ("edit", "submit", "withdraw"),
    "submitted": ("withdraw", "return", "accept", "reject"),
    "returned": ("edit", "submit", "withdraw"),
    "in_review": ("withdraw", "review", "recuse", "answer_flag", "answer_condition", "propose", "reject"),
    "proposed": ("withdraw", "publish", "reject"),
    "on_notice": ("approve", "reject"),
    "objected": ("dismiss", "reject"),
    "approved": ("reject", "pay"),
    "paid": ("claw_back",),
    "recovering": ("record_return",),
    "recovered": (),
    "rejected": (),
    "withdrawn": (),
}
"""What each state leaves open to somebody: written out once more, beside the table of the code."""

JUDGED = ("in_review", "proposed", "on_notice", "objected", "approved", "paid", "recovering", "recovered")
PROPOSED = JUDGED[1:]


def allowed(state: str, *actions: str) -> dict[str, int]:
    """200 for those of the person's actions that are open in the state, 409 for the others, 403 for what is not
    theirs.
    """
    mine = {action: 200 if action in OPEN[state] else 409 for action in actions}
    if "edit" in mine and mine["edit"] == 409:
        mine["edit"] = 403  # editing is a right of the state, not a step of the table
    return {**LOOKS_ON, **mine}


def cells(state: str) -> dict[str, dict[str, int]]:
    """Expected answers for each person. "Seated": drawn as reviewer, the opinion not given; "in two places": also a
    member of a party; "who proposed": the reviewer who proposed the sum; "who judged": an administrator who was
    reviewer.
    """
    claimant = {**allowed(state, *OWN), **dict.fromkeys((*CHECK, *DECIDE, *RECOVER, "pay"), 403)}
    if state == "draft":
        bureau = dict.fromkeys(
            ("checker", "approver", "seated", "administrator", "auditor", "who judged", "reviewer in two places"),
            HIDDEN,
        )
    else:
        decides = () if state in PROPOSED else DECIDE
        pays = ("pay", *RECOVER)
        bureau = {
            "checker": allowed(state, *CHECK, *decides),
            "approver": allowed(state, *CHECK, *DECIDE),
            "seated": allowed(state, *CHECK, *DECIDE, *(("review", "recuse") if state == "in_review" else ())),
            "administrator": allowed(state, *pays),
            "auditor": LOOKS_ON,
            "who judged": allowed(state, *(RECOVER if state in JUDGED or state in ("rejected", "returned") else pays)),
            "reviewer in two places": LOOKS_ON,
        }
    return {
        "claimant": claimant,
        "colleague": claimant,
        **bureau,
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
    seated = case.seated() if case.claim.state == ClaimState.IN_REVIEW else []
    fresh = make_actor(OrganisationKind.AUTHORITY, Role.REVIEWER, organisation=bureau.organisation)
    idle = [who for who in bureau.reviewers if who.user_id not in {one.user_id for one in seated}]
    return {
        "claimant": case.claimant,
        "colleague": manager,
        "licensor": case.play.actors[LICENSOR],
        "licensee": case.play.actors[LICENSEE],
        "checker": bureau.reviewer if bureau.reviewer in idle else idle[0],
        "approver": fresh,
        "seated": seated[0] if seated else fresh,
        "reviewer in two places": with_second_place(authority, Role.REVIEWER, case.play.actors[LICENSEE]),
        "administrator": bureau.administrator,
        "who judged": replace(bureau.reviewer, roles=frozenset({Role.ADMINISTRATOR})),
        "auditor": bureau.auditor,
        "other intermediary": make_actor(OrganisationKind.INTERMEDIARY, Role.TECHNOLOGY_MANAGER),
        "nobody": ANONYMOUS,
    }


def a_flag(claim: Claim) -> ClaimFlag:
    found = review_queries.list_flags(claim)
    return found[0] if found else ClaimFlag(claim_id=claim.id, state=FlagState.OPEN, code=FlagCode.SPLIT)


def an_objection(claim: Claim) -> ClaimObjection:
    notice = notice_queries.find_notice_of(claim)
    return (
        notice.objections[0] if notice is not None and notice.objections else ClaimObjection(state=ObjectionState.OPEN)
    )


def take(action: str, who: Actor, claim: Claim) -> None:
    """Call the command of the action with facts that are in order."""
    fen, today = claim.requested_fen, clock.today()
    opinion = dict(opinion=Opinion.SUPPORT, score=70, fen=fen, comment="同意", no_conflict=True)
    order = dict(reason="虚假材料", yearly_rate=Fraction(0), bar_months=0)
    steps: dict[str, Callable[[], Any]] = {
        "edit": lambda: services.edit_claim(who, claim, requested_fen=fen, statement="改"),
        "submit": lambda: services.submit_claim(who, claim),
        "withdraw": lambda: services.withdraw_claim(who, claim),
        "return": lambda: review_services.return_claim(who, claim, reason="补充材料"),
        "accept": lambda: review_services.accept_claim(who, claim),
        "review": lambda: review_services.give_opinion(who, claim, **opinion),
        "recuse": lambda: review_services.stand_down(who, claim, reason="亲属任职"),
        "answer_flag": lambda: review_services.answer_flag(
            who, claim, flag=a_flag(claim), upheld=False, answer="已核实"
        ),
        "answer_condition": lambda: review_services.answer_condition(
            who, claim, code="introduction", met=True, note="已核实"
        ),
        "propose": lambda: review_services.propose_sum(who, claim, fen=fen, reason="同意"),
        "publish": lambda: notice_services.publish_notice(who, claim),
        "dismiss": lambda: notice_services.dismiss_objection(
            who, claim, objection=an_objection(claim), decision="异议不成立"
        ),
        "approve": lambda: notice_services.approve_claim(who, claim),
        "reject": lambda: review_services.reject_claim(who, claim, reason="不符合条件"),
        "pay": lambda: payout_services.pay_claim(who, claim, paid_on=today),
        "claw_back": lambda: payout_services.claw_back(who, claim, **order),
        "record_return": lambda: payout_services.record_return(who, claim, returned_on=today),
    }
    steps[action]()


class _Undo(Exception):
    pass


def outcome(action: str, who: Actor, claim: Claim) -> int:
    """Status with which the step answers, 200 where it succeeds. Undone afterwards."""
    before = count_events(claim.id), claim.version, claim.state
    try:
        with unit_of_work():
            take(action, who, claim)
            assert count_events(claim.id) == before[0] + 1
            raise _Undo
    except _Undo:
        return 200
    except DomainError as error:
        db.session.rollback()
        assert (count_events(claim.id), claim.version, claim.state) == before
        return error.status


def prepared(state: ClaimState) -> Case:
    """A claim in this state from which each of its steps can be taken: reviewed but for one more opinion, its notice
    over.
    """
    if state == ClaimState.ON_NOTICE:
        with clock.at(clock.now() - timedelta(days=40)):
            return make_claim(state)
    case = make_claim(state)
    if state == ClaimState.DRAFT:
        case.complete()
    if state == ClaimState.IN_REVIEW:
        for who, opinion in zip(case.seated(), Opinion, strict=True):  # one for, one against: a third is drawn
            case.opine(who, opinion)
        flag = ClaimFlag(
            claim_id=case.claim.id, code=FlagCode.SPLIT, key="x", facts={}, rests_on=[], raised_at=clock.now()
        )
        with unit_of_work():
            db.session.add(flag)
    return case


@pytest.mark.parametrize("state", list(ClaimState))
def test_each_step_is_open_to_its_people_and_refused_to_the_others(app: Flask, state: ClaimState) -> None:
    case = prepared(state)
    make_budget()
    expected = cells(state)
    if state == ClaimState.IN_REVIEW:  # with a flag open and the third opinion missing nothing is proposed yet
        expected = {
            who: {a: 409 if (a, s) == ("propose", 200) else s for a, s in row.items()} for who, row in expected.items()
        }
    found = {
        name: {action: outcome(action, who, case.claim) for action in ACTIONS} for name, who in people(case).items()
    }
    assert found == expected


def test_a_returned_claim_is_edited_by_the_claimant_and_still_seen_by_the_bureau(app: Flask) -> None:
    case = make_claim(ClaimState.RETURNED)
    assert access.may(case.claimant, Can.CLAIM_EDIT, case.claim)
    assert access.may(case.bureau.reviewer, Can.CLAIM_VIEW, case.claim)


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
    assert access.may(person, Can.CLAIM_CHECK, case.claim)


def test_whoever_wrote_the_claim_never_decides_it_even_after_leaving(app: Flask) -> None:
    case = make_claim(ClaimState.SUBMITTED)
    person = with_second_place(make_organisation(OrganisationKind.AUTHORITY), Role.REVIEWER, case.claimant)
    leave(person, case.claim.claimant_organisation_id)
    assert not has_interest(person, case.claim)
    assert not access.may(person, Can.CLAIM_CHECK, case.claim)


@pytest.mark.parametrize(
    ("column", "other"),
    [
        ("checked_by_user_id", "claimed_by_user_id"),
        ("proposed_by_user_id", "claimed_by_user_id"),
        ("reviewer_user_id", "claimed_by_user_id"),
        ("payer_user_id", "claimed_by_user_id"),
        ("payer_user_id", "checked_by_user_id"),
        ("payer_user_id", "proposed_by_user_id"),
        ("payer_user_id", "reviewer_user_id"),
        ("reviewer_user_id", "proposed_by_user_id"),
    ],
)
def test_the_database_itself_keeps_claimant_reviewer_and_payer_apart(app: Flask, column: str, other: str) -> None:
    case = make_claim(ClaimState.PAID)
    with pytest.raises(sa.exc.IntegrityError, match=r"_is_not_|FOREIGN KEY"), unit_of_work():
        db.session.execute(sa.text(f"UPDATE claims SET {column} = {other}"))
    assert case.claim.state == ClaimState.PAID


@pytest.mark.parametrize("other", ["claimed_by_user_id", "payer_user_id"])
def test_the_database_keeps_reviewers_apart_from_claimant_and_payer(app: Flask, other: str) -> None:
    make_claim(ClaimState.PAID)
    with pytest.raises(sa.exc.IntegrityError, match="reviewer_is_not_"), unit_of_work():
        db.session.execute(sa.text(f"UPDATE claim_reviews SET reviewer_user_id = {other} WHERE seat = 1"))


def test_whoever_reviewed_a_claim_does_not_pay_it_out_in_another_role(app: Flask) -> None:
    case = make_claim(ClaimState.APPROVED)
    rows = review_queries.list_reviews(case.claim)
    for row in rows:
        person = replace(actor_of(row.reviewer_user_id), roles=frozenset({Role.ADMINISTRATOR}))
        assert not access.may(person, Can.CLAIM_PAY, case.claim)


def test_flags_and_opinions_are_the_bureaus_own(app: Flask) -> None:
    case = make_claim(ClaimState.IN_REVIEW)
    for who in (case.claimant, *case.play.actors.values(), make_actor(OrganisationKind.INTERMEDIARY)):
        assert not access.may(who, Can.CLAIM_EXAMINE, case.claim)
    for who in (case.bureau.reviewer, case.bureau.auditor, case.bureau.administrator):
        assert access.may(who, Can.CLAIM_EXAMINE, case.claim)


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
    bureau = make_bureau()
    cases = [make_claim(state, bureau=bureau) for state in ClaimState]
    returned, dropped = make_claim(ClaimState.SUBMITTED, bureau=bureau), make_claim(bureau=bureau)
    returned.return_()
    dropped.withdraw()
    other = make_claim(ClaimState.SUBMITTED, clause_id="P2-3", bureau=bureau)
    authority = make_organisation(OrganisationKind.AUTHORITY)
    actors = [who for case in (cases[1], cases[3]) for who in people(case).values()]
    actors += [with_second_place(authority, Role.REVIEWER, who) for who in other.play.actors.values()]
    claims = list(db.session.scalars(sa.select(Claim)))
    assert len(claims) == len(ClaimState) + 3
    rules = access.all_rules()
    for permission in Can:
        if not permission.startswith("claim"):
            continue
        for who in actors:
            rows = set(db.session.scalars(sa.select(Claim.id).where(access.visible(who, permission))))
            assert rows == {claim.id for claim in claims if rules[permission].one(who, claim)}, (permission, who)
