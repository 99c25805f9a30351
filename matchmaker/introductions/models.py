"""Introductions: who asked for whom, who agreed when, what came of it."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from matchmaker.accounts.models import Organisation, OrganisationState, User
from matchmaker.core import clock
from matchmaker.core.db import db, id_column, one_of
from matchmaker.core.messages import register_labels
from matchmaker.core.types import Choice, Flag
from matchmaker.core.workflow import Stateful
from matchmaker.introductions.confidentiality import UNDERTAKINGS, Undertaking
from matchmaker.introductions.states import LABELS, IntroductionState, Outcome, Reason, Side
from matchmaker.listings.models import Achievement, ListingState, Need, Revision

register_labels(LABELS)

PROPOSAL_HOLDS = timedelta(days=30)


def open_key(achievement_id: uuid.UUID, need_id: uuid.UUID | None, enterprise_id: uuid.UUID | None) -> str:
    """Names a pair: an achievement and a need, or, where no need was posted, the enterprise."""
    return f"{achievement_id}:{need_id or enterprise_id}"


class Introduction(Stateful, db.Model):
    """Brings the owner of an achievement and an enterprise together.

    The revisions freeze what both sides could read when it was asked for. `open_key` names the pair while the
    introduction is open: the database lets a pair have one of those.
    """

    __tablename__ = "introductions"
    __table_args__ = (
        UniqueConstraint("open_key"),
        one_of("state", IntroductionState),
        one_of("reason", Reason),
        one_of("outcome", Outcome),
        CheckConstraint("(open_key IS NOT NULL) = (state IN ('requested', 'introduced'))", name="open"),
        CheckConstraint("achievement_organisation_id <> need_organisation_id", name="two_sides"),
        CheckConstraint(
            "broker_id <> achievement_organisation_id AND broker_id <> need_organisation_id", name="third_party"
        ),
        CheckConstraint("(need_id IS NULL) = (need_revision_id IS NULL)", name="need"),
        CheckConstraint(
            "(achievement_agreed_at IS NULL) = (achievement_agreed_by_id IS NULL)", name="achievement_agreed"
        ),
        CheckConstraint("(need_agreed_at IS NULL) = (need_agreed_by_id IS NULL)", name="need_agreed"),
        CheckConstraint(
            "introduced_at IS NULL OR (achievement_agreed_at IS NOT NULL AND need_agreed_at IS NOT NULL)",
            name="both_agreed",
        ),
        CheckConstraint("(introduced_at IS NOT NULL) = (state IN ('introduced', 'concluded'))", name="introduced"),
        CheckConstraint("(outcome IS NOT NULL) = (state = 'concluded')", name="concluded"),
        CheckConstraint(
            "(reason IS NOT NULL) = (state = 'declined' OR (outcome IS NOT NULL AND outcome = 'no_deal'))",
            name="reasoned",
        ),
        Index("ix_introductions_achievement_organisation_id", "achievement_organisation_id", "created_at", "id"),
        Index("ix_introductions_need_organisation_id", "need_organisation_id", "created_at", "id"),
        Index("ix_introductions_broker_id", "broker_id", "created_at", "id"),
        Index("ix_introductions_created_at", "created_at", "id"),
        Index("ix_introductions_introduced_at", "introduced_at"),
        Index("ix_introductions_achievement_id", "achievement_id", "need_organisation_id"),
        Index("ix_introductions_need_id", "need_id", "achievement_organisation_id"),
    )

    id: Mapped[uuid.UUID] = id_column()
    state: Mapped[IntroductionState] = mapped_column(Choice(IntroductionState), default=IntroductionState.REQUESTED)
    open_key: Mapped[str | None]
    achievement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("achievements.id"))
    achievement_revision_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("revisions.id"))
    achievement_organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    achievement_author_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    need_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("needs.id"))  # none: interest without a posted need
    need_revision_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("revisions.id"))
    need_organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    anonymous: Mapped[bool] = mapped_column(Flag)  # the need was posted anonymously when this was asked for
    requested_by_organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    requested_by_user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    broker_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisations.id"))
    message: Mapped[str]
    confidentiality_version: Mapped[str]
    confidentiality_sha256: Mapped[str]
    created_at: Mapped[datetime]
    achievement_agreed_at: Mapped[datetime | None]
    achievement_agreed_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    need_agreed_at: Mapped[datetime | None]
    need_agreed_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    introduced_at: Mapped[datetime | None]
    met_on: Mapped[date | None]
    outcome: Mapped[Outcome | None] = mapped_column(Choice(Outcome))
    reason: Mapped[Reason | None] = mapped_column(Choice(Reason))
    reason_note: Mapped[str | None]

    achievement: Mapped[Achievement] = relationship()
    need: Mapped[Need | None] = relationship()
    achievement_revision: Mapped[Revision] = relationship(foreign_keys=[achievement_revision_id])
    need_revision: Mapped[Revision | None] = relationship(foreign_keys=[need_revision_id])
    achievement_organisation: Mapped[Organisation] = relationship(foreign_keys=[achievement_organisation_id])
    need_organisation: Mapped[Organisation] = relationship(foreign_keys=[need_organisation_id])
    broker: Mapped[Organisation | None] = relationship(foreign_keys=[broker_id])
    achievement_agreed_by: Mapped[User | None] = relationship(foreign_keys=[achievement_agreed_by_id])
    need_agreed_by: Mapped[User | None] = relationship(foreign_keys=[need_agreed_by_id])

    @property
    def agreed_sides(self) -> frozenset[Side]:
        agreed = {Side.ACHIEVEMENT: self.achievement_agreed_at, Side.NEED: self.need_agreed_at}
        return frozenset(side for side, at in agreed.items() if at is not None)

    @property
    def listings_are_published(self) -> bool:
        """Whether what the introduction is about still stands: published, and nobody's on either side suspended."""
        sides = (self.achievement_organisation, self.need_organisation)
        if any(side.state == OrganisationState.SUSPENDED for side in sides):
            return False
        listings: list[Achievement | Need] = [self.achievement, *([self.need] if self.need is not None else [])]
        return all(listing.state == ListingState.PUBLISHED for listing in listings)

    @property
    def gives_way(self) -> bool:
        """An intermediary's proposal that neither side answered in 30 days: it keeps the pair from nobody any more."""
        unanswered = self.state == IntroductionState.REQUESTED and not self.agreed_sides
        return unanswered and self.created_at <= clock.now() - PROPOSAL_HOLDS

    @property
    def undertaking(self) -> Undertaking:
        return UNDERTAKINGS[self.confidentiality_version]

    def side_of(self, organisation_id: uuid.UUID | None) -> Side | None:
        """The side an organisation stands on; None for one that has no part in it."""
        if organisation_id is None:
            return None
        sides = {
            self.broker_id: Side.BROKER,
            self.need_organisation_id: Side.NEED,
            self.achievement_organisation_id: Side.ACHIEVEMENT,
        }
        return sides.get(organisation_id)

    def organisation_on(self, side: Side) -> Organisation | None:
        """None for the broker's side where there is no broker."""
        return {
            Side.ACHIEVEMENT: self.achievement_organisation,
            Side.NEED: self.need_organisation,
            Side.BROKER: self.broker,
        }[side]

    def hides(self, side: Side | None, *, from_organisation_id: uuid.UUID | None) -> bool:
        """Whether the name of this side is kept from readers of an organisation.

        Only an anonymous seeker's is, and from everyone but itself, until both sides have agreed; for good if
        they never do.
        """
        return (
            side == Side.NEED
            and self.anonymous
            and self.introduced_at is None
            and from_organisation_id != self.need_organisation_id
        )
