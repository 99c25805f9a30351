"""Claims with their evidence, the budgets that pay them, and what each claimant was granted in a year."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from matchmaker.accounts.models import Organisation, User
from matchmaker.core.db import db, id_column, one_of
from matchmaker.core.files import StoredFile
from matchmaker.core.messages import register_labels
from matchmaker.core.types import Choice, Fen, Json
from matchmaker.core.workflow import Stateful
from matchmaker.deals.models import Deal
from matchmaker.subsidies import policies
from matchmaker.subsidies.catalogue import Clause
from matchmaker.subsidies.rules import Situation, Verdict, judge
from matchmaker.subsidies.states import DECIDED_STATES, GRANTED_STATES, LABELS, LIVE_STATES, ClaimState

register_labels(LABELS)


def _in(states: tuple[ClaimState, ...]) -> str:
    values = ", ".join(f"'{state}'" for state in states)
    return f"state IN ({values})"


class Claim(Stateful, db.Model):
    """One organisation asks for a subsidy under one clause, for one deal.

    `live_key` names clause and deal while the claim stands: the database lets a deal have one of those. The clause is
    kept as it read when the claim was submitted, and the situation as it was when it was decided, so that the verdict
    can be given again whatever changes later.
    """

    __tablename__ = "claims"
    __table_args__ = (
        UniqueConstraint("number"),
        UniqueConstraint("live_key"),
        one_of("state", ClaimState),
        CheckConstraint(f"(live_key IS NOT NULL) = ({_in(LIVE_STATES)})", name="live"),
        CheckConstraint("requested_fen > 0", name="requested_fen"),
        CheckConstraint("approved_fen BETWEEN 1 AND requested_fen", name="approved_fen"),
        CheckConstraint(f"(approved_fen IS NOT NULL) = ({_in(GRANTED_STATES)})", name="approved"),
        CheckConstraint(f"(reviewer_user_id IS NOT NULL) = ({_in(DECIDED_STATES)})", name="reviewed"),
        CheckConstraint(
            "(decided_at IS NOT NULL AND situation IS NOT NULL AND decision_reason IS NOT NULL) "
            f"OR NOT {_in(DECIDED_STATES)}",
            name="decided",
        ),
        CheckConstraint("(payer_user_id IS NOT NULL AND paid_on IS NOT NULL) = (state = 'paid')", name="paid"),
        CheckConstraint("claimed_by_user_id <> reviewer_user_id", name="claimant_is_not_reviewer"),
        CheckConstraint("reviewer_user_id <> payer_user_id", name="reviewer_is_not_payer"),
        CheckConstraint("claimed_by_user_id <> payer_user_id", name="claimant_is_not_payer"),
        Index("ix_claims_claimant_organisation_id", "claimant_organisation_id", "created_at", "id"),
        Index("ix_claims_state", "state", "submitted_at", "id"),
        Index("ix_claims_created_at", "created_at", "id"),
        Index("ix_claims_deal_id", "deal_id"),
        Index("ix_claims_programme", "programme", "year", "state"),
    )

    id: Mapped[uuid.UUID] = id_column()
    number: Mapped[str]
    state: Mapped[ClaimState] = mapped_column(Choice(ClaimState), default=ClaimState.DRAFT)
    live_key: Mapped[str | None]
    clause_id: Mapped[str]
    clause_frozen: Mapped[Any] = mapped_column(Json)
    policy_id: Mapped[str]
    policy_sha256: Mapped[str]
    programme: Mapped[str]
    year: Mapped[int]
    claimant_organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    claimed_by_user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    deal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("deals.id"))
    requested_fen: Mapped[int] = mapped_column(Fen)
    statement: Mapped[str]
    situation: Mapped[Any | None] = mapped_column(Json)
    approved_fen: Mapped[int | None] = mapped_column(Fen)
    decision_reason: Mapped[str | None]  # of a returned draft: why it came back
    reviewer_user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    payer_user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    paid_on: Mapped[date | None]

    claimant: Mapped[Organisation] = relationship()
    deal: Mapped[Deal] = relationship()
    claimed_by: Mapped[User] = relationship(foreign_keys=[claimed_by_user_id])
    evidence: Mapped[list[ClaimEvidence]] = relationship(
        back_populates="claim", order_by="ClaimEvidence.created_at, ClaimEvidence.id", cascade="all, delete-orphan"
    )

    @property
    def clause(self) -> Clause:
        return policies.thaw(self.clause_frozen)

    @property
    def frozen_verdict(self) -> Verdict | None:
        """The verdict as it stood when the claim was decided; None while it is open."""
        return judge(self.clause, Situation.thaw(self.situation)) if self.situation is not None else None


class ClaimEvidence(db.Model):
    __tablename__ = "claim_evidence"
    __table_args__ = (UniqueConstraint("claim_id", "file_id"),)

    id: Mapped[uuid.UUID] = id_column()
    claim_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("claims.id"))
    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stored_files.id"))
    name: Mapped[str]
    added_by_user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]

    claim: Mapped[Claim] = relationship(back_populates="evidence")
    file: Mapped[StoredFile] = relationship(lazy="joined")


class Budget(db.Model):
    """The money of one programme for one year. `used_fen` is what approved claims have taken.

    The CHECK is the last guard; the first is the condition of the UPDATE in `budget.take`.
    """

    __tablename__ = "budgets"
    __table_args__ = (
        UniqueConstraint("programme", "year"),
        CheckConstraint("used_fen >= 0 AND used_fen <= total_fen", name="used_fen"),
        Index("ix_budgets_year", "year", "programme"),
    )

    id: Mapped[uuid.UUID] = id_column()
    programme: Mapped[str]
    year: Mapped[int]
    total_fen: Mapped[int] = mapped_column(Fen)
    used_fen: Mapped[int] = mapped_column(Fen, default=0)
    revision: Mapped[int] = mapped_column(default=1)  # counts the settings of the total

    @property
    def free_fen(self) -> int:
        return self.total_fen - self.used_fen


class Allowance(db.Model):
    """What one claimant was granted under one clause in one year, guarded by the clause's cap."""

    __tablename__ = "claim_allowances"
    __table_args__ = (
        UniqueConstraint("claimant_organisation_id", "clause_id", "year"),
        CheckConstraint("used_fen >= 0 AND used_fen <= cap_fen", name="used_fen"),
    )

    id: Mapped[uuid.UUID] = id_column()
    claimant_organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    clause_id: Mapped[str]
    year: Mapped[int]
    cap_fen: Mapped[int] = mapped_column(Fen)
    used_fen: Mapped[int] = mapped_column(Fen, default=0)
