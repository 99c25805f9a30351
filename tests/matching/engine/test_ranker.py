"""The second stage: sane for any text, the same in any order, learning what it is told, adding up."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matchmaker.matching.engine import Document, Judged, Lexicon, Matcher, Ranker
from matchmaker.matching.engine.conditions import Bonus, Code
from matchmaker.matching.engine.evaluate import By, evaluate, ndcg
from matchmaker.matching.engine.learn import Calibration, best_threshold
from matchmaker.matching.engine.reasons import Kind, reasons
from matchmaker.matching.engine.space import measures, weighed_sentences

LEXICON = Lexicon.of({"energy": ["瓦斯 煤层气 | coalbed methane", "电池 锂电 | battery"]})

ODD = ["", "a", "电", "，。；", "🔋🔋", "电池 battery バッテリー 전지", "\ud800", "\u200b\u202e", "NaN", "'; DROP"]
ODD += ["电" * 3000, "a b " * 900]
TEXTS = st.one_of(st.sampled_from(ODD), st.text(max_size=40), st.text(alphabet="电池瓦斯煤层气 ab0%", max_size=30))
FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def documents(prefix, texts, name="title"):
    return {f"{prefix}{i}": Document(f"{prefix}{i}", {"title": t, name: t}) for i, t in enumerate(texts)}


def matcher(needs, achievements):
    return Matcher.of(documents("n", needs, "problem"), documents("a", achievements, "summary"), LEXICON)


TOPICS = ["锂离子电池安全", "煤矿瓦斯抽采", "玉米秸秆还田", "激光焊接铝合金", "污水深度处理", "风力发电叶片"]


def market(learned=False):
    found = matcher([f"{t}技术需求" for t in TOPICS], [f"{t}方法" for t in TOPICS] + [f"新型{t}装置" for t in TOPICS])
    return found.learned(judged_market()) if learned else found


def judged_market():
    pairs = [(n, a) for n in range(6) for a in range(12)]
    return [Judged(f"n{n}", f"a{a}", 4 if a % 6 == n else 1 + (n + a) % 2) for n, a in pairs]


@given(st.lists(TEXTS, min_size=1, max_size=4), st.lists(TEXTS, min_size=1, max_size=5), st.data())
@FEW
def test_any_texts_and_judgements_give_finite_scores_in_any_order(needs, achievements, data):
    pairs = [(f"n{i}", f"a{j}") for i in range(len(needs)) for j in range(len(achievements))]
    levels = data.draw(st.lists(st.tuples(st.sampled_from(pairs), st.integers(1, 4)), max_size=6))
    judged = [Judged(*pair, level) for pair, level in levels] + [Judged("unknown", "a0", 4)]
    here = matcher(needs, achievements).learned(judged)
    found = here.pairs(pairs)
    assert all(math.isfinite(one.score) and one.level in (1, 2, 3, 4) for one in found)
    wanted, offered = (dict(reversed(side.items())) for side in (here.need_documents, here.achievement_documents))
    again = Matcher.of(wanted, offered, LEXICON).learned(judged[::-1]).pairs(pairs)
    assert [one.score for one in again] == pytest.approx([one.score for one in found], abs=1e-6)


def test_a_megabyte_of_text_and_a_need_that_equals_an_achievement_are_scored():
    long = "煤矿瓦斯抽采技术，" * 40_000  # 360,000 characters, a megabyte as UTF-8
    here = matcher(["煤矿瓦斯抽采", long], ["煤矿瓦斯抽采", "小麦"])
    same, other = here.pairs([("n0", "a0"), ("n0", "a1")])
    assert same.score > other.score
    assert math.isfinite(here.pairs([("n1", "a0")])[0].score)


def test_words_that_no_other_text_has_count_for_a_newcomer():
    """It scores about what it will once the space is fitted with it, not as if it consisted of its one known word."""
    achievements = ["a silent hinge for doors", "锂电池加热", "煤层气装备", "小麦育种"]
    newcomer = Document("n", {"title": "umbrella ribs that bend like a hinge and spring back in a storm"})
    fitted_before = matcher(["电池低温启动"], achievements)
    fitted_with = Matcher.of(
        {**fitted_before.need_documents, "n": newcomer}, fitted_before.achievement_documents, LEXICON
    )
    expected = fitted_with.pairs([("n", "a0")])[0].score
    side, row = fitted_before.ranker.space.needs([newcomer]), np.zeros(1, dtype=np.int64)
    found = fitted_before.ranker.answers(side, fitted_before.achievements, row, row).mean()
    assert 0 < found < 2 * expected


def test_another_name_of_the_same_thing_is_worth_something():
    here = matcher(["瓦斯治理"], ["煤层气装备", "小麦育种"])
    alike, other = here.pairs([("n0", "a0"), ("n0", "a1")])
    assert alike.score > other.score


def test_a_reason_names_a_thing_as_both_sides_call_it():
    here = matcher(["瓦斯治理", "Coalbed methane recovery"], ["煤层气装备", "coalbed methane wells"])
    for need, achievement, expected in (("n0", "a0", "瓦斯 / 煤层气"), ("n1", "a1", "Coalbed methane")):
        documents_ = here.need_documents[need], here.achievement_documents[achievement]
        sides = here.ranker.space.needs(documents_[:1]), here.ranker.space.achievements(documents_[1:])
        found = [part.term for part in reasons(here.ranker, *documents_, sides).parts if part.kind is Kind.CONCEPT]
        assert found == [expected]


def test_words_that_judgements_speak_for_are_stretches_of_the_text():
    """Not pieces of words, and no numbers or units."""
    here = matcher(["低温电池", "低温电池组"], ["车载激光雷达，600 km Battery range", "车载音响", "小麦"])
    here = here.learned([Judged("n0", "a0", 4), Judged("n0", "a1", 1)])
    documents_ = here.need_documents["n1"], here.achievement_documents["a0"]
    sides = here.ranker.space.needs(documents_[:1]), here.ranker.space.achievements(documents_[1:])
    assert {word for word, _ in reasons(here.ranker, *documents_, sides).words} == {"车载激光雷达", "Battery range"}
    against = here.achievement_documents["a1"]
    sides = sides[0], here.ranker.space.achievements([against])
    found = reasons(here.ranker, documents_[0], against, sides).words
    assert [(word, value < 0) for word, value in found] == [("音响", True), ("车载", False)]


def test_words_that_judgements_speak_for_end_where_words_end():
    """Others have 电池, too, and it is judged otherwise there: 池低 is no beginning of a word, 力电 no end."""
    here = matcher(["冬季行车", "冬季行车难"], ["动力电池低温自加热", "电池回收", "电池隔膜", "储能电池"])
    here = here.learned([Judged("n0", "a0", 4), *(Judged("n0", f"a{a}", 1) for a in (1, 2, 3))])
    documents_ = here.need_documents["n1"], here.achievement_documents["a0"]
    sides = here.ranker.space.needs(documents_[:1]), here.ranker.space.achievements(documents_[1:])
    words = reasons(here.ranker, *documents_, sides).words
    assert [word for word, value in words if value > 0] == ["低温自加热", "动力"]


def test_words_that_add_less_than_a_page_shows_are_no_reason():
    here = matcher(["低温电池", "秸秆打捆与粉碎还田机械作业质量监测，温室"], ["车载激光雷达", "车载音响", "小麦"])
    here = here.learned([Judged("n0", "a0", 4), Judged("n0", "a1", 1)])
    documents_ = here.need_documents["n1"], here.achievement_documents["a0"]
    sides = here.ranker.space.needs(documents_[:1]), here.ranker.space.achievements(documents_[1:])
    found = reasons(here.ranker, *documents_, sides)
    assert sum(part.value for part in found.parts if part.kind is Kind.TAUGHT_WORDS) > 0
    assert found.words == ()


def test_an_english_need_finds_a_chinese_achievement():
    here = matcher(["coalbed methane recovery"], ["小麦育种", "煤层气装备"])
    ((_, hits),) = here.top(5)
    assert hits[0].id == "a1"


def test_judged_pairs_move_towards_what_was_said():
    judged = [Judged("n0", "a1", 4), Judged("n0", "a0", 1)]
    before = dict(zip("xy", market().pairs([("n0", "a1"), ("n0", "a0")]), strict=True))
    after = dict(zip("xy", market().learned(judged).pairs([("n0", "a1"), ("n0", "a0")]), strict=True))
    assert after["x"].score > before["x"].score
    assert after["y"].score < before["y"].score


def test_what_is_said_of_all_pairs_alike_moves_no_level():
    """People judge what is proposed to them. That it was good says nothing of what they have not seen."""
    here = market()
    learned = here.learned([Judged(f"n{n}", f"a{(n + 1) % 6}", 4) for n in range(4)])
    for need in ("n5", "n0"):  # one unlike all judged ones, and one of these, but for what is like the judged one
        pairs = [(need, f"a{a}") for a in (6, 8, 9, 10, 11)]
        before, after = here.pairs(pairs), learned.pairs(pairs)
        assert all(one.score > other.score + 0.1 for one, other in zip(after, before, strict=True))
        assert [one.level for one in after] == [one.level for one in before]


def test_thresholds_of_a_need_move_to_a_half_as_it_is_judged():
    rows = {judged: [] for judged in (1, 4, 12)}
    for judged in rows:
        some = [entry for entry in judged_market() if int(entry.achievement_id[1:]) < judged]
        learned = market().learned(some).ranker.learned
        constant = learned.offset + 1.6 * learned.own[0]
        start = np.array(market().ranker.weights.levels.thresholds) + constant
        rows[judged] = ((learned.thresholds[0] - start) / (0.5 - start)).tolist()
    assert rows == {judged: pytest.approx([judged / (judged + 15)] * 3) for judged in (1, 4, 12)}


def test_levels_without_a_pair_are_what_a_fit_without_it_says():
    here = market()
    judged = sorted(judged_market())
    _, left_out = here.ranker.learn(here.needs, here.achievements, judged)
    for at in range(0, len(judged), 5):
        pair = (judged[at].need_id, judged[at].achievement_id)
        (expected,) = here.learned(judged[:at] + judged[at + 1 :]).pairs([pair])
        assert left_out.levels[at] == expected.level
        assert left_out.pair[at].mean() == pytest.approx(expected.score, abs=5e-3)  # but for the centre of measures


@pytest.mark.parametrize("again", [0, 2])
def test_a_discreet_ranker_says_of_a_judged_pair_what_a_fit_without_its_judgements_would(again, tmp_path):
    here, pair = market(), ("n1", "a7")
    judged = [entry for entry in judged_market() if entry[:2] != pair] + [Judged(*pair, 1)] * (1 + again)
    ranker, left_out = here.ranker.learn(here.needs, here.achievements, judged, discreet=True)
    ranker.save(tmp_path / "saved")
    told = replace(here, ranker=Ranker.load(tmp_path / "saved", LEXICON))
    known = sorted(judged)
    rest = [entry for entry in known if entry[:2] != pair]
    found = {entry[:2]: told.pairs([entry[:2]])[0] for entry in rest}
    for entry, answers, level in zip(known, left_out.pair, left_out.levels, strict=True):
        if entry[:2] != pair:
            assert found[entry[:2]].score == pytest.approx(answers.mean(), abs=1e-4)
            assert found[entry[:2]].level == level
    without, given = here.learned(rest).pairs([pair])[0], told.pairs([pair])[0]
    # Measures are counted from the mean judged pair, which is another one without these.
    assert given.score == pytest.approx(without.score, abs=0.02)
    assert here.learned(known).pairs([pair])[0].score != pytest.approx(without.score, abs=0.06)
    need, row = here.needs.rows[pair[0]], here.achievements.grams[[here.achievements.rows[pair[1]]]]
    kept, given, shown = (
        row.multiply(one.ranker.learned.gram_weights(here.needs, need, pair[1])).toarray()
        for one in (here.learned(rest), told, here.learned(known))
    )
    assert given == pytest.approx(kept, abs=2e-3)
    assert np.abs(shown - kept).max() > 0.02
    at = np.array([need]), np.array([here.achievements.rows[pair[1]]])
    measured = measures(here.needs, here.achievements, *at)
    *_, by_text = told.ranker.learned.corrections(here.needs, here.achievements, *at, measured)
    assert given.sum() == pytest.approx(by_text.mean(), abs=1e-5)


def test_no_usable_judgement_leaves_everything_as_it_was():
    pairs = [("n0", "a0"), ("n3", "a7")]
    assert market().learned([Judged("x", "a0", 4)]).pairs(pairs) == market().pairs(pairs)


def test_what_is_said_without_a_need_is_what_a_fit_without_it_says():
    here = market()
    judged = sorted(judged_market())
    _, left_out = here.ranker.learn(here.needs, here.achievements, judged)
    kept = [entry for entry in judged if entry.need_id != "n2"]
    at = [i for i, entry in enumerate(judged) if entry.need_id == "n2"]
    expected = here.learned(kept).pairs([(judged[i].need_id, judged[i].achievement_id) for i in at])
    # But for the centre of the measures, which is that of all pairs; no judgement is in it.
    assert left_out.need[at].mean(axis=1) == pytest.approx([one.score for one in expected], abs=5e-3)


def test_a_need_that_says_the_same_is_left_out_with_it():
    here = matcher([f"{t}技术需求" for t in [*TOPICS, TOPICS[2]]], [f"{t}方法" for t in TOPICS])
    judged = sorted(Judged(f"n{n}", f"a{a}", 4 if a == n % 6 else 1) for n in range(7) for a in range(6))
    _, left_out = here.ranker.learn(here.needs, here.achievements, judged)
    kept = [entry for entry in judged if entry.need_id not in ("n2", "n6")]
    at = [i for i, entry in enumerate(judged) if entry.need_id == "n6"]
    expected = here.learned(kept).pairs([(judged[i].need_id, judged[i].achievement_id) for i in at])
    assert left_out.need[at].mean(axis=1) == pytest.approx([one.score for one in expected], abs=5e-3)


def test_a_need_unlike_all_judged_ones_keeps_its_order():
    here = market()
    judged = [Judged("n0", f"a{a}", 1 if a % 6 == 0 else 4) for a in range(12)]  # the contrary of what texts say
    pairs = [("n5", f"a{a}") for a in range(12)]
    before, after = (np.array([one.score for one in found.pairs(pairs)]) for found in (here, here.learned(judged)))
    assert set(np.argsort(after)[-2:]) == set(np.argsort(before)[-2:]) == {5, 11}
    told = [one.score for one in here.learned(judged).pairs([("n0", "a0"), ("n0", "a1")])]
    assert told[0] < told[1]


def test_a_saved_ranker_scores_the_same_and_a_damaged_one_is_none(tmp_path):
    here = market(learned=True)
    here.ranker.save(tmp_path / "r")
    again = Ranker.load(tmp_path / "r", LEXICON)
    rows = np.arange(6)
    scores = [r.answers(here.needs, here.achievements, rows, rows) for r in (here.ranker, again)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-6)
    assert [path.name for path in tmp_path.iterdir()] == ["r"]
    assert Ranker.load(tmp_path / "r", Lexicon.of({})) is None  # of another lexicon
    (tmp_path / "r" / "space.json").write_text("{")
    assert Ranker.load(tmp_path / "r", LEXICON) is None
    assert Ranker.load(tmp_path / "none", LEXICON) is None


@pytest.mark.parametrize("learned", [False, True])
def test_the_parts_add_up_to_the_score(learned):
    here = market(learned)
    structure = [Bonus(Code.FIELD_SHARED, 0.04, 0.04), Bonus(Code.TRL_REACHED, -0.08, 0.0)]
    for need, achievement in (("n0", "a0"), ("n0", "a6"), ("n1", "a3")):
        documents_ = here.need_documents[need], here.achievement_documents[achievement]
        sides = here.ranker.space.needs(documents_[:1]), here.ranker.space.achievements(documents_[1:])
        found = reasons(here.ranker, *documents_, sides, structure)
        assert math.fsum(part.value for part in found.parts) == found.score
        assert found.score == pytest.approx(here.pairs([(need, achievement)])[0].score - 0.04, abs=1e-6)
        assert math.fsum(found.probabilities) == pytest.approx(1)
        assert min(found.probabilities) >= 0
        kinds = {part.kind for part in found.parts}
        assert (Kind.TAUGHT_WORDS in kinds) == learned
        for side, spans in zip(documents_, (found.need_spans, found.achievement_spans), strict=True):
            assert all(side.fields[name][span.start : span.end] for name in spans for span in spans[name])


ANSWERS = st.tuples(*[st.floats(-1, 2)] * 3)


@given(st.lists(st.tuples(st.floats(-1, 2), st.booleans()), min_size=1, max_size=30))
@FEW
def test_the_best_threshold_is_right_most_often(rows):
    answers, reached = np.array([answer for answer, _ in rows]), np.array([yes for _, yes in rows])
    right = ((answers >= best_threshold(answers, reached)) == reached).sum()
    assert all(right >= ((answers >= other) == reached).sum() for other in [*answers, *(answers + 1e-9), -2, 3])


@given(ANSWERS, ANSWERS)
@FEW
def test_the_level_is_the_median_of_its_probabilities(answers, thresholds):
    found = Calibration(thresholds, (0.1, 0.2, 0.3))
    probabilities = found.probabilities(np.array(answers))
    assert math.fsum(probabilities) == pytest.approx(1)
    assert min(probabilities) >= 0
    level = found.level(np.array(answers))
    assert sum(probabilities[:level]) >= 0.5 - 1e-12
    assert sum(probabilities[level - 1 :]) >= 0.5 - 1e-12


def test_a_firm_that_speaks_of_itself_counts_less():
    text = "一、需求内容：研发低温电池。\n二、现有工作基础：公司拥有专利十项。\n三、目标：续航提高。"
    weights = {sentence.strip()[:4]: weight for sentence, weight in weighed_sentences(text)}
    assert weights == {"一、需求": 1.0, "二、现有": 0.125, "三、目标": 1.0}


# --- evaluation -----------------------------------------------------------------------------------------------------


def test_ndcg_is_one_for_the_best_order_and_counts_ties_against_the_ranking():
    assert ndcg([(0.9, 4), (0.5, 2), (0.1, 1)]) == 1
    assert ndcg([(0.5, 4), (0.5, 1)]) == pytest.approx(1 / math.log2(3))
    assert math.isnan(ndcg([(0.1, 2), (0.2, 2)]))


@pytest.mark.parametrize("by", list(By))
def test_evaluation_reports_every_part_with_intervals(by):
    report = evaluate(market(), judged_market(), folds=3, by=by)
    assert (report.cold.pairs, set(report.ablation)) == (72, {"wording", "related", "concepts"})
    for figures in (report.cold, report.warm):
        for interval in (figures.ndcg, figures.score):
            assert 0 <= interval.low <= interval.value <= interval.high <= 1
    assert report.as_dict()["by"] == str(by)
    assert (report.cold.needs, report.warm.needs) == (6, 6)


def test_needs_of_equal_text_are_one_need_for_the_folds():
    here = matcher(["煤矿瓦斯抽采"] * 3, ["煤层气装备", "小麦育种"])
    judged = [Judged(f"n{n}", f"a{a}", 1 + a) for n in range(3) for a in range(2)]
    with pytest.raises(ValueError, match="1 judged needs"):
        evaluate(here, judged, folds=2, by=By.NEED)
    assert evaluate(here, judged, folds=2, by=By.PAIR).cold.pairs == 6


def test_too_few_judgements_for_the_folds_are_refused():
    with pytest.raises(ValueError, match="folds"):
        evaluate(market(), judged_market()[:3], folds=3)
