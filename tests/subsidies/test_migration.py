"""The migration of claims with rows in every state: down to the foundation and up again, nothing broken, no money
lost.
"""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_migrate import downgrade, upgrade

from matchmaker.core.db import db, writing
from matchmaker.ledger import queries as journal
from matchmaker.subsidies.models import Budget, Claim
from matchmaker.subsidies.states import ClaimState
from tests.factories.subsidies import make_bureau, make_claim

FALLS_BACK_TO = {
    "returned": "draft", "in_review": "submitted", "proposed": "submitted", "on_notice": "submitted",
    "objected": "submitted", "recovering": "paid", "recovered": "rejected",
}  # fmt: skip


def test_claims_in_every_state_go_down_and_up(app: Flask) -> None:
    bureau = make_bureau()
    made = {make_claim(state, bureau=bureau).claim.id: state for state in ClaimState}
    with writing():
        db.session.remove()
        downgrade(revision="0001")
    rows = db.session.execute(sa.text("SELECT id, state FROM claims"))
    found = {str(row.id): row.state for row in rows}
    assert found == {str(id): FALLS_BACK_TO.get(state, str(state)) for id, state in made.items()}
    db.session.remove()
    with writing():
        upgrade()
    assert len(list(db.session.scalars(sa.select(Claim)))) == len(made)
    assert db.session.scalar(sa.select(Budget.used_fen)) is not None
    assert journal.trial_balance() == 0
    with pytest.raises(sa.exc.DatabaseError, match="append_only"), writing():
        db.session.rollback()
        db.session.execute(sa.text("DELETE FROM journal_entries"))
    db.session.rollback()
