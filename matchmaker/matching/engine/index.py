"""The index: TF-IDF rows of documents, kept as postings; built, changed, merged.

An index is a base, which never changes and may be mapped from disk by many processes, and beside it what has changed
since: documents of a small delta, and a mask over documents that are gone.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice, pairwise
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from matchmaker.matching.engine import segments, tokens
from matchmaker.matching.engine.config import EngineConfig
from matchmaker.matching.engine.segments import NO_DELTA, Base, Delta, Rows, Vocabulary
from matchmaker.matching.engine.strings import Names, Strings
from matchmaker.matching.engine.tokens import Batch
from matchmaker.matching.engine.tokens import Document as Document

_CHUNK = 1_000  # documents counted at once


class Ids(Names):
    """Ids of the documents that the index holds, ascending. Looks like a tuple, and costs nothing until it is read."""

    def __init__(self, base: Strings, delta: Sequence[str], rows: NDArray[np.int64] | None) -> None:
        self._base, self._delta, self._rows = base, delta, rows  # rows: numbers in base and delta, None for all of base

    def __len__(self) -> int:
        return len(self._base) if self._rows is None else len(self._rows)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[str]: ...
    def __getitem__(self, at: int | slice) -> str | Sequence[str]:
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(len(self)))]
        row = range(len(self))[at] if self._rows is None else int(self._rows[at])
        return self._base[row] if row < len(self._base) else self._delta[row - len(self._base)]


class _Positions(Mapping[str, int]):
    """Position of each id in `Index.ids`."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    def __getitem__(self, document_id: str) -> int:
        low, high = 0, len(self._ids)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self._ids[middle] < document_id else (low, middle)
        if low == len(self._ids) or self._ids[low] != document_id:
            raise KeyError(document_id)
        return low

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)


@dataclass(frozen=True, eq=False)
class Index:
    """Immutable. Documents are known by their ids; a score is the cosine of two TF-IDF vectors.

    `fingerprint` names the *scoring function* (settings, terms, idf), not the documents: equal fingerprints give
    equal scores for equal texts, so results stored under another fingerprint are stale.
    """

    config: EngineConfig
    vocabulary: Vocabulary
    base: Base
    fingerprint: str
    delta: Delta = NO_DELTA
    mask: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=np.bool_))  # empty: all of the base

    @property
    def terms(self) -> Strings:
        """One for each column of `vectors`."""
        return self.vocabulary.terms

    @property
    def idf(self) -> NDArray[np.float64]:
        return self.vocabulary.idf

    def rarity(self, term: str) -> float:
        """Its idf, infinite where no text has it."""
        found = self.vocabulary.columns(np.array([tokens.key_of(term)], dtype=np.uint64), fast=False)[0]
        return math.inf if found < 0 else float(self.idf[found])

    @property
    def changed(self) -> int:
        """Documents that a `merged` index would add or drop."""
        return len(self.delta.ids) + (len(self.mask) - int(self.mask.sum()))

    @cached_property
    def kept_rows(self) -> NDArray[np.int64] | None:
        """Numbers in base and delta along `ids`; None where that is just the base."""
        if not self.changed:
            return None
        of_base = np.flatnonzero(self.mask) if len(self.mask) else np.arange(len(self.base.scale))
        rows = np.concatenate([of_base, len(self.base.scale) + np.arange(len(self.delta.ids))])
        order = np.argsort(np.concatenate([(of_base + 1) << 20, self.delta.orders]), kind="stable")
        return rows[order]

    @cached_property
    def ids(self) -> Ids:
        return Ids(self.base.ids, self.delta.ids, self.kept_rows)

    @cached_property
    def rows(self) -> Mapping[str, int]:
        return _Positions(self.ids)

    @cached_property
    def peak(self) -> NDArray[np.uint8]:
        """Highest code of each term, in base and delta."""
        if not len(self.delta.codes):
            return self.base.peak
        peak = self.base.peak.copy()
        np.maximum.at(peak, self.delta.columns, self.delta.codes)
        peak.setflags(write=False)
        return peak

    @cached_property
    def common(self) -> int:
        return self.base.common

    def name(self, row: int) -> str:
        """Id of a document by its number in base and delta."""
        base = self._base_ids
        return base[row] if row < len(base) else self.delta.ids[row - len(base)]

    @cached_property
    def _base_ids(self) -> Strings:
        return self.base.ids

    def counted(self, documents: Sequence[Document]) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.uint8]]:
        """(starts, columns ascending, codes) of documents by the terms of this index; others are passed over."""
        fast = tokens.HAVE_NUMBA
        return segments.known(tokens.count(documents, self.config, fast=fast), self.vocabulary, fast=fast)

    def vectors(self, documents: Sequence[Document]) -> sparse.csr_array:
        """L2-normalised TF-IDF rows (float64, len(documents) x len(terms)). Terms unknown to the index are passed over,
        a document without a known term gives a row of zeros."""
        starts, columns, codes = self.counted(documents)
        damp = tokens.grid(self.config).damp
        scale = np.repeat(segments.scales(starts, columns, codes, self.idf, damp), np.diff(starts))
        weights = damp[codes] * self.idf[columns] * scale
        return sparse.csr_array((weights, columns, starts), shape=(len(documents), len(self.idf)))

    def held(self) -> Iterator[tuple[list[str], NDArray[np.int64], NDArray[np.int32], NDArray[np.uint8]]]:
        """What was counted of each document, part by part: (ids, starts, columns, codes); "" for one that is gone."""
        for (_, first, last), counted in zip(self.base.blocks(), self.base.forward(), strict=True):
            kept = self.mask[first:last] if len(self.mask) else np.ones(last - first, dtype=np.bool_)
            names = [self._base_ids[first + at] if keep else "" for at, keep in enumerate(kept)]
            yield names, *counted
        yield list(self.delta.ids), self.delta.starts, self.delta.columns, self.delta.codes

    def updated(self, *, documents: Iterable[Document] = (), removed: Collection[str] = ()) -> Index:
        """An index with `documents` added or replaced and `removed` gone (ids it does not hold are passed over).

        Terms and idf stay frozen, so the fingerprint stays and no other score moves; terms never seen before count
        from the next `build` on. Costs what the delta holds, whatever the size of the base.
        """
        new = sorted(documents, key=lambda document: document.id)
        _refuse_twins([document.id for document in new])
        gone = frozenset([*removed, *(document.id for document in new)])
        if not gone:
            return self
        mask, ids = self.mask, self.base.ids
        if rows := [row for document_id in gone if (row := ids.find(document_id)) >= 0]:
            mask = mask.copy() if len(mask) else np.ones(len(ids), dtype=np.bool_)
            mask[rows] = False
        starts, columns, codes = self.counted(new)
        scale = segments.scales(starts, columns, codes, self.idf, tokens.grid(self.config).damp).astype(np.float32)
        names = tuple(document.id for document in new)
        added = Delta(names, starts, columns, codes, scale, np.empty(0, dtype=np.int64))
        return replace(self, delta=self.delta.kept(gone).joined(added).placed(ids), mask=mask)

    def merged(self) -> Index:
        """The same index with everything in its base: same terms, same weights, same scores."""
        if not self.changed:
            return self
        rows = Rows()
        for starts, columns, codes in self.base.forward():
            rows.add(starts, columns, codes)
        rows.add(self.delta.starts, self.delta.columns, self.delta.codes)
        order = self.kept_rows
        assert order is not None
        held = np.bincount(self.delta.columns, minlength=len(self.idf)).astype(np.int64)
        for first in range(0, len(order), _CHUNK * 100):
            kept = segments.taken(rows, order[first : first + _CHUNK * 100])
            if first == 0:
                held[:] = 0
            held += np.bincount(kept.terms, minlength=len(self.idf))
        columns = np.arange(len(self.idf), dtype=np.int32)
        base = segments.invert(
            rows, order, list(self.ids), columns, held, self.idf, self.config, fast=tokens.HAVE_NUMBA
        )
        return Index(self.config, self.vocabulary, base, self.fingerprint)

    def swapped(self, documents: Iterable[Document]) -> Index:
        """The index of other documents under the same terms and weights: the other side of a market."""
        counted, ids = Rows(), []
        for chunk in _chunks(documents):
            counted.add(*self.counted(chunk))
            ids += [document.id for document in chunk]
        order = _ascending(ids)
        entries = int(counted.starts[-1])
        held = np.bincount(counted.terms[:entries], minlength=len(self.idf)).astype(np.int64)
        columns = np.arange(len(self.idf), dtype=np.int32)
        base = segments.invert(
            counted, order, [ids[i] for i in order], columns, held, self.idf, self.config, fast=tokens.HAVE_NUMBA
        )
        return Index(self.config, self.vocabulary, base, self.fingerprint)


def build(documents: Iterable[Document], config: EngineConfig, *, background: Iterable[Document] = ()) -> Index:
    """Index `documents`. Those in `background` are not indexed, but count for how rare a term is.

    Give the other side of the market as background: the boilerplate of needs is common among needs only, and two
    indexes over the same union (achievements with needs behind, needs with achievements behind) score a pair the same
    from both sides. Ids must be unique within `documents`. The order of either is of no consequence. Either may be an
    iterator: texts are let go once they are counted.
    """
    fast = tokens.HAVE_NUMBA
    counter: Any = _Counter(config) if fast else _PlainCounter(config)
    ids: list[str] = []
    for chunk in _chunks(documents):
        counter.add(chunk, keep=True)
        ids += [document.id for document in chunk]
    order, held, total = _ascending(ids), counter.held(), len(ids)
    for chunk in _chunks(background):
        counter.add(chunk, keep=False)
        total += len(chunk)
    keys, everywhere, terms = counter.terms()
    idf = np.log((1 + total) / (1 + everywhere)) + 1
    found = segments.vocabulary(keys, idf, terms)
    columns = np.empty(len(keys), dtype=np.int32)
    columns[np.argsort(keys)] = np.arange(len(keys), dtype=np.int32)
    by_column = np.zeros(len(keys), dtype=np.int64)
    by_column[columns[: len(held)]] = held
    names = [ids[i] for i in order]
    base = segments.invert(counter.rows, order, names, columns, by_column, found.idf, config, fast=fast)
    return Index(config, found, base, fingerprint_of(config, found))


def fingerprint_of(config: EngineConfig, terms: Vocabulary) -> str:
    digest = hashlib.sha256(config.fingerprint().encode())
    for array in (terms.keys, terms.idf):
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _chunks(documents: Iterable[Document]) -> Iterator[list[Document]]:
    stream = iter(documents)
    while chunk := list(islice(stream, _CHUNK)):
        yield chunk


def _ascending(ids: Sequence[str]) -> NDArray[np.int64]:
    order = sorted(range(len(ids)), key=ids.__getitem__)
    _refuse_twins([ids[i] for i in order])
    return np.array(order, dtype=np.int64)


def _refuse_twins(ascending: Sequence[str]) -> None:
    for before, after in pairwise(ascending):
        if before == after:
            raise ValueError(f"two documents have the id {after!r}")


class _PlainCounter:
    """Counts documents against a vocabulary that grows, by `text.grams`."""

    def __init__(self, config: EngineConfig) -> None:
        self.config, self.rows = config, Rows()
        self.numbers: dict[str, int] = {}
        self.counts: list[int] = []

    def add(self, documents: Sequence[Document], *, keep: bool) -> None:
        starts, terms, tfs = [0], [], []
        for document in documents:
            for term, tf in tokens.weighted_grams(document, self.config).items():
                number = self.numbers.setdefault(term, len(self.counts))
                if number == len(self.counts):
                    self.counts.append(0)
                self.counts[number] += 1
                terms.append(number)
                tfs.append(tf)
            starts.append(len(terms))
        if keep:
            codes = tokens.nearest(np.array(tfs, dtype=np.float64), tokens.grid(self.config).values)
            self.rows.add(np.array(starts, dtype=np.int64), np.array(terms, dtype=np.int32), codes)

    def held(self) -> NDArray[np.int64]:
        return np.array(self.counts, dtype=np.int64)

    def terms(self) -> tuple[NDArray[np.uint64], NDArray[np.int64], Strings]:
        keys = np.array([tokens.key_of(term) for term in self.numbers], dtype=np.uint64)
        points = np.frombuffer("".join(self.numbers).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        ends = np.concatenate([[0], np.cumsum([len(term) for term in self.numbers])]).astype(np.int64)
        return keys, self.held(), Strings(points, ends)


class _Counter:
    """The same, compiled: about a hundredth of the time."""

    def __init__(self, config: EngineConfig) -> None:
        self.config, self.rows = config, Rows()
        self.slots = np.full(1 << 15, -1, dtype=np.int32)
        self.keys = np.empty(1 << 14, dtype=np.uint64)
        self.counts = np.empty(1 << 14, dtype=np.int32)
        self.last = np.empty(1 << 14, dtype=np.int64)
        self.ends = np.zeros((1 << 14) + 1, dtype=np.int64)
        self.chars = np.empty(1 << 16, dtype=np.uint32)
        self.size = 0

    def add(self, documents: Sequence[Document], *, keep: bool) -> None:
        from matchmaker.matching.engine import kernels

        batch, done = Batch(documents, self.config), 0
        starts = np.zeros(len(documents) + 1, dtype=np.int64)
        starts[0] = written = int(self.rows.starts[-1])
        while True:
            counted, self.size, written, grams = batch.run(
                kernels.intern, self.slots, self.keys, self.counts, self.last, self.ends, self.chars,
                self.size, keep, starts[done:], self.rows.terms, self.rows.codes, written, begin=done,
            )  # fmt: skip
            done += counted
            if done == len(documents):
                break
            self._grow(written, grams)
        if keep:
            self.rows.starts = np.concatenate([self.rows.starts, starts[1:]])

    def _grow(self, written: int, grams: int) -> None:
        """Room for so many more, and half as much again as there is."""
        self.rows.reserve(written + grams)
        chars = int(self.ends[self.size]) + grams * (self.config.max_gram + 1)
        if chars > len(self.chars):
            self.chars.resize(chars + len(self.chars) // 2, refcheck=False)
        if self.size + grams > len(self.keys):
            size = self.size + grams + len(self.keys) // 2
            for array in (self.keys, self.counts, self.last):
                array.resize(size, refcheck=False)
            self.ends.resize(size + 1, refcheck=False)
        if 2 * (self.size + grams) > len(self.slots):
            from matchmaker.matching.engine import kernels

            self.slots = np.empty(1 << (2 * (self.size + grams)).bit_length(), dtype=np.int32)
            kernels.rehash(self.slots, self.keys, self.size)

    def held(self) -> NDArray[np.int64]:
        return self.counts[: self.size].astype(np.int64)

    def terms(self) -> tuple[NDArray[np.uint64], NDArray[np.int64], Strings]:
        strings = Strings(self.chars[: self.ends[self.size]], self.ends[: self.size + 1])
        return self.keys[: self.size], self.held(), strings
