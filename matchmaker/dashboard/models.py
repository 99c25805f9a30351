"""Figures that the bureau enters because the platform cannot count them."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from matchmaker.accounts.models import User
from matchmaker.core.db import db, id_column
from matchmaker.core.types import Number


class TargetEntry(db.Model):
    """The state of one target of the action plan on one day, with its source. Only added to: the latest counts."""

    __tablename__ = "target_entries"
    __table_args__ = (
        CheckConstraint("value >= 0", name="value"),
        Index("ix_target_entries_target_id", "target_id", "as_of_on", "entered_at"),
    )

    id: Mapped[uuid.UUID] = id_column()
    target_id: Mapped[str]
    value: Mapped[int] = mapped_column(Number)
    as_of_on: Mapped[date]
    source: Mapped[str]
    entered_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    entered_at: Mapped[datetime]

    entered_by: Mapped[User] = relationship()
