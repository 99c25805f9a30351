"""Vectors of meaning: computed once for each text, looked up after that, left out where they may not be computed."""

import numpy as np
import pytest

from matchmaker.matching.engine import Document, Lexicon, Matcher, semantic
from matchmaker.matching.engine.semantic import Vectors


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
