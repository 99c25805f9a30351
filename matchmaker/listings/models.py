"""Achievements and needs, the revisions that publication freezes, and who was let in on undisclosed text."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from matchmaker.accounts.models import Organisation, User
from matchmaker.core.db import db, id_column, one_of
from matchmaker.core.files import StoredFile
from matchmaker.core.messages import register_labels
from matchmaker.core.types import Choice, Fen, Flag, Json, Number
from matchmaker.core.workflow import Stateful
from matchmaker.listings.kinds import LABELS, Language, ListingState, Mode, RightKind, RightStatus

__all__ = [
    "Achievement",
    "Attachment",
    "Disclosure",
    "FormDraft",
    "Language",
    "ListingState",
    "Mode",
    "Need",
    "Revision",
    "RightKind",
    "RightStatus",
]

register_labels(LABELS)


class _Listing(Stateful):
    """What achievements and needs have in common."""

    id: Mapped[uuid.UUID] = id_column()
    state: Mapped[ListingState] = mapped_column(Choice(ListingState), default=ListingState.DRAFT)
    title: Mapped[str]
    keywords: Mapped[Any] = mapped_column(Json, default=list)  # list[str]
    field: Mapped[str | None]  # strategic emerging industry
    industries: Mapped[Any] = mapped_column(Json, default=list)  # list[str], GB/T 4754
    modes: Mapped[Any] = mapped_column(Json, default=list)  # list[Mode]
    district: Mapped[str | None]
    language: Mapped[Language] = mapped_column(Choice(Language), default=Language.CHINESE)
    confidential: Mapped[str] = mapped_column(default="")
    external_id: Mapped[str | None]  # of an import; unique within the organisation
    return_reason: Mapped[str | None]
    proposal: Mapped[Any | None] = mapped_column(Json)  # plain facts of a change to a published listing, not public yet
    submitted_at: Mapped[datetime | None]  # set while it waits for review
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]

    @declared_attr
    def organisation_id(cls) -> Mapped[uuid.UUID]:
        return mapped_column(ForeignKey("organisations.id"))

    @declared_attr
    def author_id(cls) -> Mapped[uuid.UUID | None]:
        return mapped_column(ForeignKey("users.id"))

    @declared_attr
    def revision_id(cls) -> Mapped[uuid.UUID | None]:
        """The frozen revision that the public sees."""
        return mapped_column(ForeignKey("revisions.id", use_alter=True))

    @declared_attr
    def organisation(cls) -> Mapped[Organisation]:
        return relationship(Organisation)

    @declared_attr
    def author(cls) -> Mapped[User | None]:
        return relationship(User)

    @declared_attr
    def revision(cls) -> Mapped[Revision | None]:
        return relationship("Revision", foreign_keys=[cls.revision_id], post_update=True)  # type: ignore[list-item]


class Achievement(_Listing, db.Model):
    __tablename__ = "achievements"
    __table_args__ = (
        one_of("state", ListingState),
        one_of("language", Language),
        CheckConstraint("trl BETWEEN 1 AND 9", name="trl"),
        CheckConstraint("price_min_fen >= 0 AND price_max_fen >= price_min_fen", name="price"),
        UniqueConstraint("organisation_id", "external_id"),
        Index("ix_achievements_state", "state", "published_at", "id"),
        Index("ix_achievements_organisation_id", "organisation_id", "state", "created_at"),
    )

    summary: Mapped[str] = mapped_column(default="")
    advantages: Mapped[str] = mapped_column(default="")
    applications: Mapped[str] = mapped_column(default="")
    trl: Mapped[int | None]
    rights: Mapped[Any] = mapped_column(Json, default=list)  # [{kind, number, status, expires_on: ISO day | None}]
    completers: Mapped[Any] = mapped_column(Json, default=list)  # [{name, share: whole percent}]
    price_min_fen: Mapped[int | None] = mapped_column(Fen)
    price_max_fen: Mapped[int | None] = mapped_column(Fen)

    @property
    def rights_expire_on(self) -> date | None:
        """The first day on which one of the rights is no longer in force."""
        days = [date.fromisoformat(right["expires_on"]) for right in self.rights if right.get("expires_on")]
        return min(days, default=None)


class Need(_Listing, db.Model):
    __tablename__ = "needs"
    __table_args__ = (
        one_of("state", ListingState),
        one_of("language", Language),
        CheckConstraint("min_trl BETWEEN 1 AND 9", name="min_trl"),
        CheckConstraint("budget_min_fen >= 0 AND budget_max_fen >= budget_min_fen", name="budget"),
        UniqueConstraint("organisation_id", "external_id"),
        Index("ix_needs_state", "state", "published_at", "id"),
        Index("ix_needs_organisation_id", "organisation_id", "state", "created_at"),
    )

    problem: Mapped[str] = mapped_column(default="")
    targets: Mapped[str] = mapped_column(default="")
    background: Mapped[str] = mapped_column(default="")
    min_trl: Mapped[int | None]
    budget_min_fen: Mapped[int | None] = mapped_column(Fen)
    budget_max_fen: Mapped[int | None] = mapped_column(Fen)
    deadline_on: Mapped[date | None]
    anonymous: Mapped[bool] = mapped_column(Flag, default=False)


class Revision(db.Model):
    """The public text of one publication, frozen, with the hash of its canonical JSON. Never changed."""

    __tablename__ = "revisions"
    __table_args__ = (
        CheckConstraint("(achievement_id IS NULL) <> (need_id IS NULL)", name="one_listing"),
        UniqueConstraint("achievement_id", "number"),
        UniqueConstraint("need_id", "number"),
    )

    id: Mapped[uuid.UUID] = id_column()
    achievement_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("achievements.id"))
    need_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("needs.id"))
    number: Mapped[int] = mapped_column(Number)
    body: Mapped[Any] = mapped_column(Json)
    sha256: Mapped[str]
    created_at: Mapped[datetime]


class Attachment(db.Model):
    __tablename__ = "attachments"
    __table_args__ = (
        CheckConstraint("(achievement_id IS NULL) <> (need_id IS NULL)", name="one_listing"),
        Index("ix_attachments_achievement_id", "achievement_id"),
        Index("ix_attachments_need_id", "need_id"),
    )

    id: Mapped[uuid.UUID] = id_column()
    achievement_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("achievements.id"))
    need_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("needs.id"))
    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stored_files.id"))
    name: Mapped[str]
    confidential: Mapped[bool] = mapped_column(Flag)
    released: Mapped[bool] = mapped_column(Flag, default=False)  # by an approval; until then for the owner alone
    created_at: Mapped[datetime]

    file: Mapped[StoredFile] = relationship()
    achievement: Mapped[Achievement | None] = relationship()
    need: Mapped[Need | None] = relationship()

    @property
    def listing(self) -> Achievement | Need:
        listing = self.achievement or self.need
        assert listing is not None  # CHECK one_listing
        return listing


class Disclosure(db.Model):
    """An organisation that was let in on the confidential part of a listing (by an introduction), until revoked."""

    __tablename__ = "disclosures"
    __table_args__ = (
        CheckConstraint("(achievement_id IS NULL) <> (need_id IS NULL)", name="one_listing"),
        Index("ix_disclosures_achievement_id", "achievement_id", "organisation_id"),
        Index("ix_disclosures_need_id", "need_id", "organisation_id"),
    )

    id: Mapped[uuid.UUID] = id_column()
    achievement_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("achievements.id"))
    need_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("needs.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    granted_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class FormDraft(db.Model):
    """What someone typed into a listing's form and did not save yet, as it was typed. Nobody else reads it.

    `key` names the form: `achievement:new`, `need:new`, or the id of the listing that is being changed.
    """

    __tablename__ = "form_drafts"
    __table_args__ = (UniqueConstraint("user_id", "organisation_id", "key"),)

    id: Mapped[uuid.UUID] = id_column()
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    key: Mapped[str]
    fields: Mapped[Any] = mapped_column(Json)  # [[name, text], ...] in the form's order
    saved_at: Mapped[datetime]
