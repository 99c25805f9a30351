"""Claims with what they rest on, the budgets that pay them, and what each claimant was granted for a period."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from matchmaker.accounts.models import Organisation, User
from matchmaker.core.db import db, id_column, one_of
from matchmaker.core.files import StoredFile
from matchmaker.core.messages import register_labels
from matchmaker.core.types import Choice, Fen, Flag, Json
from matchmaker.core.workflow import Stateful
from matchmaker.deals.models import Deal
from matchmaker.subsidies import papers, policies
from matchmaker.subsidies.catalogue import OTHER_DOCUMENT, Clause
from matchmaker.subsidies.papers import PaperKind
from matchmaker.subsidies.rules import Situation, Verdict, judge
from matchmaker.subsidies.states import (
    DECIDED_STATES,
    GRANTED_STATES,
    LABELS,
    LIVE_STATES,
    PAID_STATES,
    RESERVED_STATES,
    ClaimState,
)

if TYPE_CHECKING:  # what the bureau adds has its tables beside (`review_models`), which imports this module
    from matchmaker.subsidies.review_models import ClaimReview, Recovery

register_labels(LABELS)
register_labels(papers.LABELS)


def _in(states: tuple[ClaimState, ...]) -> str:
    values = ", ".join(f"'{state}'" for state in states)
    return f"state IN ({values})"


class Claim(Stateful, db.Model):
    """One organisation asks for a subsidy under one clause, for one deal or for something else named in `subject`.

    `live_key` names clause and thing while the claim stands: the database lets a thing have one of those. The clause is
    kept as it read when the claim was submitted, and the situation as it was when it was decided, so that the verdict
    can be given again whatever changes later (`Snapshot`).
    """

    __tablename__ = "claims"
    __table_args__ = (
        UniqueConstraint("number"),
        UniqueConstraint("live_key"),
        UniqueConstraint("id", "claimed_by_user_id"),  # what reviews refer to, so that the claimant is none of them
        UniqueConstraint("id", "payer_user_id"),
        one_of("state", ClaimState),
        CheckConstraint(f"(live_key IS NOT NULL) = ({_in(LIVE_STATES)})", name="live"),
        CheckConstraint("requested_fen > 0", name="requested_fen"),
        CheckConstraint("proposed_fen BETWEEN 1 AND requested_fen", name="proposed_fen"),
        CheckConstraint("approved_fen = proposed_fen", name="approved_fen"),
        CheckConstraint(
            f"(proposed_fen IS NOT NULL AND proposed_by_user_id IS NOT NULL) OR NOT {_in(RESERVED_STATES)}",
            name="proposed",
        ),
        CheckConstraint(f"(approved_fen IS NOT NULL) = ({_in(GRANTED_STATES)})", name="approved"),
        CheckConstraint(f"(reviewer_user_id IS NOT NULL) = ({_in(DECIDED_STATES)})", name="reviewed"),
        CheckConstraint(
            "(decided_at IS NOT NULL AND situation IS NOT NULL AND decision_reason IS NOT NULL) "
            f"OR NOT {_in(DECIDED_STATES)}",
            name="decided",
        ),
        CheckConstraint(f"(payer_user_id IS NOT NULL AND paid_on IS NOT NULL) = ({_in(PAID_STATES)})", name="paid"),
        CheckConstraint("claimed_by_user_id <> checked_by_user_id", name="claimant_is_not_checker"),
        CheckConstraint("claimed_by_user_id <> proposed_by_user_id", name="claimant_is_not_proposer"),
        CheckConstraint("claimed_by_user_id <> reviewer_user_id", name="claimant_is_not_reviewer"),
        CheckConstraint("claimed_by_user_id <> payer_user_id", name="claimant_is_not_payer"),
        CheckConstraint(
            f"proposed_by_user_id <> reviewer_user_id OR NOT {_in(GRANTED_STATES)}", name="proposer_is_not_approver"
        ),
        CheckConstraint("checked_by_user_id <> payer_user_id", name="checker_is_not_payer"),
        CheckConstraint("proposed_by_user_id <> payer_user_id", name="proposer_is_not_payer"),
        CheckConstraint("reviewer_user_id <> payer_user_id", name="reviewer_is_not_payer"),
        Index("ix_claims_claimant_organisation_id", "claimant_organisation_id", "created_at", "id"),
        Index("ix_claims_state", "state", "submitted_at", "id"),
        Index("ix_claims_created_at", "created_at", "id"),
        Index("ix_claims_deal_id", "deal_id"),
        Index("ix_claims_programme", "programme", "year", "state", "submitted_at", "id"),
        # counts and sums of a round come from this alone: a claim's row is wide
        Index("ix_claims_sums", "programme", "year", "state", "requested_fen", "proposed_fen"),
        Index("ix_claims_ranking", "programme", "year", "review_score", "id"),
        Index("ix_claims_due_on", "due_on", "id"),
        Index("ix_claims_chase_on", "chase_on", "id"),
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
    period: Mapped[str]  # what the cap counts for, `periods.period_of`
    period_on: Mapped[date | None]  # a day of the earlier period that is claimed for; None: of the claim's own day
    claimant_organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    claimed_by_user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    deal_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("deals.id"))
    subject: Mapped[str]  # title of the deal, or name of the project, platform, park, person ...
    stated: Mapped[Any] = mapped_column(Json)  # what the claimant states where the clause asks for more
    requested_fen: Mapped[int] = mapped_column(Fen)
    statement: Mapped[str]
    situation: Mapped[Any | None] = mapped_column(Json)
    review_score: Mapped[int | None]
    recommended_fen: Mapped[int | None] = mapped_column(Fen)
    proposed_fen: Mapped[int | None] = mapped_column(Fen)
    approved_fen: Mapped[int | None] = mapped_column(Fen)
    decision_reason: Mapped[str | None]  # of a returned claim: why it came back
    checked_by_user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    proposed_by_user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    reviewer_user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))  # who approved or rejected
    payer_user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    due_on: Mapped[date | None]
    chase_on: Mapped[date | None]  # when the worker looks next whether somebody has to be reminded; with `due_on`
    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    paid_on: Mapped[date | None]

    claimant: Mapped[Organisation] = relationship()
    deal: Mapped[Deal | None] = relationship()  # the first of `deals`
    deal_rows: Mapped[list[ClaimDeal]] = relationship(
        back_populates="claim", order_by="ClaimDeal.position", cascade="all, delete-orphan"
    )
    answers: Mapped[list[ClaimAnswer]] = relationship(order_by="ClaimAnswer.code", cascade="all, delete-orphan")
    claimed_by: Mapped[User] = relationship(foreign_keys=[claimed_by_user_id])
    evidence: Mapped[list[ClaimEvidence]] = relationship(
        back_populates="claim", order_by="ClaimEvidence.created_at, ClaimEvidence.id", cascade="all, delete-orphan"
    )
    papers: Mapped[list[ClaimPaper]] = relationship(
        back_populates="claim", order_by="ClaimPaper.created_at, ClaimPaper.id", cascade="all, delete-orphan"
    )
    reviews: Mapped[list[ClaimReview]] = relationship(
        back_populates="claim", primaryjoin="Claim.id == foreign(ClaimReview.claim_id)"
    )
    recoveries: Mapped[list[Recovery]] = relationship(  # of all the claimant's claims
        primaryjoin="Claim.claimant_organisation_id == foreign(Recovery.organisation_id)",
        order_by="Recovery.ordered_on, Recovery.id",
        viewonly=True,
    )

    @property
    def deals(self) -> list[Deal]:
        """The deals that the claim counts together, none for a clause that is not claimed for deals."""
        return [row.deal for row in self.deal_rows]

    @property
    def clause(self) -> Clause:
        return policies.thaw(self.clause_frozen)

    @property
    def frozen_verdict(self) -> Verdict | None:
        """The verdict as it stood when the claim was decided; None while it is open."""
        return judge(self.clause, Situation.thaw(self.situation)) if self.situation is not None else None


class ClaimDeal(db.Model):
    """A deal that a claim counts. `used_key` names clause and deal while the claim stands: a deal counts once for each
    clause, alone or with others.
    """

    __tablename__ = "claim_deals"
    __table_args__ = (
        UniqueConstraint("used_key"),
        UniqueConstraint("claim_id", "position"),
        Index("ix_claim_deals_deal_id", "deal_id", "claim_id"),
    )

    claim_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("claims.id"), primary_key=True)
    deal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("deals.id"), primary_key=True)
    position: Mapped[int]
    used_key: Mapped[str | None]

    claim: Mapped[Claim] = relationship(back_populates="deal_rows")
    deal: Mapped[Deal] = relationship(lazy="joined")


class ClaimAnswer(db.Model):
    """What a reviewer found on a condition that the facts leave open: met or not, and how that was found out."""

    __tablename__ = "claim_answers"
    __table_args__ = (CheckConstraint("note <> ''", name="note"),)

    claim_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("claims.id"), primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    met: Mapped[bool] = mapped_column(Flag)
    note: Mapped[str]
    answered_by_user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    answered_at: Mapped[datetime]


OTHER = OTHER_DOCUMENT


class ClaimEvidence(db.Model):
    __tablename__ = "claim_evidence"
    __table_args__ = (UniqueConstraint("claim_id", "file_id"),)

    id: Mapped[uuid.UUID] = id_column()
    claim_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("claims.id"))
    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stored_files.id"))
    kind: Mapped[str] = mapped_column(default=OTHER)  # id of a document that the clause asks for, or other
    name: Mapped[str]
    added_by_user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]

    claim: Mapped[Claim] = relationship(back_populates="evidence")
    file: Mapped[StoredFile] = relationship(lazy="joined")


class ClaimPaper(db.Model):
    """A receipt, invoice, registration or contract that the claim rests on.

    `used_key` holds kind and folded number while the claim stands, for papers that count once: unique over all claims
    and clauses, however the number is spelt.
    """

    __tablename__ = "claim_papers"
    __table_args__ = (
        UniqueConstraint("used_key"),
        UniqueConstraint("claim_id", "kind", "folded"),
        one_of("kind", PaperKind),
        CheckConstraint("folded <> ''", name="folded"),
        CheckConstraint("fen > 0", name="fen"),
        CheckConstraint("used_key IS NULL OR used_key = kind || ':' || folded", name="used_key"),
        Index("ix_claim_papers_folded", "folded", "kind"),
        Index("ix_claim_papers_fen", "fen", "dated_on"),
    )

    id: Mapped[uuid.UUID] = id_column()
    claim_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("claims.id"))
    kind: Mapped[PaperKind] = mapped_column(Choice(PaperKind))
    number: Mapped[str]
    folded: Mapped[str]
    used_key: Mapped[str | None]
    fen: Mapped[int | None] = mapped_column(Fen)
    dated_on: Mapped[date | None]
    created_at: Mapped[datetime]

    claim: Mapped[Claim] = relationship(back_populates="papers")


class Snapshot(db.Model):
    """What a verdict rested on at one moment, and the verdict itself, frozen with the hash of its canonical JSON.

    `body` holds clause, policy hash, situation, papers, hashes of the documents, and what was judged from them. Never
    changed.
    """

    __tablename__ = "claim_snapshots"
    __table_args__ = (one_of("moment", ("submitted", "proposed", "approved", "rejected")),)

    claim_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("claims.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    moment: Mapped[str]
    body: Mapped[Any] = mapped_column(Json)
    sha256: Mapped[str]
    created_at: Mapped[datetime]


class Budget(db.Model):
    """The money of one programme for one year: reserved by proposals, used by approvals.

    The CHECK is the last guard; the first is the condition of the UPDATE in `budget`.
    """

    __tablename__ = "budgets"
    __table_args__ = (
        UniqueConstraint("programme", "year"),
        CheckConstraint("used_fen >= 0 AND reserved_fen >= 0", name="not_negative"),
        CheckConstraint("used_fen + reserved_fen <= total_fen", name="used_fen"),
        Index("ix_budgets_year", "year", "programme"),
    )

    id: Mapped[uuid.UUID] = id_column()
    programme: Mapped[str]
    year: Mapped[int]
    total_fen: Mapped[int] = mapped_column(Fen)
    reserved_fen: Mapped[int] = mapped_column(Fen, default=0)
    used_fen: Mapped[int] = mapped_column(Fen, default=0)
    revision: Mapped[int] = mapped_column(default=1)  # counts the settings of the total

    @property
    def free_fen(self) -> int:
        return self.total_fen - self.reserved_fen - self.used_fen


class Allowance(db.Model):
    """What one claimant was granted (or is proposed) under one clause for one period, guarded by the clause's cap."""

    __tablename__ = "claim_allowances"
    __table_args__ = (
        UniqueConstraint("claimant_organisation_id", "clause_id", "period"),
        CheckConstraint("used_fen >= 0 AND used_fen <= cap_fen", name="used_fen"),
    )

    id: Mapped[uuid.UUID] = id_column()
    claimant_organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    clause_id: Mapped[str]
    period: Mapped[str]
    cap_fen: Mapped[int] = mapped_column(Fen)
    used_fen: Mapped[int] = mapped_column(Fen, default=0)
