"""Opinions, workdays, periods, interest and folding: the rules without a database."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchmaker.subsidies import deadlines, recovery
from matchmaker.subsidies.folding import fold
from matchmaker.subsidies.reviewing import FAR_APART, Given, Opinion, draw, outcome
from matchmaker.subsidies.states import ClaimState

FOR, AGAINST = Opinion.SUPPORT, Opinion.REFUSE


def test_one_opinion_decides_nothing() -> None:
    assert outcome([]).support is None
    assert outcome([Given(FOR, 90, 100)]).support is None


def test_two_who_agree_decide_with_mean_score_and_the_lower_sum() -> None:
    found = outcome([Given(FOR, 80, 300), Given(FOR, 71, 200)])
    assert (found.support, found.third, found.score, found.fen) == (True, False, 76, 200)
    assert outcome([Given(AGAINST, 20, 0), Given(AGAINST, 30, 0)]).support is False


@pytest.mark.parametrize("second", [Given(AGAINST, 80, 0), Given(FOR, 80 - FAR_APART, 100)])
def test_two_who_disagree_call_for_a_third(second: Given) -> None:
    found = outcome([Given(FOR, 80, 100), second])
    assert (found.support, found.third) == (None, True)
    assert outcome([Given(FOR, 80, 100), Given(FOR, 81 - FAR_APART, 100)]).support is True


def test_the_third_decides() -> None:
    first = [Given(FOR, 80, 300), Given(AGAINST, 20, 0)]
    assert outcome([*first, Given(FOR, 70, 100)]).support is True
    assert outcome([*first, Given(FOR, 70, 100)]).fen == 100
    assert outcome([*first, Given(AGAINST, 30, 0)]).support is False


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 100), st.integers(1, 10**9)), min_size=2, max_size=3))
def test_no_reviewer_alone_raises_the_sum(rows: list[tuple[bool, int, int]]) -> None:
    given_ = [Given(FOR if yes else AGAINST, score, fen if yes else 0) for yes, score, fen in rows]
    found = outcome(given_)
    if found.support:
        sums = sorted(one.fen for one in given_ if one.opinion is FOR)
        assert found.fen <= sums[(len(sums) - 1) // 2]
        assert 0 <= (found.score or 0) <= 100


def test_the_draw_takes_who_has_least_to_do_and_can_be_repeated() -> None:
    names = ["a", "b", "c", "d"]
    assert set(draw("k", names, {"a": 3, "b": 3}, 2)) == {"c", "d"}
    assert draw("k", names, {}, 2) == draw("k", reversed(names), {}, 2)
    assert {tuple(draw(str(key), names, {}, 1)) for key in range(60)} == {("a",), ("b",), ("c",), ("d",)}
    assert draw("k", ["a"], {}, 2) == ["a"]


def weekdays(day: date) -> bool:
    return day.weekday() < 5


def test_workdays_leave_out_what_is_not_worked() -> None:
    friday = date(2026, 11, 20)
    assert deadlines.add_workdays(friday, 1, weekdays) == date(2026, 11, 23)
    assert deadlines.add_workdays(friday, 5, weekdays) == date(2026, 11, 27)
    assert deadlines.add_workdays(friday, 0, weekdays) == friday
    with pytest.raises(ValueError, match="forwards"):
        deadlines.add_workdays(friday, -1, weekdays)
    with pytest.raises(ValueError, match="no workdays"):
        deadlines.add_workdays(friday, 1, lambda day: False)


@given(st.dates(date(2025, 1, 1), date(2030, 1, 1)), st.integers(1, 40))
def test_between_a_day_and_its_deadline_lie_exactly_so_many_workdays(day: date, count: int) -> None:
    due = deadlines.add_workdays(day, count, weekdays)
    days = [day + timedelta(days=n) for n in range(1, (due - day).days + 1)]
    assert sum(weekdays(one) for one in days) == count
    assert weekdays(due)


def test_every_state_that_waits_for_someone_has_a_deadline() -> None:
    waiting = set(ClaimState) - {"draft", "paid", "recovered", "rejected", "withdrawn"}
    assert {state for state in ClaimState if deadlines.due_on(state, date(2026, 1, 5), weekdays)} == waiting


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ＪＬ〔2026〕 0 １7 号", "jl2026017号"), ("7701-0021", "7701 0021"), ("A\u00a0B－c", "abC"),
        ("﹙2026﹚第5号", "（2026）第5号"), ("\u200b7701", "7701"), ("Ａ１", "a1"),
    ],
)  # fmt: skip
def test_two_spellings_of_one_number_fold_alike(one: str, other: str) -> None:
    assert fold(one) == fold(other) != ""


@given(st.text())
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_interest_is_simple_and_by_the_day() -> None:
    year = date(2026, 1, 1), date(2027, 1, 1)
    assert recovery.interest(10_000_000, Fraction(365, 10_000), *year) == 365_000
    assert recovery.interest(10_000_000, Fraction(365, 10_000), year[0], date(2026, 1, 2)) == 1_000
    assert recovery.interest(10_000_000, Fraction(365, 10_000), year[0], year[0]) == 0
    assert recovery.interest(10_000_000, Fraction(1), year[1], year[0]) == 0


@pytest.mark.parametrize(
    ("day", "months", "last"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)), (date(2027, 12, 31), 2, date(2028, 2, 29)),
        (date(2026, 11, 25), 24, date(2028, 11, 25)), (date(2026, 8, 31), 1, date(2026, 9, 30)),
    ],
)  # fmt: skip
def test_a_bar_ends_on_the_same_day_of_its_last_month(day: date, months: int, last: date) -> None:
    assert recovery.barred_until(day, months) == last
