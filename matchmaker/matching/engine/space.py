"""What the second stage knows about texts: weighed grams, latent dimensions, concepts, meaning.

A `Space` is fitted on the corpus of both sides. It turns texts into `Side`s, and a pair of sides into a handful of
measures, each zero where the two have nothing in common.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import normalize
from sklearn.utils.extmath import randomized_svd

from matchmaker.matching.engine import arrays, text
from matchmaker.matching.engine.index import Document
from matchmaker.matching.engine.words import Lexicon

Floats = NDArray[np.float64]
Dense = NDArray[np.float32]
"""Vectors of meaning: many and long, so in single precision."""

_MAX_GRAM = 2
_WEIGHTS: Mapping[str, float] = {"title": 8.0, "keywords": 4.0}

#: A single character links wordings that no gram of two does (铝材, 铝合金): it counts more than its rarity says.
_UNIGRAM = 1.5
_RARITY = 1.1
#: Share of the usual division by a document's length: a short title that is contained is worth less than a longer one.
_LENGTH = 0.75

#: Texts in two languages share no words, whatever they say. In one language shared words add about as much to a score
#: as nearness of meaning does (0.7 to 1.0 times over all pairs, 2.4 times over judged ones); across two it counts for
#: both.
_ACROSS_LANGUAGES = 2.0

_DIMENSIONS = 150
_PAIRS = 10_000  # measured at once, so that memory stays bounded
_MOST_FITTED = 30_000
"""Documents of one side that the space is fitted on, evenly drawn by id; more would not change rarities visibly."""

# Statements of a need about its own firm: what it has, not what it seeks.
_FIRM = re.compile(
    "基础|公司|团队|投入|预算|资金|经费|万元|专利|论文|获得|荣誉|院士|博士|拥有|成立|企业|合作|我司|我院"
)
_ABOUT_FIRM = re.compile("(?:工作|现有|实验|科研|研究)基础|(?:资金|项目)预算|(?:公司|企业)(?:简介|情况)")
_ABOUT_NEED = re.compile("需求|目标|内容|难题|问题|指标|关键技术|背景")
_SENTENCE = re.compile(r"[^\n\r。；;！!？?]+")
_OPENING = 16


def weighed_sentences(content: str) -> list[tuple[str, float]]:
    """Sentences of a need's text, each with what it counts: 1, or less where the firm speaks of itself."""
    found, section = [], 1.0
    for match in _SENTENCE.finditer(content):
        sentence = match[0]
        opening = sentence.strip()[:_OPENING]
        if not opening:
            continue
        if _ABOUT_FIRM.search(opening):
            section = 0.25
        elif _ABOUT_NEED.search(opening):
            section = 1.0
        found.append((sentence, section * (0.5 if len(_FIRM.findall(sentence)) >= 2 else 1.0)))
    return found


@dataclass(frozen=True, eq=False)
class Side:
    """Documents of one kind, a row each, in the order given.

    grams: weighed rows over the terms of the corpus, of length one with the terms that are not; lengths: what they were
    divided by, 1 on average over the corpus; latent: rows as long as those of grams; concepts: rows of length one,
    weighed; chinese: which are in that language; dense: rows of length one for (title, whole text), or None.
    """

    ids: tuple[str, ...]
    grams: sparse.csr_array
    lengths: Floats
    latent: Floats
    concepts: sparse.csr_array
    chinese: NDArray[np.bool_]
    dense: tuple[Dense, Dense] | None = None

    @cached_property
    def rows(self) -> dict[str, int]:
        return {document_id: row for row, document_id in enumerate(self.ids)}

    def take(self, rows: NDArray[np.int64] | Sequence[int]) -> Side:
        at = np.asarray(rows, dtype=np.int64)
        dense = None if self.dense is None else (self.dense[0][at], self.dense[1][at])
        return Side(
            tuple(self.ids[row] for row in at.tolist()),
            sparse.csr_array(self.grams[at]),
            self.lengths[at],
            self.latent[at],
            sparse.csr_array(self.concepts[at]),
            self.chinese[at],
            dense,
        )

    def named(self, ids: Sequence[str]) -> Side:
        """The same rows under other ids."""
        return replace(self, ids=tuple(ids))

    def joined(self, other: Side) -> Side:
        """These documents and then the others; of the same space, both with meaning or both without."""
        dense = None
        if self.dense is not None and other.dense is not None:
            dense = (np.vstack([self.dense[0], other.dense[0]]), np.vstack([self.dense[1], other.dense[1]]))
        return Side(
            (*self.ids, *other.ids),
            sparse.csr_array(sparse.vstack([self.grams, other.grams], format="csr")),
            np.concatenate([self.lengths, other.lengths]),
            np.vstack([self.latent, other.latent]),
            sparse.csr_array(sparse.vstack([self.concepts, other.concepts], format="csr")),
            np.concatenate([self.chinese, other.chinese]),
            dense,
        )

    def save(self, directory: Path, name: str) -> None:
        arrays.write_json(directory, f"{name}-ids", self.ids)
        arrays.write_sparse(directory, f"{name}-grams", self.grams.astype(np.float32))
        arrays.write_sparse(directory, f"{name}-concepts", self.concepts.astype(np.float32))
        arrays.write(directory, f"{name}-lengths", self.lengths)
        arrays.write(directory, f"{name}-chinese", self.chinese)
        arrays.write(directory, f"{name}-latent", self.latent.astype(np.float32))
        if self.dense is not None:
            for column, part in enumerate(self.dense):
                arrays.write(directory, f"{name}-dense-{column}", part)

    @classmethod
    def load(cls, directory: Path, name: str, *, meaning: bool) -> Side:
        """Memory-mapped: only the rows that are taken get read."""
        dense = [arrays.read(directory, f"{name}-dense-{column}") for column in (0, 1)] if meaning else None
        return cls(
            tuple(arrays.read_json(directory, f"{name}-ids")),
            arrays.read_sparse(directory, f"{name}-grams"),
            arrays.read(directory, f"{name}-lengths"),
            arrays.read(directory, f"{name}-latent"),
            arrays.read_sparse(directory, f"{name}-concepts"),
            arrays.read(directory, f"{name}-chinese"),
            None if dense is None else (dense[0], dense[1]),
        )


MEASURES = ("wording", "related", "concepts", "meaning_title", "meaning_text")
"""Of a pair: shared grams; nearness in the latent space; shared concepts; nearness of meaning, title and whole text,
which counts more between two languages."""


@dataclass(frozen=True, eq=False)
class Space:
    """Fitted on so many different `texts`."""

    terms: tuple[str, ...]
    idf: Floats
    texts: int
    mean_length: float
    basis: Floats  # terms x dimensions
    concept_idf: Floats
    lexicon: Lexicon

    @cached_property
    def fingerprint(self) -> str:
        """Names the function from texts to measures."""
        digest = hashlib.sha256(self.lexicon.fingerprint.encode())
        digest.update(json.dumps([self.terms, self.texts, round(self.mean_length, 9)]).encode())
        for array in (self.idf, self.basis.astype(np.float32), self.concept_idf):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    @cached_property
    def columns(self) -> dict[str, int]:
        return {term: column for column, term in enumerate(self.terms)}

    def rarity(self, term: str) -> float:
        """Its idf, infinite where no text has it."""
        column = self.columns.get(term)
        return math.inf if column is None else float(self.idf[column])

    def needs(self, documents: Sequence[Document]) -> Side:
        return self._side(documents, of_needs=True)

    def achievements(self, documents: Sequence[Document]) -> Side:
        return self._side(documents, of_needs=False)

    def _side(self, documents: Sequence[Document], *, of_needs: bool) -> Side:
        pieces = _pieces(documents, of_needs=of_needs)
        terms, (counts,) = _counted(pieces)
        grams, lengths = self.weighed(terms, counts)
        concepts = _damped(pieces.gather(_mentions(self.lexicon, pieces.texts))) @ sparse.diags_array(self.concept_idf)
        return Side(
            ids=tuple(document.id for document in documents),
            grams=grams,
            lengths=lengths / self.mean_length if self.mean_length else lengths,
            latent=_unit(grams @ self.basis) * _length(grams)[:, None],
            concepts=_normal(concepts),
            chinese=np.array([text.is_chinese("\n".join(one.fields.values())) for one in documents], dtype=np.bool_),
        )

    def weighed(self, terms: Sequence[str], counts: sparse.csr_array) -> tuple[sparse.csr_array, Floats]:
        """Rows over the terms of the corpus, and what they were divided by. In that terms new to the corpus count as
        well, as rare as can be: else a text with one known word among many would consist of it alone."""
        columns = np.array([self.columns.get(term, -1) for term in terms], dtype=np.int64)
        known = columns >= 0
        idf = _rarity(terms, np.ones(len(terms)), self.texts + 1)
        idf[known] = self.idf[columns[known]]
        weighed = sparse.csr_array(_damped(counts) @ sparse.diags_array(idf))
        kept = sparse.csr_array(_normal(weighed)[:, known])
        rows = (kept.data, columns[known][kept.indices], kept.indptr)
        return sparse.csr_array(rows, shape=(kept.shape[0], len(self.terms))), _length(weighed)

    def save(self, directory: Path) -> None:
        """Arrays and JSON, into a directory that is being written."""
        arrays.write(directory, "space-idf", self.idf)
        arrays.write(directory, "space-basis", self.basis.astype(np.float32))
        arrays.write(directory, "space-concepts", self.concept_idf)
        arrays.write_json(
            directory, "space", {"terms": self.terms, "texts": self.texts, "mean_length": self.mean_length}
        )

    @classmethod
    def load(cls, directory: Path, lexicon: Lexicon) -> Space:
        plain = arrays.read_json(directory, "space")
        return cls(
            tuple(plain["terms"]),
            arrays.read(directory, "space-idf"),
            plain["texts"],
            plain["mean_length"],
            arrays.read(directory, "space-basis"),
            arrays.read(directory, "space-concepts"),
            lexicon,
        )


def fit(needs: Iterable[Document], achievements: Iterable[Document], lexicon: Lexicon) -> Space:
    """The space of a corpus. Equal texts count once: a title posted forty times is not forty times as common.

    The order of the documents is of no consequence.
    """
    wanted, offered = _distinct(needs), _distinct(achievements)
    pieces = [_pieces(wanted, of_needs=True), _pieces(offered, of_needs=False)]
    terms, sides = _counted(*pieces)
    if not terms:
        return Space((), np.empty(0), 0, 0.0, np.empty((0, 0)), np.zeros(len(lexicon.concepts)), lexicon)
    counts = sparse.csr_array(sparse.vstack(sides, format="csr"))
    mentions = sparse.vstack([side.gather(_mentions(lexicon, side.texts)) for side in pieces], format="csr")
    idf, total = _rarity(terms, _documents(counts), counts.shape[0]), counts.shape[0]
    concept_idf = _idf(_documents(mentions), total)
    space = Space(terms, idf, total, 0.0, np.empty((len(terms), 0)), concept_idf, lexicon)
    rows, lengths = space.weighed(terms, counts)
    mean = float(lengths[len(wanted) :].mean()) if offered else 1.0
    return replace(space, mean_length=mean or 1.0, basis=_basis(rows))


def measures(needs: Side, achievements: Side, need_rows: NDArray[np.int64], rows: NDArray[np.int64]) -> Floats:
    """MEASURES of each pair (needs[need_rows[i]], achievements[rows[i]]): len(rows) x 5. Without dense vectors the last
    two are 0."""
    found = np.zeros((len(rows), len(MEASURES)))
    for start in range(0, len(rows), _PAIRS):
        part = slice(start, start + _PAIRS)
        left, right = need_rows[part], rows[part]
        found[part, 0] = _dots(needs.grams, achievements.grams, left, right) * stretch(achievements.lengths[right])
        found[part, 1] = _products(needs.latent, achievements.latent, left, right)
        found[part, 2] = _dots(needs.concepts, achievements.concepts, left, right)
        if needs.dense is not None and achievements.dense is not None:
            for column in (0, 1):
                found[part, 3 + column] = _products(needs.dense[column], achievements.dense[column], left, right)
            found[part, 3:][needs.chinese[left] != achievements.chinese[right]] *= _ACROSS_LANGUAGES
    return found


def by_need(need_rows: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Each need that occurs, with the positions at which it does."""
    order = np.argsort(need_rows, kind="stable")
    values, starts = np.unique(need_rows[order], return_index=True)
    yield from zip(values.tolist(), np.split(order, starts[1:]), strict=True) if len(values) else ()


def stretch(lengths: Floats) -> Floats:
    """What a cosine is multiplied by, so that the document's length divides it by a power below one."""
    return np.where(lengths > 0, lengths, 1.0) ** (1 - _LENGTH)


def _dots(left: sparse.csr_array, right: sparse.csr_array, at: NDArray[np.int64], rows: NDArray[np.int64]) -> Floats:
    return np.asarray(left[at].multiply(right[rows]).sum(axis=1), dtype=np.float64).ravel()


def _products(left: NDArray[Any], right: NDArray[Any], at: NDArray[np.int64], rows: NDArray[np.int64]) -> Floats:
    found: Floats = np.einsum("ij,ij->i", left[at], right[rows], dtype=np.float64)
    return found


def shared_grams(needs: Side, achievements: Side, need_row: int, row: int) -> dict[int, float]:
    """What each shared gram adds to the measure `wording`, by its column."""
    length = float(stretch(achievements.lengths[[row]])[0])
    product = needs.grams[[need_row]].multiply(achievements.grams[[row]]).tocoo()
    return {int(column): float(value) * length for column, value in zip(product.coords[1], product.data, strict=True)}


def shared_concepts(needs: Side, achievements: Side, need_row: int, row: int) -> dict[int, float]:
    """What each shared concept adds to the measure `concepts`."""
    product = needs.concepts[[need_row]].multiply(achievements.concepts[[row]]).tocoo()
    return {int(column): float(value) for column, value in zip(product.coords[1], product.data, strict=True)}


# --- counting -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Pieces:
    """Stretches of text, each once, and how often each counts for which document."""

    texts: list[str]
    sums: sparse.csr_array

    def gather(self, counts: sparse.csr_array) -> sparse.csr_array:
        return sparse.csr_array(self.sums @ counts)


def _pieces(documents: Sequence[Document], *, of_needs: bool) -> _Pieces:
    texts: dict[str, int] = {}
    entries: list[tuple[float, int, int]] = []
    for row, document in enumerate(documents):
        for name in sorted(document.fields):
            weight, content = _WEIGHTS.get(name, 1.0), document.fields[name]
            sectioned = of_needs and name not in _WEIGHTS
            for piece, share in weighed_sentences(content) if sectioned else [(content, 1.0)]:
                entries.append((weight * share, row, texts.setdefault(piece, len(texts))))
    weights, rows, columns = zip(*entries, strict=True) if entries else ((), (), ())
    at = (np.array(rows, dtype=int), np.array(columns, dtype=int))
    shape = (len(documents), len(texts))
    return _Pieces(list(texts), sparse.csr_array((np.array(weights, dtype=float), at), shape=shape))


def _counted(*sides: _Pieces) -> tuple[tuple[str, ...], list[sparse.csr_array]]:
    """All terms, ascending, and how often each counts for each document of each side."""
    texts = [content for side in sides for content in side.texts]
    counter = CountVectorizer(analyzer=partial(text.grams, max_gram=_MAX_GRAM), dtype=np.float64)
    if not any(map(counter.build_analyzer(), texts)):
        return (), [sparse.csr_array((side.sums.shape[0], 0)) for side in sides]
    counts = sparse.csr_array(counter.fit_transform(texts))
    stops = np.cumsum([len(side.texts) for side in sides])
    found = [
        side.gather(counts[stop - len(side.texts) : stop]) for side, stop in zip(sides, stops.tolist(), strict=True)
    ]
    return tuple(counter.get_feature_names_out().tolist()), found


def _mentions(lexicon: Lexicon, texts: list[str]) -> sparse.csr_array:
    found = [(row, concept) for row, content in enumerate(texts) for concept in lexicon.count(content)]
    at = (np.array([row for row, _ in found], dtype=int), np.array([concept for _, concept in found], dtype=int))
    return sparse.csr_array((np.ones(len(found)), at), shape=(len(texts), len(lexicon.concepts)))


def _damped(counts: sparse.csr_array) -> sparse.csr_array:
    """1 + ln of a count of at least one; a count below one, of a stretch that hardly counts, stays what it is."""
    damped = counts.copy()
    damped.data = (1 + np.log(np.maximum(counts.data, 1.0))) * np.minimum(counts.data, 1.0)
    return sparse.csr_array(damped)


def _documents(counts: sparse.csr_array) -> NDArray[np.int64]:
    """In how many each column occurs."""
    found: NDArray[np.int64] = np.bincount(counts.indices[counts.data > 0], minlength=counts.shape[1])
    return found


def _idf(documents: NDArray[Any], total: int) -> Floats:
    idf: Floats = np.log((1 + total) / (1 + documents)) + 1
    return idf


def _rarity(terms: Sequence[str], documents: NDArray[Any], total: int) -> Floats:
    """What a term counts that occurs in so many of all documents."""
    single = np.array([len(term) == 1 for term in terms], dtype=np.bool_)
    rarity: Floats = _idf(documents, total) ** _RARITY * np.where(single, _UNIGRAM, 1.0)
    return rarity


def _length(rows: sparse.csr_array) -> Floats:
    found: Floats = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1), dtype=np.float64).ravel())
    return found


def _basis(rows: sparse.csr_array) -> Floats:
    dimensions = min(_DIMENSIONS, min(rows.shape) - 1)
    if dimensions < 1:
        return np.empty((rows.shape[1], 0))
    _, _, components = randomized_svd(rows, dimensions, n_iter=2, random_state=0)
    basis: Floats = components.T
    return basis


def _normal(rows: sparse.csr_array) -> sparse.csr_array:
    return sparse.csr_array(normalize(rows)) if rows.shape[0] and rows.shape[1] else sparse.csr_array(rows)


def _unit(rows: Floats) -> Floats:
    length = np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
    unit: Floats = np.divide(rows, length, out=np.zeros_like(rows), where=length > 1e-9)
    return unit


def _distinct(documents: Iterable[Document]) -> list[Document]:
    """One document of each text, the first by id; of very many an even draw. In an order that only texts decide."""
    texts: dict[str, Document] = {}
    for document in documents:
        key = json.dumps(sorted(document.fields.items()), ensure_ascii=False)
        if key not in texts or document.id < texts[key].id:
            texts[key] = document
    kept = sorted(texts, key=lambda key: hashlib.sha256(key.encode(errors="surrogatepass")).digest())[:_MOST_FITTED]
    return [texts[key] for key in sorted(kept)]
