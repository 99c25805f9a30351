"""Candidates of a block of lists: in this process, in its threads, or on another machine that sees the same files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matchmaker.matching import store
from matchmaker.matching.engine import Document, Hit, Index, IndexDamaged, rank_many


def ordered(index: Index, documents: Sequence[Document], size: int, *, threads: int = 1) -> list[list[Hit]]:
    """The best of `index` for each document. Every stored list comes from here, so that a list is the same whoever
    computes it: the worker after a publication, a thread of a batch, a Dask worker."""
    return rank_many(index, documents, size, threads=threads)


def ordered_from(root: str, name: str, fingerprint: str, documents: Sequence[Document], size: int) -> list[list[Hit]]:
    """The same with a saved index, opened once for each process. Raises IndexDamaged for another than is asked for."""
    index = store.open_index(Path(root), name, check=True)
    if index.fingerprint != fingerprint:
        raise IndexDamaged(directory=name, reason="this machine holds another index under the same name")
    return ordered(index, documents, size)
