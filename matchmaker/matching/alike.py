"""Reads of near-duplicates: what an author is shown before handing in, and the groups that the bureau looks through.

An author is shown public text and what the own organisation has saved, nobody else's drafts; the bureau public text.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import aliased, joinedload

from matchmaker.core import access
from matchmaker.core.access import Actor, visible
from matchmaker.core.db import db
from matchmaker.core.errors import NotFound
from matchmaker.core.web.paging import Page, sliced
from matchmaker.listings import queries as listings
from matchmaker.listings.models import ListingState
from matchmaker.listings.permissions import Can as ListingCan
from matchmaker.matching.duplicates import ASKED_FROM, CLUSTERED_FROM, MOST, clusters, nearest
from matchmaker.matching.engine import Document, Span, explain
from matchmaker.matching.indexing import MODELS, Listing, document, kind_of, published
from matchmaker.matching.models import DistinctPair, Kind, NearPair
from matchmaker.matching.pairings import Passage, segments
from matchmaker.matching.queries import find_indexes

_VIEW = {Kind.ACHIEVEMENT: ListingCan.ACHIEVEMENT_VIEW, Kind.NEED: ListingCan.NEED_VIEW}
_WITHDRAW = {Kind.ACHIEVEMENT: ListingCan.ACHIEVEMENT_WITHDRAW, Kind.NEED: ListingCan.NEED_WITHDRAW}

MOST_DRAFTS = 100
"""Of the organisation's own unpublished entries the latest so many are compared."""

MOST_PAIRS = 2_000
"""The closest so many pairs are put into groups."""

PAGE = 10

_MILLION = 1_000_000


def ordered(first: uuid.UUID, second: uuid.UUID) -> tuple[uuid.UUID, uuid.UUID]:
    """A pair as the tables keep it: both engines sort identifiers as their text does."""
    return (first, second) if str(first) < str(second) else (second, first)


def _public(actor: Actor, kind: Kind, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Listing]:
    """Of these listings those that the actor may be shown now."""
    query = published(kind, MODELS[kind].id.in_(ids), visible(actor, _VIEW[kind]))
    return {row.id: row for row in db.session.scalars(query)}


def _passages(side: Document, spans: Mapping[str, Sequence[Span]]) -> list[Passage]:
    return [Passage(name, segments(text, spans.get(name, ()))) for name, text in side.fields.items() if text]


# --- for the author -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Alike:
    """An entry that resembles the author's, by how much (0 to 1), and whether the author may withdraw it for this."""

    listing: Listing
    share: float
    replaceable: bool


def list_alike(actor: Actor, listing: Listing) -> list[Alike]:
    """Entries of the same kind that say nearly what this one's author last saved, nearest first.

    Without those that the organisation has called another thing. Empty while there is no index.
    """
    indexes = find_indexes()
    if indexes is None:
        return []
    kind = kind_of(listing)
    index, text = indexes.of(kind), Document(str(listing.id), listings.working_document(listing))
    drafts = _own_drafts(listing)
    also = [Document(str(row.id), listings.working_document(row)) for row in drafts]
    # More than are shown: what was settled, withdrawn or may not be seen drops out of them.
    near = {
        uuid.UUID(other): share for other, share in nearest(index, text, 4 * MOST, also=also) if share >= ASKED_FROM
    }
    wanted = near.keys() - _settled(listing)
    rows = _public(actor, kind, wanted) | {row.id: row for row in drafts}
    return [
        Alike(row, share, access.may(actor, _WITHDRAW[kind], row))
        for other, share in near.items()
        if other in wanted and (row := rows.get(other)) is not None
    ][:MOST]


def _own_drafts(listing: Listing) -> list[Listing]:
    """What else the organisation has saved and not published."""
    model = MODELS[kind_of(listing)]
    query = (
        select(model)
        .where(
            model.organisation_id == listing.organisation_id,
            model.state.in_([ListingState.DRAFT, ListingState.IN_REVIEW]),
            model.id != listing.id,
        )
        .options(joinedload(model.organisation), joinedload(model.revision))
        .order_by(model.created_at.desc(), model.id)
        .limit(MOST_DRAFTS)
    )
    return list(db.session.scalars(query))


def _settled(listing: Listing) -> set[uuid.UUID]:
    """Entries that the owner of this one has called another thing."""
    query = select(DistinctPair.first_id, DistinctPair.second_id).where(
        sa.or_(DistinctPair.first_id == listing.id, DistinctPair.second_id == listing.id),
        DistinctPair.organisation_id == listing.organisation_id,
    )
    return {other for pair in db.session.execute(query) for other in pair} - {listing.id}


# --- for the bureau -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Link:
    first: Listing
    second: Listing
    share: float


@dataclass(frozen=True, slots=True)
class Cluster:
    """Entries that say nearly the same, and the pairs that hold them together, closest first."""

    listings: Sequence[Listing]
    links: Sequence[Link]


def list_clusters(actor: Actor, kind: Kind, page: int = 1) -> Page[Cluster]:
    """Groups of published near-duplicates, those with the closest pair first, without pairs that the bureau settled."""
    pairs = _near_pairs(kind)
    groups = sliced(clusters((first, second) for first, second, _ in pairs), page, size=PAGE)
    rows = _public(actor, kind, {member for group in groups.items for member in group})
    found = []
    for group in groups.items:
        links = [
            Link(rows[first], rows[second], score / _MILLION)
            for first, second, score in pairs
            if first in group and first in rows and second in rows
        ]
        found.append(Cluster([rows[member] for member in group if member in rows], links))
    return Page(found, groups.number, groups.total, groups.size)


def _near_pairs(kind: Kind) -> list[tuple[uuid.UUID, uuid.UUID, int]]:
    model = MODELS[kind]
    one, other = aliased(model), aliased(model)
    settled = sa.exists().where(
        DistinctPair.first_id == NearPair.first_id,
        DistinctPair.second_id == NearPair.second_id,
        DistinctPair.bureau.is_(sa.true()),
    )
    query = (
        select(NearPair.first_id, NearPair.second_id, NearPair.score)
        .join(one, (one.id == NearPair.first_id) & (one.state == ListingState.PUBLISHED))
        .join(other, (other.id == NearPair.second_id) & (other.state == ListingState.PUBLISHED))
        .where(NearPair.kind == kind, NearPair.score >= round(CLUSTERED_FROM * _MILLION), ~settled)
        .order_by(NearPair.score.desc(), NearPair.first_id, NearPair.second_id)
        .limit(MOST_PAIRS)
    )
    return [(first, second, score) for first, second, score in db.session.execute(query)]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two entries side by side, what they share marked. `share` and texts are empty while there is no index."""

    first: Listing
    second: Listing
    share: float | None
    texts: tuple[Sequence[Passage], Sequence[Passage]]
    settled: DistinctPair | None


def get_comparison(actor: Actor, first: Listing, second: Listing) -> Comparison:
    """Raises NotFound unless both are published, visible, different and of one kind."""
    demand_pair(actor, first, second)
    settled, indexes = find_settled(first, second), find_indexes()
    sides = document(first), document(second)
    if indexes is None:
        plain = _passages(sides[0], {}), _passages(sides[1], {})
        return Comparison(first, second, None, plain, settled)
    index = indexes.of(kind_of(first))
    alone = index.updated(removed=index.ids)
    share = next((share for _, share in nearest(alone, sides[0], also=[sides[1]])), 0.0)
    shared = explain(index, *sides)
    texts = _passages(sides[0], shared.query_spans), _passages(sides[1], shared.document_spans)
    return Comparison(first, second, share, texts, settled)


def demand_pair(actor: Actor, first: Listing, second: Listing) -> None:
    """Raises NotFound unless both are published, visible, different and of one kind."""
    for row in (first, second):
        access.require(actor, _VIEW[kind_of(row)], row)
        if row.state != ListingState.PUBLISHED:
            raise NotFound()
    if first.id == second.id or kind_of(first) is not kind_of(second):
        raise NotFound()


def find_settled(first: Listing, second: Listing) -> DistinctPair | None:
    """By whom of the bureau the two were called two different things."""
    pair = ordered(first.id, second.id)
    query = (
        select(DistinctPair)
        .where(DistinctPair.first_id == pair[0], DistinctPair.second_id == pair[1], DistinctPair.bureau.is_(sa.true()))
        .order_by(DistinctPair.at, DistinctPair.id)
        .limit(1)
    )
    return db.session.scalar(query)
