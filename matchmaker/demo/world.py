"""What the loaders of the demonstration share: the files, the days, and who acts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import yaml

from matchmaker.accounts import queries
from matchmaker.accounts.models import Membership, Organisation, SignIn
from matchmaker.accounts.roles import Role
from matchmaker.config import SEED_DATA
from matchmaker.core import clock
from matchmaker.core.access import Actor, system_actor
from matchmaker.deals.models import Deal
from matchmaker.introductions.models import Introduction
from matchmaker.listings.models import Achievement, Need

PASSWORD = "demo-matchmaker-2026"  # noqa: S105 - printed at start, only ever used by the demonstration
PLATFORM = system_actor("demonstration")


def read(path: str) -> list[dict[str, Any]]:
    """Rows of a file below seed_data/demo."""
    rows: list[dict[str, Any]] = yaml.safe_load((SEED_DATA / "demo" / path).read_text(encoding="utf-8"))
    return rows


def files(folder: str) -> list[str]:
    """Files of a folder below seed_data/demo, in a fixed order."""
    return sorted(f"{folder}/{path.name}" for path in (SEED_DATA / "demo" / folder).glob("*.yaml"))


def fen(yuan: int | None) -> int | None:
    return None if yuan is None else yuan * 100


@dataclass
class World:
    """The rows made so far, by the keys of the files."""

    today: date = field(default_factory=clock.today)
    organisations: dict[str, Organisation] = field(default_factory=dict)
    people: dict[str, Membership] = field(default_factory=dict)
    achievements: dict[str, Achievement] = field(default_factory=dict)
    needs: dict[str, Need] = field(default_factory=dict)
    introductions: dict[str, Introduction] = field(default_factory=dict)
    deals: dict[str, Deal] = field(default_factory=dict)

    def day_ago(self, days: int) -> date:
        return self.today - timedelta(days=days)

    @contextmanager
    def days_ago(self, days: int) -> Iterator[None]:
        """Let it be noon, so many days ago."""
        with clock.at(clock.noon(self.day_ago(days))):
            yield

    def actor(self, email: str) -> Actor:
        """The person with this address, acting for the organisation of the files."""
        membership = self.people[email]
        return queries.actor_of(SignIn(user=membership.user, user_id=membership.user_id, membership=membership))

    def someone(self, organisation: str, role: Role) -> Actor:
        """The first person in a role of the organisation with this key."""
        return self.member_of(self.organisations[organisation], role)

    def member_of(self, organisation: Organisation | None, role: Role) -> Actor:
        return next(
            self.actor(email)
            for email, membership in self.people.items()
            if membership.organisation is organisation and role in membership.role_set
        )
