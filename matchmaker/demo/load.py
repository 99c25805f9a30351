"""Fills an empty database with an invented world, through the services, each step in its own past.

Everything is reached the way users reach it: registered, verified, submitted, approved, introduced, offered, signed.
So the demo is also a rehearsal of the rules, and every page has life.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import current_app
from sqlalchemy import select

from matchmaker.accounts.models import User
from matchmaker.core.db import db, unit_of_work
from matchmaker.demo import (
    claims,
    deals,
    intakes,
    introductions,
    judgements,
    listings,
    people,
    policy,
    searches,
    target_entries,
)
from matchmaker.demo.world import PASSWORD, World
from matchmaker.matching.jobs import refresh

ACCOUNTS = (
    ("researcher@beihu.example", "researcher"),
    ("tto@beihu.example", "technology-transfer officer"),
    ("member@chunqi.example", "enterprise member"),
    ("signatory@chunqi.example", "enterprise signatory"),
    ("manager@qiaoliang.example", "technology manager"),
    ("reviewer@bureau.example", "reviewer"),
    ("auditor@bureau.example", "auditor"),
    ("admin@bureau.example", "administrator"),
)


def load_if_empty(*, report: Callable[[str], object]) -> None:
    """Load the demonstration where nobody is registered yet, then name the accounts. All or nothing, but for what
    people say of matches: for that the matches must be there first."""
    with unit_of_work():  # `serve` lives on: with a read left open nobody could commit on SQLite without WAL
        empty = db.session.scalar(select(User.id).limit(1)) is None
    if empty:
        report("Loading the demonstration ...")
        world = World()
        with unit_of_work():
            for part in (people, listings, introductions, deals, policy, claims, target_entries, intakes, searches):
                part.load(world)
        for _ in refresh(current_app.extensions["matchmaker.settings"].index_dir):
            pass
        with unit_of_work():
            judgements.load(world)
        listed = f"{len(world.achievements)} achievements, {len(world.needs)} needs"
        report(f"{len(world.organisations)} organisations, {listed}, {len(world.deals)} deals")
    report(f"\nDemo accounts, all with the password {PASSWORD}:")
    for email, role in ACCOUNTS:
        report(f"  {email:28} {role}")
