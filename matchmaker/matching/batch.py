"""`matchmaker match --all`: every stored list computed anew, on all cores or over a Dask cluster.

A run is marked in the database and each list is stored as soon as its block is done, so whoever starts the command
again after a kill, or the worker, goes on where it stopped. Lists serve as they are until they are replaced. Memory
holds a block of texts with its lists, two for each Dask worker, whatever the size of the corpus.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import update

from matchmaker.core import clock
from matchmaker.core.db import unit_of_work
from matchmaker.core.errors import N_, Conflict
from matchmaker.matching import indexing, jobs, ranking, store
from matchmaker.matching.blocks import ordered_from
from matchmaker.matching.engine import Document
from matchmaker.matching.engine.rank import cores
from matchmaker.matching.indexing import Indexes
from matchmaker.matching.models import Kind, MatchIndex, MatchList


class IndexBusy(Conflict):
    code = "index_busy"
    phrase = N_("Another process is at work on the index. Try again when it is done.")


@dataclass(frozen=True, slots=True)
class Recomputed:
    """How far a run is. `resumed`: it goes on with one that was broken off."""

    done: int
    total: int
    started_at: datetime
    first: int
    resumed: bool

    def rate(self, now: datetime) -> float:
        """Lists a second in this run."""
        return (self.done - self.first) / max((now - self.started_at).total_seconds(), 1e-9)


def recompute(root: Path, scheduler: str | None = None) -> Iterator[Recomputed]:
    """Compute all lists, a step at a time. Raises IndexBusy where another process is at it.

    `scheduler` is the address of a Dask scheduler whose workers see the same index directory.
    """
    with store.writing(root) as ours, _ranking(scheduler) as (rank_blocks, blocks):
        if not ours:
            raise IndexBusy()
        indexes = _ready(root, merged=scheduler is not None)
        if indexes is None:
            return
        resumed = _mark(indexes)
        total, started_at = indexing.count_indexed(), clock.now()
        done = first = total - indexing.count_due(indexes.fingerprint)
        while indexes and (due := indexing.find_due(indexes.fingerprint, blocks * jobs.BATCH)):
            for kind, ids, documents, hits in rank_blocks(root, indexes, due):
                done += jobs.store_lists(indexes, kind, ids, documents, hits)
                yield Recomputed(min(done, total), total, started_at, first, resumed)
            indexes = _ready(root, merged=scheduler is not None)  # what was published meanwhile
        with unit_of_work() as session:
            session.execute(update(MatchIndex).values(recomputing_since=None))


def _ready(root: Path, *, merged: bool) -> Indexes | None:
    indexes = jobs.bring_index_up(root)
    if merged and indexes and indexes.taken:  # other machines see the saved index, not what stands beside it
        jobs.merge_index(root, indexes)
        indexes = jobs.bring_index_up(root)
    return indexes


def _mark(indexes: Indexes) -> bool:
    """Mark every list as outdated, unless a run that did so was broken off; then it goes on."""
    if indexes.recomputing_since is not None:
        return True
    with unit_of_work() as session:
        session.execute(update(MatchIndex).values(recomputing_since=clock.now()))
        session.execute(update(MatchList).values(fingerprint=MatchList.STALE))
    return False


# --- blocks ---------------------------------------------------------------------------------------------------------

_Block = tuple[Kind, Sequence[uuid.UUID], Sequence[Document]]


def _blocks(due: Mapping[uuid.UUID, Kind]) -> Iterator[_Block]:
    for kind in Kind:
        ids = [listing_id for listing_id in due if due[listing_id] is kind]
        for start in range(0, len(ids), jobs.BATCH):
            part = ids[start : start + jobs.BATCH]
            yield kind, part, [entry.document for entry in indexing.those_published(kind, part)]


def _in_threads(root: Path, indexes: Indexes, due: Mapping[uuid.UUID, Kind]) -> Iterator[Any]:
    for kind, ids, documents in _blocks(due):
        yield kind, ids, documents, ranking.rank_lists(indexes.of(kind.other), kind, documents, threads=cores())


@contextmanager
def _ranking(scheduler: str | None) -> Iterator[tuple[Any, int]]:
    """What ranks blocks, and how many it takes at once."""
    if scheduler is None:
        yield _in_threads, 1
        return
    from distributed import Client, as_completed  # extra `scale`

    with Client(scheduler, set_as_default=False) as client:  # type: ignore[no-untyped-call]

        def on_the_cluster(root: Path, indexes: Indexes, due: Mapping[uuid.UUID, Kind]) -> Iterator[Any]:
            sent = {}
            for kind, ids, documents in _blocks(due):
                name, (queries, size) = indexes.names[kind.other], ranking.asked(kind, documents)
                future = client.submit(ordered_from, str(root), name, indexes.fingerprint, queries, size, pure=False)
                sent[future] = (kind, ids, documents)
            for future in as_completed(list(sent), loop=client.loop):  # type: ignore[no-untyped-call]
                kind, ids, documents = sent.pop(future)
                index = indexes.of(kind.other)
                yield kind, ids, documents, ranking.finished(index, kind, documents, future.result())

        yield on_the_cluster, 2 * max(1, len(client.scheduler_info()["workers"]))
