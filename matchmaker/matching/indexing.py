"""What is published, what the index in use holds, and what is left to do between the two."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Select, event, func, insert, or_, select
from sqlalchemy.orm import Session, joinedload, load_only
from sqlalchemy.orm.attributes import get_history

from matchmaker.core import clock
from matchmaker.core.db import db
from matchmaker.listings import queries as listings
from matchmaker.listings.models import Achievement, ListingState, Need, Revision
from matchmaker.matching import store
from matchmaker.matching.engine import Document, Index, IndexDamaged
from matchmaker.matching.models import IndexChange, IndexedListing, Kind, MatchIndex, MatchList

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
    """The index in use, opened: both sides under one fingerprint, with the names of the directories of their bases.

    `taken` are the changes (`IndexChange`) that came since the bases were made; their listings are in `opened`.
    """

    names: Mapping[Kind, str]
    opened: Mapping[Kind, Index]
    fingerprint: str
    documents: int
    changed: int
    built_at: datetime
    recomputing_since: datetime | None = None
    taken: frozenset[uuid.UUID] = frozenset()

    def of(self, kind: Kind) -> Index:
        return self.opened[kind]


def find_indexes(session: Session, root: Path, *, check: bool = False) -> Indexes | None:
    """None where none was built yet, or where its files are missing or damaged and it must be built again: with `check`
    as found by reading all of them, else as far as their names, sizes and kinds tell.

    What was published, edited or withdrawn since is taken in first: a change counts from the next query on.
    """
    row = session.get(MatchIndex, 1)
    if row is None:
        return None
    names = {kind: row.directory(kind) for kind in Kind}
    try:
        opened = {kind: store.open_index(root, names[kind], check=check) for kind in Kind}
    except IndexDamaged:
        return None
    live, taken = _with_changes(session, names, opened)
    return Indexes(names, live, row.fingerprint, row.documents, row.changed, row.built_at, row.recomputing_since, taken)


@dataclass(slots=True)
class _Latest:
    """What this process has taken in: replaced as a whole, so that threads need not wait for each other."""

    names: Mapping[Kind, str]
    opened: Mapping[Kind, Index]
    taken: frozenset[uuid.UUID]


_latest: dict[str, _Latest] = {}


def _with_changes(
    session: Session, names: Mapping[Kind, str], opened: Mapping[Kind, Index]
) -> tuple[Mapping[Kind, Index], frozenset[uuid.UUID]]:
    """The opened bases with all changes since. A process that has most of them reads only those that are new to it."""
    key = names[Kind.ACHIEVEMENT]
    before = _latest.get(key)
    if before is None or any(before.opened[kind].base is not opened[kind].base for kind in Kind):
        before = _Latest(names, opened, frozenset())
    # Rows only come, until a new base takes them all: as many as before are the same as before.
    if session.scalar(select(func.count()).select_from(IndexChange)) == len(before.taken):
        return before.opened, before.taken
    changes = {row.id: row for row in session.execute(select(IndexChange.id, IndexChange.listing_id, IndexChange.kind))}
    if not before.taken <= changes.keys():  # the database was taken back to an earlier state
        before = _Latest(names, opened, frozenset())
    if new := changes.keys() - before.taken:
        after: dict[Kind, Index] = {}
        for kind in Kind:
            ids = {changes[change].listing_id for change in new if changes[change].kind is kind}
            fresh = [entry.document for entry in _those(session, kind, ids)]
            gone = {str(listing_id) for listing_id in ids} - {document.id for document in fresh}
            after[kind] = before.opened[kind].updated(documents=fresh, removed=gone)
        before = _Latest(names, after, before.taken | new)
        if not session.info.get("changes"):  # else it may hold what is rolled back yet
            _latest.clear()
            _latest[key] = before
    return before.opened, before.taken


@event.listens_for(Session, "after_flush")
def _note_changes(session: Session, context: Any) -> None:
    """A listing that is public now, or was before, has another text or state: note it in the same transaction."""
    rows = [
        {"id": uuid.uuid4(), "listing_id": row.id, "kind": kind_of(row), "settled": False}
        for row in (*session.new, *session.dirty, *session.deleted)
        if isinstance(row, Achievement | Need) and _reaches_index(row, deleted=row in session.deleted)
    ]
    if rows:
        session.connection().execute(insert(IndexChange), rows)


def _reaches_index(listing: Listing, *, deleted: bool) -> bool:
    """Only what has a revision is, or ever was, public. The state before is not always known here."""
    changed = any(get_history(listing, name).added for name in ("state", "revision_id"))
    return listing.revision_id is not None and (deleted or changed)


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
    """Of these listings the published ones, by id."""
    with reading() as session:
        return _those(session, kind, ids)


def texts_of(revisions: Collection[uuid.UUID]) -> list[Document]:
    """The texts of these revisions, as the index took them when they were public."""
    ordered, found = sorted(revisions), []
    with reading() as session:
        for start in range(0, len(ordered), _CHUNK):
            query = select(Revision).where(Revision.id.in_(ordered[start : start + _CHUNK])).order_by(Revision.id)
            found += [Document(str(row.id), listings.revision_document(row)) for row in session.scalars(query)]
    return found


def _those(session: Session, kind: Kind, ids: Collection[uuid.UUID]) -> list[Published]:
    ordered = sorted(ids)
    return [
        entry
        for start in range(0, len(ordered), _CHUNK)
        for entry in _chunk(session, kind, MODELS[kind].id.in_(ordered[start : start + _CHUNK]))
    ]


def _read(kind: Kind, *conditions: ColumnElement[bool]) -> list[Published]:
    with reading() as session:
        return _chunk(session, kind, *conditions)


def _chunk(session: Session, kind: Kind, *conditions: ColumnElement[bool]) -> list[Published]:
    """At most a chunk, by id. Reads the frozen revision alone: what is confidential never comes near the index."""
    model = MODELS[kind]
    query: Select[Any] = (
        select(model)
        .where(model.state == ListingState.PUBLISHED, *conditions)
        .options(load_only(model.revision_id), joinedload(model.revision))
        .order_by(model.id)
        .limit(_CHUNK)
    )
    return [Published(kind, listing.id, listing.revision_id, document(listing)) for listing in session.scalars(query)]


# --- what is left to do ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Changes:
    """Ids whose public text is not what the lists follow, and ids they follow that are public no more.

    `noted` are the changes written down that this answers.
    """

    fresh: Mapping[Kind, list[uuid.UUID]]
    gone: Mapping[Kind, list[uuid.UUID]]
    noted: Mapping[uuid.UUID, uuid.UUID] = field(default_factory=dict)  # id of the change: listing

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
        indexes = find_indexes(session, root, check=True)
        changes = _changes(session, indexes)
        if indexes is None:
            return Work(None, bool(changes) or session.get(MatchIndex, 1) is not None, changes)
        due = {} if changes or changes.noted else _due(session, indexes.fingerprint, most)
        return Work(indexes, True, changes, due)


SWEPT_AT_ONCE = 20_000
"""Up to so many documents all rows are compared each time; beyond, only those of which a change was written down ..."""

SWEEP = timedelta(minutes=10)
"""... and all of them this often: a change that was written past the ORM is found as well."""

_swept: dict[str, datetime] = {}


def _changes(session: Session, indexes: Indexes | None) -> Changes:
    """By comparing rows: there is no cursor that a late commit could slip past."""
    unsettled = select(IndexChange.id, IndexChange.listing_id).where(~IndexChange.settled).order_by(IndexChange.id)
    noted = dict(session.execute(unsettled.limit(_MOST_NOTED)).all())
    name = indexes.names[Kind.ACHIEVEMENT] if indexes else ""
    if indexes and indexes.documents > SWEPT_AT_ONCE and clock.now() - _swept.get(name, indexes.built_at) < SWEEP:
        return _compared(session, noted, sorted(set(noted.values())))
    found = _compared(session, noted, None)
    _swept.clear()
    _swept[name] = clock.now()
    return found


_MOST_NOTED = 5_000  # parameters of one statement


def _compared(session: Session, noted: Mapping[uuid.UUID, uuid.UUID], ids: Sequence[uuid.UUID] | None) -> Changes:
    """Of these listings, or of all."""
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
        if ids is not None:
            to_hold, to_drop = to_hold.where(model.id.in_(ids)), to_drop.where(IndexedListing.listing_id.in_(ids))
        fresh[kind], gone[kind] = list(session.scalars(to_hold)), list(session.scalars(to_drop))
    return Changes(fresh, gone, noted)


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


def find_due(fingerprint: str, most: int) -> dict[uuid.UUID, Kind]:
    """Listings whose list is missing or outdated, the most urgent."""
    with reading() as session:
        return _due(session, fingerprint, most)


def count_indexed() -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(IndexedListing)) or 0


def count_due(fingerprint: str) -> int:
    """How many lists are missing or outdated."""
    with reading() as session:
        return session.scalar(_not_current(select(func.count(IndexedListing.listing_id)), fingerprint)) or 0


def _not_current(query: Select[*tuple[Any, ...]], fingerprint: str) -> Select[*tuple[Any, ...]]:
    return query.outerjoin(MatchList, MatchList.listing_id == IndexedListing.listing_id).where(
        or_(MatchList.fingerprint.is_(None), MatchList.fingerprint != fingerprint)
    )
