"""What is open in the deals that are being paid: computed, and written down for those who read many deals at once."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from matchmaker.core.db import db, one_of
from matchmaker.core.types import Choice, Fen, Number
from matchmaker.deals.schedule import DueKind


class OpenAmount(db.Model):
    """An amount not paid in full, as `queries.allocation` has it. Written by `services.amounts` alone.

    The sides are those of the deal, so that one index holds all that an organisation's sums ask for.
    """

    __tablename__ = "open_amounts"
    __table_args__ = (
        one_of("kind", DueKind),
        CheckConstraint("open_fen > 0", name="open_fen"),
        CheckConstraint("late_after_on >= due_on", name="late_after_on"),
        *(
            Index(f"ix_open_amounts_{side}", side, "due_on", "late_after_on", "open_fen", "deal_id")
            for side in ("licensor_id", "licensee_id")
        ),
    )

    deal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("deals.id"), primary_key=True)
    kind: Mapped[DueKind] = mapped_column(Choice(DueKind), primary_key=True)
    number: Mapped[int] = mapped_column(Number, primary_key=True)
    licensor_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    licensee_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    due_on: Mapped[date]
    late_after_on: Mapped[date]  # last of the days of grace; overdue from the day after
    open_fen: Mapped[int] = mapped_column(Fen)
