"""What waits for whom in subsidies, and what moved."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from matchmaker.accounts.roles import Role
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


@tasks.source("subsidies")
def waiting(actor: Actor) -> list[Task]:
    """Claims to judge, claims to pay out, and drafts of the actor's that are not handed in."""
    if actor.holds(Role.REVIEWER):
        states = (ClaimState.SUBMITTED, ClaimState.IN_REVIEW, ClaimState.PROPOSED, ClaimState.OBJECTED)
        return _list(actor, Can.CLAIM_CHECK, states, tasks.REVIEW, N_("Judge a claim"))
    if actor.holds(Role.ADMINISTRATOR):
        return _list(actor, Can.CLAIM_PAY, (ClaimState.APPROVED,), tasks.PAY, N_("Record that a claim was paid out"))
    if actor.holds(*CLAIMING_ROLES):
        return _list(actor, Can.CLAIM_EDIT, EDITABLE_STATES, tasks.WRITE, N_("Finish a claim"))
    return []


def _list(actor: Actor, can: Can, states: Collection[ClaimState], kind: str, phrase: str) -> list[Task]:
    query = (
        select(Claim)
        .where(Claim.state.in_(states), visible(actor, Can.CLAIM_VIEW), visible(actor, can))
        .options(joinedload(Claim.claimant))
        .order_by(Claim.submitted_at, Claim.created_at, Claim.id)
        .limit(tasks.MOST)
    )
    return [Task(kind, phrase, _title(row), PAGE, {"id": row.id}) for row in db.session.scalars(query)]


def _title(row: Claim) -> str:
    return f"{row.number} · {in_language(row.claimant.name, row.claimant.name_en)}"


@tasks.news("subsidies")
def moved(actor: Actor) -> list[Move]:
    if not actor.holds(*CLAIMING_ROLES):
        return []
    return tasks.last_moved(Claim, Claim.number, visible(actor, Can.CLAIM_VIEW), endpoint=PAGE)
