"""What the bureau and the public add to a claim: reviews, flags, notices, objections, repayments; and the workdays."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from matchmaker.accounts.models import Organisation, User
from matchmaker.core.db import db, id_column, one_of
from matchmaker.core.errors import N_
from matchmaker.core.messages import register_labels
from matchmaker.core.types import Choice, Fen, Flag, Json
from matchmaker.subsidies import flags, reviewing
from matchmaker.subsidies.flags import FlagCode
from matchmaker.subsidies.models import Claim
from matchmaker.subsidies.reviewing import BEST_SCORE, Opinion


class FlagState(StrEnum):
    OPEN = "open"
    CLEARED = "cleared"
    UPHELD = "upheld"


class ObjectionState(StrEnum):
    OPEN = "open"
    DISMISSED = "dismissed"
    UPHELD = "upheld"


register_labels(reviewing.LABELS)
register_labels(flags.LABELS)
register_labels(
    {
        FlagState.OPEN: N_("Waits for an answer"),
        FlagState.CLEARED: N_("Cleared"),
        FlagState.UPHELD: N_("Upheld"),
    }
)
register_labels(  # apart from the others: members with one value are one key
    {
        ObjectionState.OPEN: N_("Under examination"),
        ObjectionState.DISMISSED: N_("Dismissed"),
        ObjectionState.UPHELD: N_("Upheld"),
    }
)


def _to_claim(*columns: str) -> ForeignKeyConstraint:
    # named in full: the convention looks at the first column alone, which has a foreign key of its own
    return ForeignKeyConstraint(
        ["claim_id", *columns], ["claims.id", *(f"claims.{c}" for c in columns)], f"fk_claim_reviews_{columns[0]}"
    )


class ClaimReview(db.Model):
    """A reviewer drawn for a claim, and the opinion once given. `seat` is 1 to 3, None for one who stood down.

    The claimant's and the payer's person stand here too, tied to the claim by foreign keys: so a CHECK can keep
    reviewer, claimant and payer apart.
    """

    __tablename__ = "claim_reviews"
    __table_args__ = (
        UniqueConstraint("claim_id", "seat"),
        UniqueConstraint("claim_id", "reviewer_user_id"),
        _to_claim("claimed_by_user_id"),
        _to_claim("payer_user_id"),
        one_of("opinion", Opinion),
        CheckConstraint("seat BETWEEN 1 AND 3", name="seat"),
        CheckConstraint("reviewer_user_id <> claimed_by_user_id", name="reviewer_is_not_claimant"),
        CheckConstraint("reviewer_user_id <> payer_user_id", name="reviewer_is_not_payer"),
        CheckConstraint(f"score BETWEEN 0 AND {BEST_SCORE}", name="score"),
        CheckConstraint("fen >= 0", name="fen"),
        CheckConstraint("(conflict IS NOT NULL) = (seat IS NULL)", name="conflict"),
        CheckConstraint(
            "(opinion IS NULL AND score IS NULL AND given_at IS NULL) OR "
            "(opinion IS NOT NULL AND score IS NOT NULL AND given_at IS NOT NULL AND seat IS NOT NULL)",
            name="given",
        ),
        Index("ix_claim_reviews_reviewer_user_id", "reviewer_user_id", "given_at"),
    )

    id: Mapped[uuid.UUID] = id_column()
    claim_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("claims.id"))
    seat: Mapped[int | None]
    reviewer_user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    claimed_by_user_id: Mapped[uuid.UUID]
    payer_user_id: Mapped[uuid.UUID | None]
    drawn_at: Mapped[datetime]
    conflict: Mapped[str | None]  # what the reviewer declared on standing down
    opinion: Mapped[Opinion | None] = mapped_column(Choice(Opinion))
    score: Mapped[int | None]
    fen: Mapped[int | None] = mapped_column(Fen)
    comment: Mapped[str | None]
    given_at: Mapped[datetime | None]

    claim: Mapped[Claim] = relationship(
        back_populates="reviews", primaryjoin="Claim.id == foreign(ClaimReview.claim_id)"
    )
    reviewer: Mapped[User] = relationship(foreign_keys=[reviewer_user_id], lazy="joined", innerjoin=True)

    @property
    def is_open(self) -> bool:
        """Whether the opinion of who was drawn is awaited."""
        return self.seat is not None and self.given_at is None


class ClaimFlag(db.Model):
    """Something about a claim that a reviewer must answer: `facts` are for its sentence, `rests_on` names the rows."""

    __tablename__ = "claim_flags"
    __table_args__ = (
        UniqueConstraint("claim_id", "code", "key"),
        one_of("code", FlagCode),
        one_of("state", FlagState),
        CheckConstraint(
            "(state = 'open') = (answered_by_user_id IS NULL) AND (state = 'open') = (answer IS NULL)", name="answered"
        ),
        Index("ix_claim_flags_state", "state", "claim_id"),
    )

    id: Mapped[uuid.UUID] = id_column()
    claim_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("claims.id"))
    code: Mapped[FlagCode] = mapped_column(Choice(FlagCode))
    key: Mapped[str]
    facts: Mapped[Any] = mapped_column(Json)
    rests_on: Mapped[Any] = mapped_column(Json)
    state: Mapped[FlagState] = mapped_column(Choice(FlagState), default=FlagState.OPEN)
    answer: Mapped[str | None]
    answered_by_user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    answered_at: Mapped[datetime | None]
    raised_at: Mapped[datetime]


class ClaimNotice(db.Model):
    """The public notice of a proposed sum. A dismissed objection lets it run anew: `ends_on` moves, `starts_on`
    stays.
    """

    __tablename__ = "claim_notices"
    __table_args__ = (
        UniqueConstraint("claim_id"),
        CheckConstraint("ends_on > starts_on", name="ends_on"),
        CheckConstraint("fen > 0", name="fen"),
        Index("ix_claim_notices_starts_on", "starts_on", "id"),
    )

    id: Mapped[uuid.UUID] = id_column()
    claim_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("claims.id"))
    fen: Mapped[int] = mapped_column(Fen)
    starts_on: Mapped[date]
    ends_on: Mapped[date]

    claim: Mapped[Claim] = relationship()
    objections: Mapped[list[ClaimObjection]] = relationship(
        back_populates="notice", order_by="ClaimObjection.filed_at, ClaimObjection.id"
    )


class ClaimObjection(db.Model):
    __tablename__ = "claim_objections"
    __table_args__ = (
        one_of("state", ObjectionState),
        CheckConstraint(
            "(state = 'open') = (decided_by_user_id IS NULL) AND (state = 'open') = (decision IS NULL)", name="decided"
        ),
        CheckConstraint("filed_by_user_id <> decided_by_user_id", name="objector_does_not_decide"),
        Index("ix_claim_objections_notice_id", "notice_id", "filed_at"),
    )

    id: Mapped[uuid.UUID] = id_column()
    notice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("claim_notices.id"))
    filed_by_user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisations.id"))
    text: Mapped[str]
    filed_at: Mapped[datetime]
    state: Mapped[ObjectionState] = mapped_column(Choice(ObjectionState), default=ObjectionState.OPEN)
    decision: Mapped[str | None]
    decided_by_user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[datetime | None]

    notice: Mapped[ClaimNotice] = relationship(back_populates="objections")
    organisation: Mapped[Organisation | None] = relationship()


class Recovery(db.Model):
    """The order to repay a subsidy: principal, interest to the day of the order, and for how long no claim is taken."""

    __tablename__ = "claim_recoveries"
    __table_args__ = (
        UniqueConstraint("claim_id"),
        CheckConstraint("fen > 0", name="fen"),
        CheckConstraint("interest_fen >= 0", name="interest_fen"),
        CheckConstraint("barred_until > ordered_on", name="barred_until"),
        CheckConstraint("returned_on >= ordered_on", name="returned_on"),
        Index("ix_claim_recoveries_organisation_id", "organisation_id", "barred_until"),
    )

    id: Mapped[uuid.UUID] = id_column()
    claim_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("claims.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    fen: Mapped[int] = mapped_column(Fen)
    rate: Mapped[str]  # a year's, an exact fraction
    interest_fen: Mapped[int] = mapped_column(Fen)
    reason: Mapped[str]
    ordered_on: Mapped[date]
    barred_until: Mapped[date | None]
    returned_on: Mapped[date | None]


class ClaimReminder(db.Model):
    """A reminder that was sent: for which step, until when it was due, and which of its reminders. Sent once."""

    __tablename__ = "claim_reminders"

    claim_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("claims.id"), primary_key=True)
    state: Mapped[str] = mapped_column(primary_key=True)
    due_on: Mapped[date] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(primary_key=True)
    on: Mapped[date]


class Workday(db.Model):
    """A day that is (not) worked against what the calendar says, as the State Council or the bureau announced it."""

    __tablename__ = "workday_overrides"
    __table_args__ = (UniqueConstraint("day"),)

    id: Mapped[uuid.UUID] = id_column()
    day: Mapped[date]
    works: Mapped[bool] = mapped_column(Flag)
    note: Mapped[str]


class Particulars(db.Model):
    """What an organisation states about itself for claims: compared between parties, shown to nobody but the bureau."""

    __tablename__ = "party_particulars"

    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    address: Mapped[str]
    phone: Mapped[str]
    legal_representative: Mapped[str]
    owners: Mapped[Any] = mapped_column(Json)  # names or credit codes, a list of texts
    updated_by_user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    updated_at: Mapped[datetime]
