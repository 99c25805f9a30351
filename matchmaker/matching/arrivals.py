"""What came later: listings first published after an own one that they fit. Read from the stored lists."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, select

from matchmaker.core.db import db
from matchmaker.listings.models import ListingState, Revision
from matchmaker.matching.indexing import MODELS
from matchmaker.matching.judgements import list_judged_pairs
from matchmaker.matching.models import Kind, Level, MatchList

NEW_FOR = timedelta(days=30)

TOLD_LEVEL = 3
"""Fairly strong: a weak match is worth a look in the list, not a message."""

STRONG_LEVEL = 4
"""For whoever looks at everybody's: of fairly strong ones there are too many."""

FEW = 500
"""Up to so many hits are looked up by their ids."""


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
    found = [
        arrival
        for kind in Kind
        for arrival in _arrivals(kind, since, TOLD_LEVEL, MODELS[kind].organisation_id == organisation_id)
        if authors is None or arrival.author_id in authors
    ]
    return _unsaid(organisation_id, found)


def list_arrivals_of_all(organisation_id: uuid.UUID, since: datetime) -> list[Arrival]:
    """The strong ones on the whole platform, without those of which this organisation has said what it thinks."""
    found = [arrival for kind in Kind for arrival in _arrivals(kind, since, STRONG_LEVEL)]
    return _unsaid(organisation_id, found)


def _unsaid(organisation_id: uuid.UUID, found: Sequence[Arrival]) -> list[Arrival]:
    said = list_judged_pairs(organisation_id) if found else set()
    left = [arrival for arrival in found if arrival.pair not in said]
    return sorted(left, key=lambda one: (one.published_at, one.score, one.own_id, one.other_id), reverse=True)


def _arrivals(kind: Kind, since: datetime, least: int, *whose: ColumnElement[bool]) -> Iterator[Arrival]:
    own = MODELS[kind]
    lists = (
        select(MatchList.listing_id, MatchList.hits, own.author_id, Revision.created_at)
        .join(own, own.id == MatchList.listing_id)
        .join(Revision, _first(kind))
        .where(own.state == ListingState.PUBLISHED, MatchList.kind == kind, MatchList.level >= least, *whose)
    )
    rows = db.session.execute(lists).all()
    hits = {hit for row in rows for hit, _, level in row.hits if level >= least}
    published = _published(kind.other, hits, since) if hits else {}
    for listing_id, found, author_id, posted_at in rows:
        for hit, millionths, level in found:
            published_at = published.get(hit, posted_at)
            if level >= least and published_at > posted_at:
                score = min(millionths / 1_000_000, 1.0)
                yield Arrival(kind, listing_id, author_id, uuid.UUID(hit), Level(str(level)), score, published_at)


def _published(kind: Kind, hits: Collection[str], since: datetime) -> Mapping[str, datetime]:
    """When each was first published that was so after `since`: of these hits and, where they are many, of all."""
    query = first_published(kind, since)
    if len(hits) <= FEW:
        query = query.where(MODELS[kind].id.in_([uuid.UUID(hit) for hit in sorted(hits)]))
    return {str(listing_id): published_at for listing_id, published_at in db.session.execute(query)}


def first_published(kind: Kind, since: datetime) -> Select[uuid.UUID, datetime]:
    """Ids of public listings that were first published after `since`, and when."""
    model = MODELS[kind]
    return (
        select(model.id, Revision.created_at)
        .join(Revision, _first(kind))
        .where(model.state == ListingState.PUBLISHED)
        .where(model.published_at > since, Revision.created_at > since)  # the former has an index
    )


def _first(kind: Kind) -> ColumnElement[bool]:
    """The revision by which a listing was published first: whoever edits an old one has nothing new."""
    parent = Revision.achievement_id if kind is Kind.ACHIEVEMENT else Revision.need_id
    return (parent == MODELS[kind].id) & (Revision.number == 1)
