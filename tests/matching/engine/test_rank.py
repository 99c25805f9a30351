import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchmaker.matching.engine import Document, EngineConfig, build, pair_scores, rank, rank_many, scores, worded
from tests.matching.engine.strategies import documents, law

CONFIG = EngineConfig()
CORPUS = [
    Document("battery", {"title": "高镍正极材料", "summary": "锂离子电池用高镍正极材料的制备"}),
    Document("cell", {"title": "固态电池", "summary": "硫化物电解质"}),
    Document("weld", {"title": "Laser welding of car bodies", "summary": "Robots weld with lasers."}),
    Document("empty", {"title": "🔋，"}),
]
INDEX = build(CORPUS, CONFIG)


@law
@given(documents(), documents("q", 3))
def test_scores_lie_between_0_and_1_and_are_never_nan(corpus, queries):
    index = build(corpus, CONFIG)
    for query in [*queries, *corpus]:
        found = scores(index, query)
        assert found.shape == (len(corpus),)
        assert np.all((found >= 0) & (found <= 1))


@pytest.mark.parametrize("text", ["", "🔋🔋", "，。！？", "\u200b\u202e", "the of", "\ud800", "zzzz"])
def test_a_query_that_says_nothing_scores_0_and_hits_nothing(text):
    query = Document("q", {"title": text})
    assert not scores(INDEX, query).any()
    assert rank(INDEX, query, 10) == []


def test_a_document_that_says_nothing_is_never_hit():
    assert "empty" not in {hit.id for hit in rank(INDEX, Document("", {"title": "电池 laser 🔋"}), 10)}


@law
@given(documents(max_size=4))
def test_a_document_is_its_own_best_match(corpus):
    index = build(corpus, CONFIG)
    for document in corpus:
        own = scores(index, document)
        if own.any():
            assert own[index.rows[document.id]] == pytest.approx(1, abs=1e-6)


def test_search_is_ranking_by_a_title():
    assert [hit.id for hit in rank(INDEX, Document("", {"title": "电池"}), 10)] == ["cell", "battery"]
    assert [hit.id for hit in rank(INDEX, Document("", {"title": "LASERS"}), 10)] == ["weld"]


def test_a_word_is_shared_by_more_than_one_of_its_characters():
    found = {
        text: worded(INDEX, Document("", {"title": text})) for text in ("电磁池", "固态电容", "welding 电磁", "🔋")
    }
    named = {text: [name for name, has in zip(INDEX.ids, mask, strict=True) if has] for text, mask in found.items()}
    assert named == {"电磁池": [], "固态电容": ["cell"], "welding 电磁": ["weld"], "🔋": []}


def test_the_title_weighs_more_than_the_text():
    in_text = Document("text", {"title": "工艺", "summary": "激光"})
    in_title = Document("title", {"title": "激光", "summary": "工艺"})
    index = build([in_text, in_title], CONFIG)
    assert [hit.id for hit in rank(index, Document("", {"title": "激光"}), 2)] == ["title", "text"]


def test_equal_scores_are_ordered_by_id_also_where_the_list_is_cut():
    twins = [Document(name, {"title": "电池"}) for name in "cadbe"]
    index = build([*twins, Document("z", {"title": "激光"})], CONFIG)
    hits = rank(index, Document("", {"title": "电池"}), 3)
    assert [hit.id for hit in hits] == ["a", "b", "c"]
    assert len({hit.score for hit in hits}) == 1


@law
@given(documents(), documents("q", 2), st.integers(1, 7))
def test_hits_are_the_head_of_the_whole_order(corpus, queries, k):
    index = build(corpus, CONFIG)
    for query in queries:
        found = dict(zip(index.ids, scores(index, query).tolist(), strict=True))
        expected = sorted((document_id for document_id in found if found[document_id]), key=lambda i: (-found[i], i))
        hits = rank(index, query, k)
        assert [hit.id for hit in hits] == expected[:k]
        assert [(hit.score, hit.level) for hit in hits] == [(found[i], CONFIG.level(found[i])) for i in expected[:k]]


def test_only_allowed_documents_are_hits_and_unknown_ids_are_passed_over():
    query = Document("", {"title": "电池"})
    only = [hit.id for hit in rank(INDEX, query, 10, allowed={"battery", "not indexed yet"})]
    assert only == ["battery"]
    assert [hit.id for hit in rank(INDEX, query, 10, allowed=np.array([i == "battery" for i in INDEX.ids]))] == only
    assert rank(INDEX, query, 10, allowed=[]) == []


def test_a_hidden_document_does_not_change_the_scores_of_the_others():
    query = Document("", {"title": "电池"})
    assert rank(INDEX, query, 10, allowed={"battery"})[0] == rank(INDEX, query, 10)[1]


def test_a_mask_of_another_index_is_refused():
    with pytest.raises(ValueError):
        rank(INDEX, CORPUS[0], 10, allowed=np.array([True]))


@law
@given(documents(), documents("q", 4))
def test_many_queries_give_what_each_gives_alone(corpus, queries):
    index = build(corpus, CONFIG)
    assert rank_many(index, queries, 3) == [rank(index, query, 3) for query in queries]


def test_pairs_score_in_the_order_given_and_may_repeat():
    queries = {"x": Document("x", {"title": "电池"}), "y": Document("y", {"title": "laser"})}
    pairs = [("y", "weld"), ("x", "cell"), ("y", "cell"), ("y", "weld")]
    expected = [scores(INDEX, queries[q])[INDEX.rows[d]] for q, d in pairs]
    assert pair_scores(INDEX, queries, pairs).tolist() == expected
    assert pair_scores(INDEX, queries, []).shape == (0,)


@pytest.mark.parametrize("pair", [("x", "nobody"), ("nobody", "cell")])
def test_a_pair_with_an_unknown_id_is_a_key_error(pair):
    with pytest.raises(KeyError, match="nobody"):
        pair_scores(INDEX, {"x": Document("x", {"title": "电池"})}, [pair])
