"""What matching keeps: which revisions the index holds, which index is in use, and the lists computed with it.

All of that is derived from published listings and can be computed again. Its rows refer to listings without foreign
keys, because they follow after them: a listing that is gone is a change still to be taken in. What people say of
pairs is no such thing: it stands at the end, and is kept.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from matchmaker.accounts.models import User
from matchmaker.core.db import db, id_column, one_of
from matchmaker.core.errors import N_
from matchmaker.core.messages import register_labels
from matchmaker.core.types import Choice, Flag, Id, Json, Number
from matchmaker.matching.verdicts import LABELS as REASON_LABELS
from matchmaker.matching.verdicts import Reason, Verdict


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


register_labels(
    {
        Level.NONE: N_("No match"),
        Level.WEAK: N_("Weak match"),
        Level.FAIRLY_STRONG: N_("Fairly strong match"),
        Level.STRONG: N_("Strong match"),
    }
)
register_labels(REASON_LABELS)

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


class IndexChange(db.Model):
    """A published listing changed, or one was published or withdrawn: written in the transaction that does it.

    So the next query sees the change, wherever a process is killed: the index in use is its saved base with what these
    listings say now. The worker marks a row as `settled` when the lists follow it, and removes it with the base that
    takes it in. Ids are random: one that was rolled back never comes again.
    """

    __tablename__ = "index_changes"
    __table_args__ = (one_of("kind", Kind), sa.Index("ix_index_changes_settled", "settled", "id"))

    id: Mapped[uuid.UUID] = id_column()
    listing_id: Mapped[uuid.UUID]
    kind: Mapped[Kind] = mapped_column(Choice(Kind))
    settled: Mapped[bool] = mapped_column(Flag, default=False)


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
    recomputing_since: Mapped[datetime | None]  # all lists are being computed anew, on command

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


class SavedSearch(db.Model):
    """A search someone wants to come back to: its words and filters, under a name."""

    __tablename__ = "saved_searches"
    __table_args__ = (one_of("kind", Kind), sa.Index("ix_saved_searches_user_id", "user_id", "created_at", "id"))

    id: Mapped[uuid.UUID] = id_column()
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[Kind] = mapped_column(Choice(Kind))
    name: Mapped[str]
    query: Mapped[Any] = mapped_column(Json)  # {name of the parameter: text}
    created_at: Mapped[datetime]


# --- judgements and near-duplicates ---------------------------------------------------------------------------------


class Judgement(db.Model):
    """What an organisation said of a pair, when and by whom. Append-only: the newest row of a pair holds.

    A row with neither level nor reason takes back what was said. `machine_level` is what the platform's own list said
    of the pair at that moment, which is what people's word is compared with later.
    """

    __tablename__ = "judgements"
    __table_args__ = (
        CheckConstraint("level BETWEEN 1 AND 4", name="level"),
        CheckConstraint("machine_level BETWEEN 1 AND 4", name="machine_level"),
        CheckConstraint("level IS NULL OR reason IS NULL", name="one_verdict"),
        CheckConstraint("note = '' OR reason IS NOT NULL", name="note"),
        one_of("reason", Reason),
        sa.UniqueConstraint("id"),
        sa.Index("ix_judgements_pair", "organisation_id", "need_id", "achievement_id", "number"),
        sa.Index("ix_judgements_achievement_id", "achievement_id", "organisation_id", "number"),
    )

    number: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=True)
    id: Mapped[uuid.UUID] = mapped_column(Id, default=uuid.uuid4)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    need_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("needs.id"))
    achievement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("achievements.id"))
    level: Mapped[int | None] = mapped_column(Number)
    reason: Mapped[Reason | None] = mapped_column(Choice(Reason))
    note: Mapped[str] = mapped_column(default="")
    machine_level: Mapped[int | None] = mapped_column(Number)
    at: Mapped[datetime]

    user: Mapped[User | None] = relationship()

    @property
    def verdict(self) -> Verdict | None:
        """None where it was taken back."""
        if self.level is None and self.reason is None:
            return None
        return Verdict(self.level, self.reason, self.note)


class DuplicateCheck(db.Model):
    """The revision of a published listing whose neighbours are in `NearPair`."""

    __tablename__ = "duplicate_checks"

    listing_id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    revision_id: Mapped[uuid.UUID]


class NearPair(db.Model):
    """Two published listings of a kind whose public texts nearly say the same. Derived, can be computed again."""

    __tablename__ = "near_pairs"
    __table_args__ = (
        one_of("kind", Kind),
        CheckConstraint("first_id < second_id", name="ordered"),
        sa.Index("ix_near_pairs_second_id", "second_id"),
        sa.Index("ix_near_pairs_kind", "kind", "score"),
    )

    first_id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    second_id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    kind: Mapped[Kind] = mapped_column(Choice(Kind))
    score: Mapped[int] = mapped_column(Number)  # millionths of the score that a text has with itself


class DistinctPair(db.Model):
    """Someone looked at two similar listings and says that they are two. `bureau`: for everyone, not only for the
    organisation that says so of its own."""

    __tablename__ = "distinct_pairs"
    __table_args__ = (
        CheckConstraint("first_id < second_id", name="ordered"),
        sa.UniqueConstraint("first_id", "second_id", "organisation_id"),
    )

    id: Mapped[uuid.UUID] = id_column()
    first_id: Mapped[uuid.UUID]
    second_id: Mapped[uuid.UUID]
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    bureau: Mapped[bool] = mapped_column(Flag)
    at: Mapped[datetime]


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
