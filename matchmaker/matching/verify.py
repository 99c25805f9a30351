"""`matchmaker index verify`: the index against the database, document by document."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np

from matchmaker.matching import indexing
from matchmaker.matching.engine import Index
from matchmaker.matching.indexing import Indexes
from matchmaker.matching.models import Kind

_CHUNK = 500


class Fault(StrEnum):
    MISSING = "published, but not in the index"
    LEFT_OVER = "in the index, but not published"
    OTHER_TEXT = "in the index with another text"


@dataclass(frozen=True, slots=True)
class Difference:
    kind: Kind
    listing_id: str
    fault: Fault


def differences(indexes: Indexes) -> Iterator[Difference]:
    """Every published listing that the index lacks, holds beyond that, or holds with another text than is public."""
    for kind in Kind:
        index = indexes.of(kind)
        for ids, starts, columns, codes in index.held():
            for begin in range(0, len(ids), _CHUNK):
                part = range(begin, min(begin + _CHUNK, len(ids)))
                yield from _compared(kind, index, ids, part, starts, columns, codes)
        for entry in indexing.each_published(kind):
            if entry.document.id not in index.rows:
                yield Difference(kind, entry.document.id, Fault.MISSING)


def _compared(
    kind: Kind, index: Index, ids: list[str], part: range, starts: np.ndarray, columns: np.ndarray, codes: np.ndarray
) -> Iterator[Difference]:
    wanted = [uuid.UUID(ids[at]) for at in part if ids[at]]
    documents = {entry.document.id: entry.document for entry in indexing.those_published(kind, wanted)}
    named = [ids[at] for at in part if ids[at] in documents]
    there = dict(zip(named, _rows(*index.counted([documents[name] for name in named])), strict=True))
    for at in part:
        if ids[at] and ids[at] not in documents:
            yield Difference(kind, ids[at], Fault.LEFT_OVER)
        elif ids[at]:
            here = slice(starts[at], starts[at + 1])
            if sorted(zip(columns[here].tolist(), codes[here].tolist(), strict=True)) != there[ids[at]]:
                yield Difference(kind, ids[at], Fault.OTHER_TEXT)


def _rows(starts: np.ndarray, columns: np.ndarray, codes: np.ndarray) -> list[list[tuple[int, int]]]:
    pairs = list(zip(columns.tolist(), codes.tolist(), strict=True))
    return [pairs[begin:end] for begin, end in pairwise(starts.tolist())]
