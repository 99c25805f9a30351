"""What the bureau enters about the policy: dated values by two persons, and the list of discredited parties."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from matchmaker.accounts.models import User
from matchmaker.core.db import db, id_column
from matchmaker.core.messages import register_labels
from matchmaker.core.types import Flag, Json
from matchmaker.subsidies import policies
from matchmaker.subsidies.catalogue import Change
from matchmaker.subsidies.facts import LABELS

register_labels(LABELS)


class PolicyChange(db.Model):
    """Values of a clause from a day on, as one person of the bureau proposed them, with the source. Never changed."""

    __tablename__ = "policy_changes"
    __table_args__ = (
        UniqueConstraint("id", "proposed_by_id"),  # so that a decision can name the proposer it must differ from
        Index("ix_policy_changes_clause_id", "clause_id", "from_on", "id"),
        Index("ix_policy_changes_created_at", "created_at", "id"),
    )

    id: Mapped[uuid.UUID] = id_column()
    clause_id: Mapped[str]
    from_on: Mapped[date]
    body: Mapped[Any] = mapped_column(Json)  # policies.freeze_values
    source: Mapped[str]
    proposed_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]

    proposed_by: Mapped[User] = relationship()
    decision: Mapped[PolicyDecision | None] = relationship(back_populates="change")

    @property
    def change(self) -> Change:
        values = tuple(policies.thaw_values(self.body).items())
        return Change(self.from_on, values, self.source, self.source, number=str(self.id))


class PolicyDecision(db.Model):
    """A second person's yes or no to a proposal. The key says it once, the CHECK that it is another person."""

    __tablename__ = "policy_decisions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["change_id", "proposed_by_id"],
            ["policy_changes.id", "policy_changes.proposed_by_id"],
            "fk_policy_decisions_change",
        ),
        CheckConstraint("decided_by_id <> proposed_by_id", name="two_persons"),
        Index("ix_policy_decisions_decided_at", "decided_at", "change_id"),
    )

    change_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    proposed_by_id: Mapped[uuid.UUID]
    decided_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    confirmed: Mapped[bool] = mapped_column(Flag)
    reason: Mapped[str]
    decided_at: Mapped[datetime]

    change: Mapped[PolicyChange] = relationship(back_populates="decision")
    decided_by: Mapped[User] = relationship()


class DiscreditedParty(db.Model):
    """An entry of the bad-credit list that the bureau keeps here, by credit code, until it is lifted."""

    __tablename__ = "discredited_parties"
    __table_args__ = (
        CheckConstraint("lifted_on >= listed_on", name="lifted_on"),
        CheckConstraint("(lifted_on IS NULL) = (lifted_by_id IS NULL)", name="lifted"),
        Index("ix_discredited_parties_credit_code", "credit_code", "listed_on", "id"),
    )

    id: Mapped[uuid.UUID] = id_column()
    credit_code: Mapped[str]
    name: Mapped[str]
    listed_on: Mapped[date]
    source: Mapped[str]
    entered_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    lifted_on: Mapped[date | None]
    lifted_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
