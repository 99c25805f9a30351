"""The daily run: what time does, once for each day, and the same however often and late it runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from matchmaker.core import audit, clock
from matchmaker.core import jobs as core_jobs
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.errors import Conflict
from matchmaker.core.outbox import OutboxMessage
from matchmaker.deals import jobs, queries, services
from matchmaker.deals.models import Deal, Reminder
from matchmaker.deals.schedule import add_months
from matchmaker.deals.states import DealState
from matchmaker.deals.terms import (
    DealKind,
    EarlierOf,
    FirstRevenue,
    Instalment,
    Instalments,
    LaterOf,
    OnDate,
    TrialEnd,
    TrialOutcome,
)
from matchmaker.ledger import queries as ledger
from tests.factories.deals import LICENSEE, LICENSOR, Play, make_deal, make_terms

START = date(2026, 1, 31)
TRIAL_END = date(2026, 7, 31)


def on(day: date) -> Any:
    return clock.at(clock.noon(day))


def run(app: Flask, day: date) -> int:
    with on(day):
        db.session.rollback()
        return jobs.keep_time(app.extensions["matchmaker.settings"])


def tried(**changes: Any) -> Play:
    """Half a year of trial from the last day of January."""
    with on(START):
        return make_deal(DealState.ON_TRIAL, terms=make_terms(**{"trial_months": 6, "effective_on": START, **changes}))


def mails() -> list[str]:
    return [row.payload["body"] for row in db.session.scalars(sa.select(OutboxMessage))]


def readers(words: str) -> list[str]:
    """To whom a mail with these words went; both people who sign for each side have an address."""
    found = db.session.scalars(sa.select(OutboxMessage))
    return sorted(row.payload["to"] for row in found if words in row.payload["body"])


def check_once_for_each(words: str, sides: int) -> None:
    found = readers(words)
    assert len(found) == len(set(found)) == 2 * sides


def test_a_decision_is_called_for_a_month_before_the_trial_ends(app: Flask) -> None:
    play = tried()
    run(app, TRIAL_END - timedelta(days=31))
    assert play.deal.state == DealState.ON_TRIAL
    run(app, TRIAL_END - timedelta(days=30))
    assert play.deal.state == DealState.DECISION_DUE
    event = audit.list_events(play.deal.id)[-2]
    assert (event.event, event.actor_kind, event.organisation_id) == ("deal.decision_called", "system", None)


def test_without_a_rule_in_the_terms_nothing_is_decided_for_the_parties(app: Flask) -> None:
    play = tried()
    run(app, TRIAL_END + timedelta(days=90))
    assert play.deal.state == DealState.DECISION_DUE
    assert any("试用期已于" in body for body in mails())


def test_a_trial_that_converts_is_paid_for_from_the_day_after_it(app: Flask) -> None:
    play = tried(trial_end=TrialEnd(TrialOutcome.CONVERT))
    run(app, TRIAL_END)
    assert play.deal.state == DealState.DECISION_DUE
    run(app, TRIAL_END + timedelta(days=5))
    assert (play.deal.state, play.deal.payment_starts_on) == (DealState.PAYING, TRIAL_END + timedelta(days=1))
    assert queries.outstanding_fen(play.deal) == 12_000_000


@pytest.mark.parametrize("outcome", [TrialOutcome.END, TrialOutcome.NEGOTIATE])
def test_a_trial_that_ends_by_itself_leaves_the_documents_to_be_returned(app: Flask, outcome: TrialOutcome) -> None:
    play = tried(trial_end=TrialEnd(outcome))
    run(app, TRIAL_END + timedelta(days=20))
    assert (play.deal.state, play.deal.ended_on, play.deal.documents_returned_on) == (DealState.ENDED, TRIAL_END, None)
    with on(TRIAL_END + timedelta(days=30)):
        play.act(LICENSOR, services.confirm_return)
    assert play.deal.documents_returned_on == TRIAL_END + timedelta(days=30)


def test_a_trial_is_extended_as_often_as_agreed_and_a_31st_stays_a_31st(app: Flask) -> None:
    play = tried(trial_end=TrialEnd(TrialOutcome.EXTEND, extensions=2, extension_months=1))
    ends = []
    for day in (date(2026, 8, 1), date(2026, 9, 1)):
        run(app, day)
        ends.append((play.deal.state, play.deal.trial_ends_on))
    assert ends == [(DealState.DECISION_DUE, date(2026, 8, 31)), (DealState.DECISION_DUE, date(2026, 9, 30))]
    run(app, date(2026, 10, 1))
    assert (play.deal.state, play.deal.ended_on) == (DealState.ENDED, date(2026, 9, 30))


def test_payment_starts_on_its_day_by_itself(app: Flask) -> None:
    day = add_months(START, 8)
    play = tried(kind=DealKind.LICENCE, trigger=OnDate(day))
    run(app, day + timedelta(days=3))
    assert (play.deal.state, play.deal.payment_starts_on) == (DealState.PAYING, day)


def test_of_several_events_the_earlier_or_the_later_starts_payment(app: Flask) -> None:
    day = add_months(START, 8)
    earlier = tried(trigger=EarlierOf((FirstRevenue(), OnDate(day))))
    later = tried(trigger=LaterOf((FirstRevenue(), OnDate(day))))
    revenue_on = add_months(START, 3)
    with on(revenue_on + timedelta(days=1)):
        for play in (earlier, later):
            play.report_event(on=revenue_on)
            play.act(LICENSOR, services.confirm_event)
    assert (earlier.deal.state, earlier.deal.payment_starts_on) == (DealState.PAYING, revenue_on)
    assert later.deal.state == DealState.ON_TRIAL
    run(app, day)
    assert (later.deal.state, later.deal.payment_starts_on) == (DealState.PAYING, day)


@pytest.mark.parametrize("disputed", [False, True])
def test_silence_about_a_reported_event_or_its_dispute_does_not_let_the_trial_end(app: Flask, disputed: bool) -> None:
    play = tried(trigger=FirstRevenue(), trial_end=TrialEnd(TrialOutcome.END))
    revenue_on = TRIAL_END - timedelta(days=3)
    with on(revenue_on + timedelta(days=1)):
        play.report_event(LICENSOR, on=revenue_on)
        if disputed:
            play.act(LICENSEE, lambda actor, deal: services.dispute_event(actor, deal, reason="a sample, not a sale"))
    run(app, TRIAL_END + timedelta(days=20))
    assert play.deal.state == DealState.DECISION_DUE
    with on(TRIAL_END + timedelta(days=21)):
        if disputed:
            play.report_event(LICENSOR, on=revenue_on)
        play.act(LICENSEE, services.confirm_event)
    assert (play.deal.state, play.deal.payment_starts_on) == (DealState.PAYING, revenue_on)


# --- the same end ---------------------------------------------------------------------------------------------------

PARTS = Instalments((Instalment(0, 100), Instalment(1, 200), Instalment(2, 300)))


def world() -> list[Play]:
    outcomes = [TrialEnd(TrialOutcome.EXTEND, 1, 1), TrialEnd(TrialOutcome.CONVERT), TrialEnd(TrialOutcome.END), None]
    return [tried(trial_end=end, fee=PARTS) for end in outcomes]


def end_of(plays: list[Play]) -> list[Any]:
    db.session.expire_all()
    return [
        (
            play.deal.state,
            play.deal.trial_ends_on,
            play.deal.payment_starts_on,
            play.deal.ended_on,
            queries.outstanding_fen(play.deal),
            sorted((row.kind, row.ref) for row in reminders_of(play.deal)),
        )
        for play in plays
    ]


def reminders_of(deal: Deal) -> list[Reminder]:
    return list(db.session.scalars(sa.select(Reminder).where(Reminder.deal_id == deal.id)))


def days(first: date, last: date, skip: Callable[[int], bool] = lambda number: False) -> list[date]:
    numbers = range((last - first).days + 1)
    return [first + timedelta(days=number) for number in numbers if not skip(number)]


FIRST, LAST = TRIAL_END - timedelta(days=8), TRIAL_END + timedelta(days=45)


def lived(app: Flask, every: list[date]) -> list[Any]:
    plays = world()
    for day in every:
        run(app, day)
    return end_of(plays)


def test_run_daily_or_twice_a_day_the_end_is_the_same(app: Flask) -> None:
    daily, twice = days(FIRST, LAST), [day for day in days(FIRST, LAST) for _ in range(2)]
    assert lived(app, daily) == lived(app, twice)
    assert ledger.trial_balance() == 0


def test_after_ten_missed_days_the_end_is_the_same_but_for_reminders_that_came_to_nothing(app: Flask) -> None:
    daily = lived(app, days(FIRST, LAST))
    for every in (days(FIRST, LAST, lambda number: 3 <= number % 14 <= 12), [FIRST, LAST], [LAST]):
        missed = lived(app, every)
        assert [one[:-1] for one in missed] == [one[:-1] for one in daily]
        assert all(set(after[-1]) <= set(before[-1]) for before, after in zip(daily, missed, strict=True))
    assert ledger.trial_balance() == 0


def test_a_run_that_is_killed_half_way_is_finished_by_the_next(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    reference, plays = world(), world()
    ids = {play.deal.id for play in plays}
    run(app, LAST)
    expected = end_of(reference)
    with unit_of_work():
        db.session.execute(sa.update(Deal).where(Deal.id.in_(ids)).values(checked_on=None))
    again = world()
    monkeypatch.setattr(jobs, "CHUNK", 1)
    course, calls = jobs.take_its_course, []

    def killed(deal: Deal) -> None:
        calls.append(deal.id)
        course(deal)
        if len(calls) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(jobs, "take_its_course", killed)
    with pytest.raises(KeyboardInterrupt):
        run(app, LAST)
    run(app, LAST)
    assert end_of(again) == expected == end_of(plays)


def test_a_deal_is_looked_at_once_a_day_and_a_quiet_run_writes_nothing(app: Flask) -> None:
    play = tried()
    assert run(app, START) == 1
    assert run(app, START) == 0
    version, events = play.deal.version, len(audit.list_events(play.deal.id))
    assert run(app, START + timedelta(days=1)) == 1
    db.session.expire_all()
    assert (play.deal.version, len(audit.list_events(play.deal.id))) == (version, events)


def test_a_deal_that_cannot_go_on_does_not_hold_up_the_others(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck, free = (tried(trial_end=TrialEnd(TrialOutcome.END)) for _ in range(2))
    course = jobs.take_its_course

    def refuse(deal: Deal) -> None:
        if deal.id == stuck.deal.id:
            raise Conflict()
        course(deal)

    monkeypatch.setattr(jobs, "take_its_course", refuse)
    run(app, LAST)
    assert (stuck.deal.state, free.deal.state) == (DealState.ON_TRIAL, DealState.ENDED)


# --- reminders ------------------------------------------------------------------------------------------------------


def test_both_sides_are_told_that_the_trial_ends_and_only_the_latest_notice_is_mailed(app: Flask) -> None:
    play = tried()
    run(app, TRIAL_END - timedelta(days=6))
    kinds = sorted(row.ref.rpartition(":")[2] for row in reminders_of(play.deal) if row.kind == "trial_ends")
    assert kinds == ["-30", "-60", "-7"]
    check_once_for_each("试用期将于", sides=2)
    run(app, TRIAL_END - timedelta(days=5))
    check_once_for_each("试用期将于", sides=2)


def test_the_licensee_is_reminded_before_an_amount_is_due_and_both_when_it_is_late(app: Flask) -> None:
    play = tried(trial_end=TrialEnd(TrialOutcome.CONVERT), fee=PARTS, grace_days=10)
    run(app, TRIAL_END + timedelta(days=1))
    check_once_for_each("¥1.00应于", sides=1)
    run(app, TRIAL_END + timedelta(days=12))
    check_once_for_each("尚未支付", sides=2)
    with on(TRIAL_END + timedelta(days=13)):
        play.pay(600)
    run(app, TRIAL_END + timedelta(days=80))
    assert len([row for row in reminders_of(play.deal) if row.kind == "payment_overdue"]) == 1


def test_a_report_of_the_other_side_that_waits_is_brought_to_mind(app: Flask) -> None:
    play = tried()
    with on(START + timedelta(days=10)):
        play.report_event(LICENSEE)
    run(app, START + timedelta(days=16))
    assert not [row for row in reminders_of(play.deal) if row.kind == "answer_due"]
    run(app, START + timedelta(days=17))
    assert [row.kind for row in reminders_of(play.deal)].count("answer_due") == 1


def test_the_worker_runs_it(app: Flask) -> None:
    deal_id = tried(trial_end=TrialEnd(TrialOutcome.END)).deal.id
    with on(LAST):
        core_jobs.run_pullers(app.extensions["matchmaker.settings"])
    assert db.session.get_one(Deal, deal_id).state == DealState.ENDED
