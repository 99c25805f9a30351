"""What waits for whom in subsidies, and what moved."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload

from matchmaker.accounts.roles import Role
from matchmaker.core import clock
from matchmaker.core.access import Actor, visible
from matchmaker.core.db import db
from matchmaker.core.errors import N_
from matchmaker.core.web import tasks
from matchmaker.core.web.filters import in_language
from matchmaker.core.web.tasks import Move, Task
from matchmaker.subsidies.models import Claim
from matchmaker.subsidies.permissions import CLAIMING_ROLES, Can
from matchmaker.subsidies.states import EDITABLE_STATES, ClaimState

PAGE = "subsidies.claim"


PHRASES: Mapping[ClaimState, str] = MappingProxyType(
    {
        ClaimState.SUBMITTED: N_("Check a claim"),
        ClaimState.IN_REVIEW: N_("Judge a claim"),
        ClaimState.PROPOSED: N_("Publish the notice of a claim"),
        ClaimState.ON_NOTICE: N_("Approve a claim"),
        ClaimState.OBJECTED: N_("Decide on objections to a claim"),
        ClaimState.APPROVED: N_("Record that a claim was paid out"),
        ClaimState.DRAFT: N_("Finish a claim"),
        ClaimState.RETURNED: N_("Complete a claim that came back"),
        ClaimState.RECOVERING: N_("Repay a subsidy"),
    }
)
_KINDS = {ClaimState.RECOVERING: tasks.PAY}


@tasks.source("subsidies")
def waiting(actor: Actor) -> list[Task]:
    """What the actor can do now for claims to go on: check, judge, decide, pay out, finish, repay."""
    if actor.holds(Role.REVIEWER):
        return _list(actor, tasks.REVIEW, _judged(actor))
    if actor.holds(Role.ADMINISTRATOR):
        to_pay = visible(actor, Can.CLAIM_PAY) & (Claim.state == ClaimState.APPROVED)
        back = visible(actor, Can.CLAIM_RECOVER) & (Claim.state == ClaimState.RECOVERING)
        phrases = {**PHRASES, ClaimState.RECOVERING: N_("Record a repayment")}
        return _list(actor, tasks.PAY, to_pay | back, phrases)
    if actor.holds(*CLAIMING_ROLES):
        mine = Claim.claimant_organisation_id == actor.organisation_id
        open_now = visible(actor, Can.CLAIM_EDIT) & Claim.state.in_(EDITABLE_STATES)
        return _list(actor, tasks.WRITE, open_now | (mine & (Claim.state == ClaimState.RECOVERING)))
    return []


def _judged(actor: Actor) -> ColumnElement[bool]:
    """What waits for a reviewer: of reviews those with the own opinion awaited, or with all of them given."""
    checks = Claim.state.in_((ClaimState.SUBMITTED, ClaimState.PROPOSED))
    concluded = (Claim.state == ClaimState.IN_REVIEW) & Claim.review_score.is_not(None)
    reviews = (Claim.state == ClaimState.IN_REVIEW) & visible(actor, Can.CLAIM_REVIEW)
    over = (Claim.state == ClaimState.ON_NOTICE) & (Claim.due_on < clock.today())
    decides = (over | (Claim.state == ClaimState.OBJECTED)) & visible(actor, Can.CLAIM_DECIDE)
    return ((checks | concluded) & visible(actor, Can.CLAIM_CHECK)) | reviews | decides


def _list(
    actor: Actor, kind: str, condition: ColumnElement[bool], phrases: Mapping[ClaimState, str] = PHRASES
) -> list[Task]:
    """What is due first comes first. Reviewers may have very many, all with a deadline: its index gives the first ones
    without a look at the rest. Of the others few are in the state that is asked for, which has an index as well.
    """
    query = select(Claim).where(visible(actor, Can.CLAIM_VIEW), condition).options(joinedload(Claim.claimant))
    if actor.holds(Role.REVIEWER):
        query = query.where(Claim.due_on.is_not(None)).order_by(Claim.due_on, Claim.id)
    else:
        query = query.order_by(Claim.due_on.is_(None), Claim.due_on, Claim.created_at, Claim.id)
    query = query.limit(tasks.MOST)
    return [
        Task(_KINDS.get(row.state, kind), phrases[row.state], _title(row), PAGE, {"id": row.id}, due_on=row.due_on)
        for row in db.session.scalars(query)
    ]


def _title(row: Claim) -> str:
    return f"{row.number} · {in_language(row.claimant.name, row.claimant.name_en)}"


@tasks.news("subsidies")
def moved(actor: Actor) -> list[Move]:
    if not actor.holds(*CLAIMING_ROLES):
        return []
    return tasks.last_moved(Claim, Claim.number, visible(actor, Can.CLAIM_VIEW), endpoint=PAGE)
