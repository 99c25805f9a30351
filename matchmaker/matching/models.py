"""What matching keeps: which revisions the index holds, which index is in use, and the lists computed with it.

All of it is derived from published listings and can be computed again. Rows refer to listings without foreign
keys, because they follow after them: a listing that is gone is a change still to be taken in.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from matchmaker.core.db import db, id_column, one_of
from matchmaker.core.errors import N_
from matchmaker.core.messages import register_labels
from matchmaker.core.types import Choice, Id, Json, Number


class Kind(StrEnum):
    """The two sides that are matched."""

    ACHIEVEMENT = "achievement"
    NEED = "need"

    @property
    def other(self) -> Kind:
        return Kind.NEED if self is Kind.ACHIEVEMENT else Kind.ACHIEVEMENT


class Level(StrEnum):
    """How well two texts fit, in words; the engine counts 1 to 4."""

    NONE = "1"
    WEAK = "2"
    FAIRLY_STRONG = "3"
    STRONG = "4"


class Reason(StrEnum):
    """Why a pairing is put aside. Only OFF_TOPIC says that the texts do not fit; the others say nothing about texts."""

    OFF_TOPIC = "off_topic"
    TOO_EARLY = "too_early"
    TOO_DEAR = "too_dear"
    ALREADY_HAVE = "already_have"
    UNCLEAR = "unclear"


register_labels(
    {
        Reason.OFF_TOPIC: N_("Off topic"),
        Reason.TOO_EARLY: N_("Too early: not ready for use"),
        Reason.TOO_DEAR: N_("Too dear"),
        Reason.ALREADY_HAVE: N_("We already have it"),
        Reason.UNCLEAR: N_("Unclear text"),
        Level.NONE: N_("No match"),
        Level.WEAK: N_("Weak match"),
        Level.FAIRLY_STRONG: N_("Fairly strong match"),
        Level.STRONG: N_("Strong match"),
    }
)

LIST_SIZE = {Kind.NEED: 50, Kind.ACHIEVEMENT: 20}
"""Hits kept for a listing of each kind. Seekers browse further down their list than owners do."""

LISTED_LEVEL = 2
"""Hits below this level are no match and are left out of lists."""


class IndexedListing(db.Model):
    """One row for each document of the index in use: the revision whose text it holds."""

    __tablename__ = "indexed_listings"
    __table_args__ = (one_of("kind", Kind), sa.Index("ix_indexed_listings_indexed_at", "indexed_at", "listing_id"))

    listing_id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    kind: Mapped[Kind] = mapped_column(Choice(Kind))
    revision_id: Mapped[uuid.UUID]
    indexed_at: Mapped[datetime]


class MatchIndex(db.Model):
    """The index in use, if there is one: a single row.

    It names the directories, and changes in the transaction that changes `IndexedListing`: index and rows cannot
    disagree, wherever a process is killed.
    """

    __tablename__ = "match_index"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=False, default=1)
    achievements: Mapped[str]
    needs: Mapped[str]
    fingerprint: Mapped[str]
    documents: Mapped[int]
    changed: Mapped[int]  # documents added, replaced or removed since it was built
    built_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    def directory(self, kind: Kind) -> str:
        return self.achievements if kind is Kind.ACHIEVEMENT else self.needs


class MatchList(db.Model):
    """The best hits of the other side for one published listing, best first.

    Current where `fingerprint` is that of the index in use; STALE where the other side has changed since. Hits
    are ids: what a reader is shown is decided when it is read.
    """

    __tablename__ = "match_lists"
    __table_args__ = (one_of("kind", Kind), sa.Index("ix_match_lists_kind", "kind", "level"))

    STALE = ""

    listing_id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    kind: Mapped[Kind] = mapped_column(Choice(Kind))
    fingerprint: Mapped[str]
    hits: Mapped[Any] = mapped_column(Json)  # [[id of the other listing, score in millionths, level 2-4], ...]
    level: Mapped[int] = mapped_column(Number)  # of the best hit; 1 where there is none
    least: Mapped[int] = mapped_column(Number)  # millionths that a newcomer must reach to enter the list
    computed_at: Mapped[datetime]


class Judgement(db.Model):
    """What an organisation said about a pairing, one row each time; the row of the highest `version` holds.

    Append-only. A level, or a reason for putting the pairing aside; neither takes an earlier judgement back.
    """

    __tablename__ = "judgements"
    __table_args__ = (
        CheckConstraint("level BETWEEN 1 AND 4", name="level"),
        one_of("reason", Reason),
        CheckConstraint("level IS NULL OR reason IS NULL", name="one_answer"),
        UniqueConstraint("organisation_id", "need_id", "achievement_id", "version"),
        sa.Index("ix_judgements_judged_at", "judged_at", "id"),
    )

    id: Mapped[uuid.UUID] = id_column()
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    need_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("needs.id"))
    achievement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("achievements.id"))
    need_revision_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("revisions.id"))
    achievement_revision_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("revisions.id"))
    version: Mapped[int] = mapped_column(Number)
    level: Mapped[int | None] = mapped_column(Number)
    reason: Mapped[Reason | None] = mapped_column(Choice(Reason))
    judged_at: Mapped[datetime]


class MatchRanker(db.Model):
    """The second stage in use, if there is one: a single row that names its directory.

    Fitted on the corpus of the index built at `index_built_at`, and on the judgements that `judged` names.
    """

    __tablename__ = "match_ranker"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=False, default=1)
    directory: Mapped[str]
    index_built_at: Mapped[datetime]
    judged: Mapped[str]
    judgements: Mapped[int] = mapped_column(Number)
    figures: Mapped[Any] = mapped_column(Json)  # {"ndcg": …, "score": …} on judgements left out; empty if none
    fitted_at: Mapped[datetime]
