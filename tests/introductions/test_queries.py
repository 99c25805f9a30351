"""What others ask of introductions: lists, counts, who introduced whom, the history."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from matchmaker.core import clock
from matchmaker.core.db import db, unit_of_work
from matchmaker.introductions import queries, services
from matchmaker.introductions.queries import PHRASES
from matchmaker.introductions.states import INTRODUCTION, IntroductionState, Outcome, Side
from tests.factories.accounts import SYSTEM
from tests.factories.introductions import make_introduction, make_pair


def test_lists_hold_the_actor_s_own_newest_first(app: Flask) -> None:
    pair = make_pair()
    with clock.at(clock.now() - timedelta(days=1)):
        older = make_introduction(pair)
    newer = make_introduction(pair, need=False)
    make_introduction()
    for actor in (pair.member, pair.researcher):
        assert list(db.session.scalars(queries.list_introductions(actor, ended=False))) == [newer, older]
        assert list(db.session.scalars(queries.list_introductions(actor, ended=True))) == []


@pytest.mark.parametrize(
    ("state", "ended"),
    [
        (IntroductionState.REQUESTED, False),
        (IntroductionState.INTRODUCED, False),
        (IntroductionState.DECLINED, True),
        (IntroductionState.WITHDRAWN, True),
        (IntroductionState.CONCLUDED, True),
    ],
)
def test_what_ended_is_listed_apart(app: Flask, state: IntroductionState, ended: bool) -> None:
    pair = make_pair()
    row = make_introduction(pair, state=state)
    assert list(db.session.scalars(queries.list_introductions(pair.member, ended=ended))) == [row]
    assert list(db.session.scalars(queries.list_introductions(pair.member, ended=not ended))) == []


def test_introduced_counts_what_took_place_whatever_came_of_it(app: Flask) -> None:
    for state in IntroductionState:
        make_introduction(state=state)
    with clock.at(clock.now() - timedelta(days=30)):
        make_introduction(state=IntroductionState.INTRODUCED)
    assert queries.count_introduced() == 3
    assert queries.count_introduced(since=clock.now() - timedelta(days=1)) == 2


def test_introduced_pairs_are_those_that_took_place(app: Flask) -> None:
    pair = make_pair()
    make_introduction(pair, state=IntroductionState.DECLINED)
    with clock.at(clock.now() - timedelta(days=2)):
        concluded = make_introduction(pair, state=IntroductionState.CONCLUDED, outcome=Outcome.DEAL)
    introduced = make_introduction(pair, state=IntroductionState.INTRODUCED)
    make_introduction(pair, need=False)
    elsewhere = make_introduction(state=IntroductionState.INTRODUCED)
    assert queries.list_introduced_pairs(pair.tto) == [introduced, concluded]
    assert queries.list_introduced_pairs(SYSTEM) == [elsewhere, introduced, concluded]


def test_who_introduced_whom_is_the_first_introduction_by_that_intermediary(app: Flask) -> None:
    pair = make_pair()
    asked = (pair.broker_id, pair.achievement.id, pair.need.organisation_id)
    with clock.at(clock.now() - timedelta(days=3)):
        make_introduction(pair, by=Side.BROKER, state=IntroductionState.DECLINED)
        assert queries.was_introduced_by(*asked) is None
    with clock.at(clock.now() - timedelta(days=2)):
        first = make_introduction(pair, by=Side.BROKER, state=IntroductionState.CONCLUDED)
    make_introduction(pair, by=Side.BROKER, state=IntroductionState.INTRODUCED)
    assert queries.was_introduced_by(*asked) == first
    other = make_pair()
    assert queries.was_introduced_by(other.broker_id, *asked[1:]) is None
    assert queries.was_introduced_by(asked[0], other.achievement.id, asked[2]) is None
    assert queries.was_introduced_by(asked[0], asked[1], other.need.organisation_id) is None


def test_a_pair_that_found_itself_was_introduced_by_nobody(app: Flask) -> None:
    pair = make_pair()
    make_introduction(pair, by=Side.NEED, state=IntroductionState.INTRODUCED)
    assert queries.was_introduced_by(pair.broker_id, pair.achievement.id, pair.need.organisation_id) is None


def test_the_open_introduction_of_a_pair_is_found_while_it_is_open(app: Flask) -> None:
    pair = make_pair()
    row = make_introduction(pair)
    enterprise_id = pair.need.organisation_id
    assert queries.find_open_introduction(pair.achievement, pair.need, enterprise_id) == row
    assert queries.find_open_introduction(pair.achievement, None, enterprise_id) is None
    with unit_of_work():
        services.withdraw_introduction(pair.member, row)
    assert queries.find_open_introduction(pair.achievement, pair.need, enterprise_id) is None


def test_agreement_is_due_from_those_who_decide_for_a_side_that_has_not(app: Flask) -> None:
    pair = make_pair()
    row = make_introduction(pair, by=Side.BROKER)
    people = ("tto", "author", "researcher", "signatory", "member", "broker")
    waited_for = {name for name in people if queries.agreement_is_due(getattr(pair, name), row)}
    assert waited_for == {"tto", "author", "signatory", "member"}
    with unit_of_work():
        services.agree_to_introduction(pair.tto, row, undertakes=True)
    waited_for = {name for name in people if queries.agreement_is_due(getattr(pair, name), row)}
    assert waited_for == {"signatory", "member"}
    with unit_of_work():
        services.agree_to_introduction(pair.member, row, undertakes=True)
    assert not any(queries.agreement_is_due(getattr(pair, name), row) for name in people)


def test_every_event_has_its_phrase() -> None:
    assert {step.event for step in INTRODUCTION.transitions} < set(PHRASES)


def test_the_history_tells_who_did_what(app: Flask) -> None:
    pair = make_pair()
    row = make_introduction(pair, by=Side.BROKER, state=IntroductionState.CONCLUDED)
    assert [(moment.phrase, moment.who) for moment in queries.list_history(row)] == [
        (PHRASES["introduction.proposed"], Side.BROKER),
        (PHRASES["introduction.agreed"], Side.ACHIEVEMENT),
        (PHRASES["introduction.introduced"], Side.NEED),
        (PHRASES["introduction.concluded"], Side.NEED),
    ]
