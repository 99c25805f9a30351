"""Introductions of the demonstration: asked, agreed, declined, withdrawn, concluded."""

from __future__ import annotations

from typing import Any

from matchmaker.accounts.roles import Role
from matchmaker.core.access import Actor
from matchmaker.demo.world import World, read
from matchmaker.introductions import services
from matchmaker.introductions.models import Introduction
from matchmaker.introductions.states import Outcome, Reason


def load(world: World) -> None:
    for row in read("introductions.yaml"):
        _introduce(world, row)


def _introduce(world: World, row: dict[str, Any]) -> None:
    achievement, need = world.achievements[row["achievement"]], world.needs[row["need"]]
    owner = world.member_of(achievement.organisation, Role.TTO_OFFICER)
    seeker = world.member_of(need.organisation, Role.ENTERPRISE_SIGNATORY)
    broker = world.someone(row["broker"], Role.TECHNOLOGY_MANAGER) if "broker" in row else None
    asking = {"achievement": owner, "need": seeker, "broker": broker}[row["asked_by"]]
    assert asking is not None
    with world.days_ago(row["days_ago"]):
        introduction = services.request_introduction(
            asking, achievement, need=need, message=row["message"], undertakes=broker is None
        )
    world.introductions[row["key"]] = introduction
    answering = [actor for actor in (owner, seeker) if actor is not asking]
    with world.days_ago(max(row["days_ago"] - 4, 0)):
        _answer(introduction, row, asking, answering)
    if row["until"] == "concluded":
        with world.days_ago(row["days_ago"] - 12):
            _conclude(introduction, row, owner)


def _answer(introduction: Introduction, row: dict[str, Any], asking: Actor, answering: list[Actor]) -> None:
    if row["until"] in ("introduced", "concluded"):
        for actor in answering:
            services.agree_to_introduction(actor, introduction, undertakes=True)
    elif row["until"] == "declined":
        services.decline_introduction(answering[0], introduction, reason=Reason(row["reason"]))
    elif row["until"] == "withdrawn":
        services.withdraw_introduction(asking, introduction)


def _conclude(introduction: Introduction, row: dict[str, Any], owner: Actor) -> None:
    reason = Reason(row["reason"]) if "reason" in row else None
    services.conclude_introduction(owner, introduction, outcome=Outcome(row["outcome"]), reason=reason)
