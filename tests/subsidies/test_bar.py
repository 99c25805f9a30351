"""A bar after a repayment was ordered: every claim not paid yet stops, wherever it stands."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from matchmaker.core import clock
from matchmaker.core.db import unit_of_work
from matchmaker.deals.states import DealState
from matchmaker.subsidies import payout_services, queries, review_services
from matchmaker.subsidies.states import ClaimantBarred, ClaimState
from tests.factories.accounts import unit
from tests.factories.deals import BROKER, make_deal
from tests.factories.subsidies import Case, after_notice, make_claim
from tests.subsidies.test_views import EN, as_, reread, text, url

STEPS = {
    ClaimState.IN_REVIEW: ("/propose", {"fen": "30000", "reason": "同意"}),
    ClaimState.PROPOSED: ("/publish", {}),
    ClaimState.ON_NOTICE: ("/approve", {}),
    ClaimState.APPROVED: ("/pay", {"paid_on": ""}),
}


def barred_in(state: ClaimState) -> Case:
    """A claim in a state, whose claimant then has to repay another subsidy and is barred."""
    paid = make_claim(ClaimState.PAID)
    with unit(), clock.at(clock.now() - timedelta(days=40)):
        play = make_deal(DealState.ON_TRIAL, actors={**make_deal().actors, BROKER: paid.claimant})
    case = make_claim(state, play=play, bureau=paid.bureau)
    if state is ClaimState.IN_REVIEW:
        case.review()
        case.clear_flags()
        case.answer_conditions()
    paid.claw_back(bar_months=12)
    return case


@pytest.mark.parametrize("state", STEPS)
def test_a_bar_stops_a_claim_on_its_way_with_the_reason(app: Flask, client: FlaskClient, state: ClaimState) -> None:
    case = barred_in(state)
    until = queries.find_bar(case.claimant.organisation_id)
    assert until is not None
    who = {ClaimState.ON_NOTICE: case.bureau.approver, ClaimState.APPROVED: case.bureau.administrator}
    path, data = STEPS[state]
    with after_notice():
        as_(client, who.get(state, case.bureau.reviewer))
        data = {name: value or str(clock.today()) for name, value in data.items()}
        assert "neither proposed nor approved nor paid" in text(client.get(url(case), headers=EN))
        refused = client.post(url(case, path), data=data, headers=EN)
        assert (refused.status_code, "The claimant is barred from claims until" in text(refused)) == (409, True)
        assert reread(case.claim).state == state
    with clock.at(clock.noon(until + timedelta(days=1))):
        data = {name: str(clock.today()) if name == "paid_on" else value for name, value in data.items()}
        as_(client, who.get(state, case.bureau.reviewer))
        assert "neither proposed nor approved nor paid" not in text(client.get(url(case), headers=EN))
        assert client.post(url(case, path), data=data).status_code == 302


def test_a_barred_claim_can_be_rejected_and_others_are_not_touched(app: Flask) -> None:
    case = barred_in(ClaimState.PROPOSED)
    other = make_claim(ClaimState.APPROVED, bureau=case.bureau)
    case.reject("申报人在限制申报期内")
    other.pay()
    assert (case.claim.state, other.claim.state) == (ClaimState.REJECTED, ClaimState.PAID)


def test_the_command_itself_refuses_and_leaves_the_budget_as_it_is(app: Flask) -> None:
    case = barred_in(ClaimState.IN_REVIEW)
    before = held(case)
    with pytest.raises(ClaimantBarred), unit_of_work():
        review_services.propose_sum(case.bureau.reviewer, case.claim, fen=case.claim.requested_fen, reason="同意")
    assert held(case) == before
    case = barred_in(ClaimState.APPROVED)
    before = held(case)
    with pytest.raises(ClaimantBarred), unit_of_work():
        payout_services.pay_claim(case.bureau.administrator, case.claim, paid_on=clock.today())
    assert held(case) == before


def held(case: Case) -> tuple[int, int]:
    budget = queries.find_budget(case.claim.programme, case.claim.year)
    assert budget is not None
    return budget.reserved_fen, budget.used_fen
