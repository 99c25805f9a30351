"""`matchmaker policy explain`: the whole working of a claim, again and again the same from what was frozen."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from matchmaker.core import audit
from matchmaker.core.db import db, unit_of_work
from matchmaker.subsidies.cli import policy
from matchmaker.subsidies.models import Claim
from matchmaker.subsidies.states import ClaimState
from tests.factories.accounts import SYSTEM
from tests.factories.subsidies import Case, make_claim


def explain(app: Flask, number: str, *options: str) -> Result:
    return CliRunner().invoke(policy, ["explain", number, *options], obj=lambda: app)


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


def test_an_open_claim_is_explained_as_things_are_now(app: Flask) -> None:
    case = make_claim(ClaimState.SUBMITTED)
    output = explain(app, case.claim.number).output
    assert "Facts as they are now" in output
    assert "Verdict: to be looked at" in output


def test_an_unknown_number_ends_with_two(app: Flask) -> None:
    result = explain(app, "2026-NOSUCH")
    assert result.exit_code == 2
    assert "error:" in result.output
