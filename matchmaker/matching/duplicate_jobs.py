"""Keeps `NearPair` after the index: each indexed revision is compared with its own kind once.

Nothing here remembers what is left to do: an indexed revision without its `DuplicateCheck` is. A new entry is compared
with all that the index holds, so a pair is found whichever of the two came first.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from pathlib import Path

from sqlalchemy import Select, delete, insert, or_, select

from matchmaker.config import Settings
from matchmaker.core import jobs
from matchmaker.core.db import db, unit_of_work
from matchmaker.matching import indexing, store
from matchmaker.matching.alike import ordered
from matchmaker.matching.duplicates import CLUSTERED_FROM, nearest_many
from matchmaker.matching.models import DuplicateCheck, IndexedListing, Kind, NearPair

BATCH = 200

_MILLION = 1_000_000

Pairs = dict[tuple[uuid.UUID, uuid.UUID], int]


@jobs.puller("near-duplicates")
def keep_near_pairs(settings: Settings) -> None:
    while compare_some(settings.index_dir):
        pass


def compare_some(root: Path) -> int:
    """Compare a batch of what was not compared yet; how many that were. Nothing while another process is at it."""
    with store.writing(root) as ours:
        if not ours:
            return 0
        with indexing.reading() as session:
            indexes = indexing.find_indexes(session, root)
            due = session.execute(_due()).all()
            gone = list(session.scalars(_gone()))
        if indexes is None or not (due or gone):
            return 0
        found: dict[Kind, Pairs] = {}
        for kind in Kind:
            entries = indexing.those_published(kind, [listing_id for listing_id, own, _ in due if own is kind])
            near = nearest_many(indexes.of(kind), [entry.document for entry in entries])
            found[kind] = {
                ordered(entry.listing_id, uuid.UUID(other)): round(share * _MILLION)
                for entry, neighbours in zip(entries, near, strict=True)
                for other, share in neighbours
                if share >= CLUSTERED_FROM
            }
        _keep({listing_id: revision_id for listing_id, _, revision_id in due}, gone, found)
    return len(due) + len(gone)


def _due() -> Select[uuid.UUID, Kind, uuid.UUID]:
    return (
        select(IndexedListing.listing_id, IndexedListing.kind, IndexedListing.revision_id)
        .outerjoin(DuplicateCheck, DuplicateCheck.listing_id == IndexedListing.listing_id)
        .where(or_(DuplicateCheck.revision_id.is_(None), DuplicateCheck.revision_id != IndexedListing.revision_id))
        .order_by(IndexedListing.listing_id)
        .limit(BATCH)
    )


def _gone() -> Select[uuid.UUID]:
    """Compared once, and in the index no more."""
    return (
        select(DuplicateCheck.listing_id)
        .outerjoin(IndexedListing, IndexedListing.listing_id == DuplicateCheck.listing_id)
        .where(IndexedListing.listing_id.is_(None))
        .order_by(DuplicateCheck.listing_id)
        .limit(BATCH)
    )


def _keep(checked: dict[uuid.UUID, uuid.UUID], gone: Collection[uuid.UUID], found: dict[Kind, Pairs]) -> None:
    """Replace the pairs of these listings."""
    ids = [*checked, *gone]
    with unit_of_work():
        db.session.execute(delete(NearPair).where(or_(NearPair.first_id.in_(ids), NearPair.second_id.in_(ids))))
        db.session.execute(delete(DuplicateCheck).where(DuplicateCheck.listing_id.in_(ids)))
        pairs = [
            {"first_id": first, "second_id": second, "kind": kind, "score": score}
            for kind, scored in found.items()
            for (first, second), score in scored.items()
        ]
        if pairs:
            db.session.execute(insert(NearPair), pairs)
        if checked:
            rows = [{"listing_id": listing_id, "revision_id": revision} for listing_id, revision in checked.items()]
            db.session.execute(insert(DuplicateCheck), rows)
