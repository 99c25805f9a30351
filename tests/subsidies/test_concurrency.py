"""Many approvals at one moment: exactly those that the money allows, on both engines (RELIABILITY finding 1, B1)."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from matchmaker.accounts.models import User
from matchmaker.core import clock
from matchmaker.core.access import Actor
from matchmaker.core.audit import AuditEvent
from matchmaker.core.db import db
from matchmaker.deals.states import DealState
from matchmaker.ledger import queries as journal
from matchmaker.subsidies import queries
from matchmaker.subsidies.models import Allowance, Claim
from matchmaker.subsidies.states import ClaimState
from tests.factories.accounts import sign_in
from tests.factories.deals import BROKER, Play, make_deal
from tests.factories.subsidies import CAP_FEN, P3_4, Case, make_budget, make_bureau, make_claim, make_many_claims

YEAR = clock.today().year


@dataclass(frozen=True)
class Reader:
    """A signed-in person who sends many requests at once, each from a client of its own."""

    app: Flask
    cookie: str

    @classmethod
    def of(cls, app: Flask, who: Actor) -> Reader:
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


def approvals(reader: Reader, claims: Sequence[Claim], fen: int) -> list[Callable[[], int]]:
    data = {"approved_fen": f"{fen / 100:.2f}", "reason": "同意"}
    return [lambda url=f"/claims/{claim.id}/approve": reader.post(url, data) for claim in claims]  # type: ignore[misc]


def granted() -> tuple[int, int]:
    """How many claims are approved, and for how much together."""
    query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(Claim.approved_fen), 0))
    count, fen = db.session.execute(query.where(Claim.state == ClaimState.APPROVED)).one()
    return count, int(fen)


def test_of_a_hundred_approvals_at_once_exactly_the_fifty_that_fit_succeed(app: Flask, play: Play) -> None:
    fen = 300_000
    claims = make_many_claims(play, 100, requested_fen=fen)
    make_budget(50 * fen)
    reviewer = Reader.of(app, make_bureau().reviewer)
    assert at_once(approvals(reviewer, claims, fen)) == {302: 50, 422: 50}
    db.session.rollback()
    assert granted() == (50, 50 * fen)
    budget = queries.find_budget(P3_4, YEAR)
    assert budget is not None
    assert (budget.used_fen, budget.free_fen) == (50 * fen, 0)
    assert journal.balance(f"budget:{P3_4}:{YEAR}:committed") == 50 * fen
    assert journal.balance(f"budget:{P3_4}:{YEAR}:available") == 0
    assert journal.trial_balance() == 0
    assert db.session.scalar(sa.select(Allowance.used_fen)) == 50 * fen
    events = sa.select(sa.func.count()).select_from(AuditEvent).where(AuditEvent.event == "claim.approved")
    assert db.session.scalar(events) == 50


def test_the_cap_of_one_claimant_holds_against_approvals_at_once(app: Flask, play: Play) -> None:
    fen = CAP_FEN // 10
    claims = make_many_claims(play, 20, requested_fen=fen)
    make_budget(100 * CAP_FEN)
    reviewer = Reader.of(app, make_bureau().reviewer)
    assert at_once(approvals(reviewer, claims, fen)) == {302: 10, 422: 10}
    db.session.rollback()
    assert granted() == (10, CAP_FEN)
    assert db.session.scalar(sa.select(Allowance.used_fen)) == CAP_FEN


def test_one_claim_is_approved_once_however_many_decide_at_once(app: Flask) -> None:
    case: Case = make_claim(ClaimState.SUBMITTED)
    make_budget()
    reviewer = Reader.of(app, case.bureau.reviewer)
    statuses = at_once(approvals(reviewer, [case.claim] * 12, case.claim.requested_fen))
    assert statuses == {302: 1, 409: 11}
    db.session.rollback()
    assert queries.find_budget(P3_4, YEAR).used_fen == case.claim.requested_fen  # type: ignore[union-attr]


def test_a_deal_gets_one_claim_however_many_begin_at_once(app: Flask, play: Play) -> None:
    manager = Reader.of(app, play.actors[BROKER])
    data = {"deal": str(play.deal.id), "requested_fen": "10000", "statement": "服务说明"}
    statuses = at_once([lambda: manager.post("/claims/new?clause=P3-4", data)] * 8)
    assert statuses[302] == 1
    assert statuses[409] + statuses[422] == 7  # too late to begin, or too late even to choose the deal
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Claim)) == 1
