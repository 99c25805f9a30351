"""Which entries say nearly the same: the measure, and the groups."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchmaker.matching.duplicates import ASKED_FROM, CLUSTERED_FROM, clusters, nearest, nearest_many
from matchmaker.matching.engine import Document, EngineConfig, build

TEXTS = {
    "a": "以脉冲电流激励电芯自身内阻发热，零下三十度静置后十分钟内升温至十度。",
    "b": "以脉冲电流激励电芯自身内阻发热，零下二十度静置后八分钟内升温至十度。",
    "c": "无人机多光谱影像与深度学习结合，提前一周识别水稻稻瘟病与飞虱。",
    "d": "冲压成形的金属双极板，涂层电导率高，耐蚀性好，寿命达一万小时。",
}


def document(id, text):
    return Document(id, {"title": text[:12], "summary": text})


@pytest.fixture(scope="module")
def index():
    return build([document(id, text) for id, text in TEXTS.items()], EngineConfig())


def test_the_same_text_under_another_name_is_wholly_shared(index):
    first, second, *rest = nearest(index, document("new", TEXTS["a"]))
    assert first == ("a", pytest.approx(1))
    assert second.id == "b"
    assert second.share > CLUSTERED_FROM
    assert all(near.share < ASKED_FROM for near in rest)


def test_an_entry_is_no_neighbour_of_itself(index):
    assert [near.id for near in nearest(index, document("a", TEXTS["a"]), 1)] == ["b"]


def test_texts_beside_the_index_are_compared_too(index):
    found = nearest(index, document("new", TEXTS["c"]), 2, also=[document("draft", TEXTS["c"])])
    assert [(near.id, round(near.share, 4)) for near in found] == [("c", 1), ("draft", 1)]


@pytest.mark.parametrize("text", ["", "zzz", "？！", "\U0001f600"])
def test_a_text_without_a_known_word_has_no_neighbours(index, text):
    assert nearest(index, document("new", text)) == []


def test_an_empty_index_has_no_neighbours():
    assert nearest(build([], EngineConfig()), document("new", TEXTS["a"])) == []


def test_many_at_once_find_what_each_finds_alone(index):
    documents = [document(id, text) for id, text in TEXTS.items()]
    together = nearest_many(index, documents)
    for entry, found in zip(documents, together, strict=True):
        alone = nearest(index, entry)
        assert [near.id for near in found] == [near.id for near in alone]
        assert [near.share for near in found] == pytest.approx([near.share for near in alone], abs=1e-6)
    assert nearest_many(index, []) == []


@given(st.text(max_size=60))
def test_a_share_lies_between_nothing_and_the_whole(text):
    index = build([document(id, value) for id, value in TEXTS.items()], EngineConfig())
    found = nearest(index, document("new", text))
    assert all(0 < near.share <= 1 for near in found)
    assert found == sorted(found, key=lambda near: (-near.share, near.id))


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)).filter(lambda pair: pair[0] != pair[1])))
def test_groups_hold_every_pair_together_and_nothing_twice(pairs):
    groups = clusters(pairs)
    members = [member for group in groups for member in group]
    assert len(members) == len(set(members))
    assert set(members) == {end for pair in pairs for end in pair}
    place = {member: number for number, group in enumerate(groups) for member in group}
    assert all(place[first] == place[second] for first, second in pairs)
    linked = {number: {place[end] for end in pair} for number, pair in enumerate(pairs)}
    assert all(len(found) == 1 for found in linked.values())


def test_a_chain_of_pairs_is_one_group_and_the_closest_pair_comes_first():
    assert clusters([("x", "y"), ("p", "q"), ("z", "y")]) == [["x", "y", "z"], ["p", "q"]]
