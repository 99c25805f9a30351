"""Keeps index and match lists after the published listings, without anyone asking.

Nothing here remembers what is left to do: each step finds it in the rows. So it may run at any time, twice, or again
after a kill. A published revision that the index does not hold is a change to take in; a list that is missing or of
another fingerprint is due. What people wait for comes first: changes, then missing lists, then outdated ones.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import delete, func, insert, select, update

from matchmaker.config import Settings
from matchmaker.core import clock, jobs
from matchmaker.core.db import db, unit_of_work
from matchmaker.matching import indexing, ranking, store
from matchmaker.matching.engine import Document, EngineConfig, Index, build, scores
from matchmaker.matching.engine.matcher import expanded
from matchmaker.matching.indexing import Changes, Indexes, Work
from matchmaker.matching.lexicon import lexicon
from matchmaker.matching.models import (
    LISTED_LEVEL,
    IndexChange,
    IndexedListing,
    Kind,
    MatchIndex,
    MatchList,
)
from matchmaker.matching.ranking import Ranked

BATCH = 500
"""Rows of one unit of work: others get to write in between."""

SMALL = 1_000
"""Up to so many documents a build takes less than a second: every change is one, and takes in new words at once."""

MOST_CHANGED = 0.2
"""Share of the documents that may have changed before idf, frozen at the last build, is held to be out of date."""

LONGEST_FROZEN = timedelta(minutes=15)
"""Words that no document had at the last build cannot be found; so long at most, once lists are done ..."""

FROZEN_DOCUMENTS = 10_000
"""... of so many documents. Of more it is longer in proportion: a build makes all their lists due."""

MOST_TAKEN = 1_000
"""Changes that stand beside the saved index; each query looks at all of them, so that more are merged into it."""

_MILLION = 1_000_000
_ROUNDING = 5  # millionths: scores are rounded to whole units, scales are float32


class Stage(StrEnum):
    BUILT = "built"
    UPDATED = "updated"
    MERGED = "merged"
    LISTED = "listed"


@dataclass(frozen=True, slots=True)
class Progress:
    """One step that is done: how many documents or lists it handled, and how many lists are still due."""

    stage: Stage
    count: int
    due: int


@jobs.puller("matching")
def keep_fresh(settings: Settings) -> None:
    for _ in refresh(settings.index_dir):
        pass


def refresh(root: Path) -> Iterator[Progress]:
    """Do all that is left to do, a step at a time. Does nothing while another process is at it.

    Looks once more after letting the lock go: what was published meanwhile by someone who found it taken.
    """
    worked = True
    while worked:
        worked = False
        with store.writing(root) as ours:
            while ours and (progress := _step(root)):
                worked = True
                yield progress


def _step(root: Path) -> Progress | None:
    work = indexing.find_work(root, BATCH)
    if progress := _index_step(root, work):
        return progress
    if work.changes.noted:
        return _step(root)
    indexes = work.indexes
    if indexes is None:
        return None
    if work.due:
        return _compute(indexes, work.due)
    frozen = LONGEST_FROZEN * max(1.0, indexes.documents / FROZEN_DOCUMENTS)
    outdated = indexes.changed > MOST_CHANGED * indexes.documents or clock.now() - indexes.built_at > frozen
    return build_index(root) if indexes.changed and outdated else None


def bring_index_up(root: Path) -> Indexes | None:
    """The index in use, with every change taken in; None where nothing is published."""
    while True:
        work = indexing.find_work(root, 0)
        if not _index_step(root, work) and not work.changes.noted:
            return work.indexes


def _index_step(root: Path, work: Work) -> Progress | None:
    """Let index and lists follow what has changed, if anything has."""
    indexes = work.indexes
    if indexes is None:
        return build_index(root) if work.wanted else None
    if work.changes:
        large = indexes.documents <= SMALL or len(work.changes) > MOST_CHANGED * indexes.documents
        return build_index(root) if large else _update(indexes, work.changes)
    if work.changes.noted:  # they came to nothing: published and withdrawn again, or seen with an earlier one
        with unit_of_work():
            _settle(work.changes)
    return merge_index(root, indexes) if len(indexes.taken) > MOST_TAKEN else None


# --- the index ------------------------------------------------------------------------------------------------------


def build_index(root: Path) -> Progress:
    """A new index of everything published; with its new fingerprint every list is due."""
    with indexing.reading() as session:  # before the listings are read: what comes later stays a change
        taken = list(session.scalars(select(IndexChange.id)))
    revisions: dict[Kind, dict[uuid.UUID, uuid.UUID]] = {kind: {} for kind in Kind}

    def documents(kind: Kind) -> Iterator[Document]:
        for entry in indexing.each_published(kind):
            revisions[kind][entry.listing_id] = entry.revision_id
            yield entry.document

    achievements = build(documents(Kind.ACHIEVEMENT), EngineConfig(), background=documents(Kind.NEED))
    # The other side under the same terms and weights, so the same score from both sides.
    needs = achievements.swapped(documents(Kind.NEED))
    names = {Kind.ACHIEVEMENT: store.save_index(root, achievements), Kind.NEED: store.save_index(root, needs)}
    with unit_of_work():
        held = dict(db.session.execute(select(IndexedListing.listing_id, IndexedListing.revision_id)).all())
        fresh = [
            (kind, listing_id, revision_id)
            for kind in Kind
            for listing_id, revision_id in revisions[kind].items()
            if held.get(listing_id) != revision_id
        ]
        published = {listing_id for kind in Kind for listing_id in revisions[kind]}
        gone = held.keys() - published
        if fresh or gone:  # another text may use the same words: then even the fingerprint is the same
            db.session.execute(update(MatchList).values(fingerprint=MatchList.STALE))
        _record(fresh, gone=gone)
        _drop(taken)
        _switch(root, names, achievements.fingerprint, documents=len(published))
    return _progress(Stage.BUILT, len(published), achievements.fingerprint)


def merge_index(root: Path, indexes: Indexes) -> Progress:
    """New bases with the changes taken in. Terms and weights stay, and so does every list."""
    names = {kind: store.save_index(root, indexes.of(kind)) for kind in Kind}
    with unit_of_work():
        # A change whose lists are not settled yet stays: on the new base it does nothing more.
        _drop(sorted(indexes.taken), settled=True)
        _switch(root, names, indexes.fingerprint, documents=None)
    return _progress(Stage.MERGED, len(indexes.taken), indexes.fingerprint)


def _drop(changes: Sequence[uuid.UUID], *, settled: bool = False) -> None:
    for ids in _batches(changes):
        query = delete(IndexChange).where(IndexChange.id.in_(ids))
        db.session.execute(query.where(IndexChange.settled) if settled else query)


def _settle(changes: Changes) -> None:
    for ids in _batches(sorted(changes.noted)):
        db.session.execute(update(IndexChange).where(IndexChange.id.in_(ids)).values(settled=True))


def _update(indexes: Indexes, changes: Changes) -> Progress:
    """Let the lists follow a few changes, which queries see already; due are only those that these can reach."""
    fresh = {kind: indexing.those_published(kind, changes.fresh[kind]) for kind in Kind}
    with indexing.reading() as session:
        held = {
            listing_id: revision_id
            for kind in Kind
            for ids in _batches(changes.ids(kind))
            for listing_id, revision_id in session.execute(
                select(IndexedListing.listing_id, IndexedListing.revision_id).where(IndexedListing.listing_id.in_(ids))
            )
        }
    reached: list[uuid.UUID] = []
    for kind in Kind:
        before = indexing.texts_of([held[listing_id] for listing_id in changes.ids(kind) if listing_id in held])
        texts = [*before, *(entry.document for entry in fresh[kind])]
        reached += _reached(indexes.of(kind.other), texts, kind.other)
    unnoted = {kind: set(changes.ids(kind)) - set(changes.noted.values()) for kind in Kind}
    rows = [
        {"id": uuid.uuid4(), "listing_id": listing_id, "kind": kind, "settled": True}
        for kind in Kind
        for listing_id in sorted(unnoted[kind])
    ]
    with unit_of_work():
        for ids in _batches(reached):
            db.session.execute(
                update(MatchList).where(MatchList.listing_id.in_(ids)).values(fingerprint=MatchList.STALE)
            )
        entries = [(kind, entry.listing_id, entry.revision_id) for kind in Kind for entry in fresh[kind]]
        _record(entries, gone=[listing_id for kind in Kind for listing_id in changes.gone[kind]])
        _settle(changes)
        if rows:
            db.session.execute(insert(IndexChange), rows)
        row = db.session.get_one(MatchIndex, 1)
        row.documents = db.session.scalar(select(func.count()).select_from(IndexedListing)) or 0
        row.changed, row.updated_at = row.changed + len(changes), clock.now()
    return _progress(Stage.UPDATED, len(changes), indexes.fingerprint)


def _record(fresh: Sequence[tuple[Kind, uuid.UUID, uuid.UUID]], *, gone: Collection[uuid.UUID]) -> None:
    """Note what the lists follow now. The own lists of these listings are void: they were of another text."""
    for ids in _batches([*gone, *(listing_id for _, listing_id, _ in fresh)]):
        db.session.execute(delete(IndexedListing).where(IndexedListing.listing_id.in_(ids)))
        db.session.execute(delete(MatchList).where(MatchList.listing_id.in_(ids)))
    now = clock.now()
    rows = [
        {"listing_id": listing_id, "kind": kind, "revision_id": revision_id, "indexed_at": now}
        for kind, listing_id, revision_id in fresh
    ]
    if rows:
        db.session.execute(insert(IndexedListing), rows)


def _switch(root: Path, names: Mapping[Kind, str], fingerprint: str, *, documents: int | None) -> None:
    """Name the bases in use; `documents` of a new build. Those they replace stay for readers just opening them."""
    now = clock.now()
    row = db.session.get(MatchIndex, 1)
    replaced = {row.achievements, row.needs} if row else set()
    if row is None:
        row = MatchIndex(id=1)
        db.session.add(row)
    if documents is not None:
        row.built_at, row.documents, row.changed = now, documents, 0
    row.achievements, row.needs = names[Kind.ACHIEVEMENT], names[Kind.NEED]
    row.fingerprint, row.updated_at = fingerprint, now
    db.session.flush()
    store.remove_others(root, keep={*names.values(), *replaced})


def _reached(others: Index, texts: Sequence[Document], other_kind: Kind) -> list[uuid.UUID]:
    """Lists of the other side into which one of these texts comes, or in which it was. Candidates are asked for under
    other names as well; here these are the other names of all that the text mentions."""
    nearest = np.zeros(len(others.ids))
    for document in texts:
        whole = Document(document.id, {"text": "\n".join(document.fields.values())})
        for asked in (document, expanded(whole, lexicon())):
            nearest = np.maximum(nearest, scores(others, asked))
    near = {uuid.UUID(others.ids[at]): nearest[at] * _MILLION + _ROUNDING for at in np.flatnonzero(nearest).tolist()}
    found: list[uuid.UUID] = []
    with indexing.reading() as session:
        for ids in _batches(sorted(near)):
            query = select(MatchList.listing_id, MatchList.least).where(
                MatchList.listing_id.in_(ids), MatchList.kind == other_kind, MatchList.fingerprint != MatchList.STALE
            )
            found += [listing_id for listing_id, least in session.execute(query) if near[listing_id] >= least]
    return found


# --- the lists ------------------------------------------------------------------------------------------------------


def _compute(indexes: Indexes, due: Mapping[uuid.UUID, Kind]) -> Progress:
    """Rank for these listings. The ranking is done before the unit of work begins: nobody waits for it."""
    count = 0
    for kind in Kind:
        ids = [listing_id for listing_id in due if due[listing_id] is kind]
        documents = [entry.document for entry in indexing.those_published(kind, ids)]
        count += store_lists(indexes, kind, ids, documents, ranking.rank_lists(indexes.of(kind.other), kind, documents))
    return _progress(Stage.LISTED, count, indexes.fingerprint)


def store_lists(
    indexes: Indexes,
    kind: Kind,
    ids: Sequence[uuid.UUID],
    documents: Sequence[Document],
    lists: Sequence[Ranked],
) -> int:
    """Replace the lists of these listings by those of the documents that are still published; how many there are."""
    now = clock.now()
    rows = [
        _row(indexes, kind, uuid.UUID(document.id), found) | {"computed_at": now}
        for document, found in zip(documents, lists, strict=True)
    ]
    with unit_of_work():
        db.session.execute(delete(MatchList).where(MatchList.listing_id.in_(list(ids))))
        if rows:
            db.session.execute(insert(MatchList), rows)
    return len(rows)


def _row(indexes: Indexes, kind: Kind, listing_id: uuid.UUID, ranked: Ranked) -> dict[str, Any]:
    hits = [(hit.id, _millionths(hit.score), int(hit.level)) for hit in ranked if hit.level >= LISTED_LEVEL]
    return {
        "listing_id": listing_id,
        "kind": kind,
        "fingerprint": indexes.fingerprint,
        "hits": hits,
        "level": max((level for _, _, level in hits), default=1),
        "least": _millionths(ranked.least),
    }


def _millionths(score: float) -> int:
    return round(score * _MILLION)


def _progress(stage: Stage, count: int, fingerprint: str) -> Progress:
    return Progress(stage, count, indexing.count_due(fingerprint))


def _batches(ids: Sequence[uuid.UUID]) -> Iterator[Sequence[uuid.UUID]]:
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]
