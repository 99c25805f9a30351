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
from matchmaker.matching.engine.layout import BLOCK, CODES
from matchmaker.matching.engine.tokens import Document

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
    found = _every(index, _prepare(index, query))
    return found if index.kept_rows is None else found[index.kept_rows]


def candidates(index: Index, query: Document, k: int, allowed: Allowed | None = None) -> list[Candidate]:
    """The `k` best documents, best first, equal scores by id. Whatever shares no term with the query is none."""
    masks = (index.mask, _NONE) if allowed is None else _masks(index, allowed)
    return _best(index, _prepare(index, query), k, *masks)


def candidates_many(
    index: Index, queries: Sequence[Document], k: int, *, threads: int = 1
) -> Iterator[list[Candidate]]:
    """`candidates` for each query, in their order. Each thread holds the running sums of one query at a time."""
    starts, columns, codes = index.counted(queries)

    def one(at: int) -> list[Candidate]:
        here = slice(starts[at], starts[at + 1])
        return _best(index, _prepared(index, columns[here], codes[here]), k, index.mask, _NONE)

    if threads == 1 or len(queries) < 2:
        yield from map(one, range(len(queries)))
    else:
        with ThreadPoolExecutor(threads) as pool:
            yield from pool.map(one, range(len(queries)))


def effort(index: Index, query: Document, k: int) -> Effort:
    """What `candidates` does for this query, compiled."""
    wanted, base = _prepare(index, query), index.base
    walked = base.starts[:, wanted.rare_columns + 1].astype(np.int64) - base.starts[:, wanted.rare_columns]
    return Effort(int(walked.sum()), len(wanted.rows), _best_of_base(index, wanted, k, index.mask)[1])


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


class _Wanted(NamedTuple):
    """What each term of the query adds to a document that has it with code c: sums[offsets[i] + c] units.

    sums[:256] are 0, so that offset 0 stands for a term that is not wanted; `lookup` has the offset of each common
    term. Rare terms stand apart. The common ones have their dense rows and shares: rows times shares, in steps, are
    at least what they add together.
    """

    columns: NDArray[np.int32]
    offsets: NDArray[np.int32]
    sums: NDArray[np.int32]
    lookup: NDArray[np.int32]
    unit: float
    rare_columns: NDArray[np.int32]
    rare_offsets: NDArray[np.int32]
    rows: NDArray[np.int32]
    shares: NDArray[np.uint16]
    step: float


def _prepare(index: Index, query: Document) -> _Wanted:
    _, columns, codes = index.counted([query])
    return _prepared(index, columns, codes)


def _prepared(index: Index, columns: NDArray[np.int32], codes: NDArray[np.uint8]) -> _Wanted:
    grid = tokens.grid(index.config)
    if tokens.HAVE_NUMBA:
        from matchmaker.matching.engine import kernels

        return _Wanted(
            columns,
            *kernels.prepare(
                columns, codes, index.idf, grid.damp, grid.steps, index.peak, index.base.slots, index.common
            ),
        )
    return _prepare_plainly(index, columns, codes, grid.damp)


def _prepare_plainly(
    index: Index, columns: NDArray[np.int32], codes: NDArray[np.uint8], damp: NDArray[np.float64]
) -> _Wanted:
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
    return _Wanted(
        columns, offsets, sums, lookup, 1 / units, columns[rare], offsets[rare], none, none.astype(np.uint16), 0.0
    )


def _total(values: NDArray[np.float64]) -> float:
    """The sum from left to right; numpy's own adds in pairs."""
    return float(np.cumsum(values)[-1]) if len(values) else 0.0


# --- compiled -------------------------------------------------------------------------------------------------------


class _Scratch(threading.local):
    """Running sums of a block, one set for each thread."""

    def __init__(self) -> None:
        self.running = np.zeros(BLOCK, dtype=np.int32)
        self.limits = np.zeros(BLOCK, dtype=np.float32)
        self.lookup = np.zeros(0, dtype=np.int32)


_scratch = _Scratch()
_NONE = np.empty(0, dtype=np.bool_)


def _best(
    index: Index, wanted: _Wanted, k: int, mask: NDArray[np.bool_], of_delta: NDArray[np.bool_]
) -> list[Candidate]:
    if not len(wanted.columns) or k < 1:
        return []
    return (_best_fast if tokens.HAVE_NUMBA else _best_plainly)(index, wanted, k, mask, of_delta)


def _best_fast(
    index: Index, wanted: _Wanted, k: int, mask: NDArray[np.bool_], of_delta: NDArray[np.bool_]
) -> list[Candidate]:
    from matchmaker.matching.engine import kernels

    base, delta = index.base, index.delta
    size, _, found, rows, orders = _best_of_base(index, wanted, k, mask)
    if len(delta.scale):
        if len(_scratch.lookup) != len(index.idf):
            _scratch.lookup = np.zeros(len(index.idf), dtype=np.int32)
        size = kernels.best_changed(
            wanted.columns, wanted.offsets, wanted.sums, wanted.unit, delta.starts, delta.columns, delta.codes,
            delta.scale, delta.orders, of_delta, len(base.scale), _scratch.lookup, found, rows, orders, size,
        )  # fmt: skip
    order = np.lexsort((orders[:size], -found[:size]))
    return [Candidate(*pair) for pair in zip(rows[order].tolist(), found[order].tolist(), strict=True)]


def _best_of_base(index: Index, wanted: _Wanted, k: int, mask: NDArray[np.bool_]) -> tuple[int, int, Any, Any, Any]:
    """(hits, documents scored in full, and the heap of the hits: scores, rows, orders)."""
    from matchmaker.matching.engine import kernels

    base = index.base
    k = min(k, len(base.scale) + len(index.delta.scale))
    found, rows, orders = np.zeros(k), np.empty(k, dtype=np.int64), np.empty(k, dtype=np.int64)
    size, scored = kernels.best(
        wanted.rare_columns, wanted.rare_offsets, wanted.sums, wanted.lookup, wanted.unit, wanted.rows, wanted.shares,
        wanted.step, base.starts, base.bases, base.docs, base.codes, base.cstarts, base.cslots, base.ccodes,
        base.dense, index.common, base.scale, mask, _scratch.running, _scratch.limits, found, rows, orders,
    )  # fmt: skip
    return size, scored, found, rows, orders


def _every(index: Index, wanted: _Wanted) -> NDArray[np.float64]:
    """Scores along base and delta."""
    base, delta = index.base, index.delta
    found = np.zeros(len(base.scale) + len(delta.scale))
    if not len(wanted.columns):
        return found
    if tokens.HAVE_NUMBA:
        from matchmaker.matching.engine import kernels

        kernels.every(
            wanted.rare_columns, wanted.rare_offsets, wanted.sums, wanted.lookup, wanted.unit, base.starts, base.bases,
            base.docs, base.codes, base.cstarts, base.cslots, base.ccodes, base.scale, _scratch.running, found,
        )  # fmt: skip
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


def _base_sums(index: Index, wanted: _Wanted) -> Iterator[tuple[int, NDArray[Any]]]:
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
    index: Index, wanted: _Wanted, k: int, mask: NDArray[np.bool_], of_delta: NDArray[np.bool_]
) -> list[Candidate]:
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
