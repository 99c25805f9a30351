"""Who may see, write, publish and withdraw listings, and who reads their undisclosed part.

Published listings are open to all. Before and after that only the owning organisation sees them, and the bureau those
needs that it must judge because their enterprise is not verified yet. The confidential part is for the owner and for
organisations it was disclosed to, for nobody else, the bureau included; so is the name behind an anonymous need.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from matchmaker.accounts.models import Organisation, OrganisationState
from matchmaker.accounts.roles import Role
from matchmaker.core.access import (
    AboutActor,
    Actor,
    Among,
    Member,
    Permission,
    Rule,
    Self,
    Where,
    define,
    holds,
    seen_through,
    verified,
)
from matchmaker.core.db import db
from matchmaker.listings.models import Achievement, Attachment, Disclosure, ListingState, Need

RESEARCHERS = (Role.RESEARCHER, Role.TTO_OFFICER)
SEEKERS = (Role.ENTERPRISE_MEMBER, Role.ENTERPRISE_SIGNATORY)


class Can(Permission):
    ACHIEVEMENT_POST = "achievement:post"
    ACHIEVEMENT_VIEW = "achievement:view"
    ACHIEVEMENT_EDIT = "achievement:edit"
    ACHIEVEMENT_SUBMIT = "achievement:submit"
    ACHIEVEMENT_REVIEW = "achievement:review"
    ACHIEVEMENT_WITHDRAW = "achievement:withdraw"
    ACHIEVEMENT_READ_CONFIDENTIAL = "achievement:read_confidential"
    NEED_POST = "need:post"
    NEED_VIEW = "need:view"
    NEED_EDIT = "need:edit"
    NEED_SUBMIT = "need:submit"
    NEED_REVIEW = "need:review"
    NEED_WITHDRAW = "need:withdraw"
    NEED_READ_CONFIDENTIAL = "need:read_confidential"
    NEED_SEE_SEEKER = "need:see_seeker"
    ATTACHMENT_VIEW = "attachment:view"
    ATTACHMENT_REMOVE = "attachment:remove"
    LISTING_LIST = "listing:list"
    LISTING_REVIEW = "listing:review"
    LISTING_IMPORT = "listing:import"


class Through(Rule):
    """A rule about the row that this relationship leads to; false where it leads to none."""

    def __init__(self, relation: InstrumentedAttribute[Any], rule: Rule) -> None:
        self.relation, self.rule = relation, rule
        self.open_to_anonymous = rule.open_to_anonymous

    def one(self, actor: Actor, row: Any) -> bool:
        related = getattr(row, self.relation.key)
        return related is not None and self.rule.one(actor, related)

    def many(self, actor: Actor) -> sa.ColumnElement[bool]:
        return self.relation.has(self.rule.many(actor))


def _disclosed(listing_id: InstrumentedAttribute[Any], own_id: InstrumentedAttribute[Any]) -> Rule:
    """A live disclosure to the organisation the actor acts for."""

    def live(actor: Actor, row_id: Any) -> sa.Exists:
        return sa.exists().where(
            listing_id == row_id, Disclosure.organisation_id == actor.organisation_id, Disclosure.revoked_at.is_(None)
        )

    return verified & Where(
        one=lambda actor, row: bool(db.session.scalar(sa.select(live(actor, row.id)))),
        many=lambda actor: live(actor, own_id),
    )


_own = Where(  # asked without a row by the page that starts a new listing
    one=lambda actor, row: row is None or row.id == actor.organisation_id,
    many=lambda actor: Organisation.id == actor.organisation_id,
)
_of_pending = Through(Need.organisation, Among(Organisation.state, {OrganisationState.PENDING}))
_bureau_judges = holds(Role.ADMINISTRATOR) & _of_pending

_achievement_view = Among(Achievement.state, {ListingState.PUBLISHED}) | Member(Achievement.organisation_id)
_achievement_write = Member(Achievement.organisation_id, Role.TTO_OFFICER) | (
    Member(Achievement.organisation_id, Role.RESEARCHER) & Self(Achievement.author_id)
)
_achievement_review = Member(Achievement.organisation_id, Role.TTO_OFFICER)
_achievement_confidential = _achievement_view & (
    Member(Achievement.organisation_id) | _disclosed(Disclosure.achievement_id, Achievement.id)
)

_need_view = (
    Among(Need.state, {ListingState.PUBLISHED})
    | Member(Need.organisation_id)
    | (_bureau_judges & Among(Need.state, {ListingState.IN_REVIEW}))
)
_need_write = Member(Need.organisation_id, Role.ENTERPRISE_SIGNATORY) | (
    Member(Need.organisation_id, Role.ENTERPRISE_MEMBER) & Self(Need.author_id)
)
_need_review = (Member(Need.organisation_id, Role.ENTERPRISE_SIGNATORY) & verified) | (
    _bureau_judges & Among(Need.state, {ListingState.IN_REVIEW, ListingState.PUBLISHED})
)
_need_insider = Member(Need.organisation_id) | _disclosed(Disclosure.need_id, Need.id)
_need_confidential = _need_view & _need_insider


def _attachment(parent: InstrumentedAttribute[Any], view: Rule, member: Rule, review: Rule, confidential: Rule) -> Rule:
    """The owner sees every file, a reviewer also public ones that wait for release, others what was released."""
    released = Among(Attachment.released, {True})
    public, secret = Among(Attachment.confidential, {False}), Among(Attachment.confidential, {True})
    return (
        Through(parent, member)
        | (public & released & Through(parent, view))
        | (public & Through(parent, view & review))
        | (secret & released & Through(parent, confidential))
    )


define(
    {
        Can.ACHIEVEMENT_POST: holds(*RESEARCHERS) & _own,
        Can.ACHIEVEMENT_VIEW: _achievement_view,
        Can.ACHIEVEMENT_EDIT: _achievement_write,
        Can.ACHIEVEMENT_SUBMIT: _achievement_write,
        Can.ACHIEVEMENT_REVIEW: _achievement_review,
        Can.ACHIEVEMENT_WITHDRAW: _achievement_write,
        Can.ACHIEVEMENT_READ_CONFIDENTIAL: _achievement_confidential,
        Can.NEED_POST: holds(*SEEKERS) & _own,
        Can.NEED_VIEW: _need_view,
        Can.NEED_EDIT: _need_write,
        Can.NEED_SUBMIT: _need_write,
        Can.NEED_REVIEW: _need_review,
        Can.NEED_WITHDRAW: _need_write,
        Can.NEED_READ_CONFIDENTIAL: _need_confidential,
        Can.NEED_SEE_SEEKER: _need_view & (Among(Need.anonymous, {False}) | _need_insider),
        Can.ATTACHMENT_VIEW: _attachment(
            Attachment.achievement,
            _achievement_view,
            Member(Achievement.organisation_id),
            _achievement_review,
            _achievement_confidential,
        )
        | _attachment(Attachment.need, _need_view, Member(Need.organisation_id), _need_review, _need_confidential),
        Can.ATTACHMENT_REMOVE: Through(Attachment.achievement, _achievement_write)
        | Through(Attachment.need, _need_write),
        Can.LISTING_LIST: holds(*RESEARCHERS, *SEEKERS),
        Can.LISTING_IMPORT: AboutActor(lambda actor: False),  # the command line alone: it publishes without a review
        Can.LISTING_REVIEW: holds(Role.TTO_OFFICER, Role.ENTERPRISE_SIGNATORY, Role.ADMINISTRATOR),
    }
)
seen_through(Achievement, Can.ACHIEVEMENT_VIEW)
seen_through(Need, Can.NEED_VIEW)
seen_through(Attachment, Can.ATTACHMENT_VIEW)
