"""The two parts of an index: a base of blocks that never changes, and a delta of documents that came since.

The base keeps rare terms by term (postings: 2 bytes of document, 1 of code) and common ones by document, because nearly
every document has them: no query walks their postings, and few documents need them at all (`rank`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from matchmaker.matching.engine import tokens
from matchmaker.matching.engine.config import EngineConfig
from matchmaker.matching.engine.layout import BLOCK, Changed
from matchmaker.matching.engine.strings import Strings
from matchmaker.matching.engine.tokens import Counts, Grid

COMMON = 0.1
"""Terms in more than this share of the documents are common. It moves work, never a score."""

_MOST_COMMON = 65_535  # their numbers fit 16 bits


class Vocabulary(NamedTuple):
    """Terms in the order of their keys, with idf; `buckets` leads to a key by its first bits."""

    keys: NDArray[np.uint64]
    buckets: NDArray[np.int32]
    idf: NDArray[np.float64]
    term_data: NDArray[np.uint32]
    term_ends: NDArray[np.int64]

    @property
    def shift(self) -> int:
        return 64 - (len(self.buckets) - 1).bit_length() + 1

    @property
    def terms(self) -> Strings:
        return Strings(self.term_data, self.term_ends)

    def columns(self, keys: NDArray[np.uint64], fast: bool) -> NDArray[np.int32]:
        """Column of each key, -1 where there is none."""
        if fast:
            from matchmaker.matching.engine import kernels

            found: NDArray[np.int32] = kernels.columns_of(keys, self, self.shift)
            return found
        at = np.searchsorted(self.keys, keys).clip(0, max(0, len(self.keys) - 1))
        known = self.keys[at] == keys if len(self.keys) else np.zeros(len(keys), dtype=np.bool_)
        return np.where(known, at, -1).astype(np.int32)


def vocabulary(keys: NDArray[np.uint64], idf: NDArray[np.float64], terms: Strings) -> Vocabulary:
    """From terms in any order."""
    order = np.argsort(keys)
    ordered, taken = keys[order], terms.taken(order)
    bits = max(1, len(keys).bit_length())
    firsts = np.arange(1 << bits, dtype=np.uint64) << np.uint64(64 - bits)
    buckets = np.append(np.searchsorted(ordered, firsts), len(keys)).astype(np.int32)
    found = Vocabulary(ordered, buckets, idf[order], taken.data, taken.ends)
    seal(found)
    return found


def seal(arrays: tuple[NDArray[Any], ...]) -> None:
    """Read-only, as they are when they come from a file: kernels are compiled once, for arrays of that kind."""
    for array in arrays:
        array.setflags(write=False)


class Base(NamedTuple):
    """`id_data`, `id_ends` are the ids, ascending; row r is document r. Rare terms: in block b, term c occurs in
    docs[p], p from bases[b] + starts[b, c] to bases[b] + starts[b, c + 1]. Common terms: `slots` numbers them (-1:
    rare), row r has cslots[p], p from cstarts[r] to cstarts[r + 1]. `dense` says the same roughly, a byte for each
    common term and row: block by block, term by term (`tokens.Grid.steps`, 0 where the term is not). `scale` is
    1 / norm of a row, `peak` the highest code of a term."""

    id_data: NDArray[np.uint8]
    id_ends: NDArray[np.int64]
    slots: NDArray[np.int32]
    peak: NDArray[np.uint8]
    starts: NDArray[np.uint32]
    bases: NDArray[np.int64]
    docs: NDArray[np.uint16]
    codes: NDArray[np.uint8]
    cstarts: NDArray[np.int64]
    cslots: NDArray[np.uint16]
    ccodes: NDArray[np.uint8]
    dense: NDArray[np.uint8]
    scale: NDArray[np.float32]

    @property
    def ids(self) -> Strings:
        return Strings(self.id_data, self.id_ends)

    @property
    def common(self) -> int:
        return int(self.slots.max(initial=-1)) + 1

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        return self._asdict()

    def blocks(self) -> Iterator[tuple[int, int, int]]:
        """(block, first row, row after the last)."""
        for block in range(len(self.bases) - 1):
            yield block, block * BLOCK, min((block + 1) * BLOCK, len(self.scale))

    def forward(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.uint8]]]:
        """Block by block the documents as they were counted: (starts, columns, codes)."""
        common_columns = np.flatnonzero(self.slots >= 0)
        common_columns = common_columns[np.argsort(self.slots[common_columns])].astype(np.int32)
        for block, first, last in self.blocks():
            shape = (last - first, len(self.slots))
            here = slice(self.bases[block], self.bases[block + 1])
            rare = sparse.csc_array(
                (
                    self.codes[here].astype(np.int16) + 1,
                    self.docs[here].astype(np.int32),
                    self.starts[block].astype(np.int64),
                ),
                shape=shape,
            )
            there = slice(self.cstarts[first], self.cstarts[last])
            common = sparse.csr_array(
                (
                    self.ccodes[there].astype(np.int16) + 1,
                    common_columns[self.cslots[there]],
                    self.cstarts[first : last + 1] - self.cstarts[first],
                ),
                shape=shape,
            )
            both = rare.tocsr() + common  # they share no entry; one more than the code, for 0 would be dropped
            yield both.indptr.astype(np.int64), both.indices.astype(np.int32), (both.data - 1).astype(np.uint8)


class Rows:
    """Counted documents (starts, rows, codes) in arrays that grow in place."""

    def __init__(self) -> None:
        self.starts = np.zeros(1, dtype=np.int64)
        self.terms = np.empty(1 << 12, dtype=np.int32)
        self.codes = np.empty(1 << 12, dtype=np.uint8)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def reserve(self, entries: int) -> None:
        if entries > len(self.terms):
            size = max(entries, len(self.terms) + len(self.terms) // 2)
            self.terms.resize(size, refcheck=False)
            self.codes.resize(size, refcheck=False)

    def add(self, starts: NDArray[np.int64], terms: NDArray[np.int32], codes: NDArray[np.uint8]) -> None:
        end = int(self.starts[-1])
        self.reserve(end + len(terms))
        self.terms[end : end + len(terms)], self.codes[end : end + len(terms)] = terms, codes
        self.starts = np.concatenate([self.starts, starts[1:] + end])


def invert(
    rows: Rows,
    order: NDArray[np.int64],
    ids: Sequence[str],
    columns: NDArray[np.int32],
    held: NDArray[np.int64],
    idf: NDArray[np.float64],
    config: EngineConfig,
    *,
    fast: bool,
) -> Base:
    """The base of documents `order` of `rows`, whose ids ascend.

    `columns` leads from the terms of `rows` to columns, `held` counts for each column the documents that have it.
    """
    total, width = len(order), len(idf)
    common = np.flatnonzero(held > COMMON * total)
    common = common[np.argsort(-held[common], kind="stable")][:_MOST_COMMON]
    slots = np.full(width, -1, dtype=np.int32)
    slots[common] = np.arange(len(common))
    rare_entries, common_entries = int(held[slots < 0].sum()), int(held[common].sum())
    blocks = -(-total // BLOCK)
    strings = Strings.of(ids)
    base = Base(
        strings.data, strings.ends, slots, np.zeros(width, dtype=np.uint8),
        np.zeros((blocks, width + 1), dtype=np.uint32), np.zeros(blocks + 1, dtype=np.int64),
        np.empty(rare_entries, dtype=np.uint16), np.empty(rare_entries, dtype=np.uint8),
        np.zeros(total + 1, dtype=np.int64), np.empty(common_entries, dtype=np.uint16),
        np.empty(common_entries, dtype=np.uint8), np.zeros(len(common) * total, dtype=np.uint8),
        np.zeros(total, dtype=np.float32),
    )  # fmt: skip
    write = _block_fast if fast else _block_plainly
    for block, first, last in base.blocks():
        begin = int(base.bases[block])
        dense = base.dense[first * len(common) : last * len(common)].reshape(len(common), last - first)
        write(rows, order[first:last], columns, idf, tokens.grid(config), base, dense, block, first, last)
        base.bases[block + 1] = begin + int(base.starts[block, -1])
    seal(base)
    return base


def _block_fast(
    rows: Rows, order: NDArray[np.int64], columns: NDArray[np.int32], idf: NDArray[np.float64],
    grid: Grid, base: Base, dense: NDArray[np.uint8], block: int, first: int, last: int,
) -> None:  # fmt: skip
    from matchmaker.matching.engine import kernels

    begin = int(base.bases[block])
    kernels.invert(
        order, rows.starts, rows.terms, rows.codes, columns, base.slots, idf, grid.damp, grid.steps,
        base.cstarts[first], base.starts[block], base.docs[begin:], base.codes[begin:], base.cstarts[first : last + 1],
        base.cslots, base.ccodes, dense, base.scale[first:last], base.peak,
    )  # fmt: skip


def _block_plainly(
    rows: Rows, order: NDArray[np.int64], columns: NDArray[np.int32], idf: NDArray[np.float64],
    grid: Grid, base: Base, dense: NDArray[np.uint8], block: int, first: int, last: int,
) -> None:  # fmt: skip
    counted = taken(rows, order)
    terms, codes = columns[counted.terms[: counted.starts[-1]]], counted.codes[: counted.starts[-1]]
    owner = np.repeat(np.arange(last - first), np.diff(counted.starts))
    squares = (grid.damp[codes] * idf[terms]) ** 2
    of_common = base.slots[terms] >= 0
    whole = np.bincount(owner, weights=squares, minlength=last - first)
    some = whole > 0
    base.scale[first:last][some] = 1 / np.sqrt(whole[some])
    np.maximum.at(base.peak, terms, codes)
    begin, size = int(base.bases[block]), int((~of_common).sum())
    by_term = np.argsort(terms[~of_common], kind="stable")
    base.docs[begin : begin + size] = owner[~of_common][by_term]
    base.codes[begin : begin + size] = codes[~of_common][by_term]
    base.starts[block, 1:] = np.cumsum(np.bincount(terms[~of_common], minlength=len(base.slots)))
    start = int(base.cstarts[first])
    counts = np.bincount(owner[of_common], minlength=last - first)
    base.cstarts[first + 1 : last + 1] = start + np.cumsum(counts)
    base.cslots[start : start + int(counts.sum())] = base.slots[terms[of_common]]
    base.ccodes[start : start + int(counts.sum())] = codes[of_common]
    dense[base.slots[terms[of_common]], owner[of_common]] = grid.steps[codes[of_common]]


def taken(rows: Rows, order: NDArray[np.int64]) -> Rows:
    """These documents, in this order."""
    sizes = np.diff(rows.starts)[order]
    found = Rows()
    found.starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    positions = np.arange(found.starts[-1]) + np.repeat(rows.starts[:-1][order] - found.starts[:-1], sizes)
    found.terms, found.codes = rows.terms[positions], rows.codes[positions]
    return found


@dataclass(frozen=True, eq=False)
class Delta:
    """Documents that came since the base was made, counted by its terms. Few: every query looks at all of them.

    `orders` places each among the rows of the base, where row r stands at (r + 1) << 20: equal scores go by id.
    """

    ids: tuple[str, ...]
    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    codes: NDArray[np.uint8]
    scale: NDArray[np.float32]
    orders: NDArray[np.int64]

    @cached_property
    def changed(self) -> Changed:
        return Changed(self.starts, self.columns, self.codes, self.scale, self.orders)

    def kept(self, gone: frozenset[str]) -> Delta:
        keep = np.array([i for i, document_id in enumerate(self.ids) if document_id not in gone], dtype=np.int64)
        if len(keep) == len(self.ids):
            return self
        sizes = np.diff(self.starts)[keep]
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        at = np.arange(starts[-1]) + np.repeat(self.starts[:-1][keep] - starts[:-1], sizes)
        return Delta(
            tuple(self.ids[i] for i in keep),
            starts,
            self.columns[at],
            self.codes[at],
            self.scale[keep],
            self.orders[keep],
        )

    def joined(self, other: Delta) -> Delta:
        return Delta(
            self.ids + other.ids,
            np.concatenate([self.starts, other.starts[1:] + self.starts[-1]]),
            np.concatenate([self.columns, other.columns]),
            np.concatenate([self.codes, other.codes]),
            np.concatenate([self.scale, other.scale]),
            self.orders,
        )

    def placed(self, ids: Strings) -> Delta:
        """With `orders` for a base of these ids."""
        gaps = [ids.before(document_id) for document_id in self.ids]
        orders = np.empty(len(gaps), dtype=np.int64)
        for number, at in enumerate(sorted(range(len(gaps)), key=self.ids.__getitem__)):
            orders[at] = (gaps[at] << 20) + 1 + number
        return replace(self, orders=orders)


NO_DELTA = Delta(
    (), np.zeros(1, dtype=np.int64), np.empty(0, dtype=np.int32), np.empty(0, dtype=np.uint8),
    np.empty(0, dtype=np.float32), np.empty(0, dtype=np.int64),
)  # fmt: skip


def known(
    counts: Counts, terms: Vocabulary, *, fast: bool
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.uint8]]:
    """(starts, columns, codes) of counted documents, without the terms that the vocabulary lacks."""
    columns = terms.columns(counts.keys, fast)
    have = columns >= 0
    if have.all():
        return counts.starts, columns, counts.codes
    starts = np.concatenate([[0], np.cumsum(have)])[counts.starts].astype(np.int64)
    return starts, columns[have], counts.codes[have]


def scales(starts: NDArray[np.int64], columns: NDArray[np.int32], codes: NDArray[np.uint8], idf: NDArray[np.float64],
           damp: NDArray[np.float64]) -> NDArray[np.float64]:  # fmt: skip
    """1 / norm of each document, 0 for one without a known term."""
    owner = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    whole = np.bincount(owner, weights=(damp[codes] * idf[columns]) ** 2, minlength=len(starts) - 1)
    return np.divide(1, np.sqrt(whole), out=np.zeros(len(whole)), where=whole > 0)
