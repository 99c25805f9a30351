"""What leaves the platform: who is named to whom, and what the mails say to which reader."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from matchmaker.accounts.models import Membership, MembershipRole, User
from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.outbox import OutboxMessage
from matchmaker.introductions import documents, queries, services
from matchmaker.introductions.states import IntroductionState, Reason, Side
from matchmaker.listings import services as listing_services
from tests.factories.accounts import make_actor
from tests.factories.introductions import MESSAGE, make_introduction, make_pair, request
from tests.factories.listings import CANARY, make_need


def mails() -> list[dict[str, Any]]:
    return [row.payload for row in db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.created_at))]


def emails_of(organisation_id: Any, role: Role) -> set[str]:
    query = (
        select(User.email)
        .join(Membership, Membership.user_id == User.id)
        .join(MembershipRole, MembershipRole.membership_id == Membership.id)
        .where(Membership.organisation_id == organisation_id, MembershipRole.role == role)
    )
    return set(db.session.scalars(query))


# --- names ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", list(Side))
def test_an_anonymous_seeker_is_named_to_nobody_else_until_both_have_agreed(app: Flask, by: Side) -> None:
    pair = make_pair(anonymous=True)
    row = request(pair, by=by)
    name = row.need_organisation.name
    auditor = make_actor(OrganisationKind.AUTHORITY, Role.AUDITOR)
    others = [pair.tto.organisation_id, pair.broker.organisation_id, auditor.organisation_id, None]
    assert [documents.party_name(row, Side.NEED, reader) for reader in others] == ["匿名企业"] * 4
    assert documents.party_name(row, Side.NEED, pair.member.organisation_id) == name
    assert documents.party_name(row, Side.ACHIEVEMENT, pair.member.organisation_id) != "匿名企业"
    with unit_of_work():
        for actor in {pair.tto, pair.signatory} - {pair.asking(by)}:
            if queries.agreement_is_due(actor, row):
                services.agree_to_introduction(actor, row, undertakes=True)
    assert row.state == IntroductionState.INTRODUCED
    assert [documents.party_name(row, Side.NEED, reader) for reader in others] == [name] * 4


@pytest.mark.parametrize("state", [IntroductionState.DECLINED, IntroductionState.WITHDRAWN])
def test_an_anonymous_seeker_stays_hidden_where_nothing_came_of_it(app: Flask, state: IntroductionState) -> None:
    pair = make_pair(anonymous=True)
    row = make_introduction(pair, state=state)
    assert documents.party_name(row, Side.NEED, pair.tto.organisation_id) == "匿名企业"


def test_an_open_seeker_is_named_from_the_start_also_beside_an_anonymous_need(app: Flask) -> None:
    pair = make_pair()
    make_need(pair.need.organisation, author=pair.member, anonymous=True)
    row = make_introduction(pair)
    assert documents.party_name(row, Side.NEED, pair.tto.organisation_id) == row.need_organisation.name


# --- mails ----------------------------------------------------------------------------------------------------------


def test_those_who_manage_the_asked_side_hear_of_a_request(app: Flask) -> None:
    pair = make_pair()
    row = request(pair, by=Side.NEED)
    sent = mails()
    assert {mail["to"] for mail in sent} == emails_of(pair.tto.organisation_id, Role.TTO_OFFICER)
    assert len(sent) == 2
    for mail in sent:
        assert mail["subject"] == "您收到一份对接申请"
        assert row.need_organisation.name in mail["body"]
        assert f"/introductions/{row.id}" in mail["body"]


def test_both_sides_hear_of_a_proposal(app: Flask) -> None:
    pair = make_pair()
    request(pair, by=Side.BROKER)
    assert {mail["to"] for mail in mails()} == emails_of(pair.tto.organisation_id, Role.TTO_OFFICER) | emails_of(
        pair.signatory.organisation_id, Role.ENTERPRISE_SIGNATORY
    )


def test_a_mail_is_in_the_language_of_its_reader(app: Flask) -> None:
    pair = make_pair()
    with unit_of_work():
        db.session.get_one(User, pair.tto.user_id).locale = "en"
    request(pair)
    subjects = {mail["to"]: mail["subject"] for mail in mails()}
    english = db.session.get_one(User, pair.tto.user_id).email
    assert subjects.pop(english) == "You are asked for an introduction"
    assert set(subjects.values()) == {"您收到一份对接申请"}


def test_both_sides_and_the_broker_hear_that_they_are_introduced(app: Flask) -> None:
    pair = make_pair()
    make_introduction(pair, by=Side.BROKER, state=IntroductionState.INTRODUCED)
    told = {mail["to"] for mail in mails() if mail["subject"] == "对接成立"}
    assert told == (
        emails_of(pair.tto.organisation_id, Role.TTO_OFFICER)
        | emails_of(pair.signatory.organisation_id, Role.ENTERPRISE_SIGNATORY)
        | emails_of(pair.broker.organisation_id, Role.TECHNOLOGY_MANAGER)
    )


def test_who_asked_hears_of_a_decline_and_why(app: Flask) -> None:
    pair = make_pair()
    make_introduction(pair, state=IntroductionState.DECLINED)
    sent = [mail for mail in mails() if mail["subject"] == "对接已被婉拒"]
    assert {mail["to"] for mail in sent} == emails_of(pair.member.organisation_id, Role.ENTERPRISE_SIGNATORY)
    assert all("成熟度不够，为时尚早" in mail["body"] for mail in sent)


@pytest.mark.parametrize("by", list(Side))
def test_no_mail_holds_the_message_or_confidential_text(app: Flask, by: Side) -> None:
    pair = make_pair()
    row = request(pair, by=by)
    with unit_of_work():
        decliner = pair.tto if by != Side.ACHIEVEMENT else pair.signatory
        services.decline_introduction(decliner, row, reason=Reason.OTHER, note="不便透露的内情")
    make_introduction(pair, by=by, state=IntroductionState.INTRODUCED)
    text = "".join(mail["subject"] + mail["body"] for mail in mails())
    assert pair.achievement.title in text
    assert CANARY not in text
    assert MESSAGE not in text
    assert "不便透露的内情" not in text


@pytest.mark.parametrize("by", list(Side))
def test_no_mail_names_an_anonymous_enterprise_before_both_have_agreed(app: Flask, by: Side) -> None:
    pair = make_pair(anonymous=True)
    row = request(pair, by=by)
    with unit_of_work():
        listing_services.withdraw(pair.signatory, pair.need)  # and it stays hidden when the need is gone
    with unit_of_work():
        decliner = pair.tto if by != Side.ACHIEVEMENT else pair.signatory
        services.decline_introduction(decliner, row, reason=Reason.TOO_EARLY)
    for mail in mails():
        if mail["to"] not in emails_of(pair.signatory.organisation_id, Role.ENTERPRISE_SIGNATORY):
            assert row.need_organisation.name not in mail["subject"] + mail["body"]
