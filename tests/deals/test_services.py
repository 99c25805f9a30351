"""From draft to signature: who may begin a deal, what an offer freezes, what a signature stands under."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import DBAPIError, IntegrityError

from matchmaker.accounts import services as accounts
from matchmaker.accounts.models import Organisation
from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.accounts.services import PasswordWrong
from matchmaker.core import audit, clock
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.errors import Conflict, Forbidden, InvalidMany, NotFound, WrongState
from matchmaker.core.types import canonical_json
from matchmaker.deals import queries, refusals, rules, services
from matchmaker.deals.models import Deal
from matchmaker.deals.schedule import add_months
from matchmaker.deals.states import AlreadyAccepted, AlreadySigned, DealState, NotThisSide
from matchmaker.deals.terms import DealKind, LicenceKind, LumpSum, to_json
from matchmaker.introductions import services as introductions
from matchmaker.listings import services as listings
from matchmaker.listings.kinds import RightKind, RightStatus
from matchmaker.listings.models import ListingState
from matchmaker.listings.services import Right
from tests.factories.accounts import LARGE, PASSWORD, SYSTEM, make_actor, make_organisation
from tests.factories.deals import (
    BROKER,
    LICENSEE,
    LICENSOR,
    Play,
    make_deal,
    make_parties,
    make_terms,
    organisation_of,
    paid_at_once,
)
from tests.factories.listings import achievement_facts, make_achievement


def draft(actor: Any, **facts: Any) -> Deal:
    facts = {"kind": DealKind.PAY_LATER_LICENCE, **facts}
    with unit_of_work():
        return services.draft_deal(actor, None, **facts)


def faults_of(play: Play) -> set[type]:
    with pytest.raises(InvalidMany) as refusal:
        play.offer()
    return {type(error) for error in refusal.value.errors}


# --- drafting -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [LICENSOR, LICENSEE, BROKER])
def test_each_party_may_begin_a_deal(app: Flask, side: Any) -> None:
    play = make_deal(broker=True, drafted_by=side)
    deal = play.deal
    assert (deal.state, deal.number, deal.offered_by) == (DealState.DRAFT, 0, None)
    assert deal.drafted_by_id == play.actors[side].organisation_id
    assert deal.parties == {role: actor.organisation_id for role, actor in play.actors.items()}
    assert [row.title for row in deal.achievements] == [deal.title]
    assert deal.achievements[0].revision_id == deal.achievements[0].achievement.revision_id


def test_an_intermediary_begins_only_a_deal_in_which_it_is_the_broker(app: Flask) -> None:
    actors = make_parties(broker=True)
    achievement = make_achievement(organisation_of(actors[LICENSOR]))
    with pytest.raises(NotThisSide):
        draft(actors[BROKER], achievements=[achievement], licensee=organisation_of(actors[LICENSEE]))


def test_a_stranger_does_not_begin_a_deal_between_others(app: Flask) -> None:
    actors = make_parties()
    achievement = make_achievement(organisation_of(actors[LICENSOR]))
    for stranger in (make_actor(OrganisationKind.UNIVERSITY), make_actor(OrganisationKind.ENTERPRISE)):
        with pytest.raises(NotThisSide):
            draft(stranger, achievements=[achievement], licensee=organisation_of(actors[LICENSEE]))


@pytest.mark.parametrize(
    ("kind", "role"),
    [
        (OrganisationKind.UNIVERSITY, Role.RESEARCHER),
        (OrganisationKind.ENTERPRISE, Role.ENTERPRISE_MEMBER),
        (OrganisationKind.AUTHORITY, Role.ADMINISTRATOR),
    ],
)
def test_only_those_who_sign_for_an_organisation_begin_a_deal(app: Flask, kind: OrganisationKind, role: Role) -> None:
    actor, enterprise = make_actor(kind, role), make_organisation()
    with pytest.raises(Forbidden):
        draft(actor, achievements=[make_achievement()], licensee=enterprise)


def test_an_organisation_awaiting_verification_neither_begins_nor_enters_a_deal(app: Flask) -> None:
    pending = make_organisation(verified=False)
    achievement = make_achievement()
    with pytest.raises(Forbidden):
        draft(
            make_actor(OrganisationKind.ENTERPRISE, organisation=pending), achievements=[achievement], licensee=pending
        )
    officer = make_actor(OrganisationKind.UNIVERSITY, organisation=achievement.organisation)
    with pytest.raises(refusals.PartyNotVerified) as refusal:
        draft(officer, achievements=[achievement], licensee=pending)
    assert refusal.value.field == "licensee"


def test_a_deal_is_over_published_achievements_of_one_owner(app: Flask) -> None:
    actors = make_parties()
    university, licensee = organisation_of(actors[LICENSOR]), organisation_of(actors[LICENSEE])
    one, other = make_achievement(university), make_achievement()
    unpublished = make_achievement(university, state=ListingState.DRAFT)
    for achievements, refusal in (
        ([], refusals.NoAchievement),
        ([one, other], refusals.SeveralOwners),
        ([unpublished], refusals.AchievementNotPublished),
    ):
        with pytest.raises(refusal) as raised:
            draft(actors[LICENSOR], achievements=achievements, licensee=licensee)
        assert raised.value.field == "achievements"
    with pytest.raises(NotFound):
        draft(actors[LICENSEE], achievements=[unpublished], licensee=licensee)
    assert len(draft(actors[LICENSOR], achievements=[one, one], licensee=licensee).achievements) == 1


def test_each_part_is_taken_by_the_kind_of_organisation_that_can_take_it(app: Flask) -> None:
    actors = make_parties(broker=True)
    achievement = make_achievement(organisation_of(actors[LICENSOR]))
    enterprise, broker = organisation_of(actors[LICENSEE]), organisation_of(actors[BROKER])
    for parties, field in (
        ({"licensee": broker}, "licensee"),
        ({"licensee": enterprise, "broker": enterprise}, "broker"),
    ):
        with pytest.raises(refusals.PartyNotFit) as refusal:
            draft(actors[LICENSOR], achievements=[achievement], **parties)
        assert refusal.value.field == field


@pytest.mark.parametrize(("column", "name"), [("licensee_id", "parties"), ("broker_id", "broker")])
def test_the_database_refuses_one_organisation_on_two_sides(app: Flask, column: str, name: str) -> None:
    play = make_deal(broker=True)
    with pytest.raises(IntegrityError, match=f"ck_deals_{name}"), unit_of_work():
        db.session.execute(sa.update(Deal).values({column: play.deal.licensor_id}))


def introduced(actors: Any, achievement: Any) -> Any:
    with unit_of_work():
        introduction = introductions.request_introduction(actors[LICENSEE], achievement, undertakes=True)
        introductions.agree_to_introduction(actors[LICENSOR], introduction, undertakes=True)
    return introduction


def test_a_deal_may_follow_from_the_introduction_of_its_parties(app: Flask) -> None:
    actors = make_parties()
    licensee = organisation_of(actors[LICENSEE])
    achievement, other = (make_achievement(organisation_of(actors[LICENSOR])) for _ in range(2))
    introduction = introduced(actors, achievement)
    deal = draft(actors[LICENSOR], achievements=[achievement], licensee=licensee, introduction=introduction)
    assert deal.introduction_id == introduction.id
    with pytest.raises(refusals.IntroductionNotFit):
        draft(actors[LICENSOR], achievements=[other], licensee=licensee, introduction=introduction)
    with pytest.raises(refusals.IntroductionNotFit):
        draft(actors[LICENSOR], achievements=[achievement], licensee=make_organisation(), introduction=introduction)
    stranger = make_actor(OrganisationKind.INTERMEDIARY)
    facts = {"licensee": licensee, "broker": organisation_of(stranger), "introduction": introduction}
    with pytest.raises(NotFound):
        draft(stranger, achievements=[achievement], **facts)


# --- terms and offers -----------------------------------------------------------------------------------------------


def test_a_draft_may_be_wrong_until_it_is_offered(app: Flask) -> None:
    play = make_deal(terms=make_terms(territory="", ends_on=None, fee=LumpSum(0)))
    assert faults_of(play) == {rules.Blank, rules.NoEndDate, rules.AmountNotPositive}
    assert (play.deal.state, play.deal.number, play.deal.versions) == (DealState.DRAFT, 0, [])


def test_nothing_is_offered_without_terms(app: Flask) -> None:
    actors = make_parties()
    achievement = make_achievement(organisation_of(actors[LICENSOR]))
    deal = draft(actors[LICENSOR], achievements=[achievement], licensee=organisation_of(actors[LICENSEE]))
    with pytest.raises(refusals.TermsMissing), unit_of_work():
        services.offer_terms(actors[LICENSOR], deal)


def test_of_two_who_edit_the_same_draft_the_second_is_told(app: Flask) -> None:
    play = make_deal()
    seen = play.deal.version
    play.edit(terms=make_terms(territory="长春市"))
    with pytest.raises(Conflict), unit_of_work():
        services.edit_terms(play.actors[LICENSOR], play.deal, terms=make_terms(), seen_version=seen)
    with pytest.raises(Conflict), unit_of_work():
        services.offer_terms(play.actors[LICENSOR], play.deal, seen_version=seen)
    assert play.deal.draft.territory == "长春市"


def test_a_commission_needs_someone_who_earns_it(app: Flask) -> None:
    with pytest.raises(refusals.CommissionWithoutBroker) as refusal:
        make_deal(terms=make_terms(commission_fen=1))
    assert refusal.value.field == "commission_fen"
    assert make_deal(broker=True, terms=make_terms(commission_fen=1)).deal.draft.commission_fen == 1


def test_an_offer_freezes_parties_revisions_and_terms_under_a_hash(app: Flask) -> None:
    play = make_deal(DealState.OFFERED)
    version = play.deal.version_on_offer
    assert (version.number, version.offered_by_id) == (1, play.deal.licensor_id)
    assert version.body["terms"] == to_json(play.deal.draft)
    assert version.body["parties"] == {"licensor": str(play.deal.licensor_id), "licensee": str(play.deal.licensee_id)}
    assert version.body["achievements"][0]["sha256"] == play.deal.achievements[0].revision.sha256
    assert version.sha256 == hashlib.sha256(canonical_json(version.body).encode()).hexdigest()
    with pytest.raises(WrongState), unit_of_work():
        services.edit_terms(play.actors[LICENSOR], play.deal, terms=make_terms(territory="长春市"))


def test_the_database_refuses_to_change_what_was_offered(app: Flask) -> None:
    make_deal(DealState.OFFERED)
    for statement in ("UPDATE terms_versions SET sha256 = ''", "DELETE FROM terms_versions"):
        with pytest.raises(DBAPIError, match="append_only"), unit_of_work():
            db.session.execute(sa.text(statement))


def test_an_offer_is_over_what_is_public_on_its_day(app: Flask) -> None:
    play = make_deal()
    achievement = play.deal.achievements[0].achievement
    with unit_of_work():
        listings.update_achievement(SYSTEM, achievement, facts=achievement_facts(title="新版自加热技术"))
        listings.submit(SYSTEM, achievement)
        listings.approve(SYSTEM, achievement)
    play.offer()
    assert play.deal.achievements[0].title == "新版自加热技术"
    assert play.deal.version_on_offer.body["achievements"][0]["revision"] == 2
    with unit_of_work():
        services.withdraw_offer(play.actors[LICENSOR], play.deal)
        listings.withdraw(SYSTEM, achievement)
    with pytest.raises(refusals.AchievementNotPublished):
        play.offer()


def test_pay_later_is_for_enterprises_whose_computed_size_is_not_large(app: Flask) -> None:
    university = make_actor(OrganisationKind.UNIVERSITY)
    for figures, refusal in (
        (LARGE, rules.LicenseeNotSme),
        ({"employees": None, "revenue_fen": None}, rules.LicenseeSizeUnknown),
    ):
        enterprise = make_organisation(**figures)
        actors = {LICENSOR: university, LICENSEE: make_actor(OrganisationKind.ENTERPRISE, organisation=enterprise)}
        assert faults_of(make_deal(actors=actors)) == {refusal}
        make_deal(DealState.OFFERED, actors=actors, terms=paid_at_once())


def test_a_licence_ends_with_the_first_of_its_rights(app: Flask) -> None:
    actors, today = make_parties(), clock.today()
    university = organisation_of(actors[LICENSOR])
    achievements = [
        make_achievement(university, rights=(Right(RightKind.INVENTION_PATENT, str(year), RightStatus.GRANTED, day),))
        for year, day in ((1, add_months(today, 120)), (2, add_months(today, 48)), (3, None))
    ]
    terms = make_terms(ends_on=add_months(today, 48) + timedelta(days=1))
    play = make_deal(actors=actors, achievements=achievements, terms=terms)
    assert faults_of(play) == {rules.EndsAfterRights}
    play.edit(terms=replace(terms, ends_on=add_months(today, 48)))
    play.offer()


def twin(play: Play, **changes: Any) -> Play:
    """Another deal of the same licensor over the same achievements, with another enterprise."""
    actors = {**play.actors, LICENSEE: make_actor(OrganisationKind.ENTERPRISE)}
    achievements = [row.achievement for row in play.deal.achievements]
    return make_deal(actors=actors, achievements=achievements, terms=make_terms(**changes))


def test_a_sole_licence_stands_in_the_way_of_any_other_while_it_runs(app: Flask) -> None:
    sole = make_deal(DealState.AGREED, terms=make_terms(licence=LicenceKind.SOLE))
    assert faults_of(twin(sole)) == {rules.AlreadyExclusive}
    later = sole.deal.draft.ends_on + timedelta(days=1)
    twin(sole, effective_on=later, ends_on=later + timedelta(days=900)).offer()
    with unit_of_work():
        services.withdraw_offer(sole.actors[LICENSOR], sole.deal)
    twin(sole).offer()


def test_of_two_sole_licences_on_offer_only_one_becomes_agreed(app: Flask) -> None:
    first = make_deal(terms=make_terms(licence=LicenceKind.SOLE))
    second = twin(first, licence=LicenceKind.SOLE)
    first.offer()
    second.offer()
    first.accept(LICENSEE)
    with pytest.raises(InvalidMany) as refusal:
        second.accept(LICENSEE)
    assert [type(error) for error in refusal.value.errors] == [rules.AlreadyExclusive]
    assert second.deal.state == DealState.OFFERED


def test_warnings_do_not_stand_in_the_way(app: Flask) -> None:
    play = make_deal(terms=make_terms(trial_months=37))  # and nothing about its end
    verdict = queries.judge(play.deal, play.deal.draft)
    assert verdict.faults is None
    assert [warning.code for warning in verdict.warnings] == ["terms.long_trial", "terms.undecided_trial"]
    play.offer()


# --- answers --------------------------------------------------------------------------------------------------------


def test_a_principals_offer_needs_only_the_other_principal(app: Flask) -> None:
    play = make_deal(DealState.OFFERED, broker=True, offered_by=LICENSEE)
    assert play.deal.accepted_by == {LICENSEE}
    play.accept(LICENSOR)
    assert play.deal.state == DealState.AGREED


def test_a_brokers_offer_needs_both_principals_and_nobody_twice(app: Flask) -> None:
    play = make_deal(DealState.OFFERED, offered_by=BROKER)
    play.accept(LICENSEE)
    assert (play.deal.state, play.deal.accepted_by) == (DealState.OFFERED, {LICENSEE})
    with pytest.raises(AlreadyAccepted):
        play.accept(LICENSEE)
    play.accept(LICENSOR)
    assert play.deal.state == DealState.AGREED


def test_nobody_accepts_or_signs_a_version_that_was_replaced(app: Flask) -> None:
    play = make_deal(DealState.OFFERED)
    old = play.sha256
    with unit_of_work():
        services.withdraw_offer(play.actors[LICENSOR], play.deal)
    play.edit(terms=make_terms(territory="长春市"))
    play.offer()
    with pytest.raises(refusals.TermsChanged) as refusal, unit_of_work():
        services.accept_offer(play.actors[LICENSEE], play.deal, sha256=old)
    assert (refusal.value.status, refusal.value.facts) == (409, {"number": 2})
    play.accept(LICENSEE)
    with pytest.raises(refusals.TermsChanged), unit_of_work():
        services.sign(play.actors[LICENSEE], play.deal, sha256=old, password=PASSWORD)
    assert [version.number for version in play.deal.versions] == [1, 2]


def test_the_other_side_may_answer_a_returned_draft_with_terms_of_its_own(app: Flask) -> None:
    play = make_deal(DealState.OFFERED)
    with unit_of_work():
        services.withdraw_offer(play.actors[LICENSOR], play.deal)
    play.edit(LICENSEE, make_terms(fee=LumpSum(1_000_000)))
    play.offer(LICENSEE)
    (second, changes), (first, none) = queries.list_changes(play.deal)
    assert (second.offeror.id, first.offeror.id) == (play.deal.licensee_id, play.deal.licensor_id)
    assert [(old.label, old.value, new.value) for old, new in changes] == [("Lump sum", 12_000_000, 1_000_000)]
    assert none == []


def test_a_declined_offer_ends_the_deal_with_its_reason(app: Flask) -> None:
    play = make_deal(DealState.OFFERED)
    with unit_of_work():
        services.decline_offer(play.actors[LICENSEE], play.deal, reason=" too dear ")
    assert (play.deal.state, play.deal.ended_on, play.deal.ended_reason) == ("ended", clock.today(), "too dear")


# --- signatures -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [(LICENSOR, LICENSEE, BROKER), (BROKER, LICENSEE, LICENSOR)])
def test_the_last_signature_in_any_order_brings_the_deal_into_force(app: Flask, order: Any) -> None:
    play = make_deal(DealState.AGREED, broker=True)
    for side in order[:-1]:
        play.sign(side)
        assert (play.deal.state, play.deal.signed_on) == (DealState.AGREED, None)
    play.sign(order[-1])
    assert (play.deal.state, play.deal.signed_on) == (DealState.ON_TRIAL, clock.today())
    assert play.deal.trial_ends_on == add_months(clock.today(), 12)
    assert {row.sha256 for row in play.deal.signatures} == {play.sha256}
    assert [event.event for event in audit.list_events(play.deal.id)][-3:] == ["deal.signed"] * 2 + ["deal.activated"]
    assert audit.list_events(play.deal.id)[-1].facts["licensee_size"] == "small"


def test_a_signature_takes_the_password_of_the_signatory(app: Flask) -> None:
    play = make_deal(DealState.AGREED)
    with pytest.raises(PasswordWrong) as refusal, unit_of_work():
        services.sign(play.actors[LICENSEE], play.deal, sha256=play.sha256, password="not the password")
    assert refusal.value.field == "password"
    assert play.deal.signatures == []


def test_nobody_signs_twice(app: Flask) -> None:
    play = make_deal(DealState.AGREED)
    play.sign(LICENSEE)
    colleague = make_actor(OrganisationKind.ENTERPRISE, organisation=organisation_of(play.actors[LICENSEE]))
    for actor in (play.actors[LICENSEE], colleague):
        with pytest.raises(AlreadySigned), unit_of_work():
            services.sign(actor, play.deal, sha256=play.sha256, password=PASSWORD)


def test_signatures_under_an_offer_taken_back_count_no_more(app: Flask) -> None:
    play = make_deal(DealState.AGREED)
    play.sign(LICENSEE)
    with unit_of_work():
        services.withdraw_offer(play.actors[LICENSOR], play.deal)
    play.offer()
    play.accept_by_all()
    assert play.deal.signed_by == frozenset()
    play.sign(LICENSOR)
    assert play.deal.state == DealState.AGREED
    play.sign(LICENSEE)
    assert play.deal.state == DealState.ON_TRIAL
    assert [row.number for row in play.deal.signatures] == [1, 2, 2]


def test_a_licensee_that_has_grown_large_does_not_get_a_pay_later_licence(app: Flask) -> None:
    play = make_deal(DealState.AGREED)
    play.sign(LICENSOR)
    enterprise = db.session.get(Organisation, play.deal.licensee_id)
    with unit_of_work():
        profile = accounts.Profile(name=enterprise.name, district=enterprise.district, **LARGE)
        accounts.update_profile(SYSTEM, enterprise, profile=profile)
    with pytest.raises(InvalidMany) as refusal:
        play.sign(LICENSEE)
    assert [type(error) for error in refusal.value.errors] == [rules.LicenseeNotSme]
    assert (play.deal.state, play.deal.signed_by) == (DealState.AGREED, {LICENSOR})


def test_a_licence_without_trial_on_a_fixed_day_is_paid_from_that_day(app: Flask) -> None:
    play = make_deal(DealState.ON_TRIAL, terms=paid_at_once())
    assert (play.deal.state, play.deal.payment_starts_on) == (DealState.PAYING, clock.today())
    assert queries.outstanding_fen(play.deal) == 12_000_000


# --- history and counts ---------------------------------------------------------------------------------------------


def test_every_step_is_on_the_timeline_and_none_of_it_in_words_of_the_parties(app: Flask) -> None:
    play = make_deal(DealState.COMPLETED, broker=True, terms=make_terms(territory="绝密地域", field_of_use="绝密用途"))
    events = audit.list_events(play.deal.id)
    assert [event.event.removeprefix("deal.") for event in events] == [
        "drafted", "terms_edited", "terms_offered", "offer_accepted", "signed", "signed", "activated",
        "event_reported", "payment_started", "payment_recorded", "completed",
    ]  # fmt: skip
    assert "绝密" not in canonical_json([event.facts for event in events])
    history = queries.list_history(play.deal)
    assert [moment.phrase % {"who": moment.who.name, "amount_fen": "", **moment.facts} for moment in history]


def test_signed_and_paid_deals_are_counted_and_brokered_ones_listed(app: Flask) -> None:
    brokered = make_deal(DealState.ON_TRIAL, broker=True)
    ended = make_deal(DealState.ON_TRIAL, actors=dict(brokered.actors))
    make_deal(DealState.AGREED, actors=dict(brokered.actors))
    make_deal(DealState.COMPLETED)
    with unit_of_work():
        services.end_trial(ended.actors[LICENSEE], ended.deal, documents_returned=True)
    assert (queries.count_signed(), queries.count_paid()) == (3, 1)
    tomorrow = clock.today() + timedelta(days=1)
    assert (queries.count_signed(tomorrow), queries.count_paid(tomorrow)) == (0, 0)
    assert [deal.id for deal in queries.list_brokered(brokered.actors[BROKER])] == [brokered.deal.id]
    assert queries.list_brokered(make_actor(OrganisationKind.INTERMEDIARY)) == []


def test_the_days_of_the_deal_are_days_in_china(app: Flask) -> None:
    play = make_deal(DealState.AGREED, terms=make_terms(effective_on=date(2026, 1, 31), ends_on=date(2030, 1, 1)))
    with clock.at(clock.noon(date(2026, 2, 1))):
        play.sign_by_all()
    assert (play.deal.signed_on, play.deal.trial_ends_on) == (date(2026, 2, 1), date(2027, 1, 31))
