"""Judgements of the demonstration: what people say of the pairs that the machine found."""

from __future__ import annotations

from matchmaker.accounts.roles import Role
from matchmaker.core.access import Actor
from matchmaker.demo.world import World, read
from matchmaker.listings.models import Achievement, Need
from matchmaker.matching import services
from matchmaker.matching.verdicts import Reason, Verdict

BROKER = "qiaoliang"


def load(world: World) -> None:
    for row in read("judgements.yaml"):
        need, achievement = world.needs[row["need"]], world.achievements[row["achievement"]]
        reason = Reason(row["reason"]) if "reason" in row else None
        with world.days_ago(row["days_ago"]):
            services.judge(
                _judge(world, row["by"], need, achievement),
                need,
                achievement=achievement,
                verdict=Verdict(row.get("level"), reason, row.get("note", "")),
            )


def _judge(world: World, side: str, need: Need, achievement: Achievement) -> Actor:
    if side == "broker":
        return world.someone(BROKER, Role.TECHNOLOGY_MANAGER)
    if side == "need":
        return world.member_of(need.organisation, Role.ENTERPRISE_MEMBER)
    return world.member_of(achievement.organisation, Role.TTO_OFFICER)
