"""Every (state, action, party) cell, against expectations written out here; and both faces of every rule agree."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core import access, clock
from matchmaker.core.access import ANONYMOUS, Actor
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.errors import DomainError
from matchmaker.deals import services
from matchmaker.deals.models import Deal
from matchmaker.deals.permissions import Can
from matchmaker.deals.records import RecordKind
from matchmaker.deals.schedule import DueKind
from matchmaker.deals.stakes import ExitWay
from matchmaker.deals.states import DealState, PartyRole
from matchmaker.deals.terms import EntryFeeRoyalty, Penalty, RoyaltyBase, TrialEnd, TrialOutcome
from tests.factories.accounts import PASSWORD, SYSTEM, make_actor, make_organisation
from tests.factories.audit import count_events
from tests.factories.deals import (
    BROKER,
    LICENSEE,
    LICENSOR,
    Play,
    confirm_last,
    equity_terms,
    exit_stake,
    invest_terms,
    make_deal,
    make_terms,
    organisation_of,
    take_stake,
)

L, E, B = LICENSOR, LICENSEE, BROKER  # E for enterprise

SIDES: dict[str, set[PartyRole]] = {
    "edit": {L, E, B},
    "discard": {L, E, B},
    "offer": {L, E, B},
    "withdraw": {L, E, B},
    "accept": {L, E},
    "counter": {L, E},
    "decline": {L, E},
    "sign": {L, E, B},
    "report_event": {L, E},
    "confirm_event": {L, E},
    "dispute_event": {L, E},
    "start_payment": {L, E},
    "report_trial": {E},
    "ask_extension": {E},
    "grant_extension": {L},
    "refuse_extension": {L},
    "convert": {E},
    "end": {E},
    "call_decision": set(),
    "report_royalty": {E},
    "confirm_royalty": {L},
    "dispute_royalty": {L},
    "correct_royalty": {E},
    "record_payment": {L},
    "reverse_payment": {L},
    "charge_penalty": {L},
    "declare_default": {L},
    "cure": {L},
    "raise_dispute": {L, E},
    "settle": {L, E},
    "ask_transfer": {E},
    "transfer": {L},
    "refuse_transfer": {L},
    "pay_project_money": {L, E},
    "take_stake": {L, E},
    "change_stake": {L, E},
    "exit_stake": {L, E},
    "confirm_stake": {L, E},
    "dispute_stake": {L, E},
    "complete": {L},
    "terminate": {L, E},
    "return_documents": {L},
}
"""Who may ever take the step. Withdrawing is the offeror's alone, answering for the principals who did not offer."""

WITH_DRAFT = {"edit": {L, E, B}, "discard": {L, E, B}, "offer": {L, E, B}}
ARREARS = {"record_payment": {L}, "reverse_payment": {L}}
TRIAL = {"report_trial": {E}, "convert": {E}, "end": {E}, "raise_dispute": {L, E}}
PAYING = {"report_royalty": {E}, "raise_dispute": {L, E}, "terminate": {L, E}, **ARREARS}
SHARES = {"raise_dispute": {L, E}, "terminate": {L, E}, "ask_transfer": {E}}
LATE = {**PAYING, "declare_default": {L}}

CELLS: dict[str, dict[str, set[PartyRole]]] = {
    "draft": {"edit": {L}, "discard": {L}, "offer": {L}},  # nobody else has seen it yet
    "draft, taken back": WITH_DRAFT,
    "offered by the licensor": {"withdraw": {L}, "accept": {E}, "counter": {E}, "decline": {E}},
    "offered by the licensee": {"withdraw": {E}, "accept": {L}, "counter": {L}, "decline": {L}},
    "offered by the broker": {"withdraw": {B}, "accept": {L, E}, "counter": {L, E}, "decline": {L, E}},
    "offered by the broker, accepted by the licensor": {
        "withdraw": {B},
        "accept": {E},
        "counter": {L, E},
        "decline": {L, E},
    },
    "countered by the licensee": {"withdraw": {E}, "accept": {L}, "counter": {L}, "decline": {L}},
    "agreed": {"withdraw": {L}, "counter": {E}, "decline": {E}, "sign": {L, E, B}},
    "agreed, signed by the licensee": {"withdraw": {L}, "counter": {E}, "decline": {E}, "sign": {L, B}},
    "on trial": {**TRIAL, "report_event": {L, E}},
    "on trial, event reported by the licensee": {**TRIAL, "confirm_event": {L}, "dispute_event": {L}},
    "decision due, extension asked": {
        **TRIAL,
        "report_event": {L, E},
        "grant_extension": {L},
        "refuse_extension": {L},
    },
    "paying": {**LATE, "ask_transfer": {E}, "charge_penalty": {L}},
    "paying, royalty reported": {
        **LATE,
        "report_royalty": set(),
        "ask_transfer": {E},
        "charge_penalty": {L},
        "confirm_royalty": {L},
        "dispute_royalty": {L},
    },
    "paying, royalty disputed": {
        **LATE,
        "report_royalty": set(),
        "ask_transfer": {E},
        "charge_penalty": {L},
        "correct_royalty": {E},
    },
    "paying, transfer accepted": {**LATE, "charge_penalty": {L}, "transfer": {L}, "refuse_transfer": {L}},
    "paying, all paid": {
        "complete": {L},
        "terminate": {L, E},
        "reverse_payment": {L},
        "raise_dispute": {L, E},
        "ask_transfer": {E},
    },
    "project money entered by the licensor": {
        **{name: sides for name, sides in TRIAL.items() if name != "report_trial"},
        "report_trial": {E},
        "report_event": {L, E},
        "pay_project_money": {L, E},
        "confirm_stake": {E},
        "dispute_stake": {E},
    },
    "stake to be taken": {**SHARES, "take_stake": {L, E}},
    "stake taken, entered by the licensor": {**SHARES, "confirm_stake": {E}, "dispute_stake": {E}},
    "stake held": {**SHARES, "change_stake": {L, E}, "exit_stake": {L, E}},
    "stake given up": {**SHARES, "complete": {L}},
    "in default": {**PAYING, "terminate": {E}, "charge_penalty": {L}, "cure": {L}},
    "in dispute": {**PAYING, "raise_dispute": set(), "charge_penalty": {L}, "settle": {E}},
    "ended with arrears": {**ARREARS, "charge_penalty": {L}, "return_documents": {L}},
    "declined": {},
    "completed": {},
}
"""The steps that succeed, and for whom. Every other step of a party is refused and changes nothing."""


OFFERORS = {
    "draft": None,
    "draft, taken back": None,
    "offered by the licensee": E,
    "offered by the broker": B,
    "offered by the broker, accepted by the licensor": B,
    "countered by the licensee": E,
}
"""Who made the standing offer; where nothing is said, the licensor."""


def refusal(situation: str, action: str, side: PartyRole) -> int:
    """Status for a side that may take the step in some other situation: 409 says not now, 403 not this side."""
    offeror = OFFERORS.get(situation, L)
    if action == "withdraw" and side != offeror:
        return 403
    if action == "decline" and offeror in (None, side):
        return 403
    if action in ("accept", "counter") and side == offeror and situation.startswith(("offered", "countered")):
        return 403  # its own offer
    if action == "counter" and side == offeror and situation.startswith("agreed"):
        return 403
    if action in ("confirm_event", "dispute_event") and "event reported" in situation and side == E:
        return 403  # its own report
    if action in ("confirm_stake", "dispute_stake") and "entered by the licensor" in situation and side == L:
        return 403  # its own entry
    if action == "record_payment" and situation.startswith("stake"):
        return 422
    if action == "settle" and situation == "in dispute" and side == L:
        return 403  # the other side raised it
    if action == "record_payment" and situation in ("paying, all paid", "declined"):
        return 422  # nothing is outstanding
    return 409


def _royalty() -> Any:
    fee = EntryFeeRoyalty(1_000_000, Fraction(3, 100), RoyaltyBase.SALES, period_months=1)
    day = clock.today().replace(year=clock.today().year - 1)
    return make_terms(effective_on=day, fee=fee, penalty=Penalty(Fraction(1, 2000)))


def _paying() -> Play:
    play = make_deal(DealState.ON_TRIAL, broker=True, terms=_royalty())
    play.start_payment(on=play.deal.draft.effective_on)  # long enough ago for a period to be over
    play.pay(400_000)
    return play


def _disputed_royalty() -> Play:
    play = _paying()
    play.report_royalty(1, 100)
    play.act(L, services.dispute_royalty, number=1, reason="shipments say more")
    return play


def _stake(*steps: Callable[[Play], Any]) -> Play:
    play = make_deal(DealState.PAYING, broker=True, terms=equity_terms())
    for step in steps:
        step(play)
    return play


def _transfer_accepted() -> Play:
    play = _paying()
    heir = make_actor(OrganisationKind.ENTERPRISE, Role.ENTERPRISE_SIGNATORY)
    play.act(E, services.ask_transfer, to=organisation_of(heir), reason="the line was sold")
    with unit_of_work():
        services.accept_transfer(heir, play.deal, password=PASSWORD)
    return play


def _with(play: Play, step: Callable[[Play], Any]) -> Play:
    with unit_of_work():
        step(play)
    return play


BUILD: dict[str, Callable[[], Play]] = {
    "draft": lambda: make_deal(broker=True),
    "draft, taken back": lambda: _with(
        make_deal(DealState.OFFERED, broker=True), lambda p: services.withdraw_offer(p.actors[L], p.deal)
    ),
    "offered by the licensor": lambda: make_deal(DealState.OFFERED, broker=True),
    "offered by the licensee": lambda: make_deal(DealState.OFFERED, broker=True, offered_by=E),
    "offered by the broker": lambda: make_deal(DealState.OFFERED, offered_by=B),
    "offered by the broker, accepted by the licensor": lambda: _with(
        make_deal(DealState.OFFERED, offered_by=B), lambda p: p.accept(L)
    ),
    "countered by the licensee": lambda: _with(make_deal(DealState.OFFERED, offered_by=B), lambda p: p.counter(E)),
    "agreed": lambda: make_deal(DealState.AGREED, broker=True),
    "agreed, signed by the licensee": lambda: _with(make_deal(DealState.AGREED, broker=True), lambda p: p.sign(E)),
    "on trial": lambda: make_deal(DealState.ON_TRIAL, broker=True),
    "on trial, event reported by the licensee": lambda: _with(
        make_deal(DealState.ON_TRIAL, broker=True), lambda p: p.report_event(E)
    ),
    "decision due, extension asked": lambda: _with(
        make_deal(DealState.DECISION_DUE, broker=True, terms=make_terms(trial_end=TrialEnd(TrialOutcome.EXTEND, 1, 3))),
        lambda p: p.act(E, services.ask_extension, reason="a season more"),
    ),
    "paying": _paying,
    "paying, royalty reported": lambda: _with(_paying(), lambda p: p.report_royalty(1, 100)),
    "paying, royalty disputed": lambda: _disputed_royalty(),
    "paying, transfer accepted": lambda: _transfer_accepted(),
    "project money entered by the licensor": lambda: _with(
        make_deal(DealState.ON_TRIAL, broker=True, terms=invest_terms()),
        lambda p: p.act(L, services.pay_project_money, fen=100, on=clock.today(), evidence="slip"),
    ),
    "stake to be taken": lambda: _stake(),
    "stake taken, entered by the licensor": lambda: _stake(take_stake),
    "stake held": lambda: _stake(take_stake, confirm_last),
    "stake given up": lambda: _stake(take_stake, confirm_last, exit_stake, confirm_last),
    "in default": lambda: _with(_paying(), lambda p: p.act(L, services.declare_default)),
    "in dispute": lambda: _with(_paying(), lambda p: p.act(E, services.raise_dispute, reason="quality")),
    "paying, all paid": lambda: _with(make_deal(DealState.PAYING, broker=True), lambda p: p.pay(12_000_000)),
    "ended with arrears": lambda: _with(
        _paying(), lambda p: services.terminate_deal(p.actors[L], p.deal, reason="use has stopped")
    ),
    "declined": lambda: _with(
        make_deal(DealState.OFFERED, broker=True), lambda p: services.decline_offer(p.actors[E], p.deal)
    ),
    "completed": lambda: make_deal(DealState.COMPLETED, broker=True),
}


def take(action: str, actor: Actor, deal: Deal) -> None:
    """Call the command of the action with facts that are in order."""

    def sha256() -> str:
        version = deal.version_on_offer
        return version.sha256 if version is not None else ""

    steps: dict[str, Callable[[], Any]] = {
        "edit": lambda: services.edit_terms(actor, deal, terms=make_terms(territory="长春市")),
        "discard": lambda: services.discard_draft(actor, deal),
        "offer": lambda: services.offer_terms(actor, deal),
        "withdraw": lambda: services.withdraw_offer(actor, deal),
        "accept": lambda: services.accept_offer(actor, deal, sha256=sha256()),
        "counter": lambda: services.counter_offer(actor, deal, terms=make_terms(territory="四平市"), sha256=sha256()),
        "decline": lambda: services.decline_offer(actor, deal, reason="too dear"),
        "sign": lambda: services.sign(actor, deal, sha256=sha256(), password=PASSWORD),
        "report_event": lambda: services.report_event(actor, deal, ref="trigger:0", evidence="first invoice"),
        "confirm_event": lambda: services.confirm_event(actor, deal),
        "dispute_event": lambda: services.dispute_event(actor, deal, reason="not ours"),
        "start_payment": lambda: services.start_payment(actor, deal),
        "report_trial": lambda: services.report_trial(actor, deal, kind=RecordKind.TRIAL_MIDTERM, text="it works"),
        "ask_extension": lambda: services.ask_extension(actor, deal, reason="a season more"),
        "grant_extension": lambda: services.grant_extension(actor, deal),
        "refuse_extension": lambda: services.refuse_extension(actor, deal, reason="long enough"),
        "convert": lambda: services.convert_trial(actor, deal),
        "end": lambda: services.end_trial(actor, deal, documents_returned=True),
        "call_decision": lambda: services.call_decision(actor, deal),
        "report_royalty": lambda: services.report_royalty(actor, deal, number=1, base_fen=100_000),
        "confirm_royalty": lambda: services.confirm_royalty(actor, deal, number=1),
        "dispute_royalty": lambda: services.dispute_royalty(actor, deal, number=1, reason="too little"),
        "correct_royalty": lambda: services.correct_royalty(actor, deal, number=1, base_fen=200, reason="recount"),
        "charge_penalty": lambda: services.charge_penalty(actor, deal, target=(DueKind.ENTRY_FEE, 1)),
        "declare_default": lambda: services.declare_default(actor, deal),
        "cure": lambda: services.declare_cured(actor, deal),
        "raise_dispute": lambda: services.raise_dispute(actor, deal, reason="quality"),
        "settle": lambda: services.settle_dispute(actor, deal, reason="a meeting"),
        "ask_transfer": lambda: services.ask_transfer(actor, deal, to=make_organisation(), reason="sold"),
        "transfer": lambda: services.agree_to_transfer(actor, deal),
        "refuse_transfer": lambda: services.refuse_transfer(actor, deal, reason="a rival"),
        "return_documents": lambda: services.confirm_return(actor, deal),
        "record_payment": lambda: services.record_payment(
            actor, deal, fen=1, paid_on=clock.today(), idempotency_key="cell"
        ),
        "reverse_payment": lambda: services.reverse_payment(actor, deal, payment=deal.payments[0]),
        "pay_project_money": lambda: services.pay_project_money(
            actor, deal, fen=100, on=clock.today(), evidence="bank slip"
        ),
        "take_stake": lambda: services.take_stake(
            actor, deal, share=Fraction(1, 5), valued_fen=100, on=clock.today(), reference="A1"
        ),
        "change_stake": lambda: services.change_stake(
            actor, deal, sold=False, share=Fraction(1, 10), on=clock.today(), reason="new capital"
        ),
        "exit_stake": lambda: services.exit_stake(
            actor, deal, way=ExitWay.BUYBACK, proceeds_fen=1, on=clock.today(), reason="as agreed"
        ),
        "confirm_stake": lambda: services.confirm_stake(actor, deal, number=1),
        "dispute_stake": lambda: services.dispute_stake(actor, deal, number=1, reason="not so"),
        "complete": lambda: services.complete_deal(actor, deal),
        "terminate": lambda: services.terminate_deal(actor, deal, reason="use has stopped"),
    }
    steps[action]()


class _Undo(Exception):
    pass


def outcome(action: str, actor: Actor, deal: Deal) -> int:
    """Status with which the step answers, 200 where it succeeds. Undone afterwards."""
    before = count_events(deal.id), deal.version, deal.state
    try:
        with unit_of_work():
            take(action, actor, deal)
            assert count_events(deal.id) == before[0] + 1
            raise _Undo
    except _Undo:
        return 200
    except IndexError:
        return 0  # there is no payment that could be taken back
    except DomainError as error:
        db.session.rollback()
        assert (count_events(deal.id), deal.version, deal.state) == before
        return error.status


@pytest.mark.parametrize("situation", list(CELLS))
def test_each_step_is_open_to_its_parties_and_refused_to_the_others(app: Flask, situation: str) -> None:
    play = BUILD[situation]()
    seen = situation != "draft"
    found, expected = {}, {}
    for action, sides in SIDES.items():
        for side, actor in play.actors.items():
            status = outcome(action, actor, play.deal)
            if status == 0:
                continue
            found[action, side] = status
            if side in CELLS[situation].get(action, set()):
                expected[action, side] = 200
            elif not seen and side != L:
                expected[action, side] = 404
            elif side not in sides:
                expected[action, side] = 403
            else:
                expected[action, side] = refusal(situation, action, side)
    assert found == expected


@pytest.mark.parametrize("situation", ["offered by the licensor", "agreed", "on trial", "paying"])
def test_members_without_the_role_auditors_and_strangers_take_no_step(app: Flask, situation: str) -> None:
    play = BUILD[situation]()
    university, enterprise = (organisation_of(play.actors[side]) for side in (L, E))
    researcher = make_actor(OrganisationKind.UNIVERSITY, Role.RESEARCHER, organisation=university)
    member = make_actor(OrganisationKind.ENTERPRISE, Role.ENTERPRISE_MEMBER, organisation=enterprise)
    auditor = make_actor(OrganisationKind.AUTHORITY, Role.AUDITOR)
    stranger = make_actor(OrganisationKind.UNIVERSITY)
    reviewer = make_actor(OrganisationKind.AUTHORITY, Role.REVIEWER)
    expected = {researcher: 403, member: 403, auditor: 403, stranger: 404, reviewer: 404, ANONYMOUS: 401}
    for action in SIDES:
        found = {actor: outcome(action, actor, play.deal) for actor in expected}
        assert 0 in found.values() or found == expected, action


def test_the_platform_itself_takes_no_side(app: Flask) -> None:
    offered, agreed = BUILD["offered by the broker"](), BUILD["agreed"]()
    assert outcome("accept", SYSTEM, offered.deal) == 403
    assert outcome("sign", SYSTEM, agreed.deal) == 403


def test_a_draft_is_seen_by_its_author_alone_until_it_is_offered(app: Flask) -> None:
    play = make_deal(broker=True)
    assert [access.may(actor, Can.DEAL_VIEW, play.deal) for actor in play.actors.values()] == [True, False, False]
    play.offer()
    assert all(access.may(actor, Can.DEAL_VIEW, play.deal) for actor in play.actors.values())


def test_both_faces_of_every_rule_agree(app: Flask) -> None:
    plays = [build() for name, build in BUILD.items() if name not in ("agreed", "paying, all paid")]
    actors = [actor for play in plays for actor in play.actors.values()]
    actors += [
        make_actor(OrganisationKind.UNIVERSITY, Role.RESEARCHER, organisation=organisation_of(plays[0].actors[L])),
        make_actor(OrganisationKind.AUTHORITY, Role.AUDITOR),
        make_actor(OrganisationKind.INTERMEDIARY),
        ANONYMOUS,
    ]
    deals = list(db.session.scalars(sa.select(Deal)))
    rules = access.all_rules()
    for permission in Can:
        if permission.startswith("deal_notice:") and permission != Can.NOTICE_PUBLISH:
            continue  # those are rules on notices
        for actor in actors:
            rows = set(db.session.scalars(sa.select(Deal.id).where(access.visible(actor, permission))))
            assert rows == {deal.id for deal in deals if rules[permission].one(actor, deal)}, (permission, actor)
