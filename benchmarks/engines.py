"""The engine and its peers behind one face: build, the best 50 of a query, a batch. Each notes what it scores.

Same tokens: all but the naive version and tantivy get exactly our terms; those two cut their own character 1-2-grams.
Same work: the best 50 of all documents by the whole score. Queries are tokenised within the time measured;
where a peer takes our terms, by our tokeniser, so that the comparison is of the search alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from matchmaker.matching.engine import Document, EngineConfig, Index, build, candidates, candidates_many
from matchmaker.matching.engine.rank import cores

TOP = 50
OURS = "matchmaker"


def joined(document: Document) -> str:
    return "\n".join(document.fields.values())


class Matchmaker:
    name, tokens, note = OURS, "characters 1-2, words", "TF-IDF cosine, exact"
    first, last = 0, 10**9  # sizes it is tried at

    def build(self, documents: Sequence[Document]) -> None:
        self.index = build(documents, EngineConfig())

    def best(self, query: Document) -> Sequence[int]:
        return [found.row for found in candidates(self.index, query, TOP)]

    def batch(self, queries: Sequence[Document]) -> None:
        list(candidates_many(self.index, queries, TOP))

    def batch_on_all_cores(self, queries: Sequence[Document]) -> None:
        list(candidates_many(self.index, queries, TOP, threads=cores()))


class _OnOurTerms:
    """Peers that search the very matrix of our index."""

    tokens = Matchmaker.tokens

    def __init__(self, index: Index, matrix: sparse.csr_array) -> None:
        self.index, self.matrix = index, matrix

    def batch(self, queries: Sequence[Document]) -> None:
        for query in queries:
            self.best(query)  # type: ignore[attr-defined]


class Csc(_OnOurTerms):
    name, note, first, last = "scipy CSC", "TF-IDF cosine, exact; columns x weights, argpartition", 0, 10**9

    def __init__(self, index: Index, matrix: sparse.csr_array) -> None:
        super().__init__(index, matrix)
        self.columns = matrix.tocsc()

    def best(self, query: Document) -> Sequence[int]:
        vector = self.index.vectors([query]).astype(np.float32)
        scores = self.columns[:, vector.indices] @ vector.data
        top = np.argpartition(-scores, TOP)[:TOP]
        order: Sequence[int] = top[np.argsort(-scores[top], kind="stable")].tolist()
        return order


class DotTopN(_OnOurTerms):
    name, note, first, last = "sparse_dot_topn", "TF-IDF cosine, exact; one thread", 0, 10**9

    def __init__(self, index: Index, matrix: sparse.csr_array) -> None:
        super().__init__(index, matrix)
        self.transposed = sparse.csr_matrix(matrix.T.tocsr())

    def best(self, query: Document) -> Sequence[int]:
        found: Sequence[int] = self._product([query]).indices.tolist()
        return found

    def batch(self, queries: Sequence[Document]) -> None:
        self._product(queries)

    def _product(self, queries: Sequence[Document]) -> Any:
        from sparse_dot_topn import sp_matmul_topn

        vectors = sparse.csr_matrix(self.index.vectors(queries).astype(np.float32))
        return sp_matmul_topn(vectors, self.transposed, top_n=TOP, sort=True, n_threads=1)


class Bm25s(_OnOurTerms):
    name, note, first, last = "bm25s", "BM25 (another score), numba; our terms, once each in a query", 0, 100_000
    left_out = "its build holds lists of tokens: 5.4 GB for 100,000 documents, ten times that for a million"

    def __init__(self, index: Index, matrix: sparse.csr_array) -> None:
        super().__init__(index, matrix)
        self.engine: Any = None

    def build(self, documents: Sequence[Document]) -> None:
        import bm25s

        from matchmaker.matching.engine import tokens

        starts, columns, codes = self.index.counted(documents)
        times = tokens.grid(self.index.config).values[codes].round().astype(int)
        repeated = [np.repeat(columns[a:b], times[a:b]).tolist() for a, b in pairwise(starts)]
        vocabulary = {str(column): column for column in range(len(self.index.terms))}
        self.engine = bm25s.BM25(backend="numba")
        self.engine.index((repeated, vocabulary), show_progress=False, create_empty_token=False)

    def best(self, query: Document) -> Sequence[int]:
        found: Sequence[int] = self._found([query])[0].tolist()
        return found

    def batch(self, queries: Sequence[Document]) -> None:
        self._found(queries)

    def _found(self, queries: Sequence[Document]) -> Any:
        starts, columns, _ = self.index.counted(queries)
        terms = [columns[a:b].tolist() for a, b in pairwise(starts)]
        return self.engine.retrieve(terms, k=TOP, show_progress=False, n_threads=0).documents


class Naive:
    name, tokens = "scikit-learn, naive", "characters 1-2 of its own"
    note, first, last = "TfidfVectorizer, linear_kernel, argsort", 0, 10_000

    def build(self, documents: Sequence[Document]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self.vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32)
        self.matrix = self.vectorizer.fit_transform([joined(document) for document in documents])

    def best(self, query: Document) -> Sequence[int]:
        from sklearn.metrics.pairwise import linear_kernel

        scores = linear_kernel(self.vectorizer.transform([joined(query)]), self.matrix).ravel()
        found: Sequence[int] = np.argsort(-scores)[:TOP].tolist()
        return found

    def batch(self, queries: Sequence[Document]) -> None:
        from sklearn.metrics.pairwise import linear_kernel

        for start in range(0, len(queries), 32):
            vectors = self.vectorizer.transform([joined(query) for query in queries[start : start + 32]])
            np.argsort(-linear_kernel(vectors, self.matrix), axis=1)[:, :TOP]


class NaiveOnOurTerms(_OnOurTerms):
    """Fitting TfidfVectorizer to many texts takes longer than all the rest: the same search on our matrix."""

    name, note, first, last = Naive.name, "linear_kernel, argsort; on our matrix and tokeniser", 10_001, 10**9

    def best(self, query: Document) -> Sequence[int]:
        from sklearn.metrics.pairwise import linear_kernel

        scores = linear_kernel(self.index.vectors([query]).astype(np.float32), self.matrix).ravel()
        found: Sequence[int] = np.argsort(-scores)[:TOP].tolist()
        return found


class Tantivy:
    name, tokens = "tantivy", "characters 1-2 of its own"
    note, first, last = "BM25 (another score); its n-gram tokeniser, a query of its terms", 0, 10**9

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def build(self, documents: Sequence[Document]) -> None:
        import tantivy

        schema = tantivy.SchemaBuilder()
        schema.add_text_field("body", tokenizer_name="grams", index_option="freq")
        self.schema = schema.build()
        self.directory.mkdir(parents=True, exist_ok=True)
        self.index = tantivy.Index(self.schema, path=str(self.directory))
        grams = tantivy.Tokenizer.ngram(min_gram=1, max_gram=2, prefix_only=False)
        self.index.register_tokenizer("grams", tantivy.TextAnalyzerBuilder(grams).build())
        self.writer = self.index.writer(heap_size=500_000_000, num_threads=1)
        for document in documents:
            self.writer.add_document(tantivy.Document(body=[joined(document)]))
        self.writer.commit()
        self.index.reload()
        self.searcher = self.index.searcher()

    def add(self, document: Document) -> None:
        import tantivy

        self.writer.add_document(tantivy.Document(body=[joined(document)]))
        self.writer.commit()
        self.index.reload()
        self.searcher = self.index.searcher()

    def best(self, query: Document) -> Sequence[int]:
        import tantivy

        text = joined(query)
        terms = {text[i : i + size] for size in (1, 2) for i in range(len(text) - size + 1)}
        parts = [(tantivy.Occur.Should, tantivy.Query.term_query(self.schema, "body", term, "freq")) for term in terms]
        found = self.searcher.search(tantivy.Query.boolean_query(parts), TOP)
        return [address.doc for _, address in found.hits]

    def batch(self, queries: Sequence[Document]) -> None:
        for query in queries:
            self.best(query)
