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
from matchmaker.subsidies.review_models import ClaimNotice, ClaimObjection


def list_notices(*, running: bool = True) -> Select[ClaimNotice]:
    """Notices that run today, or all there were; the latest first, with claim and claimant."""
    query = select(ClaimNotice).options(joinedload(ClaimNotice.claim).joinedload(Claim.claimant))
    if running:
        query = query.where(ClaimNotice.ends_on >= clock.today())
    return query.order_by(ClaimNotice.starts_on.desc(), ClaimNotice.id)


def find_notice(notice_id: uuid.UUID) -> ClaimNotice | None:
    query = select(ClaimNotice).where(ClaimNotice.id == notice_id)
    parts = (joinedload(ClaimNotice.claim).joinedload(Claim.claimant), selectinload(ClaimNotice.objections))
    return db.session.scalar(query.options(*parts))


def find_notice_of(claim: Claim) -> ClaimNotice | None:
    """With its objections, mostly none, in one read."""
    query = select(ClaimNotice).where(ClaimNotice.claim_id == claim.id)
    objections = joinedload(ClaimNotice.objections).joinedload(ClaimObjection.organisation)
    return db.session.scalars(query.options(objections)).unique().one_or_none()


def get_notice_of(claim: Claim) -> ClaimNotice:
    """Of a claim that is past its proposal."""
    notice = find_notice_of(claim)
    assert notice is not None
    return notice


def find_objection(claim: Claim, objection_id: uuid.UUID) -> ClaimObjection | None:
    notice = find_notice_of(claim)
    rows = notice.objections if notice is not None else []
    return next((row for row in rows if row.id == objection_id), None)
