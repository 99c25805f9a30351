"""Each kind of claim from the claimant's page to the payment, page by page: two reviewers, who approves, who pays."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core import clock
from matchmaker.core.access import Actor
from matchmaker.core.db import db
from matchmaker.deals.states import DealState, PartyRole
from matchmaker.ledger import queries as journal
from matchmaker.subsidies import policies, queries, review_queries, snapshots
from matchmaker.subsidies.models import Claim
from matchmaker.subsidies.states import ClaimState
from tests.factories.accounts import make_actor
from tests.factories.deals import make_deal
from tests.factories.subsidies import PDF, Bureau, Case, after_notice, make_budget, make_bureau, record
from tests.subsidies.test_parameters import CLAUSES, sound_facts
from tests.subsidies.test_views import EN, as_, reread, text, url

UNIVERSITY = (OrganisationKind.UNIVERSITY, Role.TTO_OFFICER)
ENTERPRISE = (OrganisationKind.ENTERPRISE, Role.ENTERPRISE_SIGNATORY)

FOR_DEALS = {
    "P3-4": PartyRole.BROKER,  # intermediary
    "P3-3": PartyRole.LICENSOR,  # technology-transfer office
    "P2-3": PartyRole.LICENSEE,  # enterprise that takes a licence
    "P1-5": PartyRole.LICENSOR,  # key laboratory
}
FOR_SUBJECTS = {
    "P3-6": UNIVERSITY,  # proof of concept
    "P3-7": UNIVERSITY,  # pilot project
    "P2-2": ENTERPRISE,  # who posts an open challenge
    "P4-6": ENTERPRISE,  # others, by their data: by what was spent,
    "P6-1": UNIVERSITY,  # and by persons
}


def stated(clause_id: str) -> dict[str, str]:
    """What the claimant fills in for the facts that the clause asks for, as a browser sends it."""
    facts, asks = sound_facts(CLAUSES[clause_id]), policies.current().catalogue.clause(clause_id).asks
    return {f"fact_{name}": _typed(name, facts[name]) for name in asks if name in facts}


def _typed(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return value.isoformat()
    return f"{value / 100:.2f}" if name.endswith("_fen") else str(value)


def begin(client: FlaskClient, claimant: Actor, clause_id: str, data: dict[str, str]) -> Claim:
    """From the list of claims to a draft; the verdict is looked at before anything is kept."""
    address = f"/claims/new?clause={clause_id}"
    as_(client, claimant)
    assert f'value="{clause_id}"' in text(client.get("/claims")), "the page offers the clause"
    assert client.get(address).status_code == 200
    looked = client.post(address, data={**data, "look": "1"}, headers=EN)
    assert looked.status_code == 200
    verdict = text(looked).split('id="tried"')[1].split("<aside>")[0]
    assert "state good" in verdict, verdict
    assert "state bad" not in verdict, verdict
    answer = client.post(address, data=data)
    assert answer.status_code == 302, text(answer)
    claim = queries.find_claim(answer.location.rsplit("/", 1)[1])  # type: ignore[arg-type]
    assert claim is not None
    return claim


def hand_in(client: FlaskClient, case: Case) -> None:
    """What is missing is listed and attached, then the claim is submitted."""
    for document in queries.list_missing_evidence(case.claim):
        page = text(client.get(url(case), headers=EN))
        assert page.count(document.label.en) >= 2, "missing, and to choose from"
        file = (io.BytesIO(PDF + document.id.encode()), f"{document.id}.pdf")
        data = {"evidence-kind": document.id, "kind": document.id, "file": file}
        assert client.post(url(case, "/evidence"), data=data).status_code == 302
        db.session.rollback()
    assert client.post(url(case, "/submit")).status_code == 302
    assert reread(case.claim).state == ClaimState.SUBMITTED


def judge(client: FlaskClient, case: Case, yuan: str) -> None:
    """Formal check, two opinions, every flag and open condition answered, the sum proposed and published."""
    as_(client, case.bureau.reviewer)
    assert client.post(url(case, "/accept")).status_code == 302
    reviewers = case.seated()
    assert len({who.user_id for who in reviewers}) == 2
    for who in reviewers:
        data = {"opinion": "support", "score": "80", "fen": yuan, "comment": "属实", "no_conflict": "y"}
        assert as_(client, who).post(url(case, "/opinion"), data=data).status_code == 302
    as_(client, case.bureau.reviewer)
    for flag in review_queries.list_flags(case.claim):
        assert client.post(url(case, f"/flags/{flag.id}/clear"), data={"answer": "已核实"}).status_code == 302
    for condition in queries.list_answerable(reread(case.claim)):
        address = url(case, f"/conditions/{condition.code}/met")
        assert client.post(address, data={"note": "已查阅原件"}).status_code == 302
    answer = client.post(url(case, "/propose"), data={"fen": yuan, "reason": "同意"}, headers=EN)
    assert answer.status_code == 302, text(answer)
    assert client.post(url(case, "/publish")).status_code == 302


def pay(client: FlaskClient, case: Case) -> None:
    """After the notice: one approves, another pays; who proposed can do neither."""
    with after_notice():
        assert as_(client, case.bureau.reviewer).post(url(case, "/approve")).status_code == 403
        assert as_(client, case.bureau.approver).post(url(case, "/approve")).status_code == 302
        today = {"paid_on": clock.today().isoformat()}
        assert client.post(url(case, "/pay"), data=today).status_code == 403
        assert as_(client, case.bureau.administrator).post(url(case, "/pay"), data=today).status_code == 302
        assert "Paid out" in text(as_(client, case.claimant).get(url(case), headers=EN))


def walk(client: FlaskClient, claimant: Actor, bureau: Bureau, clause_id: str, data: dict[str, str]) -> Claim:
    clause = policies.current().catalogue.clause(clause_id)
    assert clause.amount_fen is not None
    fen = clause.amount_fen if clause.kind == "fixed" else clause.amount_fen // 5
    yuan = f"{fen / 100:.2f}"
    make_budget(10 * clause.amount_fen, programme=clause_id)
    claim = begin(client, claimant, clause_id, {**data, "requested_fen": yuan, "statement": "说明与测算"})
    case = Case(claim, None, claimant, bureau)  # type: ignore[arg-type]
    hand_in(client, case)
    judge(client, case, yuan)
    pay(client, case)
    claim = reread(claim)
    assert (claim.state, claim.approved_fen) == (ClaimState.PAID, fen)
    budget = queries.find_budget(clause_id, claim.year)
    assert budget is not None
    assert (budget.used_fen, budget.reserved_fen) == (fen, 0)
    assert journal.trial_balance() == 0
    assert [row.moment for row in snapshots.list_snapshots(claim)] == ["submitted", "proposed", "approved"]
    assert all(snapshots.recompute(row).same for row in snapshots.list_snapshots(claim))
    return claim


@pytest.mark.parametrize("clause_id", FOR_DEALS)
def test_a_claim_for_a_deal_goes_all_the_way(app: Flask, client: FlaskClient, clause_id: str) -> None:
    play = record(make_deal(DealState.ON_TRIAL, broker=True))
    claimant = play.actors[FOR_DEALS[clause_id]]
    claim = walk(client, claimant, make_bureau(), clause_id, {"deal": str(play.deal.id), **stated(clause_id)})
    assert claim.deals == [play.deal]
    again = client.get(f"/claims/new?clause={clause_id}")
    assert str(play.deal.id) not in text(again), "a deal counts once"


@pytest.mark.parametrize("clause_id", FOR_SUBJECTS)
def test_a_claim_for_something_else_goes_all_the_way(app: Flask, client: FlaskClient, clause_id: str) -> None:
    claimant = make_actor(*FOR_SUBJECTS[clause_id])
    claim = walk(client, claimant, make_bureau(), clause_id, {"subject": "示例项目甲", **stated(clause_id)})
    assert claim.subject == "示例项目甲"
