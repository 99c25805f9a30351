"""What came later: listings first published after an own one that they fit. Read from the stored lists."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, select

from matchmaker.core.db import db
from matchmaker.listings.models import ListingState, Revision
from matchmaker.matching.indexing import MODELS
from matchmaker.matching.judgements import list_judged_pairs
from matchmaker.matching.models import Kind, Level, MatchList

TOLD_LEVEL = 3
"""Fairly strong: a weak match is worth a look in the list, not a message."""


class Arrival(NamedTuple):
    """A listing of the other side that fits an own one, of `kind`, and was published after it. `score`: 0 to 1."""

    kind: Kind
    own_id: uuid.UUID
    author_id: uuid.UUID | None  # of the own one; None where it was imported
    other_id: uuid.UUID
    level: Level
    score: float
    published_at: datetime

    @property
    def pair(self) -> tuple[uuid.UUID, uuid.UUID]:
        """Ids of need and achievement."""
        return (self.own_id, self.other_id) if self.kind is Kind.NEED else (self.other_id, self.own_id)


def list_arrivals(
    organisation_id: uuid.UUID, since: datetime, *, authors: Collection[uuid.UUID | None] | None = None
) -> list[Arrival]:
    """What was first published after `since` and fits something of this organisation, the latest first.

    `authors`: only what these posted, None standing for what was imported. Pairs of which the organisation has said
    what it thinks are not among them.
    """
    found = [arrival for kind in Kind for arrival in _arrivals(kind, organisation_id, since)]
    if authors is not None:
        found = [arrival for arrival in found if arrival.author_id in authors]
    said = list_judged_pairs(organisation_id) if found else set()
    left = [arrival for arrival in found if arrival.pair not in said]
    return sorted(left, key=lambda one: (one.published_at, one.score, one.own_id, one.other_id), reverse=True)


def _arrivals(kind: Kind, organisation_id: uuid.UUID, since: datetime) -> Iterator[Arrival]:
    own, other = MODELS[kind], MODELS[kind.other]
    lists = (
        select(MatchList.listing_id, MatchList.hits, own.author_id, Revision.created_at)
        .join(own, own.id == MatchList.listing_id)
        .join(Revision, _first(kind))
        .where(own.organisation_id == organisation_id, own.state == ListingState.PUBLISHED)
        .where(MatchList.level >= TOLD_LEVEL)
    )
    rows = db.session.execute(lists).all()
    if not rows:
        return
    later = (
        select(other.id, Revision.created_at)
        .join(Revision, _first(kind.other))
        .where(other.state == ListingState.PUBLISHED, other.organisation_id != organisation_id)
        .where(other.published_at > since, Revision.created_at > since)  # the former has an index
    )
    published = {str(listing_id): published_at for listing_id, published_at in db.session.execute(later)}
    for listing_id, hits, author_id, posted_at in rows:
        for hit, millionths, level in hits:
            published_at = published.get(hit)
            if level >= TOLD_LEVEL and published_at is not None and published_at > posted_at:
                score = min(millionths / 1_000_000, 1.0)
                yield Arrival(kind, listing_id, author_id, uuid.UUID(hit), Level(str(level)), score, published_at)


def _first(kind: Kind) -> ColumnElement[bool]:
    """The revision by which a listing was published first: whoever edits an old one has nothing new."""
    parent = Revision.achievement_id if kind is Kind.ACHIEVEMENT else Revision.need_id
    return (parent == MODELS[kind].id) & (Revision.number == 1)
