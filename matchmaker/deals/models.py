"""Deals: parties, achievements, frozen versions of the terms, signatures, declarations, royalty reports, payments.

What stands around a deal (files, public notice, registration, reward statements, reminders) follows at the end.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from matchmaker.accounts.models import Organisation, User
from matchmaker.core.db import db, id_column, one_of
from matchmaker.core.errors import N_
from matchmaker.core.files import StoredFile
from matchmaker.core.messages import register_labels
from matchmaker.core.types import Choice, Fen, Flag, Json, Number
from matchmaker.core.workflow import Stateful
from matchmaker.deals import records, terms
from matchmaker.deals.records import RECORD_LABELS, REPORT_STATE_LABELS, RecordKind
from matchmaker.deals.rewards import Part
from matchmaker.deals.royalty import BOUND_LABELS
from matchmaker.deals.schedule import DUE_LABELS, DueKind
from matchmaker.deals.states import ACTION_LABELS, ROLE_LABELS, STATE_LABELS, DealState, PartyRole
from matchmaker.deals.terms import DealKind, Terms
from matchmaker.introductions.models import Introduction
from matchmaker.ledger.models import JournalEntry
from matchmaker.listings.models import Achievement, Revision

if TYPE_CHECKING:  # the register of shares has its tables beside (`stake_models`), which imports this module
    from matchmaker.deals.stake_models import StakeEntry

for labels in (
    STATE_LABELS,
    ACTION_LABELS,
    ROLE_LABELS,
    *terms.LABELS,
    DUE_LABELS,
    BOUND_LABELS,
    RECORD_LABELS,
    REPORT_STATE_LABELS,
):
    register_labels(labels)


class Channel(StrEnum):
    """How money came in."""

    BANK = "bank"
    BILL = "bill"
    ESCROW = "escrow"
    INSURER = "insurer"
    OTHER = "other"


class FileKind(StrEnum):
    EVIDENCE = "evidence"
    TRIAL_REPORT = "trial_report"
    RECEIPT = "receipt"
    CERTIFICATE = "certificate"
    BROKER_AGREEMENT = "broker_agreement"
    SIGNED_SCAN = "signed_scan"
    OTHER = "other"


class ContractType(StrEnum):
    """Types of technical contract (Civil Code art. 843, 851, 862, 863, 878, 887)."""

    DEVELOPMENT = "development"
    TRANSFER = "transfer"
    LICENCE = "licence"
    CONSULTING = "consulting"
    SERVICE = "service"


class NoticeState(StrEnum):
    OPEN = "open"
    SUSPENDED = "suspended"
    UPHELD = "upheld"  # the objection was right: the deal is not signed on these terms


# One call for each enumeration: members of two that share a text are one key of a dictionary.
register_labels(
    {
        Channel.BANK: N_("Bank transfer"),
        Channel.BILL: N_("Bill of exchange"),
        Channel.ESCROW: N_("Account of the technology exchange"),
        Channel.INSURER: N_("Paid by the insurer or guarantor"),
        Channel.OTHER: N_("Another way"),
    }
)
register_labels(
    {
        FileKind.EVIDENCE: N_("Evidence"),
        FileKind.TRIAL_REPORT: N_("Report on the trial"),
        FileKind.RECEIPT: N_("Receipt"),
        FileKind.CERTIFICATE: N_("Certificate of registration"),
        FileKind.BROKER_AGREEMENT: N_("Agreement with the intermediary"),
        FileKind.SIGNED_SCAN: N_("Scan of the signed contract"),
        FileKind.OTHER: N_("Other file"),
    }
)
register_labels(
    {
        ContractType.DEVELOPMENT: N_("Technology development"),
        ContractType.TRANSFER: N_("Technology transfer"),
        ContractType.LICENCE: N_("Technology licence"),
        ContractType.CONSULTING: N_("Technical consulting"),
        ContractType.SERVICE: N_("Technical service"),
    }
)
register_labels(
    {
        NoticeState.OPEN: N_("Open to objections"),
        NoticeState.SUSPENDED: N_("Suspended by an objection"),
        NoticeState.UPHELD: N_("Objection upheld"),
    }
)


_BEGUN = text("payment_starts_on IS NOT NULL")


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
        CheckConstraint(
            "state IN ('draft', 'offered', 'agreed', 'ended') OR (signed_on IS NOT NULL AND trial_ends_on IS NOT NULL)",
            name="signed",
        ),
        CheckConstraint(
            "state NOT IN ('paying', 'defaulted', 'completed') OR payment_starts_on IS NOT NULL", name="payment"
        ),
        CheckConstraint("(state IN ('ended', 'completed')) = (ended_on IS NOT NULL)", name="ended"),
        CheckConstraint("state <> 'defaulted' OR cure_until IS NOT NULL", name="cure"),
        Index("ix_deals_licensor_id", "licensor_id", "created_at", "id"),
        Index("ix_deals_licensee_id", "licensee_id", "created_at", "id"),
        Index("ix_deals_broker_id", "broker_id", "created_at", "id"),
        Index("ix_deals_state", "state", "created_at", "id"),
        Index("ix_deals_signed_on", "signed_on", "id"),
        Index("ix_deals_checked_on", "state", "checked_on", "id"),
        Index("ix_deals_amounts_basis", "amounts_basis", "id", sqlite_where=_BEGUN, postgresql_where=_BEGUN),
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
    cure_until: Mapped[date | None]  # last day for the licensee to cure the default declared last
    documents_returned_on: Mapped[date | None]
    transfer_to_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisations.id"))  # asked for, not decided
    checked_on: Mapped[date | None]  # last day for which the daily run has looked at the deal
    amounts_basis: Mapped[str] = mapped_column(default="")  # `basis()` on which its open amounts were written last

    licensor: Mapped[Organisation] = relationship(foreign_keys=[licensor_id])
    licensee: Mapped[Organisation] = relationship(foreign_keys=[licensee_id])
    broker: Mapped[Organisation | None] = relationship(foreign_keys=[broker_id])
    transfer_to: Mapped[Organisation | None] = relationship(foreign_keys=[transfer_to_id])
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
    records: Mapped[list[Record]] = relationship(back_populates="deal", order_by="Record.number")
    files: Mapped[list[DealFile]] = relationship(order_by="DealFile.created_at, DealFile.id")
    notices: Mapped[list[DealNotice]] = relationship(back_populates="deal", order_by="DealNotice.number")
    registration: Mapped[Registration | None] = relationship(back_populates="deal")
    brokering: Mapped[Brokering | None] = relationship(back_populates="deal")
    stakes: Mapped[list[StakeEntry]] = relationship(back_populates="deal", order_by="StakeEntry.number")

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

    @property
    def extended_months(self) -> int:
        return records.extended_months(self.records)


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

    @cached_property
    def terms(self) -> Terms:
        return terms.from_json(self.body["terms"])


def _to_version(table: str) -> ForeignKeyConstraint:
    # named in full: the convention looks at the first column alone, which has a foreign key of its own
    columns = ["deal_id", "number"]
    return ForeignKeyConstraint(columns, [f"terms_versions.{name}" for name in columns], f"fk_{table}_version")


class _Assent:
    """A party's yes to one version. The key says it once; a version that is offered anew needs it anew.

    `version` is what orders the two where one flush writes both: a composite key alone does not.
    """

    deal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("deals.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Number, primary_key=True)
    party: Mapped[PartyRole] = mapped_column(Choice(PartyRole), primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]

    @declared_attr
    def version(cls) -> Mapped[TermsVersion]:
        return relationship(overlaps="acceptances, signatures")


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
    """Money the licensor says it received. Taken back only by a counter-posting.

    `due_kind` and `due_number` name the amount it is for, where the payer said so.
    """

    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint("fen > 0", name="fen"),
        CheckConstraint("(due_kind IS NULL) = (due_number IS NULL)", name="due"),
        one_of("channel", Channel),
        one_of("due_kind", DueKind),
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
    channel: Mapped[Channel] = mapped_column(Choice(Channel), default=Channel.BANK)
    due_kind: Mapped[DueKind | None] = mapped_column(Choice(DueKind))
    due_number: Mapped[int | None] = mapped_column(Number)
    receipt_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("deal_files.id"))
    idempotency_key: Mapped[str]
    entry_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("journal_entries.id"))
    reversal_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("journal_entries.id"))
    recorded_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]

    deal: Mapped[Deal] = relationship(back_populates="payments")
    entry: Mapped[JournalEntry] = relationship(foreign_keys=[entry_id])
    reversal: Mapped[JournalEntry | None] = relationship(foreign_keys=[reversal_id])
    recorded_by: Mapped[User] = relationship()
    receipt: Mapped[DealFile | None] = relationship()
    reward: Mapped[RewardStatement | None] = relationship(back_populates="payment")

    @hybrid_property
    def stands(self) -> bool:
        """Whether it was not taken back. A case in SQL: by IS NULL alone SQLite walks through all that stand."""
        return self.reversal_id is None

    @stands.inplace.expression
    @classmethod
    def _stands(cls) -> sa.ColumnElement[bool]:
        return sa.case((cls.reversal_id.is_(None), sa.true()), else_=sa.false())


class Record(db.Model):
    """What a party, or the platform, declared about a deal (`deals.records`). Never changed."""

    __tablename__ = "deal_records"
    __table_args__ = (
        one_of("kind", RecordKind),
        one_of("party", PartyRole),
        CheckConstraint("number > 0", name="number"),
        CheckConstraint("fen >= 0", name="fen"),
    )

    deal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("deals.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Number, primary_key=True)
    kind: Mapped[RecordKind] = mapped_column(Choice(RecordKind))
    party: Mapped[PartyRole | None] = mapped_column(Choice(PartyRole))  # none: the platform
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisations.id"))
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]
    about: Mapped[int | None]
    ref: Mapped[str | None]
    on: Mapped[date | None]
    fen: Mapped[int | None] = mapped_column(Fen)
    months: Mapped[int | None]
    text: Mapped[str] = mapped_column(default="")
    file_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("deal_files.id"))

    deal: Mapped[Deal] = relationship(back_populates="records")
    file: Mapped[DealFile | None] = relationship()


# --- what stands around a deal --------------------------------------------------------------------------------------


class DealFile(db.Model):
    """A file that a party attached."""

    __tablename__ = "deal_files"
    __table_args__ = (one_of("kind", FileKind), Index("ix_deal_files_deal_id", "deal_id", "created_at", "id"))

    id: Mapped[uuid.UUID] = id_column()
    deal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("deals.id"))
    kind: Mapped[FileKind] = mapped_column(Choice(FileKind))
    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stored_files.id"))
    name: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisations.id"))
    created_at: Mapped[datetime]

    file: Mapped[StoredFile] = relationship()


class DealNotice(Stateful, db.Model):
    """The public notice of a deal's terms, for one version of them. `ends_on` is the last day for objections."""

    __tablename__ = "notices"
    __table_args__ = (
        one_of("state", NoticeState),
        CheckConstraint("ends_on >= starts_on", name="days"),
        CheckConstraint("(state = 'suspended') = (suspended_on IS NOT NULL)", name="suspended"),
        UniqueConstraint("deal_id", "number"),
        _to_version("notices"),
        Index("ix_notices_ends_on", "ends_on", "id"),
    )

    id: Mapped[uuid.UUID] = id_column()
    deal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("deals.id"))
    number: Mapped[int] = mapped_column(Number)
    licensor_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    state: Mapped[NoticeState] = mapped_column(Choice(NoticeState), default=NoticeState.OPEN)
    summary: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    suspended_on: Mapped[date | None]
    created_at: Mapped[datetime]

    deal: Mapped[Deal] = relationship(back_populates="notices")
    terms_version: Mapped[TermsVersion] = relationship(overlaps="deal, notices")
    objections: Mapped[list[DealObjection]] = relationship(
        back_populates="notice", order_by="DealObjection.created_at, DealObjection.id"
    )

    @property
    def replaced(self) -> bool:
        """Whether its terms are no longer those on the table: taken back, or answered with others."""
        return self.deal.number != self.number or self.deal.state == DealState.DRAFT

    def passed(self, today: date) -> bool:
        """Whether the time for objections is over and none stands in the way."""
        return self.state == NoticeState.OPEN and today > self.ends_on


class DealObjection(db.Model):
    """An objection to a notice, and what was decided on it."""

    __tablename__ = "notice_objections"
    __table_args__ = (
        CheckConstraint("(decision IS NULL) = (upheld IS NULL)", name="decision"),
        Index("ix_notice_objections_notice_id", "notice_id", "created_at"),
    )

    id: Mapped[uuid.UUID] = id_column()
    notice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("notices.id"))
    objector: Mapped[str]
    text: Mapped[str]
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    decision: Mapped[str | None]
    upheld: Mapped[bool | None] = mapped_column(Flag)
    decided_on: Mapped[date | None]

    notice: Mapped[DealNotice] = relationship(back_populates="objections")


class Registration(db.Model):
    """The technical contract as it was registered. The technology part is at most the whole price."""

    __tablename__ = "contract_registrations"
    __table_args__ = (
        one_of("type", ContractType),
        CheckConstraint("approved_fen >= 0 AND approved_fen <= total_fen", name="approved_fen"),
        UniqueConstraint("number_key"),
    )

    deal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("deals.id"), primary_key=True)
    type: Mapped[ContractType] = mapped_column(Choice(ContractType))
    number: Mapped[str]
    number_key: Mapped[str]  # NFKC, upper case, no spaces: one number however it was typed
    total_fen: Mapped[int] = mapped_column(Fen)
    approved_fen: Mapped[int] = mapped_column(Fen)
    registered_on: Mapped[date]
    certificate_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("deal_files.id"))
    recorded_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]

    deal: Mapped[Deal] = relationship(back_populates="registration")
    certificate: Mapped[DealFile | None] = relationship()


class Brokering(db.Model):
    """Who brought whom together and when, as it was known when the deal was begun. Never changed.

    `introduction`: the one by which the intermediary did it; none where the platform knows of none, and then the day is
    that of the draft that names the intermediary.
    """

    __tablename__ = "brokerings"
    __table_args__ = (
        CheckConstraint("broker_id <> licensor_id AND broker_id <> licensee_id", name="parties"),
        Index("ix_brokerings_broker_id", "broker_id", "brought_on"),
    )

    deal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("deals.id"), primary_key=True)
    broker_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    licensor_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    licensee_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    introduction_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("introductions.id"))
    brought_on: Mapped[date]
    created_at: Mapped[datetime]

    deal: Mapped[Deal] = relationship(back_populates="brokering")


class RewardStatement(db.Model):
    """How one payment is shared with those who made the achievement. Never changed; a payment has one."""

    __tablename__ = "reward_statements"
    __table_args__ = (
        CheckConstraint("net_fen = received_fen - cost_fen - tax_fen", name="net_fen"),
        CheckConstraint("pool_fen >= 0 AND pool_fen <= net_fen", name="pool_fen"),
        UniqueConstraint("payment_id"),
        Index("ix_reward_statements_deal_id", "deal_id", "created_at", "id"),
    )

    id: Mapped[uuid.UUID] = id_column()
    deal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("deals.id"))
    payment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("payments.id"))
    received_fen: Mapped[int] = mapped_column(Fen)
    cost_fen: Mapped[int] = mapped_column(Fen)
    tax_fen: Mapped[int] = mapped_column(Fen)
    rate: Mapped[str]  # "p/q"
    net_fen: Mapped[int] = mapped_column(Fen)
    pool_fen: Mapped[int] = mapped_column(Fen)
    parts: Mapped[Any] = mapped_column(Json)  # [{name, share: "p/q", fen}]
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]

    payment: Mapped[Payment] = relationship(back_populates="reward")

    @property
    def shares(self) -> list[Part]:
        return [Part(one["name"], Fraction(one["share"]), one["fen"]) for one in self.parts]


class Reminder(db.Model):
    """A reminder that was sent: of what kind, about what. The key lets each be sent once."""

    __tablename__ = "deal_reminders"

    deal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("deals.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(primary_key=True)
    on: Mapped[date]
