"""Vectors of meaning: computed once for each text, looked up after that, left out where they may not be computed."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from matchmaker.matching.engine import Document, Lexicon, Matcher, Ranker, ranker, semantic
from matchmaker.matching.engine.semantic import Meaning, Model, Vectors
from matchmaker.matching.engine.space import Side, measures

DIMENSIONS = 384
BOTH = Lexicon.of({"energy": ["瓦斯 煤层气 | coalbed methane", "电池 锂电 | battery"]})


def of_characters(texts):
    rows = np.zeros((len(texts), DIMENSIONS))
    for row, content in enumerate(texts):
        for character in content:
            rows[row, ord(character) % DIMENSIONS] += 1
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


class Asked(list):
    """The texts that stand-ins for models were asked for. A vector is made of a text's characters."""

    def model(self, name, scale=1.0, *, longest=100, tells_queries=True):
        def encoded(batch, query):
            self.extend(batch)
            return of_characters(batch)

        return Model(name, DIMENSIONS, scale, longest, 2, tells_queries, encoded)


@pytest.fixture
def asked():
    return Asked()


@pytest.fixture
def vectors(asked, tmp_path):
    return Vectors(tmp_path, (asked.model("one"),))


def test_each_text_is_read_once(asked, vectors):
    first = vectors.of(["电池", "激光", "电池"], query=False)
    again = vectors.of(["激光", "电池"], query=False)
    assert sorted(asked) == ["激光", "电池"]
    assert np.array_equal(first[[1, 0]], again)


def test_a_model_that_tells_queries_from_answers_reads_a_text_as_both(asked, tmp_path):
    one, other = asked.model("one"), asked.model("other", tells_queries=False)
    for model, times in ((one, 2), (other, 1)):
        asked.clear()
        for query in (True, False):
            Vectors(tmp_path, (model,)).of(["电池"], query=query)
        assert len(asked) == times


def test_of_a_long_text_the_beginning_is_read(asked, tmp_path):
    found = Vectors(tmp_path, (asked.model("one", longest=3),)).of(["锂电池组", "锂电池包"], query=False)
    assert asked == ["锂电池"]
    assert np.array_equal(found[0], found[1])


def test_a_page_only_looks_up(asked, vectors):
    vectors.of(["电池"], query=False)
    found = replace(vectors, encode=False).of(["电池", "激光"], query=False)
    assert asked == ["电池"]
    assert (np.linalg.norm(found, axis=1) > 0.5).tolist() == [True, False]


def test_vectors_of_models_stand_side_by_side_and_one_that_is_lacking_leaves_none(asked, tmp_path):
    one, other = asked.model("one"), asked.model("other", 3.0)
    both = Vectors(tmp_path, (one, other))
    Vectors(tmp_path, (one,)).of(["电池", "激光"], query=False)
    Vectors(tmp_path, (other,)).of(["电池"], query=False)
    found = replace(both, encode=False).of(["电池", "激光"], query=False)
    assert np.linalg.norm(found[0, :DIMENSIONS]) == pytest.approx(1, abs=1e-3)
    assert np.linalg.norm(found[0, DIMENSIONS:]) == pytest.approx(3, abs=3e-3)
    assert not found[1].any()


def test_reading_ahead_names_the_models_that_are_through(asked, tmp_path):
    vectors = Vectors(tmp_path, (asked.model("one"), asked.model("other")))
    needs, offered = [Document("n1", {"title": "低温电池"})], [Document("a1", {"title": "电池加热"})]
    left = 3

    def enough():
        nonlocal left
        left -= 1
        return left < 0

    assert vectors.read_ahead(needs, offered, Lexicon.of({}), enough) == vectors.models[:1]
    assert vectors.read_ahead(needs, offered, Lexicon.of({}), lambda: False) == vectors.models
    assert sorted(asked) == ["低温电池", "低温电池", "电池加热", "电池加热"]


def test_what_was_read_ahead_is_all_that_a_fit_asks_for(asked, vectors):
    needs, offered = [Document("n1", {"title": "低温电池"})], [Document("a1", {"title": "battery heater"})]
    vectors.read_ahead(needs, offered, BOTH, lambda: False)
    asked.clear()
    Meaning.fit(needs, offered, BOTH, vectors)
    assert not asked


def test_languages_are_not_told_apart_by_what_their_texts_share(tmp_path):
    """The stand-in gives the thing (first three dimensions), and the language far more of the length."""
    things = {"电池": 0, "battery": 0, "激光": 1, "laser": 1, "小麦": 2, "wheat": 2}

    def encoded(batch, query):
        rows = np.zeros((len(batch), 5))
        for row, content in zip(rows, batch, strict=True):
            row[things[content]] = 1
            row[3 + content.isascii()] = 4
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    vectors = Vectors(tmp_path, (Model("one", 5, 1.0, 100, 9, False, encoded),))
    lexicon = Lexicon.of({"all": ["电池 | battery", "激光 | laser", "小麦 | wheat"]})
    offered = [Document(title, {"title": title}) for title in ("电池", "激光", "小麦", "laser", "wheat")]
    chinese = [Document(title, {"title": title}) for title in ("电池", "激光", "小麦")]
    for needs in (chinese, [*chinese, Document("battery", {"title": "battery"})]):  # the fit has seen no English need
        meaning = Meaning.fit(needs, offered, lexicon, vectors)
        own = meaning.needs(side(np.zeros((1, 5))), [Document("q", {"title": "battery"})], vectors)
        found = own.dense[0] @ meaning.achievements(side(np.zeros((5, 5))), offered, vectors).dense[0].T
        assert found[0].argmax() == 0
        assert found[0, 0] > 0.8
        assert found[0, 1:].max() < 0


def test_means_go_over_to_what_the_texts_of_a_language_say(tmp_path):
    def encoded(batch, query):
        return np.array([[1.0, 0.0] if content.isascii() else [0.0, 1.0] for content in batch])

    vectors = Vectors(tmp_path, (Model("one", 2, 1.0, 100, 9, False, encoded),))
    for few, share in ((0, 0.0), (10, 0.5), (90, 0.9)):
        needs = [
            Document(str(n), {"title": title}) for n, title in enumerate(["电池"] + [f"cell {n}" for n in range(few)])
        ]
        chinese, other = Meaning.fit(needs, needs, Lexicon.of({}), vectors).need_title
        common = few / (few + 1)
        assert other == pytest.approx([common + share * (1 - common), 1 - common - share * (1 - common)])
        assert chinese[1] == pytest.approx((1 + 10 * (1 - common)) / 11)


def test_meaning_takes_part_in_the_score_and_is_learned_with(asked, vectors):
    needs = {i: Document(i, {"title": t}) for i, t in (("n1", "低温电池"), ("n2", "激光焊接"))}
    achievements = {i: Document(i, {"title": t}) for i, t in (("a1", "电池 加热"), ("a2", "焊接 激光"), ("a3", "小麦"))}
    found = Matcher.of(needs, achievements, Lexicon.of({}), vectors)
    assert found.ranker.weights.measures[3] > 0
    good, bad = found.pairs([("n1", "a1"), ("n1", "a3")])
    assert good.score > bad.score
    assert [hits[0].id for _, hits in found.top(1)] == ["a1", "a2"]
    assert "焊接激光" in asked  # titles that come cut into words are read as they are written


def test_a_saved_ranker_keeps_its_models_and_is_fitted_anew_without_one(vectors, tmp_path, monkeypatch):
    documents = {i: Document(i, {"title": t}) for i, t in (("1", "低温电池"), ("2", "激光焊接"))}
    monkeypatch.setattr(semantic, "BY_NAME", {model.name: model for model in vectors.models})
    monkeypatch.setattr(ranker, "BY_NAME", semantic.BY_NAME)
    fitted = Matcher.of(documents, documents, Lexicon.of({}), vectors).ranker
    fitted.save(tmp_path / "ranker")
    opened = Ranker.load(tmp_path / "ranker", Lexicon.of({}))
    assert opened.models == vectors.models
    assert opened.fingerprint == fitted.fingerprint
    semantic.BY_NAME.clear()
    assert Ranker.load(tmp_path / "ranker", Lexicon.of({})) is None


def test_between_two_languages_meaning_counts_for_the_words_that_cannot_be_shared():
    draw = np.random.default_rng(3)
    own, others = side(draw.normal(size=(1, 8))), side(draw.normal(size=(2, 8)))
    others.chinese[1] = False
    rows = np.arange(2)
    found = measures(own, others, np.zeros(2, dtype=np.int64), rows)
    nearness = others.dense[0] @ own.dense[0][0]
    assert found[:, 3] == pytest.approx(nearness * [1, 2])
    assert found[:, 4] == pytest.approx(nearness * [1, 2])


@pytest.mark.parametrize("model", semantic.models(extra=True), ids=lambda model: model.name)
def test_the_real_models_take_what_comes(model, tmp_path):
    texts = ["铝合金激光焊接", "Laser welding of aluminium", "茶叶加工", "7", "钢" * 2_000, "ab\x00c", "🙂锂"]
    found = Vectors(tmp_path, (model,)).of([*texts, "", "。", "🙂"], query=True) / model.scale
    assert found.shape == (len(texts) + 3, model.dimensions)
    assert np.linalg.norm(found[:-3], axis=1) == pytest.approx(np.ones(len(texts)), abs=0.01)
    assert not found[-3:].any(), "without a letter or figure nothing is said"
    assert found[0] @ found[1] > found[0] @ found[2]


@pytest.mark.parametrize("at_once", [3, 10_000])
def test_the_nearest_are_those_of_the_largest_products_and_equal_ones_go_by_row(monkeypatch, at_once):
    monkeypatch.setattr(semantic, "_ROWS", at_once)
    draw = np.random.default_rng(5)
    own, others = side(draw.normal(size=(4, 8))), side(draw.normal(size=(11, 8)))
    others.dense[0][7], others.dense[1][7] = others.dense[0][2], others.dense[1][2]  # twins
    scores = (own.dense[0] + own.dense[1]) @ (others.dense[0] + others.dense[1]).T
    near = [[row for row in range(11) if some[row] > 0] for some in scores]
    expected = [sorted(at, key=lambda row: (-round(some[row], 5), row)) for at, some in zip(near, scores, strict=True)]
    assert [some.tolist() for some in semantic.nearest(own, others, 3)] == [at[:3] for at in expected]
    assert [some.tolist() for some in semantic.nearest(own, others, 50)] == expected


def test_without_vectors_nothing_is_near():
    with_vectors, without = side(np.ones((2, 8))), replace(side(np.ones((3, 8))), dense=None)
    assert [some.tolist() for some in semantic.nearest(with_vectors, without, 5)] == [[], []]
    assert [some.tolist() for some in semantic.nearest(without, with_vectors, 5)] == [[], [], []]


def side(vectors):
    count = len(vectors)
    ids = tuple(map(str, range(count)))
    nothing = sparse.csr_array((count, 0))
    return Side(
        ids,
        nothing,
        np.ones(count),
        np.empty((count, 0)),
        nothing,
        np.ones(count, dtype=bool),
        (vectors, vectors.copy()),
    )
