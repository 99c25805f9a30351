"""Figures that the bureau enters because the platform cannot count them, and who is told of new matches how often."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from matchmaker.accounts.models import User
from matchmaker.core.db import db, id_column, one_of
from matchmaker.core.errors import N_
from matchmaker.core.messages import register_labels
from matchmaker.core.types import Choice, Json, Number


class Rhythm(StrEnum):
    """How often somebody wants to be written to, if there is something to write."""

    DAILY = "daily"
    WEEKLY = "weekly"
    NEVER = "never"


register_labels(
    {Rhythm.DAILY: N_("Once a day"), Rhythm.WEEKLY: N_("Once a week"), Rhythm.NEVER: N_("Never")},
)

SPANS = {Rhythm.DAILY: timedelta(days=1), Rhythm.WEEKLY: timedelta(days=7)}


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


class NewMatchMail(db.Model):
    """How often a person is written to about new matches, and what was told already. Who never
    chose has a row from the first look on, with `Rhythm.WEEKLY`."""

    __tablename__ = "new_match_mails"
    __table_args__ = (one_of("rhythm", Rhythm),)

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    rhythm: Mapped[Rhythm] = mapped_column(Choice(Rhythm), default=Rhythm.WEEKLY)
    looked_at: Mapped[datetime | None]
    told: Mapped[Any] = mapped_column(Json, default=dict)  # {`new_matches.key`: day it was told, ISO}

    def waits(self, now: datetime) -> bool:
        """Whether it is not time to look again."""
        span = SPANS.get(self.rhythm)
        return span is None or (self.looked_at is not None and self.looked_at > now - span)
