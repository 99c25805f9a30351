"""Reads of public notices. What they show is public: claimant, subject, clause, sum, days; never statement or
evidence.
"""

from __future__ import annotations

import uuid

from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload, selectinload

from matchmaker.core import clock
from matchmaker.core.db import db
from matchmaker.subsidies.models import Claim
from matchmaker.subsidies.review_models import Notice, Objection


def list_notices(*, running: bool = True) -> Select[Notice]:
    """Notices that run today, or all there were; the latest first, with claim and claimant."""
    query = select(Notice).options(joinedload(Notice.claim).joinedload(Claim.claimant))
    if running:
        query = query.where(Notice.ends_on >= clock.today())
    return query.order_by(Notice.starts_on.desc(), Notice.id)


def find_notice(notice_id: uuid.UUID) -> Notice | None:
    query = select(Notice).where(Notice.id == notice_id)
    parts = (joinedload(Notice.claim).joinedload(Claim.claimant), selectinload(Notice.objections))
    return db.session.scalar(query.options(*parts))


def find_notice_of(claim: Claim) -> Notice | None:
    query = select(Notice).where(Notice.claim_id == claim.id)
    return db.session.scalar(query.options(selectinload(Notice.objections).joinedload(Objection.organisation)))


def get_notice_of(claim: Claim) -> Notice:
    """Of a claim that is past its proposal."""
    notice = find_notice_of(claim)
    assert notice is not None
    return notice


def find_objection(claim: Claim, objection_id: uuid.UUID) -> Objection | None:
    notice = find_notice_of(claim)
    rows = notice.objections if notice is not None else []
    return next((row for row in rows if row.id == objection_id), None)
