"""Compiled and plain, the engine says the same: the same counts, scores to the last bit, the same order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

from matchmaker.matching.engine import Document, EngineConfig, build, candidates, scores, shared, text, tokens
from tests.matching.engine.strategies import documents, fields, law, texts

CONFIGS = [EngineConfig(), EngineConfig(max_gram=3), EngineConfig(field_weights={"title": 2.75, "keywords": 1.3})]


@pytest.fixture
def plainly():
    """Run something as an installation without numba does."""

    def run(work):
        with tokens.plain():
            return work()

    return run


def same(fast, plain):
    for name, array in fast.items():
        if name not in ("cslots", "ccodes"):  # the common terms of one document may stand in another order
            assert np.array_equal(array, plain[name]), name


@law
@given(st.lists(fields, max_size=4), st.sampled_from(CONFIGS))
def test_one_pass_counts_what_grams_says(drawn, config):
    corpus = [Document(str(number), content) for number, content in enumerate(drawn)]
    fast, plain = (tokens.count(corpus, config, fast=way) for way in (True, False))
    for name in ("starts", "keys", "codes"):
        assert np.array_equal(getattr(fast, name), getattr(plain, name)), name


@law
@given(st.text(max_size=200))
def test_any_characters_at_all_are_counted_the_same(content):
    corpus = [Document("", {"title": content})]
    fast, plain = (tokens.count(corpus, EngineConfig(), fast=way) for way in (True, False))
    assert np.array_equal(fast.keys, plain.keys)


def test_every_character_of_the_basic_plane_is_folded_as_text_folds_it():
    pieces = ["".join(f"{chr(code)}a" for code in range(start, start + 256)) for start in range(0, 0x10000, 256)]
    corpus = [Document(str(number), {"title": piece}) for number, piece in enumerate(pieces)]
    config = EngineConfig(max_gram=1)
    fast, plain = (tokens.count(corpus, config, fast=way) for way in (True, False))
    assert np.array_equal(fast.keys, plain.keys)


@law
@given(texts)
def test_a_key_is_that_of_the_term(content):
    found = tokens.count([Document("", {"title": content})], EngineConfig(), fast=True).keys
    assert set(found.tolist()) == {tokens.key_of(term) for term in text.grams(content, 2)}


@law
@given(
    documents(max_size=12), documents("n"), documents("q", 2), st.integers(1, 7), st.sampled_from(CONFIGS), st.data()
)
def test_indexes_scores_and_order_are_the_same(corpus, background, queries, k, config, data):
    removed = data.draw(st.sets(st.sampled_from([d.id for d in corpus]))) if corpus else set()
    late = [
        Document(document.id.replace("q", data.draw(st.sampled_from(["d", "c", "z"]))), document.fields)
        for document in queries
    ]
    late = list({document.id: document for document in late}.values())

    def work():
        index = build(corpus, config, background=background)
        changed = index.updated(removed=removed).updated(documents=late)
        found = [(candidates(i, q, k), scores(i, q).tolist()) for i in (index, changed) for q in [*queries, *corpus]]
        return index.fingerprint, index.base.arrays(), changed.merged().base.arrays(), list(changed.ids), found

    fast = work()
    with tokens.plain():
        plain = work()
    assert fast[0] == plain[0]
    same(fast[1], plain[1])
    same(fast[2], plain[2])
    assert fast[3:] == plain[3:]


@law
@given(documents(max_size=8), documents("q", 2), st.integers(1, 5))
def test_the_best_are_the_best_of_all_scores(corpus, queries, k):
    index = build(corpus, EngineConfig()).updated(removed=["d1"], documents=[Document("d3x", {"title": "电池"})])
    for query in [*queries, *corpus]:
        every = scores(index, query)
        expected = sorted((-score, name) for score, name in zip(every.tolist(), index.ids, strict=True) if score)[:k]
        assert [(-found.score, index.name(found.row)) for found in candidates(index, query, k)] == expected


@law
@given(documents(max_size=8), documents("q", 3), st.sampled_from(CONFIGS))
def test_shared_terms_are_those_that_both_texts_have(corpus, queries, config):
    late = [Document("d3x", {"title": "电池 batteries"}), *queries]
    index = build(corpus, config).updated(removed=["d1"], documents=late)

    def terms(document):
        return {term for content in document.fields.values() for term in text.grams(content, config.max_gram)}

    here = {document.id: terms(document) & set(index.terms) for document in [*corpus, *late]}
    for query in queries:
        asked = terms(query)
        expected = [len(asked & here[name]) for name in index.ids]
        assert shared(index, asked).tolist() == expected
        with tokens.plain():
            assert shared(index, asked).tolist() == expected


@law
@given(documents(max_size=8), documents("q", 2))
def test_scores_are_those_of_scikit_learn(corpus, queries):
    index = build(corpus, EngineConfig())
    contents = [[(t, w) for t, w in tokens.weighted_grams(document, EngineConfig()).items()] for document in corpus]
    if not any(contents):
        return
    count = CountVectorizer(analyzer=lambda pairs: [term for term, _ in pairs]).fit(contents)

    def counted(found):
        rows = [[count.vocabulary_[t] for t, _ in pairs if t in count.vocabulary_] for pairs in found]
        values = [w for pairs in found for t, w in pairs if t in count.vocabulary_]
        starts = np.cumsum([0, *map(len, rows)])
        flat = [column for row in rows for column in row]
        return sparse.csr_array((values, flat, starts), shape=(len(found), len(count.vocabulary_)), dtype=float)

    weigh = TfidfTransformer(sublinear_tf=True).fit(counted(contents))
    asked = [list(tokens.weighted_grams(query, EngineConfig()).items()) for query in queries]
    for query, pairs in zip(queries, asked, strict=True):
        expected = (weigh.transform(counted([pairs])) @ weigh.transform(counted(contents)).T).toarray().ravel()
        assert scores(index, query) == pytest.approx(expected, abs=1e-5)


def test_more_documents_than_a_block_holds(monkeypatch, plainly):
    """Blocks of 65,536 documents each with its own postings: the order runs through all of them."""
    words = "电池材料激光焊接水稻遥感监测涂层催化储能传感轴承叶片芯片"
    corpus = [
        Document(f"{i:06d}", {"title": words[i % 13] + words[i % 29 % 28] + words[i * 7 % 27]}) for i in range(66_000)
    ]
    late = Document("065999x", {"title": "电池材料"})
    index = build(corpus, EngineConfig()).updated(documents=[late], removed=["000000"])
    for query in (late, corpus[1], Document("", {"title": "激光焊接储能"})):
        found = candidates(index, query, 60)
        assert found == plainly(lambda query=query: candidates(index, query, 60))
        assert len(found) == 60
    assert [d.id for d in [late]] == [index.name(candidates(index, late, 1)[0].row)]
