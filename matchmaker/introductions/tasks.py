"""What waits for whom in introductions, and what moved."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import select

from matchmaker.accounts.roles import Role
from matchmaker.core import access
from matchmaker.core.access import Actor, visible
from matchmaker.core.db import db
from matchmaker.core.errors import N_
from matchmaker.core.web import tasks
from matchmaker.core.web.tasks import Move, Task
from matchmaker.introductions.models import Introduction
from matchmaker.introductions.permissions import Can
from matchmaker.introductions.states import IntroductionState
from matchmaker.listings.models import Achievement

PAGE = "introductions.introduction"


@tasks.source("introductions")
def waiting(actor: Actor) -> list[Task]:
    """Introductions for which the actor's side has not answered yet, the longest waiting first."""
    if not access.may(actor, Can.INTRODUCTION_LIST):
        return []
    unanswered = sa.or_(
        (Introduction.achievement_organisation_id == actor.organisation_id)
        & Introduction.achievement_agreed_at.is_(None),
        (Introduction.need_organisation_id == actor.organisation_id) & Introduction.need_agreed_at.is_(None),
    )
    query = (
        select(Introduction.id, Achievement.title)
        .join(Introduction.achievement)
        .where(
            Introduction.state == IntroductionState.REQUESTED,
            unanswered,
            visible(actor, Can.INTRODUCTION_VIEW),
            visible(actor, Can.INTRODUCTION_DECIDE),
        )
        .order_by(Introduction.created_at, Introduction.id)
        .limit(tasks.MOST)
    )
    return [
        Task(tasks.DECIDE, N_("Answer an introduction"), title, PAGE, {"id": row_id})
        for row_id, title in db.session.execute(query)
    ]


@tasks.news("introductions")
def moved(actor: Actor) -> list[Move]:
    if actor.holds(Role.AUDITOR) or not access.may(actor, Can.INTRODUCTION_LIST):
        return []  # who watches everything follows nothing in particular
    condition = visible(actor, Can.INTRODUCTION_VIEW)
    return tasks.last_moved(Introduction, Achievement.title, condition, endpoint=PAGE, joined=Introduction.achievement)
