"""The journal: entries and their legs. Both tables only grow; the database refuses UPDATE and DELETE."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from matchmaker.core.db import db, id_column, one_of
from matchmaker.core.money import LIMIT_FEN
from matchmaker.core.types import Choice, Fen, Number
from matchmaker.ledger.posting import MEMOS, EntryKind


class JournalEntry(db.Model):
    """One posting. `body_hash` is `posting.body_hash` of it: a replay under the same key must have the same."""

    __tablename__ = "journal_entries"
    __table_args__ = (
        UniqueConstraint("idempotency_key"),
        UniqueConstraint("reverses_id"),  # what is taken back is taken back once
        one_of("kind", EntryKind),
        one_of("memo_code", tuple(MEMOS)),
        CheckConstraint("(kind = 'reversal') = (reverses_id IS NOT NULL)", name="reverses"),
        Index("ix_journal_entries_posted_at", "posted_at", "id"),
    )

    id: Mapped[uuid.UUID] = id_column()
    idempotency_key: Mapped[str]
    kind: Mapped[EntryKind] = mapped_column(Choice(EntryKind))
    occurred_on: Mapped[date]
    memo_code: Mapped[str]
    body_hash: Mapped[str]
    reverses_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("journal_entries.id"))
    posted_at: Mapped[datetime]
    actor_kind: Mapped[str]
    actor_id: Mapped[uuid.UUID | None]
    organisation_id: Mapped[uuid.UUID | None]

    legs: Mapped[list[JournalLeg]] = relationship(back_populates="entry", order_by="JournalLeg.position")
    reverses: Mapped[JournalEntry | None] = relationship(remote_side="JournalEntry.id")


class JournalLeg(db.Model):
    """One side of an entry: debit positive, credit negative."""

    __tablename__ = "journal_legs"
    __table_args__ = (
        CheckConstraint(f"fen <> 0 AND fen BETWEEN -{LIMIT_FEN} AND {LIMIT_FEN}", name="fen"),
        UniqueConstraint("entry_id", "account"),
        Index("ix_journal_legs_account", "account", "entry_id"),
    )

    entry_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("journal_entries.id"), primary_key=True)
    position: Mapped[int] = mapped_column(Number, primary_key=True)
    account: Mapped[str]
    fen: Mapped[int] = mapped_column(Fen)

    entry: Mapped[JournalEntry] = relationship(back_populates="legs")
