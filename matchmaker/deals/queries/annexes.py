"""What stands around a deal: files, notice, registration, receipts, the intermediary's part. For claims as well."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, distinct, func, select
from sqlalchemy.orm import joinedload, selectinload

from matchmaker.core.access import Actor, visible
from matchmaker.core.db import db
from matchmaker.deals import records
from matchmaker.deals.models import (
    Channel,
    Deal,
    DealAchievement,
    DealFile,
    DealNotice,
    DealObjection,
    FileKind,
    Payment,
    Record,
    Registration,
)
from matchmaker.deals.permissions import Can
from matchmaker.deals.queries.terms import terms_in_force
from matchmaker.deals.records import RecordKind
from matchmaker.deals.states import PartyRole
from matchmaker.deals.terms import PricingRoute


@dataclass(frozen=True, slots=True)
class Receipt:
    """A payment that stands, with the paper that proves it, if one was attached."""

    payment_id: uuid.UUID
    fen: int
    paid_on: date
    channel: Channel
    file: DealFile | None


def receipts(deal: Deal) -> list[Receipt]:
    """Payments that stand, by value day."""
    query = (
        select(Payment)
        .where(Payment.deal_id == deal.id, Payment.stands)
        .options(joinedload(Payment.receipt).joinedload(DealFile.file))
        .order_by(Payment.paid_on, Payment.created_at, Payment.id)
    )
    return [Receipt(row.id, row.fen, row.paid_on, row.channel, row.receipt) for row in db.session.scalars(query)]


def registration(deal: Deal) -> Registration | None:
    """The registration of the technical contract, with its certificate."""
    query = select(Registration).where(Registration.deal_id == deal.id)
    return db.session.scalar(query.options(joinedload(Registration.certificate).joinedload(DealFile.file)))


def broker_confirmed(deal: Deal) -> bool:
    """Whether both principals have confirmed the intermediary's part."""
    return records.confirmed_broker(deal.records) == {PartyRole.LICENSOR, PartyRole.LICENSEE}


def broker_confirmed_in_sql() -> ColumnElement[bool]:
    """The same as a condition on Deal."""
    principals = (PartyRole.LICENSOR, PartyRole.LICENSEE)
    said = select(func.count(distinct(Record.party))).where(
        Record.deal_id == Deal.id, Record.kind == RecordKind.BROKER_CONFIRMED, Record.party.in_(principals)
    )
    return said.correlate(Deal).scalar_subquery() == len(principals)


def has_confirmed_broker(deal: Deal, actor: Actor) -> bool:
    """Whether the actor's side has confirmed the intermediary's part."""
    return deal.side_of(actor.organisation_id) in records.confirmed_broker(deal.records)


def broker_agreement(deal: Deal) -> DealFile | None:
    """The agreement with the intermediary, as it was attached last."""
    return next((row for row in reversed(deal.files) if row.kind == FileKind.BROKER_AGREEMENT), None)


def find_file(deal: Deal, file_id: uuid.UUID) -> DealFile | None:
    query = select(DealFile).where(DealFile.id == file_id, DealFile.deal_id == deal.id)
    return db.session.scalar(query.options(joinedload(DealFile.file)))


def list_proofs(deal_ids: Sequence[uuid.UUID]) -> list[DealFile]:
    """Files that prove deals to others, in the order in which they were attached: papers of payments that stand, the
    certificate of the registration, agreements with the intermediary, scans of what was signed.
    """
    paid = select(Payment.receipt_id).where(Payment.deal_id.in_(deal_ids), Payment.stands)
    certified = select(Registration.certificate_id).where(Registration.deal_id.in_(deal_ids))
    of_row = DealFile.id.in_(paid.union_all(certified))
    proves = DealFile.kind.in_((FileKind.BROKER_AGREEMENT, FileKind.SIGNED_SCAN)) | of_row
    query = select(DealFile).where(DealFile.deal_id.in_(deal_ids), proves).options(joinedload(DealFile.file))
    return list(db.session.scalars(query.order_by(DealFile.created_at, DealFile.id)))


# --- public notice --------------------------------------------------------------------------------------------------


def needs_notice(deal: Deal) -> bool:
    """Whether these terms take a public notice before signing (law on transformation, art. 18)."""
    terms = terms_in_force(deal)
    return terms is not None and terms.pricing is PricingRoute.NEGOTIATED


def notice(deal: Deal) -> DealNotice | None:
    """The notice of the version last offered."""
    return next((row for row in deal.notices if row.number == deal.number), None)


def find_notice(notice_id: uuid.UUID) -> DealNotice | None:
    query = select(DealNotice).where(DealNotice.id == notice_id)
    return db.session.scalar(query.options(_deal_of_notice(), selectinload(DealNotice.objections)))


def find_objection(notice: DealNotice, objection_id: uuid.UUID) -> DealObjection | None:
    return next((row for row in notice.objections if row.id == objection_id), None)


def list_notices(actor: Actor, *, text: str = "") -> Select[Any]:
    """Notices, those that are open longest first, with what they are about."""
    query = select(DealNotice).join(DealNotice.deal).where(visible(actor, Can.NOTICE_VIEW)).options(_deal_of_notice())
    if text:
        query = query.where(Deal.title.contains(text, autoescape=True))
    return query.order_by(DealNotice.ends_on.desc(), DealNotice.id)


def _deal_of_notice() -> Any:
    achievements = selectinload(Deal.achievements).joinedload(DealAchievement.achievement)
    return joinedload(DealNotice.deal).options(
        joinedload(Deal.licensor), joinedload(Deal.licensee), selectinload(Deal.versions), achievements
    )
