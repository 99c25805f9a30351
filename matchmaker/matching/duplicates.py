"""Near-duplicates: which entries of one kind say nearly the same, and which of them belong together. Pure.

The matching engine compares an entry with its own kind. What it answers is divided by the score that the text has
with itself, so that 1 means the same text, whatever its length.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from matchmaker.matching.engine import Document, Index, rank, rank_many, scores

MOST = 5
"""So many neighbours are shown to an author, and kept for an entry."""

ASKED_FROM = 0.5
"""From this share on the author is asked.

Measured on the 128 achievements and 90 needs of the demonstration, without its `twins`: two different ones share at
most 0.33; a text of which half was dropped shares 0.86 and more with the whole, title and keywords alone 0.65 and more.
"""

CLUSTERED_FROM = 0.6
"""From this share on two entries are held together for the bureau."""

N = TypeVar("N", bound=Hashable)


class Near(NamedTuple):
    """An entry and how much of the text it shares: 0 to 1, 1 for the same text."""

    id: str
    share: float


def nearest(index: Index, document: Document, k: int = MOST, *, also: Sequence[Document] = ()) -> list[Near]:
    """The `k` entries of the index, and of the texts in `also`, that are most like `document`; equal ones by id.

    An entry with the document's own id is passed over. A text without a word that the index knows has no neighbours.
    """
    aside = _aside(index, {other.id: other for other in (*also, document)}.values())
    found = dict(zip(aside.ids, scores(aside, document).tolist(), strict=True))
    return _shares({hit.id: hit.score for hit in rank(index, document, k + 1)} | found, document.id, k)


def nearest_many(index: Index, documents: Sequence[Document], k: int = MOST) -> list[list[Near]]:
    """`nearest` in the index for each document, in their order; ids must be unique."""
    known = np.diff(index.vectors(documents).indptr) > 0  # a score is a cosine: a text has 1 with itself, or no word
    return [
        _shares({hit.id: hit.score for hit in hits} | {document.id: float(whole)}, document.id, k)
        for document, whole, hits in zip(documents, known, rank_many(index, documents, k + 1), strict=True)
    ]


def _aside(index: Index, documents: Iterable[Document]) -> Index:
    """An index of these texts alone, under the same weights."""
    return index.updated(documents=documents, removed=index.ids)


def _shares(found: Mapping[str, float], own: str, k: int) -> list[Near]:
    whole = found[own]
    if whole <= 0:
        return []
    near = [Near(other, min(score / whole, 1.0)) for other, score in found.items() if other != own and score > 0]
    return sorted(near, key=lambda entry: (-entry.share, entry.id))[:k]


def clusters(pairs: Iterable[tuple[N, N]]) -> list[list[N]]:
    """Groups of entries that the pairs link. Entries stand as the pairs name them, groups as their first entry does."""
    parent: dict[N, N] = {}

    def root(node: N) -> N:
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for first, second in pairs:
        one, other = root(first), root(second)
        parent[other] = one
    groups: dict[N, list[N]] = {}
    for node in parent:
        groups.setdefault(root(node), []).append(node)
    return list(groups.values())
