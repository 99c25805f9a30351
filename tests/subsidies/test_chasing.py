"""Deadlines are chased: whoever has to act on a claim gets a mail and finds it among the tasks, in every state."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from matchmaker.accounts.models import Membership, MembershipRole, User
from matchmaker.accounts.roles import Role
from matchmaker.core import clock
from matchmaker.core.access import Actor
from matchmaker.core.db import db
from matchmaker.core.outbox import OutboxMessage
from matchmaker.core.web import tasks
from matchmaker.subsidies import deadlines, jobs, review_services, workdays
from matchmaker.subsidies.models import Claim
from matchmaker.subsidies.review_models import ClaimReminder
from matchmaker.subsidies.reviewing import Opinion
from matchmaker.subsidies.states import ClaimState
from tests.dashboard.test_views import counting
from tests.factories.accounts import actor, unit
from tests.factories.subsidies import Case, make_bureau, make_claim
from tests.subsidies.test_views import reread

MONDAY = date(2026, 11, 2)


def every_day(day: date) -> bool:
    return True


@pytest.mark.parametrize("state", list(deadlines.WORKDAYS))
def test_reminders_of_a_deadline_come_in_order_and_by_workdays(state: ClaimState) -> None:
    at_once = ["now"] if state in deadlines.AT_ONCE else []
    soon = [] if state is ClaimState.ON_NOTICE else ["soon"]
    due = MONDAY + timedelta(days=10)
    found = {n: deadlines.reminders(state, due, due + timedelta(days=n), every_day) for n in (-3, -2, 0, 1, 4, 5, 20)}
    assert found[-3] == at_once
    assert found[-2] == found[0] == at_once + soon
    assert found[1] == found[4] == [*at_once, *soon, "late:1"]
    assert found[5] == [*at_once, *soon, "late:1", "late:5"]
    assert found[20] == [*at_once, *soon, "late:1", "late:5", "late:10", "late:20"]
    weekdays = deadlines.reminders(state, MONDAY, MONDAY - timedelta(days=4), lambda day: day.weekday() < 5)
    assert ("soon" in weekdays) == bool(soon)  # Thursday: two workdays before Monday


def run(app: Flask, day: date) -> Counter[str]:
    """To whom mails go on a day."""
    db.session.rollback()
    before = {row.id for row in db.session.scalars(sa.select(OutboxMessage))}
    with clock.at(clock.noon(day)):
        jobs.chase(app.extensions["matchmaker.settings"])
    db.session.rollback()
    return Counter(row.payload["to"] for row in db.session.scalars(sa.select(OutboxMessage)) if row.id not in before)


def email(who: Actor) -> str:
    return db.session.get_one(User, who.user_id).email


def emails(*people: Actor) -> Counter[str]:
    return Counter(email(who) for who in people)


def colleagues(who: Actor) -> list[Actor]:
    """Everyone who can claim for an organisation."""
    query = sa.select(Membership).where(Membership.organisation_id == who.organisation_id)
    return [actor(row) for row in db.session.scalars(query)]


def administrators() -> list[Actor]:
    """Those who could pay: of this bureau and of whichever other authority there is."""
    query = sa.select(Membership).join(Membership.roles).where(MembershipRole.role == Role.ADMINISTRATOR)
    return [actor(row) for row in db.session.scalars(query)]


def waits_for(case: Case, who: Actor, day: date) -> list[str]:
    with clock.at(clock.noon(day)):
        return [task.phrase for task in tasks.list_tasks(who) if task.values == {"id": case.claim.id}]


def readers_of(case: Case, state: ClaimState) -> tuple[list[Actor], str]:
    """Who has to act on a claim in this state, and under which name it stands among their tasks."""
    bureau = case.bureau
    return {
        ClaimState.SUBMITTED: (list(bureau.reviewers), "Check a claim"),
        ClaimState.RETURNED: (colleagues(case.claimant), "Complete a claim that came back"),
        ClaimState.IN_REVIEW: (case.seated(), "Judge a claim"),
        ClaimState.PROPOSED: (list(bureau.reviewers), "Publish the notice of a claim"),
        ClaimState.ON_NOTICE: (list(bureau.reviewers[1:]), "Approve a claim"),
        ClaimState.OBJECTED: (list(bureau.reviewers[1:]), "Decide on objections to a claim"),
        ClaimState.APPROVED: (administrators(), "Record that a claim was paid out"),
        ClaimState.RECOVERING: ([*colleagues(case.claimant), *administrators()], ""),
    }[state]


def test_a_day_without_anything_new_takes_the_same_reads_for_any_number_of_claims(app: Flask) -> None:
    def reads_of_a_day(day: date) -> int:
        with counting() as statements:
            run(app, day)
        return len(statements)

    bureau, today = make_bureau(), clock.today()
    make_claim(ClaimState.IN_REVIEW, bureau=bureau)
    run(app, today)
    one = reads_of_a_day(today + timedelta(days=1))
    for _ in range(2):
        make_claim(ClaimState.IN_REVIEW, bureau=bureau)
    run(app, today)
    assert reads_of_a_day(today + timedelta(days=2)) == one


@pytest.mark.parametrize("state", list(deadlines.WORKDAYS))
def test_whoever_has_to_act_is_reminded_once_and_finds_the_task(app: Flask, state: ClaimState) -> None:
    case = make_claim(state)
    due, (people, phrase) = case.claim.due_on, readers_of(case, state)
    assert due is not None
    late = deadlines.add_workdays(due, 1, workdays.calendar())
    assert run(app, clock.today()) == (emails(*people) if state in deadlines.AT_ONCE else Counter())
    assert run(app, clock.today()) == Counter()  # a day is looked at once
    assert run(app, late) == emails(*people)  # of two that have become due only the latest goes out
    assert run(app, late) == run(app, late + timedelta(days=1)) == Counter()
    for who in people:
        found = waits_for(case, who, late)
        assert len(found) == 1
        assert phrase in ("", found[0])
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ClaimReminder)) in (1, 2, 3)


def test_others_are_not_told_and_find_no_task(app: Flask) -> None:
    case = make_claim(ClaimState.ON_NOTICE)
    assert case.claim.due_on is not None
    late = deadlines.add_workdays(case.claim.due_on, 1, workdays.calendar())
    for who in (case.bureau.reviewer, case.bureau.auditor, case.claimant):  # the reviewer proposed the sum
        assert waits_for(case, who, late) == []
    seated = make_claim(ClaimState.IN_REVIEW)
    others = [who for who in seated.bureau.reviewers if who not in seated.seated()]
    assert len(others) >= 3
    assert not any(waits_for(seated, who, late) for who in others)


def test_a_step_is_news_for_those_who_come_after_it(app: Flask) -> None:
    case = make_claim(ClaimState.IN_REVIEW)
    first, second = case.seated()
    assert run(app, clock.today()) == emails(first, second)
    with unit():
        review_services.stand_down(first, reread(case.claim), reason="亲属任职")
    (third,) = [who for who in case.seated() if who != second]
    assert run(app, clock.today()) == emails(second, third)
    case.opine(second)
    case.opine(third, Opinion.REFUSE)
    (fourth,) = case.seated()
    assert run(app, clock.today()) == emails(fourth)
    case.opine(fourth)
    late = deadlines.add_workdays(reread(case.claim).due_on, 1, workdays.calendar())  # type: ignore[arg-type]
    assert run(app, late) == emails(case.bureau.reviewer)  # every opinion is there: who checked proposes or rejects


def test_many_claims_that_wait_for_one_person_come_in_one_mail_in_their_language(app: Flask) -> None:
    bureau = make_bureau()
    cases = [make_claim(ClaimState.SUBMITTED, bureau=bureau) for _ in range(3)]
    with unit():
        db.session.get_one(User, bureau.reviewers[0].user_id).locale = "en"
    due = cases[0].claim.due_on
    assert due is not None
    assert run(app, due) == emails(*bureau.reviewers)
    bodies = {row.payload["to"]: row.payload for row in db.session.scalars(sa.select(OutboxMessage))}
    english, chinese = bodies[email(bureau.reviewers[0])], bodies[email(bureau.reviewers[1])]
    assert english["subject"] == "Reminder: 3 claims wait for you"
    assert chinese["subject"] == "提醒：3件申报等待您办理"
    for case in cases:
        assert case.claim.number in english["body"]
        assert f"/claims/{case.claim.id}" in chinese["body"]
    assert "The formal check of this claim is due on" in english["body"]


def test_what_is_over_is_not_looked_at(app: Flask) -> None:
    for state in (ClaimState.DRAFT, ClaimState.PAID, ClaimState.REJECTED, ClaimState.WITHDRAWN, ClaimState.RECOVERED):
        claim = make_claim(state).claim
        assert (claim.due_on, run(app, clock.today() + timedelta(days=90))) == (None, Counter())
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Claim).where(Claim.chase_on.is_not(None))) == 0
