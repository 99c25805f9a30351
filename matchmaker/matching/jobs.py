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
from numpy.typing import NDArray
from scipy import sparse
from sqlalchemy import delete, insert, select, update

from matchmaker.config import Settings
from matchmaker.core import clock, jobs
from matchmaker.core.db import db, unit_of_work
from matchmaker.matching import indexing, ranking, store
from matchmaker.matching.engine import EngineConfig, Index, build
from matchmaker.matching.indexing import Changes, Indexes, Published
from matchmaker.matching.models import (
    LISTED_LEVEL,
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
"""Words that no document had at the last build cannot be found; so long at most, once lists are done."""

_MILLION = 1_000_000
_ROUNDING = 5  # millionths: postings are float32
_COLUMNS = 100  # changed documents compared at once, so that memory stays bounded


class Stage(StrEnum):
    BUILT = "built"
    UPDATED = "updated"
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
    indexes = work.indexes
    if indexes is None:
        return _build(root) if work.wanted else None
    if work.changes:
        large = indexes.documents <= SMALL or len(work.changes) > MOST_CHANGED * indexes.documents
        return _build(root) if large else _update(root, indexes, work.changes)
    if work.due:
        return _compute(indexes, work.due)
    outdated = indexes.changed > MOST_CHANGED * indexes.documents or clock.now() - indexes.built_at > LONGEST_FROZEN
    return _build(root) if indexes.changed and outdated else None


# --- the index ------------------------------------------------------------------------------------------------------


def _build(root: Path) -> Progress:
    """A new index of everything published; with its new fingerprint every list is due."""
    found = {kind: list(indexing.each_published(kind)) for kind in Kind}
    documents = {kind: [entry.document for entry in entries] for kind, entries in found.items()}
    achievements = build(documents[Kind.ACHIEVEMENT], EngineConfig(), background=documents[Kind.NEED])
    # The other side by exchanging the documents: the same terms and weights, so the same score from both sides.
    needs = achievements.updated(documents=documents[Kind.NEED], removed=achievements.ids)
    names = {Kind.ACHIEVEMENT: store.save_index(root, achievements), Kind.NEED: store.save_index(root, needs)}
    with unit_of_work():
        held = dict(db.session.execute(select(IndexedListing.listing_id, IndexedListing.revision_id)).all())
        published = {entry.listing_id: entry.revision_id for entries in found.values() for entry in entries}
        fresh = [
            entry for entries in found.values() for entry in entries if held.get(entry.listing_id) != entry.revision_id
        ]
        gone = held.keys() - published.keys()
        if fresh or gone:  # another text may use the same words: then even the fingerprint is the same
            db.session.execute(update(MatchList).values(fingerprint=MatchList.STALE))
        _record(fresh, gone=gone)
        _switch(root, names, achievements.fingerprint, documents=len(published), changed=0)
    return _progress(Stage.BUILT, len(published), achievements.fingerprint)


def _update(root: Path, indexes: Indexes, changes: Changes) -> Progress:
    """Take in a few changes under frozen weights; due are only the lists that these changes can reach."""
    fresh = {kind: indexing.those_published(kind, changes.fresh[kind]) for kind in Kind}
    after, names = {}, {}
    for kind in Kind:
        before = indexes.of(kind)
        documents = [entry.document for entry in fresh[kind]]
        gone = [str(listing_id) for listing_id in changes.gone[kind]]
        after[kind] = before.updated(documents=documents, removed=gone) if documents or gone else before
        names[kind] = indexes.names[kind] if after[kind] is before else store.save_index(root, after[kind])
    reached = [
        listing_id
        for kind in Kind
        if changes.ids(kind)
        for listing_id in _reached(indexes.of(kind), after[kind], after[kind.other], changes.ids(kind), kind.other)
    ]
    with unit_of_work():
        for ids in _batches(reached):
            db.session.execute(
                update(MatchList).where(MatchList.listing_id.in_(ids)).values(fingerprint=MatchList.STALE)
            )
        _record(
            [entry for kind in Kind for entry in fresh[kind]],
            gone=[listing_id for kind in Kind for listing_id in changes.gone[kind]],
        )
        total = sum(len(index.ids) for index in after.values())
        _switch(root, names, indexes.fingerprint, documents=total, changed=indexes.changed + len(changes))
    return _progress(Stage.UPDATED, len(changes), indexes.fingerprint)


def _record(fresh: Sequence[Published], *, gone: Collection[uuid.UUID]) -> None:
    """Note what the index holds now. The own lists of these listings are void: they were of another text."""
    for ids in _batches([*gone, *(entry.listing_id for entry in fresh)]):
        db.session.execute(delete(IndexedListing).where(IndexedListing.listing_id.in_(ids)))
        db.session.execute(delete(MatchList).where(MatchList.listing_id.in_(ids)))
    now = clock.now()
    rows = [
        {"listing_id": entry.listing_id, "kind": entry.kind, "revision_id": entry.revision_id, "indexed_at": now}
        for entry in fresh
    ]
    if rows:
        db.session.execute(insert(IndexedListing), rows)


def _switch(root: Path, names: Mapping[Kind, str], fingerprint: str, *, documents: int, changed: int) -> None:
    """Name the index in use. The one it replaces stays for readers that are just opening it."""
    now = clock.now()
    row = db.session.get(MatchIndex, 1)
    replaced = {row.achievements, row.needs} if row else set()
    if row is None:
        row = MatchIndex(id=1)
        db.session.add(row)
    if changed == 0:
        row.built_at = now
    row.achievements, row.needs = names[Kind.ACHIEVEMENT], names[Kind.NEED]
    row.fingerprint, row.documents, row.changed, row.updated_at = fingerprint, documents, changed, now
    db.session.flush()
    store.remove_others(root, keep={*names.values(), *replaced})


def _reached(
    before: Index, after: Index, others: Index, changed: Collection[uuid.UUID], other_kind: Kind
) -> list[uuid.UUID]:
    """Lists of the other side into which one of the changed documents comes, or in which it was."""
    ids = sorted(str(listing_id) for listing_id in changed)
    rows = sparse.vstack(
        [index.postings.tocsr()[[index.rows[i] for i in ids if i in index.rows]] for index in (before, after)],
        format="csr",
    )
    nearest = _nearest(others, rows) * _MILLION + _ROUNDING
    query = select(MatchList.listing_id, MatchList.least).where(
        MatchList.kind == other_kind, MatchList.fingerprint != MatchList.STALE
    )
    with indexing.reading() as session:
        entries = session.execute(query).all()
    return [
        listing_id
        for listing_id, least in entries
        if (row := others.rows.get(str(listing_id))) is not None and nearest[row] >= least
    ]


def _nearest(index: Index, rows: sparse.csr_array) -> NDArray[np.float64]:
    """For each document of the index its best score with any of these vectors."""
    best = np.zeros(len(index.ids))
    for start in range(0, rows.shape[0] if len(index.ids) else 0, _COLUMNS):
        found = index.postings @ rows[start : start + _COLUMNS].T
        best = np.maximum(best, found.max(axis=1).toarray().ravel())
    return best


# --- the lists ------------------------------------------------------------------------------------------------------


def _compute(indexes: Indexes, due: Mapping[uuid.UUID, Kind]) -> Progress:
    """Rank for these listings. The ranking is done before the unit of work begins: nobody waits for it."""
    now, rows = clock.now(), []
    for kind in Kind:
        entries = indexing.those_published(kind, [listing_id for listing_id in due if due[listing_id] is kind])
        documents = [entry.document for entry in entries]
        ranked = ranking.rank_lists(indexes.of(kind.other), kind, documents)
        for entry, hits in zip(entries, ranked, strict=True):
            rows.append(_row(indexes, kind, entry.listing_id, hits) | {"computed_at": now})
    with unit_of_work():
        db.session.execute(delete(MatchList).where(MatchList.listing_id.in_(list(due))))
        if rows:
            db.session.execute(insert(MatchList), rows)
    return _progress(Stage.LISTED, len(rows), indexes.fingerprint)


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
