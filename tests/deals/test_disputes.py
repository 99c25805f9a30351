"""When things do not go smoothly: events and statements disputed, default and cure, dispute, transfer, penalties."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from functools import partial
from typing import Any

import pytest
from flask import Flask

from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.accounts.services import PasswordWrong
from matchmaker.core import access, clock
from matchmaker.core.db import unit_of_work
from matchmaker.core.errors import NotFound
from matchmaker.deals import queries, records, refusals, services
from matchmaker.deals.permissions import Can
from matchmaker.deals.records import ReportState
from matchmaker.deals.rules import LicenseeNotSme
from matchmaker.deals.schedule import DueKind, add_months
from matchmaker.deals.states import (
    AlreadyReturned,
    CureRunning,
    DealState,
    ExtensionsUsedUp,
    NothingOverdue,
    NotThisSide,
    OverPayment,
)
from matchmaker.deals.terms import (
    ByTier,
    EntryFeeRoyalty,
    Instalment,
    Instalments,
    MilestonePart,
    Milestones,
    Penalty,
    RevenueThreshold,
    RoyaltyBase,
    Tier,
    TrialEnd,
    TrialOutcome,
)
from matchmaker.ledger import queries as ledger
from matchmaker.ledger.posting import AccountKind, account
from tests.factories.accounts import LARGE, PASSWORD, make_actor, make_organisation
from tests.factories.deals import LICENSEE, LICENSOR, Play, make_deal, make_terms, organisation_of

PARTS = Instalments((Instalment(0, 1_000), Instalment(1, 2_000)))


def later(days: int) -> Any:
    return clock.at(clock.noon(clock.today() + timedelta(days=days)))


def receivable(play: Play) -> int:
    return ledger.balance(account(AccountKind.DEAL_RECEIVABLE, play.deal.id))


# --- events ---------------------------------------------------------------------------------------------------------


def test_nobody_confirms_their_own_report(app: Flask) -> None:
    play = make_deal(DealState.ON_TRIAL)
    play.report_event(LICENSEE)
    with pytest.raises(NotThisSide):
        play.act(LICENSEE, services.confirm_event)
    with pytest.raises(refusals.EventNotOpen):
        play.report_event(LICENSOR)  # it awaits an answer


def test_a_disputed_event_can_be_reported_anew(app: Flask) -> None:
    play = make_deal(DealState.ON_TRIAL)
    play.report_event(LICENSEE)
    play.act(LICENSOR, services.dispute_event, reason="只是样品")
    with pytest.raises(refusals.NothingToAnswer):
        play.act(LICENSOR, services.confirm_event)
    play.start_payment()
    assert play.deal.state == DealState.PAYING


def test_revenue_below_the_threshold_starts_nothing(app: Flask) -> None:
    play = make_deal(DealState.ON_TRIAL, terms=make_terms(trigger=RevenueThreshold(1_000)))
    for fen in (None, 999):
        with pytest.raises(refusals.BelowThreshold):
            play.report_event(fen=fen)
    play.start_payment(fen=1_000)


def test_milestones_are_owed_when_they_are_accepted(app: Flask) -> None:
    fee = Milestones((MilestonePart("小试", 100, 10), MilestonePart("中试", 200, 0)))
    play = make_deal(DealState.PAYING, terms=make_terms(fee=fee))
    assert queries.dues(play.deal) == []
    play.report_event(LICENSEE, ref="milestone:1")
    play.act(LICENSOR, services.confirm_event)
    assert [(due.kind, due.number, due.fen) for due in queries.dues(play.deal)] == [(DueKind.MILESTONE, 2, 200)]
    assert receivable(play) == 200
    with pytest.raises(refusals.EventNotOpen):
        play.report_event(LICENSEE, ref="milestone:1")


def test_extensions_are_those_of_the_terms(app: Flask) -> None:
    play = make_deal(DealState.ON_TRIAL, terms=make_terms(trial_end=TrialEnd(TrialOutcome.END, 1, 3)))
    first = play.deal.trial_ends_on
    play.act(LICENSEE, services.ask_extension, reason="x")
    play.act(LICENSOR, services.refuse_extension, reason="y")
    play.act(LICENSEE, services.ask_extension, reason="x")
    play.act(LICENSOR, services.grant_extension)
    assert play.deal.trial_ends_on == add_months(play.deal.draft.effective_on, 15) > first
    with pytest.raises(ExtensionsUsedUp):
        play.act(LICENSEE, services.ask_extension, reason="again")


# --- royalty statements ---------------------------------------------------------------------------------------------


def reporting(**changes: Any) -> Play:
    day = add_months(clock.today(), -12)
    fee = EntryFeeRoyalty(
        0, ByTier((Tier(0, Fraction(1, 10)), Tier(1_000, Fraction(1, 20)))), RoyaltyBase.SALES, period_months=3
    )
    terms = make_terms(**{"effective_on": day, "ends_on": add_months(day, 24), "fee": fee, "audit": True, **changes})
    play = make_deal(DealState.ON_TRIAL, terms=terms)
    play.start_payment(on=day)
    return play


def test_a_corrected_statement_moves_the_ones_after_it_and_the_books(app: Flask) -> None:
    play = reporting()
    play.report_royalty(1, 500)
    play.report_royalty(2, 500)
    assert [one.due.fen for one in queries.royalty_statements(play.deal)] == [50, 50]
    play.act(LICENSOR, services.dispute_royalty, number=1, reason="出库单多于报表", audit=True)
    assert records.report_state(play.deal.records, 1) is ReportState.AUDITED
    play.act(LICENSEE, services.correct_royalty, number=1, base_fen=1_500, reason="补记")
    assert [one.due.fen for one in queries.royalty_statements(play.deal)] == [125, 25]
    assert (receivable(play), queries.outstanding_fen(play.deal)) == (150, 150)
    play.act(LICENSOR, services.confirm_royalty, number=1)
    assert records.report_state(play.deal.records, 1) is ReportState.CONFIRMED
    assert ledger.trial_balance() == 0


def test_accounts_are_inspected_only_where_the_terms_allow_it(app: Flask) -> None:
    play = reporting(audit=None)
    play.report_royalty(1, 500)
    with pytest.raises(refusals.NoAuditRight):
        play.act(LICENSOR, services.dispute_royalty, number=1, reason="x", audit=True)


def test_an_inspection_of_the_accounts_is_ordered_answered_and_ended(app: Flask) -> None:
    play = reporting(audit=True)
    play.report_royalty(1, 500)
    play.act(LICENSOR, services.dispute_royalty, number=1, reason="出货量更多", audit=True)
    assert records.report_state(play.deal.records, 1) == ReportState.AUDITED
    assert "ordered an inspection" in queries.list_history(play.deal)[-1].phrase
    play.act(LICENSEE, services.correct_royalty, number=1, base_fen=700, reason="查账结果")
    assert queries.royalty_statements(play.deal)[0].base_fen == 700
    play.act(LICENSOR, services.confirm_royalty, number=1)
    assert records.report_state(play.deal.records, 1) == ReportState.CONFIRMED


def test_an_inspection_that_finds_nothing_ends_with_a_confirmation(app: Flask) -> None:
    play = reporting(audit=True)
    play.report_royalty(1, 500)
    play.act(LICENSOR, services.dispute_royalty, number=1, reason="抽查", audit=True)
    play.act(LICENSOR, services.confirm_royalty, number=1)
    assert records.report_state(play.deal.records, 1) == ReportState.CONFIRMED


# --- default --------------------------------------------------------------------------------------------------------


def test_a_default_is_cured_by_paying_what_is_overdue(app: Flask) -> None:
    play = make_deal(DealState.PAYING, terms=make_terms(fee=PARTS, grace_days=10, cure_days=20))
    with pytest.raises(NothingOverdue):
        play.act(LICENSOR, services.declare_default)
    with later(11):
        play.act(LICENSOR, services.declare_default)
        assert (play.deal.state, play.deal.cure_until) == (DealState.DEFAULTED, clock.today() + timedelta(days=20))
        with pytest.raises(CureRunning):
            play.act(LICENSOR, services.terminate_deal, reason="default")
        play.pay(999)
        assert play.deal.state == DealState.DEFAULTED
        play.pay(1, "2")
        assert play.deal.state == DealState.PAYING


@pytest.mark.parametrize("way_round", [services.declare_cured, partial(services.raise_dispute, reason="x")])
def test_the_days_to_cure_cannot_be_stepped_round(app: Flask, way_round: Any) -> None:
    play = make_deal(DealState.PAYING, terms=make_terms(fee=PARTS, grace_days=0, cure_days=5))
    with later(2):
        play.act(LICENSOR, services.declare_default)
        play.act(LICENSOR, way_round)
        with pytest.raises(CureRunning):
            play.act(LICENSOR, services.terminate_deal, reason="default")
    with later(8):
        play.act(LICENSOR, services.terminate_deal, reason="default")
    assert play.deal.state == DealState.ENDED


def test_after_the_days_to_cure_the_licensor_terminates_and_the_documents_come_back(app: Flask) -> None:
    play = make_deal(DealState.PAYING, terms=make_terms(fee=PARTS, grace_days=0, cure_days=5))
    with later(2):
        play.act(LICENSOR, services.declare_default)
    with later(8):
        play.act(LICENSOR, services.terminate_deal, reason="未补救")
        assert (play.deal.state, receivable(play)) == (DealState.ENDED, 1_000)
        play.act(LICENSOR, services.confirm_return)
        with pytest.raises(AlreadyReturned):
            play.act(LICENSOR, services.confirm_return)


def test_a_late_report_is_a_default_too(app: Flask) -> None:
    play = reporting()
    play.act(LICENSOR, services.declare_default)
    assert play.deal.state == DealState.DEFAULTED


def test_penalties_run_after_grace_and_are_charged_once(app: Flask) -> None:
    terms = make_terms(fee=PARTS, grace_days=10, penalty=Penalty(Fraction(1, 100), Fraction(1, 2)))
    play = make_deal(DealState.PAYING, terms=terms)
    first = (DueKind.INSTALMENT, 1)
    with later(10), pytest.raises(refusals.NoPenalty):
        play.act(LICENSOR, services.charge_penalty, target=first)
    with later(15):
        assert play.act(LICENSOR, services.charge_penalty, target=first) == 50  # five days at ten fen
        with pytest.raises(refusals.NoPenalty):
            play.act(LICENSOR, services.charge_penalty, target=first)
    with later(20):
        play.pay(1_000, target=first)
    with later(200):
        assert play.act(LICENSOR, services.charge_penalty, target=first) == 50
        assert [due.fen for due in queries.dues(play.deal) if due.kind is DueKind.PENALTY] == [50, 50]
    assert receivable(play) == 2_100


def test_a_payment_for_an_amount_is_at_most_what_is_open_on_it(app: Flask) -> None:
    play = make_deal(DealState.PAYING, terms=make_terms(fee=PARTS))
    second = (DueKind.INSTALMENT, 2)
    with pytest.raises(OverPayment):
        play.pay(2_001, target=second)
    play.pay(2_000, target=second)
    assert [one.paid_fen for one in queries.allocation(play.deal).settled] == [0, 2_000]
    with pytest.raises(refusals.DueUnknown):
        play.pay(1, "2", target=(DueKind.ROYALTY, 1))


# --- dispute and transfer -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [DealState.ON_TRIAL, DealState.DECISION_DUE, DealState.PAYING])
def test_a_dispute_is_settled_by_who_raised_it_and_the_deal_goes_on(app: Flask, state: DealState) -> None:
    play = make_deal(state)
    play.act(LICENSEE, services.raise_dispute, reason="资料不全")
    assert play.deal.state == DealState.DISPUTED
    with pytest.raises(NotThisSide):
        play.act(LICENSOR, services.settle_dispute, reason="x")
    play.act(LICENSEE, services.settle_dispute, reason="已补交")
    assert play.deal.state == (DealState.PAYING if state == DealState.PAYING else DealState.ON_TRIAL)


def test_a_licence_goes_to_another_enterprise_with_all_that_is_owed(app: Flask) -> None:
    play = make_deal(DealState.PAYING, terms=make_terms(fee=PARTS))
    before = play.deal.licensee_id
    play.pay(400)
    heir, stranger = (make_actor(OrganisationKind.ENTERPRISE, Role.ENTERPRISE_SIGNATORY) for _ in range(2))
    assert not access.may(heir, Can.DEAL_VIEW, play.deal)
    play.act(LICENSEE, services.ask_transfer, to=organisation_of(heir), reason="产线转让")
    assert access.may(heir, Can.DEAL_VIEW, play.deal)
    with pytest.raises(refusals.NothingToAnswer):
        play.act(LICENSOR, services.agree_to_transfer)
    with pytest.raises(PasswordWrong), unit_of_work():
        services.accept_transfer(heir, play.deal, password="wrong")
    with pytest.raises(NotFound), unit_of_work():
        services.accept_transfer(stranger, play.deal, password=PASSWORD)
    with unit_of_work():
        services.accept_transfer(heir, play.deal, password=PASSWORD)
    play.act(LICENSOR, services.agree_to_transfer)
    assert (play.deal.licensee_id, play.deal.transfer_to_id) == (heir.organisation_id, None)
    play.pay(600, "2")
    cash = [ledger.balance(account(AccountKind.ORG_CASH, one)) for one in (before, heir.organisation_id)]
    assert cash == [-400, -600]
    assert not access.may(play.actors[LICENSEE], Can.DEAL_VIEW, play.deal)
    assert [moment.who for moment in queries.list_history(play.deal)].count(None) == 0


def test_a_pay_later_licence_does_not_go_to_a_large_enterprise(app: Flask) -> None:
    play = make_deal(DealState.PAYING)
    large = make_organisation(OrganisationKind.ENTERPRISE, **LARGE)
    with pytest.raises(LicenseeNotSme):
        play.act(LICENSEE, services.ask_transfer, to=large, reason="x")


def test_a_licence_is_not_transferred_to_its_licensee(app: Flask) -> None:
    play = make_deal(DealState.PAYING)
    with pytest.raises(refusals.SameParty):
        play.act(LICENSEE, services.ask_transfer, to=organisation_of(play.actors[LICENSEE]), reason="x")


def test_a_refused_transfer_closes_the_deal_to_the_other_enterprise_again(app: Flask) -> None:
    play = make_deal(DealState.PAYING)
    heir = make_actor(OrganisationKind.ENTERPRISE, Role.ENTERPRISE_SIGNATORY)
    play.act(LICENSEE, services.ask_transfer, to=organisation_of(heir), reason="x")
    play.act(LICENSOR, services.refuse_transfer, reason="竞争对手")
    assert not access.may(heir, Can.DEAL_VIEW, play.deal)
    assert play.deal.state == DealState.PAYING
