"""People, organisations, who belongs where in which role, and how they signed in."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from matchmaker.accounts import size_class
from matchmaker.accounts.roles import LABELS, OrganisationKind, RecognitionKind, Role
from matchmaker.accounts.size_class import Classification, Figures, classify
from matchmaker.core.db import db, id_column, one_of
from matchmaker.core.errors import N_, Invalid
from matchmaker.core.messages import register_labels
from matchmaker.core.types import Choice, Fen, Flag, Json
from matchmaker.core.workflow import Stateful


class OrganisationState(StrEnum):
    PENDING = "pending"
    VERIFIED = "verified"
    REJECTED = "rejected"
    SUSPENDED = "suspended"


register_labels(
    {
        **LABELS,
        **size_class.LABELS,
        OrganisationState.PENDING: N_("Awaiting verification"),
        OrganisationState.VERIFIED: N_("Verified"),
        OrganisationState.REJECTED: N_("Not verified"),
        OrganisationState.SUSPENDED: N_("Suspended"),
    }
)


class User(db.Model):
    """A person who can sign in."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("email"),)

    id: Mapped[uuid.UUID] = id_column()
    email: Mapped[str]  # NFKC, casefolded
    name: Mapped[str]
    password_hash: Mapped[str]
    locale: Mapped[str | None]
    active: Mapped[bool] = mapped_column(Flag, default=True)
    created_at: Mapped[datetime]

    memberships: Mapped[list[Membership]] = relationship(back_populates="user")


class Organisation(Stateful, db.Model):
    __tablename__ = "organisations"
    __table_args__ = (
        UniqueConstraint("credit_code"),
        one_of("kind", OrganisationKind),
        one_of("state", OrganisationState),
        CheckConstraint("employees >= 0", name="employees"),
        CheckConstraint("revenue_fen >= 0", name="revenue_fen"),
        CheckConstraint("assets_fen >= 0", name="assets_fen"),
        Index("ix_organisations_kind", "kind", "state", "name", "id"),
    )

    id: Mapped[uuid.UUID] = id_column()
    kind: Mapped[OrganisationKind] = mapped_column(Choice(OrganisationKind))
    state: Mapped[OrganisationState] = mapped_column(Choice(OrganisationState), default=OrganisationState.PENDING)
    name: Mapped[str]
    name_en: Mapped[str | None]
    credit_code: Mapped[str]
    district: Mapped[str]
    summary: Mapped[str] = mapped_column(default="")
    summary_en: Mapped[str | None]
    industry: Mapped[str | None]
    employees: Mapped[int | None]
    revenue_fen: Mapped[int | None] = mapped_column(Fen)
    assets_fen: Mapped[int | None] = mapped_column(Fen)
    figures_year: Mapped[int | None]
    decision_reason: Mapped[str | None]
    created_at: Mapped[datetime]

    recognitions: Mapped[list[Recognition]] = relationship(
        back_populates="organisation", order_by="Recognition.valid_from, Recognition.id"
    )

    @property
    def classification(self) -> Classification | None:
        """Size class with its working (2011 SME standard), None where figures or industry do not allow one."""
        if self.kind != OrganisationKind.ENTERPRISE or self.industry is None:
            return None
        try:
            return classify(Figures(self.industry, self.employees, self.revenue_fen, self.assets_fen))
        except Invalid:
            return None


class Recognition(db.Model):
    """A title with its time of validity, such as 高新技术企业."""

    __tablename__ = "recognitions"
    __table_args__ = (
        one_of("kind", RecognitionKind),
        CheckConstraint("valid_until >= valid_from", name="validity"),
        UniqueConstraint("organisation_id", "kind", "number"),
    )

    id: Mapped[uuid.UUID] = id_column()
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    kind: Mapped[RecognitionKind] = mapped_column(Choice(RecognitionKind))
    number: Mapped[str]
    valid_from: Mapped[date]
    valid_until: Mapped[date]

    organisation: Mapped[Organisation] = relationship(back_populates="recognitions")


class Membership(db.Model):
    """A person's place in an organisation. One person may have several and acts for one at a time."""

    __tablename__ = "memberships"
    __table_args__ = (
        UniqueConstraint("user_id", "organisation_id"),
        Index("ix_memberships_organisation_id", "organisation_id"),
    )

    id: Mapped[uuid.UUID] = id_column()
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    created_at: Mapped[datetime]

    user: Mapped[User] = relationship(back_populates="memberships")
    organisation: Mapped[Organisation] = relationship()
    roles: Mapped[list[MembershipRole]] = relationship(
        back_populates="membership", cascade="all, delete-orphan", order_by="MembershipRole.role"
    )

    @property
    def role_set(self) -> frozenset[Role]:
        return frozenset(entry.role for entry in self.roles)


class MembershipRole(db.Model):
    __tablename__ = "membership_roles"
    __table_args__ = (one_of("role", Role),)

    membership_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("memberships.id"), primary_key=True)
    role: Mapped[Role] = mapped_column(Choice(Role), primary_key=True)

    membership: Mapped[Membership] = relationship(back_populates="roles")


class Invitation(db.Model):
    """An offer to join, redeemed once by whoever holds the link. Only a hash of the token is kept."""

    __tablename__ = "invitations"
    __table_args__ = (UniqueConstraint("token_hash"), Index("ix_invitations_organisation_id", "organisation_id"))

    id: Mapped[uuid.UUID] = id_column()
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    email: Mapped[str]
    roles: Mapped[Any] = mapped_column(Json)
    token_hash: Mapped[str]
    invited_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    organisation: Mapped[Organisation] = relationship()


class SignIn(db.Model):
    """One session of one person. The cookie carries a random token, the row its hash; ending the row ends it."""

    __tablename__ = "sign_ins"
    __table_args__ = (UniqueConstraint("token_hash"), Index("ix_sign_ins_user_id", "user_id"))

    id: Mapped[uuid.UUID] = id_column()
    token_hash: Mapped[str]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    membership_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("memberships.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    user: Mapped[User] = relationship()
    membership: Mapped[Membership | None] = relationship()


class SignInAttempt(db.Model):
    """A password check, by hash of account and of source: enough to slow down guessing, nothing to identify by."""

    __tablename__ = "sign_in_attempts"
    __table_args__ = (
        Index("ix_sign_in_attempts_account", "account", "at"),
        Index("ix_sign_in_attempts_source", "source", "at"),
    )

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    account: Mapped[str]
    source: Mapped[str]
