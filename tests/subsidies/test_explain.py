"""`matchmaker policy explain`: the whole working of a claim, again and again the same from what was frozen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from flask import Flask

from matchmaker.core import audit
from matchmaker.core.db import db, unit_of_work
from matchmaker.subsidies import policies, snapshots
from matchmaker.subsidies.cli import policy as policy_cli
from matchmaker.subsidies.models import Claim
from matchmaker.subsidies.states import ClaimState
from tests.factories.accounts import SYSTEM
from tests.factories.subsidies import Case, make_claim


def explain(app: Flask, number: str, *options: str) -> Result:
    return CliRunner().invoke(policy_cli, ["explain", number, *options], obj=lambda: app)


@pytest.fixture
def decided(app: Flask, tmp_path: Path) -> Case:
    case = make_claim()
    case.attach(tmp_path)
    case.submit()
    case.reject("示例理由")
    return case


def test_the_working_names_clause_facts_documents_conditions_and_steps(app: Flask, decided: Case) -> None:
    claim = db.session.get_one(Claim, decided.claim.id)
    result = explain(app, claim.number)
    assert result.exit_code == 0, result.output
    for words in (
        f"Claim {claim.number}",
        claim.clause.source_phrase,
        claim.policy_sha256,
        claim.evidence[0].file.sha256,
        "Part in the deal: Intermediary",
        "[+] Every party signed, on or after the first day of the clause",
        "[?] The claimant brought the two sides together before they signed",
        "Cap of the clause: ¥500,000.00",
    ):
        assert words in result.output, words
    chinese = explain(app, claim.number.lower(), "--language", "zh").output
    assert "各方已签署" in chinese
    assert "条款上限：¥500,000.00" in chinese


def test_it_comes_out_the_same_whatever_changed_since(app: Flask, decided: Case) -> None:
    claim = db.session.get_one(Claim, decided.claim.id)
    number, before = claim.number, explain(app, claim.number).output
    with unit_of_work():
        claim = db.session.get_one(Claim, decided.claim.id)
        claim.claimant.district = "other"
        audit.record(SYSTEM, "claim.edited", claim)
    assert explain(app, number).output == before


def test_each_snapshot_is_judged_again_whatever_the_policy_says_now(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = make_claim(ClaimState.PROPOSED)
    number, before = case.claim.number, explain(app, case.claim.number).output
    policy = policies.current()
    clause = replace(policy.catalogue.clause("P3-4"), amount_fen=100, conditions=(), evidence=())
    catalogue = replace(policy.catalogue, clauses=(clause,))
    monkeypatch.setattr(policies, "current", lambda: replace(policy, catalogue=catalogue))
    after = explain(app, number).output
    assert after == before
    assert after.count("the same, bit for bit") == 2
    for row in db.session.get_one(Claim, case.claim.id).evidence:
        assert after.count(row.file.sha256) == 3, "as it is now, and in each of two snapshots"


def test_a_snapshot_that_was_tampered_with_is_told(app: Flask) -> None:
    case = make_claim(ClaimState.SUBMITTED)
    (row,) = snapshots.list_snapshots(case.claim)
    body = {**row.body, "situation": {**row.body["situation"], "granted_fen": 1}}
    sa.orm.attributes.set_committed_value(row, "body", body)
    assert not snapshots.recompute(row).same


def test_an_open_claim_is_explained_as_things_are_now(app: Flask) -> None:
    case = make_claim(ClaimState.SUBMITTED)
    output = explain(app, case.claim.number).output
    assert "Facts as they are now" in output
    assert "Verdict: to be looked at" in output


def test_an_unknown_number_ends_with_two(app: Flask) -> None:
    result = explain(app, "2026-NOSUCH")
    assert result.exit_code == 2
    assert "error:" in result.output
