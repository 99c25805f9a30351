"""Judging pairings."""

from __future__ import annotations

import sqlalchemy as sa

from matchmaker.accounts.roles import Role
from matchmaker.core import access, audit, clock
from matchmaker.core.access import Actor
from matchmaker.core.db import command, constraint_means, db
from matchmaker.core.errors import N_, Conflict, Invalid, NotFound
from matchmaker.listings.models import Achievement, ListingState, Need
from matchmaker.listings.permissions import Can as ListingCan
from matchmaker.matching.models import Judgement, Level, Reason
from matchmaker.matching.permissions import Can


class NotYourPairing(Conflict):
    code = "judgement.not_your_pairing"
    phrase = N_("A pairing is judged by its two sides and by technology managers. One of the two must be yours.")


class AnswerMissing(Invalid):
    code = "judgement.answer_missing"
    phrase = N_("Choose how well the two fit, or a reason for putting the pairing aside; not both.")


class JudgedMeanwhile(Conflict):
    code = "judgement.meanwhile"
    phrase = N_("A colleague judged this pairing at the same moment. Look at the judgement and change it if need be.")


constraint_means("uq_judgements_organisation_id_need_id_achievement_id_version", JudgedMeanwhile)


def may_judge(actor: Actor, need: Need, achievement: Achievement) -> bool:
    """Whether this pairing is one for the actor to judge: a side of it, or a technology manager."""
    mine = actor.organisation_id in (need.organisation_id, achievement.organisation_id)
    return access.may(actor, Can.PAIRING_JUDGE) and (mine or actor.holds(Role.TECHNOLOGY_MANAGER))


@command(Can.PAIRING_JUDGE)
def judge(
    actor: Actor,
    need: Need,
    *,
    achievement: Achievement,
    level: Level | None = None,
    reason: Reason | None = None,
) -> Judgement:
    """Say for one's organisation how well the two fit, or why the pairing is put aside.

    The own list follows at once. Raises NotFound for what is not published or not visible, NotYourPairing,
    AnswerMissing unless exactly one of `level` and `reason` is given, JudgedMeanwhile.
    """
    if (level is None) == (reason is None):
        raise AnswerMissing(field="level")
    return _record(actor, need, achievement, level, reason)


@command(Can.PAIRING_JUDGE)
def take_back(actor: Actor, need: Need, *, achievement: Achievement) -> Judgement:
    """Take one's organisation's judgement of a pairing back. Raises as `judge` does."""
    return _record(actor, need, achievement, None, None)


def _record(
    actor: Actor, need: Need, achievement: Achievement, level: Level | None, reason: Reason | None
) -> Judgement:
    for listing, view in ((need, ListingCan.NEED_VIEW), (achievement, ListingCan.ACHIEVEMENT_VIEW)):
        access.require(actor, view, listing)
        if listing.state != ListingState.PUBLISHED:
            raise NotFound()
    if not may_judge(actor, need, achievement):
        raise NotYourPairing()
    query = sa.select(sa.func.max(Judgement.version)).where(
        Judgement.organisation_id == actor.organisation_id,
        Judgement.need_id == need.id,
        Judgement.achievement_id == achievement.id,
    )
    judgement = Judgement(
        organisation_id=actor.organisation_id,
        user_id=actor.user_id,
        need_id=need.id,
        achievement_id=achievement.id,
        need_revision_id=need.revision_id,
        achievement_revision_id=achievement.revision_id,
        version=(db.session.scalar(query) or 0) + 1,
        level=int(level) if level is not None else None,
        reason=reason,
        judged_at=clock.now(),
    )
    db.session.add(judgement)
    event = "judgement.taken_back" if level is None and reason is None else "judgement.recorded"
    facts = {"need": str(need.id), "achievement": str(achievement.id), "level": judgement.level, "reason": reason}
    audit.record(actor, event, judgement, **facts)
    return judgement
