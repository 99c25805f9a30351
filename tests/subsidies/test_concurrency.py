"""Many proposals at one moment: exactly those that the money allows, on both engines (RELIABILITY finding 1, B1)."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask, g
from flask.testing import FlaskClient

from matchmaker.accounts.models import User
from matchmaker.core import clock
from matchmaker.core.access import Actor
from matchmaker.core.audit import AuditEvent
from matchmaker.core.db import db, unit_of_work
from matchmaker.deals.states import DealState
from matchmaker.ledger import queries as journal
from matchmaker.subsidies import notice_services, queries, review_services
from matchmaker.subsidies.models import Allowance, Claim
from matchmaker.subsidies.states import ClaimState
from tests.factories.accounts import sign_in
from tests.factories.deals import BROKER, Play, make_deal
from tests.factories.subsidies import (
    CAP_FEN,
    P3_4,
    Case,
    make_budget,
    make_bureau,
    make_claim,
    make_many_claims,
    record,
)

YEAR = clock.today().year


@dataclass(frozen=True)
class Reader:
    """A signed-in person who sends many requests at once, each from a client of its own."""

    app: Flask
    cookie: str

    @classmethod
    def of(cls, app: Flask, who: Actor) -> Reader:
        g.pop("_login_user", None)  # of a reader before this one, whose session the sign-in would end
        client = sign_in(app.test_client(), db.session.get_one(User, who.user_id))
        cookie = client.get_cookie("session")
        assert cookie is not None
        return cls(app, cookie.value)

    def post(self, url: str, data: dict[str, str]) -> int:
        client = FlaskClient(self.app, self.app.response_class)  # the fixture's client would need a context
        client.set_cookie("session", self.cookie)
        return client.post(url, data=data).status_code


def at_once(requests: Sequence[Callable[[], int]]) -> Counter[int]:
    """Statuses of requests that all wait for each other before they start."""
    db.session.rollback()  # a reader that stays would keep SQLite from committing
    start, lock, statuses = threading.Barrier(len(requests)), threading.Lock(), Counter[int]()

    def run(request: Callable[[], int]) -> None:
        start.wait()
        status = request()
        with lock:
            statuses[status] += 1

    threads = [threading.Thread(target=run, args=[request]) for request in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


@pytest.fixture
def play(app: Flask) -> Play:
    return make_deal(DealState.ON_TRIAL, broker=True)


def proposals(reader: Reader, claims: Sequence[Claim], fen: int) -> list[Callable[[], int]]:
    data = {"fen": f"{fen / 100:.2f}", "reason": "同意"}
    return [lambda url=f"/claims/{claim.id}/propose": reader.post(url, data) for claim in claims]  # type: ignore[misc]


def held(state: ClaimState) -> tuple[int, int]:
    """How many claims are in this state, and how much they hold together."""
    query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(Claim.proposed_fen), 0))
    count, fen = db.session.execute(query.where(Claim.state == state)).one()
    return count, int(fen)


def fifty_of_a_hundred(app: Flask, play: Play) -> None:
    fen = 300_000
    claims = make_many_claims(play, 100, requested_fen=fen, state=ClaimState.IN_REVIEW)
    make_budget(50 * fen)
    reviewer = Reader.of(app, make_bureau().reviewer)
    assert at_once(proposals(reviewer, claims, fen)) == {302: 50, 422: 50}
    db.session.rollback()
    assert held(ClaimState.PROPOSED) == (50, 50 * fen)
    budget = queries.find_budget(P3_4, YEAR)
    assert budget is not None
    assert (budget.reserved_fen, budget.used_fen, budget.free_fen) == (50 * fen, 0, 0)
    assert journal.balance(f"budget:{P3_4}:{YEAR}:reserved") == 50 * fen
    assert journal.balance(f"budget:{P3_4}:{YEAR}:available") == 0
    assert journal.trial_balance() == 0
    assert db.session.scalar(sa.select(Allowance.used_fen)) == 50 * fen
    events = sa.select(sa.func.count()).select_from(AuditEvent).where(AuditEvent.event == "claim.proposed")
    assert db.session.scalar(events) == 50


def test_of_a_hundred_proposals_at_once_exactly_the_fifty_that_fit_succeed(app: Flask, play: Play) -> None:
    fifty_of_a_hundred(app, play)


@pytest.mark.nightly
@pytest.mark.parametrize("number", range(49))
def test_a_hundred_proposals_at_once_round_after_round(app: Flask, play: Play, number: int) -> None:
    fifty_of_a_hundred(app, play)


def test_the_cap_of_one_claimant_holds_against_proposals_at_once(app: Flask, play: Play) -> None:
    fen = CAP_FEN // 10
    claims = make_many_claims(play, 20, requested_fen=fen, state=ClaimState.IN_REVIEW)
    make_budget(100 * CAP_FEN)
    reviewer = Reader.of(app, make_bureau().reviewer)
    statuses = at_once(proposals(reviewer, claims, fen))
    assert (statuses[302], statuses[409] + statuses[422]) == (10, 10)  # too late for the verdict, or for the guard
    db.session.rollback()
    assert held(ClaimState.PROPOSED) == (10, CAP_FEN)
    assert db.session.scalar(sa.select(Allowance.used_fen)) == CAP_FEN


def test_one_claim_is_proposed_once_however_many_try_at_once(app: Flask) -> None:
    case: Case = make_claim(ClaimState.IN_REVIEW)
    case.review()
    case.answer_conditions()
    make_budget()
    reviewer = Reader.of(app, case.bureau.reviewer)
    statuses = at_once(proposals(reviewer, [case.claim] * 12, case.claim.requested_fen))
    assert statuses == {302: 1, 409: 11}
    db.session.rollback()
    assert queries.find_budget(P3_4, YEAR).reserved_fen == case.claim.requested_fen  # type: ignore[union-attr]


def a_hundred_approvals(app: Flask) -> None:
    """While as many proposals more want the same budget, of which half fit: both kinds at one moment."""
    fen = 150_000
    with clock.at(clock.now() - timedelta(days=40)):
        play = make_deal(DealState.ON_TRIAL, broker=True)
        claims = make_many_claims(play, 150, requested_fen=fen, state=ClaimState.IN_REVIEW)
        bureau = make_bureau()
        make_budget(125 * fen)
        with unit_of_work():
            for claim in claims[:100]:
                review_services.propose_sum(bureau.reviewer, claim, fen=fen, reason="同意")
                notice_services.publish_notice(bureau.reviewer, claim)
    approver, reviewer = Reader.of(app, bureau.approver), Reader.of(app, bureau.reviewer)
    urls = [f"/claims/{claim.id}/approve" for claim in claims[:100]]
    approvals = [lambda url=url: approver.post(url, {}) for url in urls]  # type: ignore[misc]
    statuses = at_once([*approvals, *proposals(reviewer, claims[100:], fen)])
    assert statuses == {302: 125, 422: 25}
    db.session.rollback()
    assert held(ClaimState.APPROVED) == (100, 100 * fen)
    assert held(ClaimState.PROPOSED) == (25, 25 * fen)
    budget = queries.find_budget(P3_4, YEAR)
    assert budget is not None
    assert (budget.reserved_fen, budget.used_fen, budget.free_fen) == (25 * fen, 100 * fen, 0)
    assert journal.balance(f"budget:{P3_4}:{YEAR}:committed") == 100 * fen
    assert journal.balance(f"budget:{P3_4}:{YEAR}:available") == 0
    assert journal.trial_balance() == 0


def test_a_hundred_approvals_at_once_commit_what_was_reserved_while_others_propose(app: Flask) -> None:
    a_hundred_approvals(app)


@pytest.mark.nightly
@pytest.mark.parametrize("number", range(49))
def test_a_hundred_approvals_at_once_round_after_round(app: Flask, number: int) -> None:
    a_hundred_approvals(app)


def test_a_bar_and_a_payment_at_one_moment_never_both_go_through_unseen(app: Flask) -> None:
    """Whichever comes first: a payment recorded before the bar stands, one after it is refused."""
    paid = make_claim(ClaimState.PAID)
    with clock.at(clock.now() - timedelta(days=40)):
        play = record(make_deal(DealState.ON_TRIAL, actors={**make_deal().actors, BROKER: paid.claimant}))
    case = make_claim(ClaimState.APPROVED, play=play, bureau=paid.bureau)
    payer = Reader.of(app, paid.bureau.administrator)
    today = {"paid_on": clock.today().isoformat()}
    order = {"rate": "3.65", "bar_months": "12", "reason": "虚假材料"}
    urls, claim_id = (f"/claims/{case.claim.id}/pay", f"/claims/{paid.claim.id}/claw-back"), case.claim.id
    statuses = at_once([lambda: payer.post(urls[0], today), lambda: payer.post(urls[1], order)])
    assert statuses in ({302: 2}, {302: 1, 409: 1})
    db.session.rollback()
    events = sa.select(AuditEvent.number, AuditEvent.event).order_by(AuditEvent.number)
    taken = {event: number for number, event in db.session.execute(events)}
    of_case = sa.select(AuditEvent.number).where(AuditEvent.event == "claim.paid", AuditEvent.subject_id == claim_id)
    recorded = db.session.scalar(of_case)
    assert recorded is None or recorded < taken["claim.clawed_back"]


def test_a_deal_gets_one_claim_however_many_begin_at_once(app: Flask, play: Play) -> None:
    manager = Reader.of(app, play.actors[BROKER])
    data = {"deal": str(play.deal.id), "requested_fen": "10000", "statement": "服务说明"}
    statuses = at_once([lambda: manager.post("/claims/new?clause=P3-4", data)] * 8)
    assert statuses[302] == 1
    assert statuses[409] + statuses[422] == 7  # too late to begin, or too late even to choose the deal
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Claim)) == 1
