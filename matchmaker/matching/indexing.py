"""What is published, what the index in use holds, and what is left to do between the two."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session, joinedload, load_only

from matchmaker.core.db import db
from matchmaker.listings import queries as listings
from matchmaker.listings.models import Achievement, ListingState, Need
from matchmaker.matching import store
from matchmaker.matching.engine import Document, Index, IndexDamaged
from matchmaker.matching.models import IndexedListing, Kind, MatchIndex, MatchList

Listing = Achievement | Need

MODELS: Mapping[Kind, type[Achievement] | type[Need]] = {Kind.ACHIEVEMENT: Achievement, Kind.NEED: Need}

_CHUNK = 500


def kind_of(listing: Listing) -> Kind:
    return Kind.ACHIEVEMENT if isinstance(listing, Achievement) else Kind.NEED


def published(kind: Kind, *conditions: ColumnElement[bool]) -> Select[Any]:
    """Public listings of this kind under these conditions, newest first."""
    if kind is Kind.ACHIEVEMENT:
        return listings.list_published_achievements(*conditions)
    return listings.list_published_needs(*conditions)


def document(listing: Listing) -> Document:
    """What the engine reads of a listing: the text of its public revision, nothing else."""
    return Document(str(listing.id), listings.public_document(listing))


@contextmanager
def reading() -> Iterator[Session]:
    """A short read of its own. A read left open through a long computation would keep SQLite's writers waiting."""
    with Session(db.engine) as session:
        yield session


# --- the index in use -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Indexes:
    """The index in use, opened: both sides under one fingerprint, with the names of their directories."""

    names: Mapping[Kind, str]
    opened: Mapping[Kind, Index]
    fingerprint: str
    documents: int
    changed: int
    built_at: datetime

    def of(self, kind: Kind) -> Index:
        return self.opened[kind]


def find_indexes(session: Session, root: Path) -> Indexes | None:
    """None where none was built yet, or where its files are missing or damaged and it must be built again."""
    row = session.get(MatchIndex, 1)
    if row is None:
        return None
    names = {kind: row.directory(kind) for kind in Kind}
    try:
        opened = {kind: store.open_index(root, names[kind]) for kind in Kind}
    except IndexDamaged:
        return None
    return Indexes(names, opened, row.fingerprint, row.documents, row.changed, row.built_at)


# --- what is published ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Published:
    """A published listing as the index takes it, with the revision whose text this is."""

    kind: Kind
    listing_id: uuid.UUID
    revision_id: uuid.UUID
    document: Document


def each_published(kind: Kind) -> Iterator[Published]:
    """All published listings of a kind, by id."""
    after: list[ColumnElement[bool]] = []
    while chunk := _read(kind, *after):
        yield from chunk
        after = [MODELS[kind].id > chunk[-1].listing_id]


def those_published(kind: Kind, ids: Collection[uuid.UUID]) -> list[Published]:
    """Of these listings the published ones."""
    ordered = sorted(ids)
    return [
        entry
        for start in range(0, len(ordered), _CHUNK)
        for entry in _read(kind, MODELS[kind].id.in_(ordered[start : start + _CHUNK]))
    ]


def _read(kind: Kind, *conditions: ColumnElement[bool]) -> list[Published]:
    """At most a chunk, by id. Reads the frozen revision alone: what is confidential never comes near the index."""
    model = MODELS[kind]
    query: Select[Any] = (
        select(model)
        .where(model.state == ListingState.PUBLISHED, *conditions)
        .options(load_only(model.revision_id), joinedload(model.revision))
        .order_by(model.id)
        .limit(_CHUNK)
    )
    with reading() as session:
        return [
            Published(kind, listing.id, listing.revision_id, document(listing)) for listing in session.scalars(query)
        ]


# --- what is left to do ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Changes:
    """Ids whose public text is not what the index holds, and ids it holds that are public no more."""

    fresh: Mapping[Kind, list[uuid.UUID]]
    gone: Mapping[Kind, list[uuid.UUID]]

    def ids(self, kind: Kind) -> list[uuid.UUID]:
        return [*self.fresh[kind], *self.gone[kind]]

    def __len__(self) -> int:
        return sum(len(self.ids(kind)) for kind in Kind)


@dataclass(frozen=True, slots=True)
class Work:
    """The index in use, and what it and the lists lack. Where there is none, `wanted` says whether there should be.

    `due` are listings whose list is missing or outdated, the most urgent first; asked for only where index and
    listings agree.
    """

    indexes: Indexes | None
    wanted: bool
    changes: Changes
    due: Mapping[uuid.UUID, Kind] = field(default_factory=dict)


def find_work(root: Path, most: int) -> Work:
    """What is left to do now; of the lists that are due at most `most`."""
    with reading() as session:
        indexes, changes = find_indexes(session, root), _changes(session)
        if indexes is None:
            return Work(None, bool(changes) or session.get(MatchIndex, 1) is not None, changes)
        return Work(indexes, True, changes, {} if changes else _due(session, indexes.fingerprint, most))


def _changes(session: Session) -> Changes:
    """Compares all rows: no cursor that a late commit could slip past."""
    fresh, gone = {}, {}
    for kind, model in MODELS.items():
        public = model.state == ListingState.PUBLISHED
        other_text = or_(IndexedListing.revision_id.is_(None), IndexedListing.revision_id != model.revision_id)
        to_hold = (
            select(model.id)
            .outerjoin(IndexedListing, IndexedListing.listing_id == model.id)
            .where(public, other_text)
            .order_by(model.id)
        )
        to_drop = (
            select(IndexedListing.listing_id)
            .outerjoin(model, (model.id == IndexedListing.listing_id) & public)
            .where(IndexedListing.kind == kind, model.id.is_(None))
            .order_by(IndexedListing.listing_id)
        )
        fresh[kind], gone[kind] = list(session.scalars(to_hold)), list(session.scalars(to_drop))
    return Changes(fresh, gone)


def _due(session: Session, fingerprint: str, most: int) -> dict[uuid.UUID, Kind]:
    """Missing lists before outdated ones, needs before achievements, what was indexed last before the rest.

    Only the most urgent sort: a need that was just published does not wait for hundreds of others to be done with it.
    """
    outdated = MatchList.listing_id.is_not(None)
    query = (
        _not_current(select(outdated, IndexedListing.kind, IndexedListing.listing_id), fingerprint)
        .order_by(outdated, IndexedListing.kind.desc(), IndexedListing.indexed_at.desc(), IndexedListing.listing_id)
        .limit(most)
    )
    rows = session.execute(query).all()
    return {listing_id: kind for *sort, kind, listing_id in rows if [*sort, kind] == list(rows[0][:2])}


def count_due(fingerprint: str) -> int:
    """How many lists are missing or outdated."""
    with reading() as session:
        return session.scalar(_not_current(select(func.count(IndexedListing.listing_id)), fingerprint)) or 0


def _not_current(query: Select[*tuple[Any, ...]], fingerprint: str) -> Select[*tuple[Any, ...]]:
    return query.outerjoin(MatchList, MatchList.listing_id == IndexedListing.listing_id).where(
        or_(MatchList.fingerprint.is_(None), MatchList.fingerprint != fingerprint)
    )
