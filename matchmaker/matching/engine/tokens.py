"""Texts to counted terms in one pass: what `text.grams` says, as 64-bit keys with a byte for the weighted frequency.

The compiled pass reads code points through a table of folds made from `text.fold`, so that it follows whatever folding
and classes of characters `text` has. Without numba the same keys come from `text.grams` itself.
"""

from __future__ import annotations

import heapq
import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matchmaker.matching.engine import text
from matchmaker.matching.engine.config import EngineConfig
from matchmaker.matching.engine.layout import (
    CODES,
    DECIMAL,
    FINISH,
    FUNCTION,
    HAN,
    JOINER,
    MANY,
    SEED,
    STEP,
    STEPS,
    WORD,
    Folds,
    Rules,
    Texts,
)

HAVE_NUMBA = find_spec("numba") is not None
"""Whether the extra `fast` is there. Looked for, not imported: that takes a second, and not every process needs it."""


@contextmanager
def plain() -> Iterator[None]:
    """Without compiled code in this process, for work that takes less time than compiling. The results are the same."""
    global HAVE_NUMBA
    found, HAVE_NUMBA = HAVE_NUMBA, False
    try:
        yield
    finally:
        HAVE_NUMBA = found


_PAGE = 256
_64 = (1 << 64) - 1


@dataclass(frozen=True)
class Document:
    """A listing or a query as the engine sees it: named texts. `EngineConfig` says what each name weighs."""

    id: str
    fields: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Counts:
    """Distinct terms of documents: those of document i are keys[starts[i]:starts[i + 1]], ascending."""

    starts: NDArray[np.int64]
    keys: NDArray[np.uint64]
    codes: NDArray[np.uint8]


def count(documents: Sequence[Document], config: EngineConfig, *, fast: bool) -> Counts:
    """Count the terms of each document. Both ways give the same."""
    if fast:
        from matchmaker.matching.engine import kernels

        return Counts(*Batch(documents, config).run(kernels.count))
    return _count_plainly(documents, config)


# --- weighted frequencies in a byte ---------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Grid:
    """The weighted term frequencies that the engine tells apart, ascending, and how much each counts (1 + ln tf).

    The smallest sums that the field weights can form stand exactly; from there on steps of a sixth, up to millions.
    """

    values: NDArray[np.float64]
    damp: NDArray[np.float64]
    whole: NDArray[np.int16]  # code of a whole number, -1 where it is not on the grid
    steps: NDArray[np.uint8]  # damp in STEPS of 1, rounded up


def grid(config: EngineConfig) -> Grid:
    return _grid(frozenset([*config.field_weights.values(), config.default_weight]))


@lru_cache(maxsize=8)
def _grid(weights: frozenset[float]) -> Grid:
    exact: list[float] = []
    heap, steps = [0.0], sorted(weights - {0.0}) or [1.0]
    while len(exact) <= 180:
        smallest = heapq.heappop(heap)
        if not exact or smallest > exact[-1] + 1e-9:
            exact.append(smallest)
            for weight in steps:
                heapq.heappush(heap, smallest + weight)
    values = exact[1:]
    while len(values) < CODES:
        values.append(values[-1] * 7 / 6)
    found = np.array(values)
    whole = np.full(256, -1, dtype=np.int16)
    for code, value in enumerate(values):
        if value == int(value) < len(whole):
            whole[int(value)] = code
    damp = 1 + np.log(found)
    return Grid(found, damp, whole, np.ceil(damp * STEPS).clip(0, 255).astype(np.uint8))


def nearest(tfs: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.uint8]:
    at = np.searchsorted(values, tfs).clip(0, len(values) - 1)
    below = (at - 1).clip(0)
    return np.where((at > 0) & (tfs - values[below] <= values[at] - tfs), below, at).astype(np.uint8)


# --- keys -----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1 << 16)
def key_of(term: str) -> int:
    state = SEED
    for character in term:
        state = ((state ^ ord(character)) * STEP) & _64
        state ^= state >> 29
    state = ((state ^ (state >> 32)) * FINISH) & _64
    return state ^ (state >> 32)


def weighted_grams(document: Document, config: EngineConfig) -> dict[str, float]:
    """Terms of a document with their weighted frequency, by `text.grams` alone."""
    found: dict[str, float] = {}
    for name in sorted(document.fields):
        if weight := config.weight(name):
            for term in text.grams(document.fields[name], config.max_gram):
                found[term] = found.get(term, 0.0) + weight
    return found


def _count_plainly(documents: Sequence[Document], config: EngineConfig) -> Counts:
    starts, keys, tfs = [0], [], []
    for document in documents:
        counted = sorted((key_of(term), tf) for term, tf in weighted_grams(document, config).items())
        keys += [key for key, _ in counted]
        tfs += [tf for _, tf in counted]
        starts.append(len(keys))
    codes = nearest(np.array(tfs, dtype=np.float64), grid(config).values)
    return Counts(np.array(starts, dtype=np.int64), np.array(keys, dtype=np.uint64), codes)


# --- the table of folds ---------------------------------------------------------------------------------------------


class _Folds:
    """Folded characters with their classes, by pages of 256 code points that are read in when a text needs them."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        #: Replaced as a whole: a thread that reads meanwhile keeps the old table.
        self.current = Folds(
            np.full(0x110000 // _PAGE, -1, dtype=np.int32),
            np.empty((0, _PAGE), dtype=np.uint32),
            np.empty(0, dtype=np.uint32),
        )
        self.han = re.compile(f"[{text._HAN}]")
        self.word = re.compile(f"(?:{text._WORD})")
        words = sorted(text._FUNCTION_WORDS)
        self.function_words = np.sort(np.array([key_of(word) for word in words], dtype=np.uint64))
        self.longest = max(map(len, words))

    def covering(self, codes: NDArray[np.uint32]) -> Folds:
        """With every page that these code points need."""
        from matchmaker.matching.engine import kernels

        if kernels.unread(codes, self.current.pages):
            for page in np.unique(codes >> 8):
                self._read(int(page))
        return self.current

    def _read(self, page: int) -> None:
        with self.lock:
            before = self.current
            if before.pages[page] >= 0:
                return
            row, many = np.empty((1, _PAGE), dtype=np.uint32), before.many.tolist()
            for low in range(_PAGE):
                folded = [self._classified(character) for character in text.fold(chr(page * _PAGE + low))]
                if len(folded) == 1:
                    row[0, low] = folded[0]
                else:
                    row[0, low] = MANY | len(many) << 5 | len(folded)
                    many += folded
            pages = before.pages.copy()
            pages[page] = len(before.table)
            self.current = Folds(pages, np.concatenate([before.table, row]), np.array(many, dtype=np.uint32))

    def _classified(self, character: str) -> int:
        entry = ord(character)
        if self.han.fullmatch(character):
            entry |= HAN
            if text._FUNCTION_CHARACTERS.fullmatch(character):
                entry |= FUNCTION
        elif self.word.fullmatch(character):
            entry |= WORD
        if character.isdecimal():
            entry |= DECIMAL
        if character in " -":
            entry |= JOINER
        return entry


@lru_cache(maxsize=1)
def _folds() -> _Folds:
    return _Folds()


class Batch:
    """Documents as the kernels take them: one array of code points, where each text begins, and what it weighs."""

    def __init__(self, documents: Iterable[Document], config: EngineConfig) -> None:
        contents: list[str] = []
        weights: list[float] = []
        counts = [0]
        named: dict[str, float] = {}
        for document in documents:
            fields = document.fields
            for name in sorted(fields):
                weight = named.get(name)
                if weight is None:
                    weight = named[name] = config.weight(name)
                if weight:
                    contents.append(fields[name])
                    weights.append(weight)
            counts.append(len(contents))
        joined = "".join(contents).encode("utf-32-le", "surrogatepass")
        codes: NDArray[np.uint32] = np.frombuffer(joined, dtype=np.uint32)
        begins = np.array([0, *accumulate(map(len, contents))], dtype=np.int64)
        self.texts = Texts(codes, begins, np.array(weights, dtype=np.float64), np.array(counts, dtype=np.int64))
        self.folds = _folds().covering(codes)
        self.rules = rules(config)

    def run(self, kernel: Any, *more: Any, begin: int = 0) -> Any:
        """Call a kernel on the documents from `begin` on."""
        texts = self.texts._replace(documents=self.texts.documents[begin:]) if begin else self.texts
        return kernel(texts, self.folds, self.rules, *more)


def rules(config: EngineConfig) -> Rules:
    """How texts are cut and counted under these settings."""
    return _rules_of(config.max_gram, frozenset([*config.field_weights.values(), config.default_weight]))


@lru_cache(maxsize=8)
def _rules_of(max_gram: int, weights: frozenset[float]) -> Rules:
    folds, steps = _folds(), _grid(weights)
    return Rules(max_gram, folds.function_words, folds.longest, steps.values, steps.whole, steps.damp, steps.steps)
