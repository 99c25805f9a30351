"""Numbers and shapes that the compiled and the plain path agree on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# A folded character is its code point in 21 bits and its class above them.
CODE = (1 << 21) - 1
HAN, WORD, FUNCTION, DECIMAL, JOINER = (1 << bit for bit in range(21, 26))
MANY = 1 << 31
"""Marks a character that folds to none or to several: then offset << 5 | length in the table of those."""

SEED, STEP, FINISH = 0x243F6A8885A308D3, 0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93
"""A term is known by a 64-bit hash. Among ten million terms two agree with a chance of 3 in a million."""

BLOCK = 1 << 16
"""Documents whose running sums fit the cache of a core, and whose numbers within the block fit 16 bits."""

CODES = 256
"""Term frequencies are kept in a byte (`tokens.grid`)."""

STEPS = 16
"""The dense rows of common terms hold 1 + ln tf in so many steps for 1, rounded up."""

STRIDE = 32
"""Documents that are passed over together where none can be among the best."""


class Texts(NamedTuple):
    """Documents as one array of code points: document d has the texts from documents[d] to documents[d + 1], text t the
    code points from begins[t] to begins[t + 1], each occurrence of a term in it counts weights[t]."""

    codes: NDArray[np.uint32]
    begins: NDArray[np.int64]
    weights: NDArray[np.float64]
    documents: NDArray[np.int64]


class Folds(NamedTuple):
    """What each code point folds to, with its classes: table[pages[code >> 8], code & 255]."""

    pages: NDArray[np.int32]
    table: NDArray[np.uint32]
    many: NDArray[np.uint32]


class Rules(NamedTuple):
    """How folded texts are cut and counted."""

    max_gram: int
    function_words: NDArray[np.uint64]
    longest: int
    grid: NDArray[np.float64]
    whole: NDArray[np.int16]
    damp: NDArray[np.float64]
    steps: NDArray[np.uint8]


class Wanted(NamedTuple):
    """What each term of a query adds to a document that has it with code c: sums[offsets[i] + c] units.

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


class Changed(NamedTuple):
    """The documents of a delta, as kernels take them (`segments.Delta`)."""

    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    codes: NDArray[np.uint8]
    scale: NDArray[np.float32]
    orders: NDArray[np.int64]


class Scratch(NamedTuple):
    """What a thread needs for a block of documents: running sums of the rare terms, the most that each can score, the
    highest of each stride, those to be scored first; and an offset for each term, which is 0 between queries (empty
    where there is no delta)."""

    running: NDArray[np.int32]
    limits: NDArray[np.float32]
    highest: NDArray[np.float32]
    histogram: NDArray[np.int32]
    likeliest: NDArray[np.int64]
    lookup: NDArray[np.int32]
