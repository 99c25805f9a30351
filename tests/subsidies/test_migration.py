"""The migration of claims with rows in every state: down to the foundation and up again, nothing broken, no money
lost.
"""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_migrate import downgrade, upgrade

from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core import clock
from matchmaker.core.db import db, unit_of_work, writing
from matchmaker.ledger import queries as journal
from matchmaker.subsidies import services
from matchmaker.subsidies.flags import FlagCode
from matchmaker.subsidies.models import Allowance, Budget, Claim
from matchmaker.subsidies.periods import thing
from matchmaker.subsidies.review_models import ClaimFlag, FlagState
from matchmaker.subsidies.states import ClaimState
from tests.factories.accounts import make_actor
from tests.factories.subsidies import STATEMENT, make_bureau, make_claim

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


def test_first_recognitions_that_counted_by_name_count_once_with_what_was_granted(app: Flask) -> None:
    actor = make_actor(OrganisationKind.ENTERPRISE, Role.ENTERPRISE_SIGNATORY)
    facts = {"clause_id": "P4-3", "requested_fen": 100, "statement": STATEMENT}
    with unit_of_work():
        claims = [services.draft_claim(actor, None, subject=name, **facts).id for name in ("首次认定", "高企认定")]
    with unit_of_work():
        for id, fen in zip(claims, (10_000_000, 4_000_000), strict=True):
            claim = db.session.get_one(Claim, id)
            claim.period = thing(claim.subject)
            claim.live_key = f"P4-3:{actor.organisation_id}:{claim.period}:{claim.period}"
            owner = {"claimant_organisation_id": actor.organisation_id, "clause_id": "P4-3", "period": claim.period}
            db.session.add(Allowance(**owner, cap_fen=10_000_000, used_fen=fen))
    with writing():
        db.session.remove()
        downgrade(revision="0013")
        upgrade()
    kept = list(db.session.scalars(sa.select(Claim).order_by(Claim.created_at, Claim.id)))
    assert {claim.live_key for claim in kept} == {
        f"P4-3:{actor.organisation_id}:once:{thing(claim.subject)}" for claim in kept
    }
    assert {claim.period for claim in kept} == {"once"}
    allowance = db.session.scalars(sa.select(Allowance)).one()
    assert (allowance.period, allowance.used_fen, allowance.cap_fen) == ("once", 14_000_000, 14_000_000)


def test_findings_that_did_not_name_their_deal_get_that_of_the_first(app: Flask) -> None:
    case = make_claim(ClaimState.SUBMITTED)
    deal_id, old = str(case.play.deal.id), ("recorded", "recorded:{deal}", "licensee", "a:b")
    kinds = (FlagCode.LATE_BROKER, FlagCode.INVENTOR_INSIDE, FlagCode.UNCONFIRMED_BROKER, FlagCode.RELATED_PARTIES)
    with unit_of_work():
        for code, key in zip(kinds, old, strict=True):
            facts = {"claim_id": case.claim.id, "code": code, "key": key.format(deal=deal_id), "raised_at": clock.now()}
            db.session.add(ClaimFlag(**facts, facts={}, rests_on=[], state=FlagState.OPEN))
    with writing():
        db.session.remove()
        downgrade(revision="0014")
        upgrade()
    keys = {row.code: row.key for row in db.session.scalars(sa.select(ClaimFlag))}
    assert keys == dict(
        zip(kinds, (f"recorded:{deal_id}", f"recorded:{deal_id}", f"licensee:{deal_id}", "a:b"), strict=True)
    )
