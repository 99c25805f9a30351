"""Achievements and needs of the demonstration: most published, some still on their way, a few withdrawn."""

from __future__ import annotations

from datetime import date
from typing import Any

from matchmaker.accounts.roles import Role
from matchmaker.core.access import Actor
from matchmaker.demo.people import WAITING
from matchmaker.demo.world import World, fen, files, read
from matchmaker.listings import services
from matchmaker.listings.facts import AchievementFacts, NeedFacts

EVERY = 13
"""Of every so many entries, one stays a draft, one waits for review, one was withdrawn."""


OLDEST = 640


def load(world: World) -> None:
    wanted = {row[kind] for row in read("introductions.yaml") for kind in ("achievement", "need")}
    for folder, make in (("achievements", _achievement), ("needs", _need)):
        rows = [row for path in files(folder) for row in read(path)]
        for number, row in enumerate(rows):
            introduced = row["key"] in wanted  # published, and long enough ago
            days = OLDEST if introduced else row.get("days_ago", 300 - 2 * number % 280)
            with world.days_ago(days):
                make(world, row, 0 if introduced or "days_ago" in row else number)


def _achievement(world: World, row: dict[str, Any], number: int) -> None:
    authors = [
        email
        for email, membership in world.people.items()
        if membership.organisation is world.organisations[row["organisation"]]
        and Role.RESEARCHER in membership.role_set
    ]
    author = world.actor(authors[number % len(authors)])
    facts = AchievementFacts.of_plain(_plain(row))
    achievement = services.create_achievement(author, world.organisations[row["organisation"]], facts=facts)
    world.achievements[row["key"]] = achievement
    _publish(world, achievement, author, world.someone(row["organisation"], Role.TTO_OFFICER), number, row)


def _need(world: World, row: dict[str, Any], number: int) -> None:
    author = world.someone(row["organisation"], Role.ENTERPRISE_MEMBER)
    facts = NeedFacts.of_plain(_plain(row))
    need = services.create_need(author, world.organisations[row["organisation"]], facts=facts)
    world.needs[row["key"]] = need
    _publish(world, need, author, world.someone(row["organisation"], Role.ENTERPRISE_SIGNATORY), number, row)


def _publish(world: World, listing: Any, author: Actor, approver: Actor, number: int, row: dict[str, Any]) -> None:
    """Take a listing along its way as far as its number says."""
    stop = number % EVERY
    if stop == 5:
        return
    services.submit(author, listing)
    if stop == 8 or row["organisation"] in WAITING:
        return
    services.approve(approver, listing)
    if stop == 11 and number > 100:
        services.withdraw(approver, listing)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the files as the plain form of its facts: money in fen, days as ISO text."""
    plain = {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}
    for name in ("price_min", "price_max", "budget_min", "budget_max"):
        plain[f"{name}_fen"] = fen(row.get(f"{name}_yuan"))
    plain["rights"] = [_plain_right(right) for right in row.get("rights", ())]
    return plain


def _plain_right(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}
