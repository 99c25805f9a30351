"""Committed results are read as they are, and drawn true to scale."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchmaker.matching.benchmarks import LEFT, RIGHT, WIDTH, Row, chart, read_results

RESULT = {
    "title": {"zh": "基准测试", "en": "Benchmark"},
    "method": "Folds over needs.",
    "date": "2026-11-25",
    "commit": "abc1234",
    "command": "matchmaker evaluate",
    "rows": [{"name": "nDCG@10", "value": 0.75, "low": 0.73, "high": 0.77}],
    "ablation": [{"name": "all", "value": 0.75}, {"name": {"en": "without figures"}, "value": 0.74}],
    "folds": 5,
}


def written(directory, **files):
    for name, content in files.items():
        (directory / f"{name.replace('_', '-')}.json").write_text(content, encoding="utf-8")
    return read_results(directory)


def test_a_result_is_read_in_both_languages_and_unknown_keys_are_passed_over(tmp_path):
    (result,) = written(tmp_path, matching_cold=json.dumps(RESULT), scale=json.dumps(RESULT))
    assert (result.title["zh"], result.method["zh"], str(result.on)) == ("基准测试", "Folds over needs.", "2026-11-25")
    assert (result.rows[0].low, result.rows[0].high) == (0.73, 0.77)
    assert result.ablation[1].name["zh"] == "without figures"


@pytest.mark.parametrize(
    "content",
    [
        "", "[]", "{}", '{"title": "x"}', '{"title": "x", "rows": 3}', '{"title": "x", "rows": [{"name": "y"}]}',
        '{"title": "x", "rows": [{"name": "y", "value": NaN}]}', '{"title": {}, "rows": []}',
        '{"title": "x", "rows": [], "date": "soon"}',
    ],
)  # fmt: skip
def test_what_is_no_result_is_passed_over(tmp_path, content, caplog):
    assert len(written(tmp_path, matching_a=content, matching_b=json.dumps(RESULT))) == 1
    assert "matching-a.json" in caplog.text


RUN = {"ndcg": [0.72, 0.70, 0.75], "score": [0.70, 0.69, 0.72], "needs": 220, "pairs": 7376}
EVALUATED = {
    "data": "judged pairs",
    "commit": "abc1234",
    "runs": [
        {"command": "matchmaker evaluate", "by": "need", "semantic": False, "folds": 5, "cold": RUN, "warm": RUN,
         "ablation": {"wording": [{**RUN, "ndcg": [0.68, 0.66, 0.71]}, RUN], "unheard": [RUN, RUN]}},
        {"by": "pair", "semantic": True, "folds": 5, "cold": RUN, "warm": RUN, "ablation": {}},
    ],
}  # fmt: skip


def test_each_run_of_the_evaluation_is_a_result(tmp_path):
    by_need, by_pair = written(tmp_path, matching_dev=json.dumps(EVALUATED))
    assert [(row.value, row.low, row.high) for row in by_need.rows][:3:2] == [(0.72, 0.70, 0.75), (0.70, 0.69, 0.72)]
    assert [row.value for row in by_need.ablation] == [0.72, 0.68, 0.72]
    assert by_need.ablation[2].name["en"] == "unheard"
    assert [result.title["phrase"].endswith("with the larger model of meaning") for result in (by_need, by_pair)] == [
        False,
        True,
    ]
    assert (by_need.commit, by_pair.ablation, by_need.method["pairs"]) == ("abc1234", [], "7376")


def test_without_files_there_are_no_results(tmp_path):
    assert read_results(tmp_path) == read_results(tmp_path / "none") == []


def row(value, low=None, high=None):
    return Row({"zh": "", "en": ""}, value, low, high, {"zh": "", "en": ""})


def test_one_row_is_no_comparison():
    assert chart([row(0.5)]) is None


@given(st.lists(st.floats(0, 1), min_size=2, max_size=12))
def test_points_keep_their_order_and_lie_within_the_axis(values):
    drawn = chart([row(value, value, value) for value in values])
    by_value = sorted(zip(values, (mark.x for mark in drawn.marks), strict=True))
    assert [x for _, x in by_value] == sorted(x for _, x in by_value)
    assert all(LEFT <= mark.x <= WIDTH - RIGHT for mark in drawn.marks)
    assert 2 <= len(drawn.ticks) <= 8
    assert drawn.ticks[0][0] == LEFT


def test_an_interval_is_drawn_around_its_point():
    drawn = chart([row(0.75, 0.7, 0.8), row(0.6)])
    assert drawn.marks[0].low < drawn.marks[0].x < drawn.marks[0].high
    assert drawn.marks[1].low == drawn.marks[1].x == drawn.marks[1].high
