"""Deals: parties, achievements, frozen versions of the terms, signatures, royalty reports and payments."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from matchmaker.accounts.models import Organisation, User
from matchmaker.core.db import db, id_column, one_of
from matchmaker.core.messages import register_labels
from matchmaker.core.types import Choice, Fen, Json, Number
from matchmaker.core.workflow import Stateful
from matchmaker.deals import terms
from matchmaker.deals.schedule import DUE_LABELS
from matchmaker.deals.states import ACTION_LABELS, ROLE_LABELS, STATE_LABELS, DealState, PartyRole
from matchmaker.deals.terms import DealKind, Terms
from matchmaker.introductions.models import Introduction
from matchmaker.ledger.models import JournalEntry
from matchmaker.listings.models import Achievement, Revision

for labels in (STATE_LABELS, ACTION_LABELS, ROLE_LABELS, *terms.LABELS, DUE_LABELS):
    register_labels(labels)


class Deal(Stateful, db.Model):
    """A licence between licensor and licensee, and the intermediary who brought it about, if one did.

    `terms` is the working draft. What was offered stands in `versions`; `number` counts them and names the last
    one, 0 before the first offer. The days are set by the steps: signed by all, payment begun.
    """

    __tablename__ = "deals"
    __table_args__ = (
        one_of("state", DealState),
        one_of("kind", DealKind),
        one_of("offered_by", PartyRole),
        CheckConstraint("licensor_id <> licensee_id", name="parties"),
        CheckConstraint("broker_id <> licensor_id AND broker_id <> licensee_id", name="broker"),
        CheckConstraint("drafted_by_id IN (licensor_id, licensee_id, broker_id)", name="drafted_by"),
        CheckConstraint("number >= 0", name="number"),
        CheckConstraint("state NOT IN ('on_trial', 'paying', 'completed') OR signed_on IS NOT NULL", name="signed"),
        CheckConstraint("state NOT IN ('paying', 'completed') OR payment_starts_on IS NOT NULL", name="payment"),
        CheckConstraint("(state IN ('ended', 'completed')) = (ended_on IS NOT NULL)", name="ended"),
        Index("ix_deals_licensor_id", "licensor_id", "created_at", "id"),
        Index("ix_deals_licensee_id", "licensee_id", "created_at", "id"),
        Index("ix_deals_broker_id", "broker_id", "created_at", "id"),
        Index("ix_deals_state", "state", "created_at", "id"),
        Index("ix_deals_signed_on", "signed_on", "id"),
    )

    id: Mapped[uuid.UUID] = id_column()
    state: Mapped[DealState] = mapped_column(Choice(DealState), default=DealState.DRAFT)
    kind: Mapped[DealKind] = mapped_column(Choice(DealKind))
    title: Mapped[str]
    licensor_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    licensee_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    broker_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisations.id"))
    drafted_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    introduction_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("introductions.id"))
    terms: Mapped[Any | None] = mapped_column(Json)  # terms.to_json
    number: Mapped[int] = mapped_column(Number, default=0)
    offered_by: Mapped[PartyRole | None] = mapped_column(Choice(PartyRole))
    created_at: Mapped[datetime]
    signed_on: Mapped[date | None]
    trial_ends_on: Mapped[date | None]
    payment_starts_on: Mapped[date | None]
    payment_evidence: Mapped[str | None]
    ended_on: Mapped[date | None]
    ended_reason: Mapped[str | None]

    licensor: Mapped[Organisation] = relationship(foreign_keys=[licensor_id])
    licensee: Mapped[Organisation] = relationship(foreign_keys=[licensee_id])
    broker: Mapped[Organisation | None] = relationship(foreign_keys=[broker_id])
    introduction: Mapped[Introduction | None] = relationship()
    achievements: Mapped[list[DealAchievement]] = relationship(
        back_populates="deal", order_by="DealAchievement.position"
    )
    versions: Mapped[list[TermsVersion]] = relationship(back_populates="deal", order_by="TermsVersion.number")
    acceptances: Mapped[list[Acceptance]] = relationship(order_by="Acceptance.at, Acceptance.party")
    signatures: Mapped[list[Signature]] = relationship(order_by="Signature.at, Signature.party")
    royalty_reports: Mapped[list[RoyaltyReport]] = relationship(order_by="RoyaltyReport.number")
    payments: Mapped[list[Payment]] = relationship(
        back_populates="deal", order_by="Payment.paid_on, Payment.created_at, Payment.id"
    )

    @property
    def parties(self) -> Mapping[PartyRole, uuid.UUID]:
        """Organisation of each party; without a broker, two."""
        found = {
            PartyRole.LICENSOR: self.licensor_id,
            PartyRole.LICENSEE: self.licensee_id,
            PartyRole.BROKER: self.broker_id,
        }
        return {role: organisation_id for role, organisation_id in found.items() if organisation_id is not None}

    def side_of(self, organisation_id: uuid.UUID | None) -> PartyRole | None:
        """The side an organisation stands on; None for one that is no party."""
        return next((role for role, party_id in self.parties.items() if party_id == organisation_id), None)

    @property
    def draft(self) -> Terms | None:
        """The working draft, None while nothing was entered."""
        return None if self.terms is None else terms.from_json(self.terms)

    @property
    def version_on_offer(self) -> TermsVersion | None:
        """The version last offered, which is the one that counts from the offer on; None before the first offer."""
        return next((version for version in self.versions if version.number == self.number), None)

    @property
    def accepted_by(self) -> frozenset[PartyRole]:
        """Parties that accepted the version last offered."""
        return frozenset(row.party for row in self.acceptances if row.number == self.number)

    @property
    def signed_by(self) -> frozenset[PartyRole]:
        """Parties that signed the version last offered."""
        return frozenset(row.party for row in self.signatures if row.number == self.number)


class DealAchievement(db.Model):
    """An achievement that the deal licenses, in the published revision that both sides could read."""

    __tablename__ = "deal_achievements"
    __table_args__ = (Index("ix_deal_achievements_achievement_id", "achievement_id", "deal_id"),)

    deal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("deals.id"), primary_key=True)
    achievement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("achievements.id"), primary_key=True)
    revision_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("revisions.id"))
    position: Mapped[int] = mapped_column(Number)
    title: Mapped[str]

    deal: Mapped[Deal] = relationship(back_populates="achievements")
    achievement: Mapped[Achievement] = relationship()
    revision: Mapped[Revision] = relationship()


class TermsVersion(db.Model):
    """What was offered: parties, revisions and terms, frozen, with the hash of the canonical JSON. Never changed."""

    __tablename__ = "terms_versions"

    deal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("deals.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Number, primary_key=True)
    body: Mapped[Any] = mapped_column(Json)
    sha256: Mapped[str]
    offered_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    created_at: Mapped[datetime]

    deal: Mapped[Deal] = relationship(back_populates="versions")
    offeror: Mapped[Organisation] = relationship()

    @property
    def terms(self) -> Terms:
        return terms.from_json(self.body["terms"])


def _to_version(table: str) -> ForeignKeyConstraint:
    # named in full: the convention looks at the first column alone, which has a foreign key of its own
    columns = ["deal_id", "number"]
    return ForeignKeyConstraint(columns, [f"terms_versions.{name}" for name in columns], f"fk_{table}_version")


class _Assent:
    """A party's yes to one version. The key says it once; a version that is offered anew needs it anew."""

    deal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("deals.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Number, primary_key=True)
    party: Mapped[PartyRole] = mapped_column(Choice(PartyRole), primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]


class Acceptance(_Assent, db.Model):
    __tablename__ = "acceptances"
    __table_args__ = (
        one_of("party", PartyRole),
        _to_version("acceptances"),
    )


class Signature(_Assent, db.Model):
    """`sha256` is the hash that was signed: of the version, and as the signatory saw it."""

    __tablename__ = "signatures"
    __table_args__ = (
        one_of("party", PartyRole),
        _to_version("signatures"),
    )

    sha256: Mapped[str]


class RoyaltyReport(db.Model):
    """Sales or profit of one royalty period as the licensee reports them, and the royalty that follows."""

    __tablename__ = "royalty_reports"
    __table_args__ = (CheckConstraint("fen >= 0", name="fen"),)

    deal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("deals.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Number, primary_key=True)
    base_fen: Mapped[int] = mapped_column(Fen)
    fen: Mapped[int] = mapped_column(Fen)
    reported_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]


class Payment(db.Model):
    """Money the licensor says it received. Taken back only by a counter-posting."""

    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint("fen > 0", name="fen"),
        UniqueConstraint("deal_id", "idempotency_key"),
        UniqueConstraint("entry_id"),
        UniqueConstraint("reversal_id"),
        Index("ix_payments_deal_id", "deal_id", "paid_on"),
    )

    id: Mapped[uuid.UUID] = id_column()
    deal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("deals.id"))
    fen: Mapped[int] = mapped_column(Fen)
    paid_on: Mapped[date]
    note: Mapped[str]
    idempotency_key: Mapped[str]
    entry_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("journal_entries.id"))
    reversal_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("journal_entries.id"))
    recorded_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]

    deal: Mapped[Deal] = relationship(back_populates="payments")
    entry: Mapped[JournalEntry] = relationship(foreign_keys=[entry_id])
    reversal: Mapped[JournalEntry | None] = relationship(foreign_keys=[reversal_id])
    recorded_by: Mapped[User] = relationship()
