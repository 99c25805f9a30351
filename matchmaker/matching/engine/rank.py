"""Scores and ranked hits of a query: the first stage. A score is the cosine of two TF-IDF vectors: 0 to 1, never NaN.

Nothing is approximate: `rank` gives the exact best. It walks the postings of the query's rare terms, and looks at the
common terms of those documents alone that could still be among the best with them. What a term adds is rounded to whole
units (2^-30 of the most that a query can reach), so that a sum does not depend on its order, nor on who computes it.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from matchmaker.matching.engine import tokens
from matchmaker.matching.engine.index import Index
from matchmaker.matching.engine.layout import BLOCK, CODES, STRIDE, Scratch, Wanted
from matchmaker.matching.engine.text import telling
from matchmaker.matching.engine.tokens import Batch, Document

#: Which documents may be hits: their ids (others are passed over), or a mask along `Index.ids`.
Allowed = Collection[str] | NDArray[np.bool_]


class Hit(NamedTuple):
    id: str
    score: float
    level: int


class Effort(NamedTuple):
    """What a query costs: postings of rare terms walked, dense rows added, documents scored in full."""

    postings: int
    rows: int
    scored: int


class Candidate(NamedTuple):
    """A document of the first stage: its number in the index (`Index.name` gives the id) and its score."""

    row: int
    score: float


def scores(index: Index, query: Document) -> NDArray[np.float64]:
    """Score of every document, along `index.ids`. A query without a known term scores 0 everywhere."""
    return _kept(index, _every(index, _prepare(index, *index.counted([query])[1:])))


def shared(index: Index, terms: Collection[str]) -> NDArray[np.int64]:
    """How many of these terms each document has, along `index.ids`."""
    keys = np.array(sorted(tokens.key_of(term) for term in terms), dtype=np.uint64)
    columns = index.vocabulary.columns(keys, tokens.HAVE_NUMBA)
    columns = np.sort(columns[columns >= 0])
    wanted = _prepare(index, columns, np.zeros(len(columns), dtype=np.uint8))
    sums = _every(index, wanted._replace(sums=np.minimum(wanted.sums, 1)))
    scale = np.concatenate([index.base.scale, index.delta.scale]).astype(np.float64) * wanted.unit
    return _kept(index, np.rint(np.divide(sums, scale, out=sums, where=scale > 0)).astype(np.int64))


def worded(index: Index, query: Document) -> NDArray[np.bool_]:
    """Whether each document, along `index.ids`, shares more with the query than single characters of Chinese words."""
    return shared(index, telling(query.fields.values(), index.config.max_gram)) > 0


def _kept(index: Index, found: NDArray[Any]) -> NDArray[Any]:
    """From base and delta to `index.ids`."""
    return found if index.kept_rows is None else found[index.kept_rows]


def candidates(index: Index, query: Document, k: int, allowed: Allowed | None = None) -> list[Candidate]:
    """The `k` best documents, best first, equal scores by id. Whatever shares no term with the query is none."""
    masks = (index.mask, _NONE) if allowed is None else _masks(index, allowed)
    if tokens.HAVE_NUMBA:
        return _Answers(index, [query], k, masks).of(0, 1)[0]
    return _best_plainly(index, _prepare(index, *index.counted([query])[1:]), k, *masks)


def candidates_many(
    index: Index, queries: Sequence[Document], k: int, *, threads: int = 1
) -> Iterator[list[Candidate]]:
    """`candidates` for each query, in their order. Each thread holds the running sums of one query at a time."""
    if not tokens.HAVE_NUMBA:
        yield from (candidates(index, query, k) for query in queries)
        return
    answers = _Answers(index, queries, k, (index.mask, _NONE))
    parts = [(at, min(at + _PART, len(queries))) for at in range(0, len(queries), _PART)]
    if threads == 1 or len(parts) < 2:
        for begin, end in parts:
            yield from answers.of(begin, end)
    else:
        with ThreadPoolExecutor(threads) as pool:
            for found in pool.map(answers.of, *zip(*parts, strict=True)):
                yield from found


def effort(index: Index, query: Document, k: int) -> Effort:
    """What `candidates` does for this query, compiled."""
    answers = _Answers(index, [query], k, (index.mask, _NONE))
    answers.of(0, 1)
    return Effort(*answers.efforts[0].tolist())


def rank(index: Index, query: Document, k: int, allowed: Allowed | None = None) -> list[Hit]:
    """The `k` best documents as hits."""
    return _hits(index, candidates(index, query, k, allowed))


def rank_many(index: Index, queries: Sequence[Document], k: int, *, threads: int = 1) -> list[list[Hit]]:
    """`rank` for each query, in their order."""
    return [_hits(index, found) for found in candidates_many(index, queries, k, threads=threads)]


def cores() -> int:
    """Threads that can compute at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def pair_scores(index: Index, queries: Mapping[str, Document], pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
    """Score of each (query id, document id), in the order given. Raises KeyError for an id that is not there."""
    found = np.zeros(len(pairs))
    positions: dict[str, list[int]] = {}
    for position, (query_id, _) in enumerate(pairs):
        positions.setdefault(query_id, []).append(position)
    for query_id, at in positions.items():
        rows = [index.rows[pairs[position][1]] for position in at]
        found[at] = scores(index, queries[query_id])[rows]
    return found


def _hits(index: Index, found: Sequence[Candidate]) -> list[Hit]:
    name, level = index.name, index.config.level
    return [Hit(name(row), score, level(score)) for row, score in found]


# --- the query ------------------------------------------------------------------------------------------------------


def _prepare(index: Index, columns: NDArray[np.int32], codes: NDArray[np.uint8]) -> Wanted:
    if tokens.HAVE_NUMBA:
        from matchmaker.matching.engine import kernels

        found: Wanted = kernels.prepare(
            columns, codes, tokens.rules(index.config), index.idf, index.peak, index.base.slots, index.common
        )
        return found
    return _prepare_plainly(index, columns, codes, tokens.grid(index.config).damp)


def _prepare_plainly(
    index: Index, columns: NDArray[np.int32], codes: NDArray[np.uint8], damp: NDArray[np.float64]
) -> Wanted:
    """As `kernels.prepare`, in the same order of the same operations: every number is the same. No dense rows."""
    idf, width = index.idf[columns], index.peak[columns].astype(np.int64) + 1
    weights = damp[codes] * idf
    factors = weights / math.sqrt(_total(weights * weights)) * idf if len(columns) else weights
    units = math.ldexp(1.0, 30 - math.frexp(_total(factors * damp[-1]))[1])
    offsets = (CODES + np.cumsum(width) - width).astype(np.int32)
    owner = np.repeat(np.arange(len(columns)), width)
    code = np.arange(len(owner)) - (offsets[owner] - CODES)
    sums = np.zeros(CODES + len(owner), dtype=np.int32)
    sums[CODES:] = np.maximum(1, np.rint(factors[owner] * damp[code] * units))
    slots, lookup = index.base.slots[columns], np.zeros(index.common, dtype=np.int32)
    lookup[slots[slots >= 0]] = offsets[slots >= 0]
    rare, none = slots < 0, np.empty(0, dtype=np.int32)
    return Wanted(
        columns, offsets, sums, lookup, 1 / units, columns[rare], offsets[rare], none, none.astype(np.uint16), 0.0
    )


def _total(values: NDArray[np.float64]) -> float:
    """The sum from left to right; numpy's own adds in pairs."""
    return float(np.cumsum(values)[-1]) if len(values) else 0.0


# --- compiled -------------------------------------------------------------------------------------------------------


_NONE = np.empty(0, dtype=np.bool_)
_PART = 16  # queries of one call: few enough that threads end together, and that a batch is answered as it goes


class _Threads(threading.local):
    """A scratch for each thread."""

    def __init__(self) -> None:
        self.kept = Scratch(
            np.zeros(BLOCK, dtype=np.int32), np.zeros(BLOCK, dtype=np.float32),
            np.zeros(BLOCK // STRIDE, dtype=np.float32), np.zeros(2048, dtype=np.int32),
            np.zeros(4096, dtype=np.int64), np.zeros(0, dtype=np.int32),
        )  # fmt: skip

    def scratch(self, index: Index) -> Scratch:
        if len(index.delta.scale) and len(self.kept.lookup) < len(index.idf):
            self.kept = self.kept._replace(lookup=np.zeros(len(index.idf), dtype=np.int32))
        return self.kept


_threads = _Threads()


class _Answers:
    """The best of queries, part by part, each part in one compiled call."""

    def __init__(
        self, index: Index, queries: Sequence[Document], k: int, masks: tuple[NDArray[np.bool_], NDArray[np.bool_]]
    ) -> None:
        self.index, self.masks, self.batch = index, masks, Batch(queries, index.config)
        k = max(0, min(k, len(index.base.scale) + len(index.delta.scale)))
        self.scores = np.empty((len(queries), k))
        self.rows = np.empty((len(queries), k), dtype=np.int64)
        self.sizes = np.zeros(len(queries), dtype=np.int64)
        self.efforts = np.zeros((len(queries), 3), dtype=np.int64)

    def of(self, begin: int, end: int) -> list[list[Candidate]]:
        """Those of the queries from `begin` to `end`."""
        if not self.scores.shape[1]:
            return [[] for _ in range(begin, end)]
        from matchmaker.matching.engine import kernels

        index = self.index
        self.batch.run(
            kernels.best, index.vocabulary, index.vocabulary.shift, index.peak, index.base, index.common,
            index.delta.changed, *self.masks, _threads.scratch(index), (begin, end),
            self.scores, self.rows, self.sizes, self.efforts,
        )  # fmt: skip
        found = []
        for at in range(begin, end):
            size = self.sizes[at]
            found.append(list(map(Candidate, self.rows[at, :size].tolist(), self.scores[at, :size].tolist())))
        return found


def _every(index: Index, wanted: Wanted) -> NDArray[np.float64]:
    """Scores along base and delta."""
    base, delta = index.base, index.delta
    found = np.zeros(len(base.scale) + len(delta.scale))
    if not len(wanted.columns):
        return found
    if tokens.HAVE_NUMBA:
        from matchmaker.matching.engine import kernels

        kernels.every(wanted, base, _threads.kept.running, found)
    else:
        for first, sums in _base_sums(index, wanted):
            scale = base.scale[first : first + len(sums)].astype(np.float64)
            found[first : first + len(sums)] = sums * wanted.unit * scale
    if len(delta.scale):
        offsets = np.zeros(len(index.idf), dtype=np.int32)
        offsets[wanted.columns] = wanted.offsets
        added = wanted.sums[offsets[delta.columns] + delta.codes]
        owner = np.repeat(np.arange(len(delta.scale)), np.diff(delta.starts))
        total = np.bincount(owner, weights=added, minlength=len(delta.scale))
        found[len(base.scale) :] = total * wanted.unit * delta.scale.astype(np.float64)
    return found.clip(0.0, 1.0)


# --- in numpy alone -------------------------------------------------------------------------------------------------


def _base_sums(index: Index, wanted: Wanted) -> Iterator[tuple[int, NDArray[Any]]]:
    """(first row, whole units of each row) by blocks. bincount adds in float64: whole numbers below 2^53 are exact."""
    base, columns, offsets = index.base, wanted.rare_columns, wanted.rare_offsets
    for block, first, last in base.blocks():
        begins = base.bases[block] + base.starts[block, columns].astype(np.int64)
        sizes = base.starts[block, columns + 1].astype(np.int64) - base.starts[block, columns]
        at = np.arange(sizes.sum()) + np.repeat(begins - np.concatenate([[0], np.cumsum(sizes)[:-1]]), sizes)
        added: Any = wanted.sums[np.repeat(offsets, sizes) + base.codes[at]]
        sums = np.bincount(base.docs[at], weights=added, minlength=last - first)
        there = slice(base.cstarts[first], base.cstarts[last])
        owner = np.repeat(np.arange(last - first), np.diff(base.cstarts[first : last + 1]))
        added = wanted.sums[wanted.lookup[base.cslots[there]] + base.ccodes[there]]
        yield first, sums + np.bincount(owner, weights=added, minlength=last - first)


def _best_plainly(
    index: Index, wanted: Wanted, k: int, mask: NDArray[np.bool_], of_delta: NDArray[np.bool_]
) -> list[Candidate]:
    if not len(wanted.columns) or k < 1:
        return []
    found = _every(index, wanted)
    for part, start in ((mask, 0), (of_delta, len(index.base.scale))):
        if len(part):
            found[start : start + len(part)][~part] = 0.0
    rows = np.flatnonzero(found)
    if len(rows) > k:
        least = np.partition(found[rows], -k)[-k]
        rows = rows[found[rows] >= least]
    orders = np.concatenate([(np.arange(len(index.base.scale)) + 1) << 20, index.delta.orders])[rows]
    rows = rows[np.lexsort((orders, -found[rows]))][:k]
    return [Candidate(int(row), float(found[row])) for row in rows]


def _masks(index: Index, allowed: Allowed) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Of base and delta, of what is allowed and still there."""
    base = len(index.base.scale)
    mask = np.zeros(base + len(index.delta.scale), dtype=np.bool_)
    if isinstance(allowed, np.ndarray):
        if allowed.shape != (len(index.ids),):
            raise ValueError(f"the mask has shape {allowed.shape}, the index {len(index.ids)} documents")
        mask[np.arange(base) if index.kept_rows is None else index.kept_rows] = allowed
    else:
        at = [index.rows[document_id] for document_id in allowed if document_id in index.rows]
        mask[at if index.kept_rows is None else index.kept_rows[at]] = True
    return mask[:base], mask[base:]
