"""From interest to outcome: who asks, who agrees, what opens when, what is said by mail."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.attributes import set_committed_value

from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.accounts.services import decide_organisation
from matchmaker.core import audit, clock
from matchmaker.core.access import ANONYMOUS, Actor
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.errors import Conflict, DomainError, Forbidden, NotFound, Unauthenticated, WrongState
from matchmaker.introductions import services
from matchmaker.introductions.confidentiality import CURRENT, NotUndertaken
from matchmaker.introductions.models import Introduction
from matchmaker.introductions.queries import NotPublished, NotYourPair
from matchmaker.introductions.states import (
    AlreadyAgreed,
    IntroductionState,
    ListingNotOpen,
    NoteMissing,
    Outcome,
    Reason,
    ReasonMissing,
    Side,
)
from matchmaker.listings.models import Disclosure, ListingState
from matchmaker.listings.queries import may_read_confidential
from matchmaker.matching.models import Judgement
from tests.factories.accounts import SYSTEM, make_actor, make_organisation
from tests.factories.introductions import MESSAGE, Pair, make_introduction, make_pair, request
from tests.factories.listings import bring_to, make_achievement, make_need


def events(introduction: Introduction) -> list[str]:
    return [event.event for event in audit.list_events(introduction.id)]


# --- asking ---------------------------------------------------------------------------------------------------------


def test_who_asks_has_agreed_by_asking(app: Flask) -> None:
    pair = make_pair()
    row = request(pair, by=Side.NEED)
    assert row.state == IntroductionState.REQUESTED
    assert row.agreed_sides == {Side.NEED}
    assert (row.need_agreed_by_id, row.requested_by_user_id) == (pair.member.user_id, pair.member.user_id)
    assert row.achievement_agreed_at is None
    assert row.broker_id is None
    assert events(row) == ["introduction.requested"]


def test_the_request_freezes_what_was_public_and_the_text_that_is_undertaken(app: Flask) -> None:
    pair = make_pair()
    row = request(pair)
    assert row.achievement_revision_id == pair.achievement.revision_id
    assert row.need_revision_id == pair.need.revision_id
    assert (row.confidentiality_version, row.confidentiality_sha256) == (CURRENT.version, CURRENT.sha256)


def test_an_enterprise_may_be_interested_without_a_posted_need(app: Flask) -> None:
    pair = make_pair()
    row = request(pair, need=False)
    assert row.need_id is None
    assert row.need_organisation_id == pair.member.organisation_id


def test_an_intermediary_proposes_and_both_sides_are_still_to_agree(app: Flask) -> None:
    pair = make_pair()
    row = request(pair, by=Side.BROKER)
    assert row.broker_id == pair.broker.organisation_id
    assert row.agreed_sides == frozenset()
    assert events(row) == ["introduction.proposed"]


@pytest.mark.parametrize("by", [Side.ACHIEVEMENT, Side.NEED])
def test_a_side_cannot_ask_without_undertaking_confidentiality(app: Flask, by: Side) -> None:
    pair = make_pair()
    with pytest.raises(NotUndertaken) as refusal, unit_of_work():
        services.request_introduction(pair.asking(by), pair.achievement, need=pair.need, message=MESSAGE)
    assert refusal.value.field == "undertakes"


ASKERS = [
    # who, with a need or without, what comes of it
    ("tto", True, None),
    ("author", True, None),
    ("signatory", True, None),
    ("member", True, None),
    ("broker", True, None),
    ("signatory", False, None),
    ("member", False, None),
    ("other_enterprise", False, None),
    ("researcher", True, NotYourPair),
    ("tto", False, NotYourPair),
    ("broker", False, NotYourPair),
    ("other_enterprise", True, NotYourPair),
    ("other_university", True, NotYourPair),
    ("unverified_enterprise", False, Forbidden),
    ("auditor", True, Forbidden),
    ("reviewer", True, Forbidden),
    ("administrator", True, Forbidden),
    ("anonymous", True, Unauthenticated),
]


@pytest.mark.parametrize(("who", "with_need", "refusal"), ASKERS)
def test_who_may_ask_for_which_pair(app: Flask, who: str, with_need: bool, refusal: type[DomainError] | None) -> None:
    pair = make_pair()
    actor = someone(who, pair)

    def ask() -> None:
        with unit_of_work():
            services.request_introduction(
                actor, pair.achievement, need=pair.need if with_need else None, message=MESSAGE, undertakes=True
            )

    if refusal is None:
        ask()
        assert db.session.scalar(select(func.count()).select_from(Introduction)) == 1
    else:
        with pytest.raises(refusal) as raised:
            ask()
        assert type(raised.value) is refusal


def someone(who: str, pair: Pair) -> Actor:
    if who == "anonymous":
        return ANONYMOUS
    if hasattr(pair, who):
        actor: Actor = getattr(pair, who)
        return actor
    if who == "unverified_enterprise":
        return make_actor(
            OrganisationKind.ENTERPRISE, organisation=make_organisation(OrganisationKind.ENTERPRISE, verified=False)
        )
    return {
        "other_enterprise": lambda: make_actor(OrganisationKind.ENTERPRISE, Role.ENTERPRISE_SIGNATORY),
        "other_university": lambda: make_actor(OrganisationKind.UNIVERSITY, Role.TTO_OFFICER),
        "other_broker": lambda: make_actor(OrganisationKind.INTERMEDIARY, Role.TECHNOLOGY_MANAGER),
        "auditor": lambda: make_actor(OrganisationKind.AUTHORITY, Role.AUDITOR),
        "reviewer": lambda: make_actor(OrganisationKind.AUTHORITY, Role.REVIEWER),
        "administrator": lambda: make_actor(OrganisationKind.AUTHORITY, Role.ADMINISTRATOR),
    }[who]()


def test_one_organisation_is_not_introduced_to_itself(app: Flask) -> None:
    """An import can put achievements and needs under one organisation."""
    pair = make_pair()
    with unit_of_work():
        need = make_need(pair.need.organisation, author=pair.member)
        need.organisation_id = pair.achievement.organisation_id
        audit.record(SYSTEM, "test.moved", need)
    with pytest.raises(NotYourPair), unit_of_work():
        services.request_introduction(pair.broker, pair.achievement, need=need, message=MESSAGE)


def test_only_published_listings_are_introduced(app: Flask) -> None:
    pair = make_pair()
    draft = make_need(pair.need.organisation, author=pair.member, state=ListingState.DRAFT)
    with pytest.raises(NotPublished), unit_of_work():
        services.request_introduction(pair.member, pair.achievement, need=draft, undertakes=True)


def test_a_listing_that_the_asker_may_not_see_does_not_exist(app: Flask) -> None:
    pair = make_pair()
    hidden_need = make_need(state=ListingState.DRAFT)
    hidden_achievement = make_achievement(state=ListingState.DRAFT)
    with pytest.raises(NotFound), unit_of_work():
        services.request_introduction(pair.broker, pair.achievement, need=hidden_need)
    with pytest.raises(NotFound), unit_of_work():
        services.request_introduction(pair.member, hidden_achievement, undertakes=True)


def test_nobody_is_introduced_to_a_suspended_organisation(app: Flask) -> None:
    pair = make_pair()
    row = request(pair, by=Side.NEED)
    with unit_of_work():
        decide_organisation(SYSTEM, pair.need.organisation, action="suspend", reason="checked")
    with pytest.raises(ListingNotOpen), unit_of_work():
        services.agree_to_introduction(pair.tto, row, undertakes=True)
    other = make_pair(broker=pair.broker)
    with unit_of_work():
        decide_organisation(SYSTEM, other.need.organisation, action="suspend", reason="checked")
    for side in (Side.ACHIEVEMENT, Side.BROKER):
        with pytest.raises(NotPublished):
            request(other, by=side)


@pytest.mark.parametrize("by", [Side.ACHIEVEMENT, Side.NEED, Side.BROKER])
def test_a_proposal_that_nobody_answered_in_a_month_keeps_the_pair_from_nobody(app: Flask, by: Side) -> None:
    pair = make_pair()
    squatting = request(replace(pair, broker=someone("other_broker", pair)), by=Side.BROKER)
    began = clock.now()
    with clock.at(began + timedelta(days=29)), pytest.raises(services.DuplicateIntroduction):
        request(pair, by=by)
    with clock.at(began + timedelta(days=31)):
        assert request(pair, by=by).state == IntroductionState.REQUESTED
    assert squatting.state == IntroductionState.WITHDRAWN
    assert events(squatting) == ["introduction.proposed", "introduction.withdrawn"]


def test_a_proposal_that_one_side_agreed_to_stands(app: Flask) -> None:
    pair = make_pair()
    row = request(replace(pair, broker=someone("other_broker", pair)), by=Side.BROKER)
    with unit_of_work():
        services.agree_to_introduction(pair.tto, row, undertakes=True)
    with clock.at(clock.now() + timedelta(days=31)), pytest.raises(services.DuplicateIntroduction):
        request(pair, by=Side.BROKER)


def test_one_pair_is_asked_for_only_so_often(app: Flask) -> None:
    pair = make_pair()
    began = clock.now()
    for _ in range(services.MOST_REQUESTS):
        row = request(pair)
        with unit_of_work():
            services.withdraw_introduction(pair.member, row)
    with pytest.raises(services.AskedOften):
        request(pair)
    assert request(pair, need=False).state == IntroductionState.REQUESTED
    with clock.at(began + timedelta(days=31)):
        assert request(pair).state == IntroductionState.REQUESTED


@pytest.mark.parametrize("again_by", [Side.ACHIEVEMENT, Side.NEED, Side.BROKER])
def test_a_pair_has_at_most_one_open_introduction(app: Flask, again_by: Side) -> None:
    pair = make_pair()
    request(pair, by=Side.NEED)
    with pytest.raises(services.DuplicateIntroduction) as refusal:
        request(pair, by=again_by)
    assert refusal.value.status == 409
    assert db.session.scalar(select(func.count()).select_from(Introduction)) == 1


def test_an_introduced_pair_is_still_open(app: Flask) -> None:
    pair = make_pair()
    make_introduction(pair, state=IntroductionState.INTRODUCED)
    with pytest.raises(services.DuplicateIntroduction):
        request(pair)


@pytest.mark.parametrize(
    "ended", [IntroductionState.DECLINED, IntroductionState.WITHDRAWN, IntroductionState.CONCLUDED]
)
def test_after_the_end_a_pair_may_be_asked_for_again(app: Flask, ended: IntroductionState) -> None:
    pair = make_pair()
    make_introduction(pair, state=ended)
    assert request(pair).state == IntroductionState.REQUESTED


def test_another_need_is_another_pair_and_so_is_another_enterprise(app: Flask) -> None:
    pair = make_pair()
    request(pair)
    request(pair, need=False)
    with unit_of_work():
        services.request_introduction(someone("other_enterprise", pair), pair.achievement, undertakes=True)
    assert db.session.scalar(select(func.count()).select_from(Introduction)) == 3


# --- deciding: every cell -------------------------------------------------------------------------------------------

ROLES = (
    "tto", "author", "researcher", "signatory", "member", "broker",
    "other_enterprise", "other_university", "other_broker", "auditor", "reviewer", "administrator", "anonymous",
)  # fmt: skip

# ok, 403: sees it but may not, 404: it does not exist for them, 401: sign in first, 409: not open in this state.
# The columns are ROLES in their order.
OUTSIDE = (
    "404 404 404 403 404 404 401"  # other enterprise, university, broker; auditor, reviewer, administrator; anonymous
)
CELLS = f"""
requested by the enterprise  agree     ok  ok  403 403 403 404 {OUTSIDE}
requested by the enterprise  decline   ok  ok  403 403 403 404 {OUTSIDE}
requested by the enterprise  withdraw  403 403 403 ok  ok  404 {OUTSIDE}
requested by the enterprise  conclude  409 409 403 409 409 404 {OUTSIDE}
requested by the university  agree     403 403 403 ok  ok  404 {OUTSIDE}
requested by the university  decline   403 403 403 ok  ok  404 {OUTSIDE}
requested by the university  withdraw  ok  ok  403 403 403 404 {OUTSIDE}
requested by the university  conclude  409 409 403 409 409 404 {OUTSIDE}
proposed by the broker       agree     ok  ok  403 ok  ok  403 {OUTSIDE}
proposed by the broker       decline   ok  ok  403 ok  ok  403 {OUTSIDE}
proposed by the broker       withdraw  403 403 403 403 403 ok  {OUTSIDE}
proposed by the broker       conclude  409 409 403 409 409 403 {OUTSIDE}
agreed by the university     agree     409 409 403 ok  ok  403 {OUTSIDE}
agreed by the university     decline   ok  ok  403 ok  ok  403 {OUTSIDE}
agreed by the university     withdraw  403 403 403 403 403 ok  {OUTSIDE}
agreed by the university     conclude  409 409 403 409 409 403 {OUTSIDE}
introduced                   agree     409 409 403 409 409 403 {OUTSIDE}
introduced                   decline   409 409 403 409 409 403 {OUTSIDE}
introduced                   withdraw  403 403 403 403 403 409 {OUTSIDE}
introduced                   conclude  ok  ok  403 ok  ok  403 {OUTSIDE}
declined                     agree     409 409 403 409 409 403 {OUTSIDE}
declined                     decline   409 409 403 409 409 403 {OUTSIDE}
declined                     withdraw  403 403 403 403 403 409 {OUTSIDE}
declined                     conclude  409 409 403 409 409 403 {OUTSIDE}
withdrawn                    agree     409 409 403 409 409 403 {OUTSIDE}
withdrawn                    decline   409 409 403 409 409 403 {OUTSIDE}
withdrawn                    withdraw  403 403 403 403 403 409 {OUTSIDE}
withdrawn                    conclude  409 409 403 409 409 403 {OUTSIDE}
concluded                    agree     409 409 403 409 409 403 {OUTSIDE}
concluded                    decline   409 409 403 409 409 403 {OUTSIDE}
concluded                    withdraw  403 403 403 403 403 409 {OUTSIDE}
concluded                    conclude  409 409 403 409 409 403 {OUTSIDE}
"""
SITUATIONS: dict[str, dict[str, Any]] = {
    "requested by the enterprise": {"by": Side.NEED},
    "requested by the university": {"by": Side.ACHIEVEMENT},
    "proposed by the broker": {"by": Side.BROKER},
    "agreed by the university": {"by": Side.BROKER},
    "introduced": {"by": Side.BROKER, "state": IntroductionState.INTRODUCED},
    "declined": {"by": Side.BROKER, "state": IntroductionState.DECLINED},
    "withdrawn": {"by": Side.BROKER, "state": IntroductionState.WITHDRAWN},
    "concluded": {"by": Side.BROKER, "state": IntroductionState.CONCLUDED},
}
ACTIONS = {
    "agree": lambda actor, row: services.agree_to_introduction(actor, row, undertakes=True),
    "decline": lambda actor, row: services.decline_introduction(actor, row, reason=Reason.OFF_TOPIC),
    "withdraw": lambda actor, row: services.withdraw_introduction(actor, row),
    "conclude": lambda actor, row: services.conclude_introduction(actor, row, outcome=Outcome.DEAL),
}


def cells(situation: str) -> dict[tuple[str, str], str]:
    expected: dict[tuple[str, str], str] = {}
    for line in CELLS.strip().splitlines():
        if line.startswith(situation + " "):
            action, *verdicts = line.removeprefix(situation).split()
            assert len(verdicts) == len(ROLES)
            expected |= {(action, role): verdict for role, verdict in zip(ROLES, verdicts, strict=True)}
    assert len(expected) == len(ACTIONS) * len(ROLES)
    return expected


class Undo(Exception):
    """Takes a try back, so that every cell meets the same situation."""


@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_state_action_and_role(app: Flask, situation: str) -> None:
    pair = make_pair()
    introduction_id = make_introduction(pair, **SITUATIONS[situation]).id
    if situation == "agreed by the university":
        with unit_of_work():
            services.agree_to_introduction(pair.tto, db.session.get_one(Introduction, introduction_id), undertakes=True)
    actors = {who: someone(who, pair) for who in ROLES}
    found = {}
    for action, role in (expected := cells(situation)):
        try:
            with unit_of_work():
                ACTIONS[action](actors[role], db.session.get_one(Introduction, introduction_id))
                raise Undo
        except Undo:
            found[action, role] = "ok"
        except DomainError as refusal:
            found[action, role] = str(refusal.status)
    assert found == expected


# --- agreeing -------------------------------------------------------------------------------------------------------


def test_the_second_agreement_introduces_and_opens_each_part_to_the_other_side(app: Flask) -> None:
    pair = make_pair()
    row = request(pair, by=Side.NEED)
    assert not may_read_confidential(pair.member, pair.achievement)
    assert not may_read_confidential(pair.author, pair.need)
    with unit_of_work():
        services.agree_to_introduction(pair.author, row, undertakes=True)
    assert row.state == IntroductionState.INTRODUCED
    assert row.introduced_at is not None
    assert row.achievement_agreed_by_id == pair.author.user_id
    assert may_read_confidential(pair.member, pair.achievement)
    assert may_read_confidential(pair.researcher, pair.need)
    assert events(row) == ["introduction.requested", "introduction.introduced"]


def test_a_broker_s_proposal_needs_both_agreements_and_opens_nothing_to_the_broker(app: Flask) -> None:
    pair = make_pair()
    row = request(pair, by=Side.BROKER)
    with unit_of_work():
        services.agree_to_introduction(pair.signatory, row, undertakes=True)
    assert row.introduced_at is None
    assert not may_read_confidential(pair.tto, pair.need)
    with unit_of_work():
        services.agree_to_introduction(pair.tto, row, undertakes=True)
    assert row.state == IntroductionState.INTRODUCED
    assert may_read_confidential(pair.tto, pair.need)
    assert not may_read_confidential(pair.broker, pair.need)
    assert not may_read_confidential(pair.broker, pair.achievement)
    assert events(row) == ["introduction.proposed", "introduction.agreed", "introduction.introduced"]


def test_interest_without_a_need_opens_the_achievement_alone(app: Flask) -> None:
    pair = make_pair()
    make_introduction(pair, need=False, state=IntroductionState.INTRODUCED)
    assert may_read_confidential(pair.member, pair.achievement)
    assert not may_read_confidential(pair.tto, pair.need)


def test_nobody_agrees_without_undertaking_confidentiality(app: Flask) -> None:
    pair = make_pair()
    row = request(pair)
    with pytest.raises(NotUndertaken), unit_of_work():
        services.agree_to_introduction(pair.tto, row, undertakes=False)
    assert row.agreed_sides == {Side.NEED}


def test_nobody_agrees_twice(app: Flask) -> None:
    pair = make_pair()
    row = request(pair, by=Side.BROKER)
    with unit_of_work():
        services.agree_to_introduction(pair.tto, row, undertakes=True)
    with pytest.raises(AlreadyAgreed), unit_of_work():
        services.agree_to_introduction(pair.author, row, undertakes=True)
    assert row.achievement_agreed_by_id == pair.tto.user_id


def test_nobody_agrees_while_a_listing_is_withdrawn(app: Flask) -> None:
    pair = make_pair()
    row = request(pair)
    bring_to(pair.need, ListingState.WITHDRAWN)
    with pytest.raises(ListingNotOpen), unit_of_work():
        services.agree_to_introduction(pair.tto, row, undertakes=True)
    assert row.agreed_sides == {Side.NEED}
    assert row.state == IntroductionState.REQUESTED


@pytest.mark.parametrize("both", [False, True], ids=["twenty of one side", "ten of each side"])
def test_twenty_agreements_at_once_introduce_exactly_once(app: Flask, both: bool) -> None:
    pair = make_pair()
    introduction_id = request(pair, by=Side.BROKER if both else Side.NEED).id
    actors = [pair.tto, pair.signatory if both else pair.author] * 10
    start, results = threading.Barrier(len(actors)), []
    db.session.rollback()  # an open read would keep SQLite's writers waiting

    def agree(actor: Actor) -> None:
        with app.app_context():
            start.wait()
            try:
                with unit_of_work():
                    row = db.session.get_one(Introduction, introduction_id)
                    services.agree_to_introduction(actor, row, undertakes=True)
                results.append("agreed")
            except (AlreadyAgreed, WrongState) as refusal:
                results.append(type(refusal).__name__)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=agree, args=(actor,)) for actor in actors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()
    assert Counter(results)["agreed"] == (2 if both else 1)
    assert len(results) == 20  # every other one was refused, none failed
    row = db.session.get_one(Introduction, introduction_id)
    assert Counter(events(row))["introduction.introduced"] == 1
    assert Counter(events(row))["introduction.agreed"] == (1 if both else 0)
    granted = Counter(db.session.scalars(select(Disclosure.organisation_id)))
    assert granted == {pair.tto.organisation_id: 1, pair.signatory.organisation_id: 1}


# --- saying no, and the outcome -------------------------------------------------------------------------------------


def test_a_decline_carries_its_reason_and_opens_nothing(app: Flask) -> None:
    pair = make_pair()
    row = request(pair)
    with unit_of_work():
        services.decline_introduction(pair.tto, row, reason=Reason.OTHER, note="团队明年另有安排")
    assert (row.state, row.reason, row.reason_note) == (IntroductionState.DECLINED, Reason.OTHER, "团队明年另有安排")
    assert db.session.scalar(select(func.count()).select_from(Disclosure)) == 0
    assert audit.list_events(row.id)[-1].facts == {"from": "requested", "to": "declined", "reason": "other"}


@pytest.mark.parametrize("reason", list(Reason))
def test_a_decline_puts_the_pair_aside_in_the_list_of_who_declined(app: Flask, reason: Reason) -> None:
    pair = make_pair()
    row = request(pair)
    with unit_of_work():
        services.decline_introduction(pair.tto, row, reason=reason, note="团队明年另有安排")
    judgement = db.session.scalars(select(Judgement)).one()
    assert (judgement.reason, judgement.note) == (str(reason), "团队明年另有安排")
    assert judgement.organisation_id == pair.tto.organisation_id


@pytest.mark.parametrize(
    ("reason", "refusal", "field"), [(None, ReasonMissing, "reason"), (Reason.OTHER, NoteMissing, "note")]
)
def test_a_no_without_a_reason_is_refused(app: Flask, reason: Reason | None, refusal: Any, field: str) -> None:
    pair = make_pair()
    row = request(pair)
    with pytest.raises(refusal) as raised, unit_of_work():
        services.decline_introduction(pair.tto, row, reason=reason)
    assert raised.value.field == field
    assert row.state == IntroductionState.REQUESTED


def test_an_outcome_without_a_deal_says_why_and_closes_the_confidential_parts(app: Flask) -> None:
    pair = make_pair()
    row = make_introduction(pair, state=IntroductionState.INTRODUCED)
    with pytest.raises(ReasonMissing), unit_of_work():
        services.conclude_introduction(pair.tto, row, outcome=Outcome.NO_DEAL)
    with unit_of_work():
        services.conclude_introduction(
            pair.tto, row, outcome=Outcome.NO_DEAL, reason=Reason.TOO_DEAR, met_on=clock.today()
        )
    assert (row.state, row.outcome, row.reason) == (IntroductionState.CONCLUDED, Outcome.NO_DEAL, Reason.TOO_DEAR)
    assert row.met_on == clock.today()
    assert not may_read_confidential(pair.member, pair.achievement)
    assert not may_read_confidential(pair.tto, pair.need)


def test_a_deal_keeps_the_confidential_parts_open_and_needs_no_reason(app: Flask) -> None:
    pair = make_pair()
    row = make_introduction(pair, state=IntroductionState.CONCLUDED, outcome=Outcome.DEAL)
    assert (row.outcome, row.reason) == (Outcome.DEAL, None)
    assert may_read_confidential(pair.member, pair.achievement)
    assert may_read_confidential(pair.tto, pair.need)


def test_what_another_introduction_keeps_open_is_not_closed(app: Flask) -> None:
    """The enterprise came for the achievement twice: with its need and without."""
    pair = make_pair()
    row = make_introduction(pair, state=IntroductionState.INTRODUCED)
    other = make_introduction(pair, state=IntroductionState.INTRODUCED, need=False)
    with unit_of_work():
        services.conclude_introduction(pair.tto, row, outcome=Outcome.NO_DEAL, reason=Reason.OFF_TOPIC)
    assert may_read_confidential(pair.member, pair.achievement)
    assert not may_read_confidential(pair.tto, pair.need)
    with unit_of_work():
        services.conclude_introduction(pair.tto, other, outcome=Outcome.NO_DEAL, reason=Reason.OFF_TOPIC)
    assert not may_read_confidential(pair.member, pair.achievement)


@pytest.mark.parametrize("days", [-1, 11])
def test_the_meeting_lies_between_the_introduction_and_today(app: Flask, days: int) -> None:
    with clock.at(clock.now() - timedelta(days=10)):
        pair = make_pair()
        row = make_introduction(pair, state=IntroductionState.INTRODUCED)
    assert row.introduced_at is not None
    with pytest.raises(services.MetOnInvalid) as refusal, unit_of_work():
        services.conclude_introduction(
            pair.tto, row, outcome=Outcome.DEAL, met_on=clock.day_of(row.introduced_at) + timedelta(days=days)
        )
    assert refusal.value.field == "met_on"


def test_a_stale_writer_gets_a_conflict(app: Flask) -> None:
    pair = make_pair()
    row = request(pair)
    seen = row.version
    with unit_of_work():
        services.withdraw_introduction(pair.member, row)
    with pytest.raises(Conflict), unit_of_work():
        stale = db.session.get_one(Introduction, row.id)
        set_committed_value(stale, "version", seen)
        set_committed_value(stale, "state", IntroductionState.REQUESTED)
        services.decline_introduction(pair.tto, stale, reason=Reason.TOO_EARLY)


# --- the database is the last guard ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"open_key": None},
        {"state": IntroductionState.INTRODUCED},
        {"outcome": Outcome.DEAL},
        {"reason": Reason.TOO_EARLY},
        {"achievement_agreed_at": clock.now()},
        {"need_id": None},
    ],
)
def test_half_a_step_does_not_get_into_the_database(app: Flask, change: dict[str, Any]) -> None:
    row = make_introduction()
    with pytest.raises(IntegrityError), unit_of_work():
        for name, value in change.items():
            setattr(row, name, value)
        db.session.flush()
