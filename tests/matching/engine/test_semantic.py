"""Vectors of meaning: computed once for each text, looked up after that, left out where they may not be computed."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from matchmaker.matching.engine import Document, Lexicon, Matcher, semantic
from matchmaker.matching.engine.semantic import Vectors
from matchmaker.matching.engine.space import Side


@pytest.fixture
def asked(monkeypatch):
    """Stands for the model: a vector for each text, made of its characters; and the texts it was asked for."""
    texts = []

    def encoded(batch, *, query):
        texts.extend(batch)
        rows = np.zeros((len(batch), semantic.DIMENSIONS))
        for row, content in enumerate(batch):
            for character in content:
                rows[row, hash_of(character)] += 1
        return (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)).astype(np.float16)

    monkeypatch.setattr(semantic, "_encoded", encoded)
    return texts


def hash_of(character):
    return ord(character) % semantic.DIMENSIONS


def test_each_text_is_read_once(asked, tmp_path):
    first = Vectors(tmp_path).of(["电池", "激光", "电池"], query=False)
    again = Vectors(tmp_path).of(["激光", "电池"], query=False)
    assert sorted(asked) == ["激光", "电池"]
    assert np.array_equal(first[[1, 0]], again)


def test_a_page_only_looks_up(asked, tmp_path):
    Vectors(tmp_path).of(["电池"], query=False)
    found = Vectors(tmp_path, encode=False).of(["电池", "激光"], query=False)
    assert asked == ["电池"]
    assert (np.linalg.norm(found, axis=1) > 0.5).tolist() == [True, False]


def test_meaning_takes_part_in_the_score_and_is_learned_with(asked, tmp_path):
    needs = {i: Document(i, {"title": t}) for i, t in (("n1", "低温电池"), ("n2", "激光焊接"))}
    achievements = {i: Document(i, {"title": t}) for i, t in (("a1", "电池 加热"), ("a2", "焊接 激光"), ("a3", "小麦"))}
    found = Matcher.of(needs, achievements, Lexicon.of({}), Vectors(tmp_path))
    assert found.ranker.weights.measures[3] > 0
    good, bad = found.pairs([("n1", "a1"), ("n1", "a3")])
    assert good.score > bad.score
    assert [hits[0].id for _, hits in found.top(1)] == ["a1", "a2"]
    assert "焊接激光" in asked  # titles that come cut into words are read as they are written


@pytest.mark.parametrize("at_once", [3, 10_000])
def test_the_nearest_are_those_of_the_largest_products_and_equal_ones_go_by_row(monkeypatch, at_once):
    monkeypatch.setattr(semantic, "_ROWS", at_once)
    draw = np.random.default_rng(5)
    own, others = side(draw.normal(size=(4, 8))), side(draw.normal(size=(11, 8)))
    others.dense[0][7], others.dense[1][7] = others.dense[0][2], others.dense[1][2]  # twins
    scores = (own.dense[0] + own.dense[1]) @ (others.dense[0] + others.dense[1]).T
    expected = [sorted(range(11), key=lambda row: (-round(some[row], 5), row))[:5] for some in scores]
    assert semantic.nearest(own, others, 5).tolist() == expected
    assert semantic.nearest(own, others, 50).shape == (4, 11)


def test_without_vectors_nothing_is_near():
    with_vectors, without = side(np.ones((2, 8))), replace(side(np.ones((3, 8))), dense=None)
    assert semantic.nearest(with_vectors, without, 5).shape == (2, 0)
    assert semantic.nearest(without, with_vectors, 5).shape == (3, 0)


def side(vectors):
    count = len(vectors)
    ids = tuple(map(str, range(count)))
    nothing = sparse.csr_array((count, 0))
    return Side(ids, nothing, np.ones(count), np.empty((count, 0)), nothing, (vectors, vectors.copy()))
