import math

import pytest
from hypothesis import given

from matchmaker.matching.engine import Document, EngineConfig, build, explain, scores
from tests.matching.engine.strategies import documents, law

CONFIG = EngineConfig()
NEED = Document(
    "n",
    {
        "title": "高镍正极材料的研发",
        "problem": "我公司需要锂离子电池用的高镍正极材料，循环寿命 2000 次，用于电动汽车。Solid-State Batteries.",
    },
)
ACHIEVEMENT = Document(
    "a",
    {"title": "锂离子电池高镍正极材料", "summary": "一种solid state battery，循环性能好，电池可靠，已装车。"},
)
OTHER = Document("o", {"title": "激光焊接", "summary": "机器人焊接金属"})
INDEX = build([ACHIEVEMENT, OTHER], CONFIG, background=[NEED])


@law
@given(documents(max_size=4), documents("q", 2))
def test_parts_add_up_to_the_score_that_ranking_gives(corpus, queries):
    index = build(corpus, CONFIG)
    for query in queries:
        for document, score in zip(sorted(corpus, key=lambda d: d.id), scores(index, query), strict=True):
            for limit in (1, 12):
                explanation = explain(index, query, document, limit=limit)
                assert explanation.score == pytest.approx(score, abs=1e-6)
                total = math.fsum(part.contribution for part in explanation.parts)
                assert math.isclose(total, explanation.score, rel_tol=1e-9)
                if explanation.score:
                    assert math.isclose(math.fsum(part.share for part in explanation.parts), 1, rel_tol=1e-9)
                assert all(part.contribution > 0 for part in explanation.parts)
                assert len([part for part in explanation.parts if part.term is not None]) <= limit


@law
@given(documents(max_size=3), documents("q", 2))
def test_spans_lie_inside_the_text_in_order_and_apart(corpus, queries):
    index = build(corpus, CONFIG)
    for query in queries:
        for document in corpus:
            explanation = explain(index, query, document)
            for side, spans in ((query, explanation.query_spans), (document, explanation.document_spans)):
                for name, of_field in spans.items():
                    assert of_field, "a field without spans is left out"
                    last = -1
                    for span in of_field:
                        assert last < span.start < span.end <= len(side.fields[name])
                        assert 0 < span.weight <= 1
                        last = span.end


def test_people_see_phrases_not_characters():
    terms = [part.term for part in explain(INDEX, NEED, ACHIEVEMENT).parts]
    assert terms[:2] == ["高镍正极材料", "锂离子电池"]
    assert "循环" in terms
    assert terms[-1] is None, "what is left (车) comes last"
    assert all(len(term) > 1 for term in terms[:-1])


def test_english_phrases_match_across_hyphen_case_and_plural_and_are_quoted_as_the_query_spells_them():
    explanation = explain(INDEX, NEED, ACHIEVEMENT)
    assert "Solid-State Batteries" in [part.term for part in explanation.parts]
    summary = ACHIEVEMENT.fields["summary"]
    assert "solid state battery" in [summary[s.start : s.end] for s in explanation.document_spans["summary"]]


def test_english_matches_whole_words_only():
    query, document = Document("n", {"title": "interstate stately"}), Document("a", {"title": "state"})
    assert explain(build([document], CONFIG, background=[query]), query, document).parts == ()


def test_spans_show_both_sides_where_the_words_stand():
    explanation = explain(INDEX, NEED, ACHIEVEMENT)
    title, problem = NEED.fields["title"], NEED.fields["problem"]
    assert [title[s.start : s.end] for s in explanation.query_spans["title"]] == ["高镍正极材料"]
    assert "锂离子电池" in [problem[s.start : s.end] for s in explanation.query_spans["problem"]]
    title = ACHIEVEMENT.fields["title"]
    assert [title[s.start : s.end] for s in explanation.document_spans["title"]] == ["锂离子电池高镍正极材料"]


def test_phrases_end_where_words_end():
    need = Document("n", {"title": "电池热失控的防控成本"})
    achievement = Document("a", {"title": "电池热管理与病虫害防控成套设备"})
    phrases = ["热失控", "热管理", "低成本", "成套设备"]
    usual = [Document(f"o{i}", {"title": phrase}) for i, phrase in enumerate(phrases * 5)]
    explanation = explain(build([achievement, *usual], CONFIG, background=[need]), need, achievement)
    assert {part.term for part in explanation.parts} == {"电池", "防控", None}, "not 电池热, not 防控成"
    title = achievement.fields["title"]
    assert [title[s.start : s.end] for s in explanation.document_spans["title"]] == ["电池", "防控"]
    assert math.isclose(math.fsum(part.share for part in explanation.parts), 1), "what was cut off is under other words"


def test_a_phrase_within_a_longer_one_is_not_listed_again():
    terms = [part.term for part in explain(INDEX, NEED, ACHIEVEMENT).parts]
    assert "电池" not in terms


def test_spans_survive_invisible_characters_and_quotes_drop_them():
    query = Document("q", {"title": "𝐂𝐁𝐍 锂\u200b电\u200b池"})
    document = Document("d", {"title": "锂电池"})
    explanation = explain(build([document], CONFIG, background=[query]), query, document)
    assert [part.term for part in explanation.parts] == ["锂电池"]
    (span,) = explanation.query_spans["title"]
    assert query.fields["title"][span.start : span.end] == "锂\u200b电\u200b池"


def test_a_single_character_shows_only_where_it_stands_alone():
    document = Document("d", {"title": "铝合金"})
    index = build([document], CONFIG)
    assert [part.term for part in explain(index, Document("", {"title": "铝"}), document).parts] == ["铝"]
    assert [part.term for part in explain(index, Document("", {"title": "电解铝"}), document).parts] == [None]


def test_parts_beyond_the_limit_go_into_the_rest():
    explanation = explain(INDEX, NEED, ACHIEVEMENT, limit=1)
    assert [part.term for part in explanation.parts] == ["高镍正极材料", None]


@pytest.mark.parametrize("text", ["锂离子电池正极材料" * 1000, "solid state battery " * 1000])
def test_long_texts_that_repeat_each_other_are_cut_into_quotes_without_loss(text):
    document = Document("d", {"summary": text})
    explanation = explain(build([document], CONFIG), document, document)
    assert explanation.score == pytest.approx(1)
    assert all(part.term is not None and len(part.term) < 300 for part in explanation.parts)
    (span,) = explanation.query_spans["summary"]
    assert document.fields["summary"][span.start : span.end] == text.strip()


def test_a_pair_that_shares_nothing_has_no_parts():
    explanation = explain(INDEX, NEED, OTHER)
    assert (explanation.score, explanation.level, explanation.parts) == (0.0, 1, ())
    assert explanation.query_spans == explanation.document_spans == {}


def test_a_field_without_weight_is_neither_counted_nor_marked():
    config = EngineConfig(field_weights={"title": 8, "summary": 0})
    index = build([ACHIEVEMENT], config, background=[NEED])
    assert set(explain(index, NEED, ACHIEVEMENT).document_spans) == {"title"}
