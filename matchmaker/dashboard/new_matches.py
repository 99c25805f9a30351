"""New matches: what was published after listings that it fits, of the own organisation or, for a broker, of all."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matchmaker.accounts.roles import Role
from matchmaker.core import clock
from matchmaker.core.access import Actor
from matchmaker.core.db import db
from matchmaker.core.web.paging import Page, sliced
from matchmaker.dashboard.models import NewMatchMail, Rhythm
from matchmaker.introductions import queries as introductions
from matchmaker.matching import queries as matching
from matchmaker.matching.models import Kind
from matchmaker.matching.queries import NEW_FOR, Arrival, list_arrivals, list_arrivals_of_all


@dataclass(frozen=True, slots=True)
class NewMatch:
    """An own listing and the one that came later; `need` and `achievement` are the two of them by kind."""

    arrival: Arrival
    own: Any
    other: Any

    @property
    def need(self) -> Any:
        return self.own if self.arrival.kind is Kind.NEED else self.other

    @property
    def achievement(self) -> Any:
        return self.other if self.arrival.kind is Kind.NEED else self.own


def list_new_matches(actor: Actor, number: int) -> Page[NewMatch]:
    """Of the last thirty days, the latest first."""
    page = sliced(open_arrivals(actor), number)
    return Page(in_full(actor, page.items), page.number, page.total, page.size)


def open_arrivals(actor: Actor, authors: Collection[uuid.UUID | None] | None = None) -> Sequence[Arrival]:
    """Arrivals of the last thirty days that the actor's organisation has not followed up: neither judged nor
    introduced. Those of others' pairs, for a broker, stay when somebody else did: it is not for brokers to know.

    `authors`: see `list_arrivals`.
    """
    assert actor.organisation_id is not None  # has a role
    since = clock.now() - NEW_FOR
    if brokers(actor):
        found = list_arrivals_of_all(actor.organisation_id, since)
    else:
        found = list_arrivals(actor.organisation_id, since, authors=authors)
    introduced = introductions.pairs_asked_for(actor.organisation_id) if found else set()
    return [arrival for arrival in found if arrival.pair not in introduced]


def brokers(actor: Actor) -> bool:
    """Whether everybody's matches are the actor's trade."""
    return actor.holds(Role.TECHNOLOGY_MANAGER)


def in_full(actor: Actor, arrivals: Sequence[Arrival]) -> list[NewMatch]:
    """With both listings, as far as the actor may see them now, in the order given."""
    wanted: Mapping[Kind, list[uuid.UUID]] = {kind: [] for kind in Kind}
    for arrival in arrivals:
        wanted[arrival.kind].append(arrival.own_id)
        wanted[arrival.kind.other].append(arrival.other_id)
    shown = {row.id: row for kind, ids in wanted.items() if ids for row in matching.list_public(actor, kind, ids)}
    return [
        NewMatch(arrival, shown[arrival.own_id], shown[arrival.other_id])
        for arrival in arrivals
        if arrival.own_id in shown and arrival.other_id in shown
    ]


def find_rhythm(actor: Actor) -> Rhythm:
    """How often the actor is written to about new matches."""
    row = db.session.get(NewMatchMail, actor.user_id)
    return row.rhythm if row is not None else Rhythm.WEEKLY
