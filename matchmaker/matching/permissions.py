"""Who may judge pairs, and who looks after near-duplicates."""

from __future__ import annotations

from matchmaker.accounts.roles import Role
from matchmaker.core.access import Actor, Member, Permission, define, holds, seen_through, verified
from matchmaker.listings.models import Achievement, Need
from matchmaker.listings.permissions import RESEARCHERS, SEEKERS
from matchmaker.matching.models import Judgement


class Can(Permission):
    PAIRING_JUDGE = "pairing:judge"
    JUDGEMENT_VIEW = "judgement:view"
    JUDGEMENT_WITHDRAW = "judgement:withdraw"
    DUPLICATES_VIEW = "duplicates:view"
    DUPLICATES_SETTLE = "duplicates:settle"


JUDGES = (*RESEARCHERS, *SEEKERS, Role.TECHNOLOGY_MANAGER)

define(
    {
        # Of which pair is settled by `judges`: it takes both listings to say.
        Can.PAIRING_JUDGE: verified & holds(*JUDGES),
        Can.JUDGEMENT_VIEW: Member(Judgement.organisation_id),
        Can.JUDGEMENT_WITHDRAW: Member(Judgement.organisation_id, *JUDGES),
        Can.DUPLICATES_VIEW: holds(Role.REVIEWER, Role.AUDITOR, Role.ADMINISTRATOR),
        Can.DUPLICATES_SETTLE: holds(Role.REVIEWER, Role.ADMINISTRATOR),
    }
)
seen_through(Judgement, Can.JUDGEMENT_VIEW)


def judges(actor: Actor, need: Need, achievement: Achievement) -> bool:
    """Whether the pair is the actor's to judge: the own organisation posted one side, or it is a technology manager,
    whose trade is to know which pairs fit."""
    owners = {need.organisation_id, achievement.organisation_id}
    return actor.organisation_id in owners or actor.holds(Role.TECHNOLOGY_MANAGER)
