"""Scores and ranked hits of a query. A score is the cosine of two TF-IDF vectors: 0 to 1, never NaN."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from matchmaker.matching.engine.index import Document, Index

#: Which documents may be hits: their ids (others are passed over), or a mask along `Index.ids`.
Allowed = Collection[str] | NDArray[np.bool_]


class Hit(NamedTuple):
    id: str
    score: float
    level: int


def scores(index: Index, query: Document) -> NDArray[np.float64]:
    """Score of every document, along `index.ids`. A query without a known term scores 0 everywhere."""
    return _scores(index, index.vectors([query]))


def rank(index: Index, query: Document, k: int, allowed: Allowed | None = None) -> list[Hit]:
    """The `k` best documents, best first, equal scores by id. Whatever shares no term with the query is no hit."""
    found = scores(index, query)
    return _best(index, found if allowed is None else np.where(_mask(index, allowed), found, 0.0), k)


def rank_many(index: Index, queries: Sequence[Document], k: int) -> list[list[Hit]]:
    """`rank` for each query, in their order. Scores are held for one query at a time, so memory stays bounded."""
    vectors = index.vectors(queries)
    return [_best(index, _scores(index, vectors[[row]]), k) for row in range(len(queries))]


def pair_scores(index: Index, queries: Mapping[str, Document], pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
    """Score of each (query id, document id), in the order given. Raises KeyError for an id that is not there."""
    found = np.zeros(len(pairs))
    positions: dict[str, list[int]] = {}
    for position, (query_id, _) in enumerate(pairs):
        positions.setdefault(query_id, []).append(position)
    vectors = index.vectors([queries[query_id] for query_id in positions])
    for query_row, at in enumerate(positions.values()):
        rows = [index.rows[pairs[position][1]] for position in at]
        found[at] = _scores(index, vectors[[query_row]])[rows]
    return found


def _scores(index: Index, vector: sparse.csr_array) -> NDArray[np.float64]:
    # float32 postings times float64 weights add up in float64, in the order of the terms: `explain` gets the same sum.
    found: NDArray[np.float64] = index.postings[:, vector.indices] @ vector.data
    return found.clip(0.0, 1.0)


def _best(index: Index, found: NDArray[np.float64], k: int) -> list[Hit]:
    candidates = np.flatnonzero(found)
    if len(candidates) > k > 0:
        least = np.partition(found[candidates], -k)[-k]
        candidates = candidates[found[candidates] >= least]
    order = candidates[np.argsort(-found[candidates], kind="stable")][:k]  # ids ascend, so stable means by id
    return [Hit(index.ids[row], float(found[row]), index.config.level(found[row])) for row in order]


def _mask(index: Index, allowed: Allowed) -> NDArray[np.bool_]:
    if isinstance(allowed, np.ndarray):
        if allowed.shape != (len(index.ids),):
            raise ValueError(f"the mask has shape {allowed.shape}, the index {len(index.ids)} documents")
        return allowed
    mask = np.zeros(len(index.ids), dtype=np.bool_)
    mask[[index.rows[document_id] for document_id in allowed if document_id in index.rows]] = True
    return mask
