"""Which reminders are due on which day, and to whom: reports, answers, payments, ends."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from matchmaker.deals.reminders import TO, ReminderKind, View, due
from matchmaker.deals.schedule import Due, DueKind, Period
from matchmaker.deals.settlement import Settled
from matchmaker.deals.states import PartyRole

ENDS = date(2027, 8, 31)
MIDTERM = date(2027, 2, 28)
DAY = timedelta(days=1)


def mailed(view: View, today: date) -> list[tuple[ReminderKind, date]]:
    return [(one.kind, one.day) for one in due(view, today) if one.mailed]


def first_days(kind: ReminderKind, view: View, start: date, days: int) -> list[date]:
    """Days on which a reminder of this kind comes up that was not there before."""
    seen: set[str] = set()
    found = []
    for offset in range(days):
        today = start + offset * DAY
        fresh = [one for one in due(view, today) if one.kind is kind and one.ref not in seen]
        seen |= {one.ref for one in fresh}
        found += [today for _ in fresh]
    return found


def test_the_midterm_report_is_asked_for_two_weeks_before_and_once_it_is_late() -> None:
    view = View(trial_ends_on=ENDS, midterm_on=MIDTERM)
    found = first_days(ReminderKind.MIDTERM_DUE, view, date(2027, 1, 1), 200)
    assert found == [MIDTERM - 14 * DAY, MIDTERM + DAY]
    assert first_days(ReminderKind.MIDTERM_DUE, View(trial_ends_on=ENDS), date(2027, 1, 1), 200) == []  # handed in
    assert TO[ReminderKind.MIDTERM_DUE] == (PartyRole.LICENSEE,)


def test_the_final_report_is_asked_for_two_weeks_before_the_trial_ends() -> None:
    view = View(trial_ends_on=ENDS, final_missing=True)
    assert first_days(ReminderKind.FINAL_DUE, view, date(2027, 1, 1), 300) == [ENDS - 14 * DAY]


def test_the_end_of_the_trial_comes_up_three_times_and_afterwards_only_where_the_terms_decide_nothing() -> None:
    assert first_days(ReminderKind.TRIAL_ENDS, View(trial_ends_on=ENDS), ENDS - 100 * DAY, 120) == [
        ENDS - 60 * DAY,
        ENDS - 30 * DAY,
        ENDS - 7 * DAY,
    ]
    late = [ENDS + DAY, ENDS + 30 * DAY]
    assert first_days(ReminderKind.DECISION_OVERDUE, View(trial_ends_on=ENDS), ENDS, 60) == late
    decided = View(trial_ends_on=ENDS, decided_by_terms=True)
    assert first_days(ReminderKind.DECISION_OVERDUE, decided, ENDS, 60) == []


def test_a_royalty_report_is_asked_for_when_its_days_begin_and_chased_when_they_are_over() -> None:
    period = Period(1, date(2027, 1, 1), date(2027, 3, 31))
    window = Period(1, date(2027, 4, 1), date(2027, 4, 30))
    view = View(unreported=((period, window),))
    assert first_days(ReminderKind.REPORT_DUE, view, date(2027, 3, 1), 120) == [window.starts_on]
    chased = first_days(ReminderKind.REPORT_LATE, view, date(2027, 3, 1), 150)
    assert chased == [window.ends_on + days * DAY for days in (1, 30, 60)]
    assert set(TO[ReminderKind.REPORT_LATE]) == {PartyRole.LICENSOR, PartyRole.LICENSEE}


def test_an_amount_is_announced_a_week_before_and_chased_after_the_days_of_grace() -> None:
    day = date(2027, 6, 30)
    settled = Settled(Due(1, day, 100, DueKind.ROYALTY), 40)
    view = View(open_amounts=(settled,), grace_days=30)
    assert first_days(ReminderKind.PAYMENT_DUE, view, date(2027, 6, 1), 60) == [day - 7 * DAY]
    late = first_days(ReminderKind.PAYMENT_OVERDUE, view, day, 130)
    assert late == [day + (30 + days) * DAY for days in (1, 30, 60, 90)]
    assert {one.fen for one in due(view, day)} == {60}
    assert due(View(open_amounts=(Settled(settled.due, 100),), grace_days=30), day + 200 * DAY) == []


@pytest.mark.parametrize("ref", ["event:3", "royalty:1", "stake:5"])
def test_what_the_other_side_reported_is_brought_to_mind_twice(ref: str) -> None:
    since = date(2027, 5, 1)
    found = first_days(ReminderKind.ANSWER_DUE, View(unanswered=((ref, since),)), since, 60)
    assert found == [since + 7 * DAY, since + 21 * DAY]


def test_of_several_days_of_one_matter_that_have_passed_only_the_latest_is_mailed() -> None:
    view = View(trial_ends_on=ENDS, decided_by_terms=True)
    assert len(due(view, ENDS)) == 3
    assert mailed(view, ENDS) == [(ReminderKind.TRIAL_ENDS, ENDS)]
