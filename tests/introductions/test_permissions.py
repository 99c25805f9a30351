"""One rule, two faces: what the rules say of a row in hand and what they select in SQL is the same."""

from __future__ import annotations

from dataclasses import fields

import pytest
from flask import Flask
from sqlalchemy import select

from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core.access import ANONYMOUS, Actor, all_rules
from matchmaker.core.db import db
from matchmaker.introductions import services
from matchmaker.introductions.models import Introduction
from matchmaker.introductions.permissions import Can
from matchmaker.introductions.states import IntroductionState, Side
from tests.factories.accounts import make_actor
from tests.factories.introductions import Pair, make_introduction, make_pair

ENDED = (IntroductionState.DECLINED, IntroductionState.WITHDRAWN, IntroductionState.CONCLUDED)


def everybody(*pairs: Pair) -> list[Actor]:
    people = [getattr(pair, field.name) for pair in pairs for field in fields(pair)]
    bureau = [
        make_actor(OrganisationKind.AUTHORITY, role) for role in (Role.AUDITOR, Role.REVIEWER, Role.ADMINISTRATOR)
    ]
    return [*(person for person in people if isinstance(person, Actor)), *bureau, ANONYMOUS, Actor(kind="user")]


@pytest.mark.parametrize(
    "permission",
    [Can.INTRODUCTION_VIEW, Can.INTRODUCTION_DECIDE, Can.INTRODUCTION_WITHDRAW, Can.INTRODUCTION_CONCLUDE],
)
def test_both_faces_of_each_rule_agree_for_everyone_in_every_state(
    app: Flask, permission: Can, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MOST_REQUESTS", 9)
    first = make_pair()
    second = make_pair(broker=first.broker)
    make_introduction(first, need=False)
    make_introduction(second, by=Side.ACHIEVEMENT)
    for state in (*ENDED, IntroductionState.INTRODUCED):
        make_introduction(first, by=Side.BROKER, state=state)
    rule, rows = all_rules()[permission], list(db.session.scalars(select(Introduction)))
    allowed = 0
    for actor in everybody(first, second):
        in_hand = {row.id for row in rows if rule.one(actor, row)}
        selected = set(db.session.scalars(select(Introduction.id).where(rule.many(actor))))
        assert in_hand == selected, actor
        allowed += len(selected)
    assert allowed > 0


VIEWERS = {
    "tto": True, "author": True, "researcher": True, "signatory": True, "member": True, "broker": True,
}  # fmt: skip


def test_members_of_the_sides_the_broker_and_auditors_see_it_and_nobody_else(app: Flask) -> None:
    pair, stranger = make_pair(), make_pair()
    row, rule = make_introduction(pair, by=Side.BROKER), all_rules()[Can.INTRODUCTION_VIEW]
    assert {name: rule.one(getattr(pair, name), row) for name in VIEWERS} == VIEWERS
    assert not any(rule.one(getattr(stranger, name), row) for name in VIEWERS)
    assert rule.one(make_actor(OrganisationKind.AUTHORITY, Role.AUDITOR), row)
    assert not rule.one(make_actor(OrganisationKind.AUTHORITY, Role.REVIEWER), row)
    assert not rule.one(make_actor(OrganisationKind.AUTHORITY, Role.ADMINISTRATOR), row)
    assert not rule.one(ANONYMOUS, row)


def test_an_author_who_is_no_researcher_any_more_does_not_decide(app: Flask) -> None:
    pair = make_pair()
    row, rule = make_introduction(pair), all_rules()[Can.INTRODUCTION_DECIDE]
    former = Actor(kind="user", user_id=pair.author.user_id, organisation_id=pair.author.organisation_id)
    assert rule.one(pair.author, row)
    assert not rule.one(former, row)
