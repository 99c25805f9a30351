"""A file of many entries on its way in, and each entry in it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from matchmaker.accounts.models import Organisation, User
from matchmaker.core.db import db, id_column, one_of
from matchmaker.core.messages import register_labels
from matchmaker.core.types import Choice, Json, Number
from matchmaker.core.workflow import Stateful
from matchmaker.listings.intake.states import LABELS, LIVE, EntryState, IntakeState

register_labels(LABELS)

_LIVE = ", ".join(f"'{state}'" for state in LIVE)


class Intake(Stateful, db.Model):
    """A file that someone brings in for an organisation.

    `content` is kept until it was read, the facts of its entries until their drafts are made: they may be confidential.
    `live_key` names the file while it is on its way: the same file is brought in once at a time.
    """

    __tablename__ = "intakes"
    __table_args__ = (
        one_of("state", IntakeState),
        one_of("noun", ("achievement", "need")),
        UniqueConstraint("live_key"),
        CheckConstraint(f"(live_key IS NOT NULL) = (state IN ({_LIVE}))", name="live"),
        Index("ix_intakes_organisation_id", "organisation_id", "created_at", "id"),
        Index("ix_intakes_state", "state", "created_at", "id"),
    )

    id: Mapped[uuid.UUID] = id_column()
    state: Mapped[IntakeState] = mapped_column(Choice(IntakeState), default=IntakeState.READING)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    noun: Mapped[str]
    name: Mapped[str]
    sha256: Mapped[str]
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    fault: Mapped[Any | None] = mapped_column(Json)  # why it was refused or stopped: {phrase, facts}
    live_key: Mapped[str | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    organisation: Mapped[Organisation] = relationship()
    user: Mapped[User] = relationship()


class IntakeEntry(db.Model):
    """An entry of the file: what would become a draft, or why not, and then the draft itself."""

    __tablename__ = "intake_entries"
    __table_args__ = (
        one_of("state", EntryState),
        Index("ix_intake_entries_state", "intake_id", "state", "number"),
    )

    intake_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("intakes.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=False)
    line: Mapped[int] = mapped_column(Number)
    title: Mapped[str]
    external_id: Mapped[str]
    state: Mapped[EntryState] = mapped_column(Choice(EntryState))
    facts: Mapped[Any | None] = mapped_column(Json)  # plain facts of a listing
    faults: Mapped[Any] = mapped_column(Json, default=list)  # [{phrase, facts, field}]
    left_out: Mapped[str] = mapped_column(default="")  # the number of a right that the file says too little of
    listing_id: Mapped[uuid.UUID | None]  # the draft, or the entry it resembles; without a key: of either kind
    listing_title: Mapped[str] = mapped_column(default="")  # of what it resembles
    twin_line: Mapped[int | None] = mapped_column(Number)  # of the entry of the same file that it resembles
    percent: Mapped[int | None] = mapped_column(Number)  # by how much
