import pytest
from hypothesis import given

from matchmaker.matching.engine.text import fold, grams, is_chinese, locate, telling
from tests.matching.engine.strategies import law, texts


def test_chinese_gives_characters_and_neighbours():
    assert sorted(grams("正极材料", 2)) == sorted(["正", "极", "材", "料", "正极", "极材", "材料"])


def test_english_gives_words_and_neighbours():
    assert sorted(grams("Solid-state electrolyte", 2)) == sorted(
        ["solid", "state", "electrolyte", "solid state", "state electrolyte"]
    )


@pytest.mark.parametrize("text", ["高镍，电池", "高镍 电池", "高镍\n电池", "高镍CBN电池", "高镍的电池"])
def test_grams_do_not_cross_what_parts_the_text(text):
    assert "镍电" not in grams(text, 2)
    assert {"高镍", "电池"} <= set(grams(text, 2))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ＣＢＮ", "cbn"),
        ("25㎏", "25KG"),
        ("café", "CAFE\u0301"),
        ("锂\u200b电\ufeff池", "锂电池"),
        ("\u202e锂电池", "锂电池"),
        ("ﬁbre", "fibre"),
        ("⼯艺", "工艺"),
        ("batteries", "Battery"),
        ("processes", "process"),
        ("lasers", "laser"),
    ],
)
def test_spellings_of_the_same_thing_agree(one, other):
    assert grams(one, 2) == grams(other, 2) != []


@pytest.mark.parametrize("word", ["gas", "glass", "virus", "5gs", "analysis"])
def test_words_that_only_look_like_plurals_keep_apart_from_their_stumps(word):
    assert grams(word, 1) != grams(word[:-1], 1)


@pytest.mark.parametrize("text", ["", " \n\t", "，。！", "🔋🔋", "\u200b", "of the and", "的", "1 2 33", "\ud800"])
def test_texts_that_say_nothing_give_no_terms(text):
    assert grams(text, 2) == []


def test_figures_that_name_a_thing_are_terms_and_paragraph_numbers_are_not():
    assert grams("7075", 2) == ["7075"]
    assert grams("1、", 2) == []


def test_single_characters_of_a_chinese_word_tell_nothing_by_themselves():
    assert telling(["马铃薯，稻 铁"], 2) == {"马铃", "铃薯", "稻", "铁"}
    assert telling(["laser welding", "5G基站"], 2) == {"laser", "welding", "5g", "基站"}
    assert telling(["马铃薯"], 1) == {"马", "铃", "薯"}


def test_folding_changes_nothing_more_the_second_time():
    assert fold(fold("ＡßİǅﬁΣς½㎏カ\u3099ガ")) == fold("ＡßİǅﬁΣς½㎏カ\u3099ガ")


@law
@given(texts)
def test_located_runs_hold_exactly_the_terms(text):
    located = locate(text)
    found = [
        run.gram(start, start + size)
        for run in located.runs
        for size in (1, 2)
        for start in range(len(run.units) - size + 1)
    ]
    assert sorted(found) == sorted(grams(text, 2))


@law
@given(texts)
def test_each_unit_stands_in_the_original_where_it_is_said_to(text):
    for run in locate(text).runs:
        for unit, start, end in zip(run.units, run.starts, run.ends, strict=True):
            assert 0 <= start < end <= len(text)
            # A plural is cut to its singular, so that only the beginning must agree (ies -> y: all but the last).
            assert unit[: max(1, len(unit) - 1)] in fold(text[start:end])


def test_offsets_count_in_the_original_although_folding_changes_lengths():
    text = "½的\u200bＣＢＮ\u200b单晶"
    spans = [text[run.starts[0] : run.ends[-1]] for run in locate(text).runs]
    assert spans[-2:] == ["ＣＢＮ\u200b", "单晶"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("锂离子电池", True),
        ("基于 YOLOv5 的目标检测", True),
        ("Solid-state electrolyte", False),
        ("A sensor (传感器) for bogies of trains", False),
        ("Датчик", False),
        ("100 %", False),
        ("", True),
    ],
)
def test_the_language_is_that_of_most_of_a_text(text, expected):
    assert is_chinese(text) == expected
