"""Policy files on disk, and clauses kept with what was claimed under them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from fractions import Fraction

from matchmaker.subsidies import policies
from matchmaker.subsidies.catalogue_reader import load_conditions, load_evidence
from matchmaker.subsidies.clause_text import conditions_text, evidence_text


def test_the_hash_is_of_the_bytes_of_the_file() -> None:
    content = (policies.FOLDER / "changchun-2025.yaml").read_bytes()
    assert policies.current().sha256 == hashlib.sha256(content).hexdigest()
    assert len(policies.current().catalogue.clauses) == 31


def test_the_targets_are_those_of_the_action_plan() -> None:
    assert policies.targets().id == "targets-2027"
    assert len(policies.targets().targets) == 23


def test_every_clause_survives_being_frozen_as_json() -> None:
    for clause in policies.current().catalogue:
        for kept in (clause, replace(clause, rate=Fraction(3, 100), base=("receipts_fen",))):
            frozen = json.loads(json.dumps(policies.freeze(kept)))
            assert policies.thaw(frozen) == kept


def test_conditions_and_evidence_are_read_back_from_their_text() -> None:
    for clause in policies.current().catalogue:
        assert load_conditions(conditions_text(clause.conditions)) == clause.conditions
        assert load_evidence(evidence_text(clause.evidence)) == clause.evidence
