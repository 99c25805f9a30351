"""Reads of introductions."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.interfaces import ORMOption

from matchmaker.accounts.models import OrganisationState
from matchmaker.accounts.roles import Role
from matchmaker.core import access, audit
from matchmaker.core.access import Actor, visible
from matchmaker.core.db import db
from matchmaker.core.errors import N_, Conflict, Forbidden
from matchmaker.introductions.models import Introduction, open_key
from matchmaker.introductions.permissions import Can
from matchmaker.introductions.states import IntroductionState, Outcome, Side
from matchmaker.listings import queries as listings
from matchmaker.listings.models import Achievement, ListingState, Need
from matchmaker.listings.queries import Listing


class NotYourPair(Forbidden):
    code = "introduction.not_your_pair"
    phrase = N_(
        "You can ask for an introduction between something your own organisation posted and something of another, or, "
        "as a technology manager, propose one between two other organisations. Start from a published listing."
    )


class NotPublished(Conflict):
    code = "introduction.not_published"
    phrase = N_(
        "Introductions are for published achievements and needs of organisations that are not suspended. "
        "Publish yours first, or choose another one."
    )


_OWNERS = (Role.TTO_OFFICER, Role.RESEARCHER)
_SEEKERS = (Role.ENTERPRISE_MEMBER, Role.ENTERPRISE_SIGNATORY)

_PARTIES: tuple[ORMOption, ...] = (
    joinedload(Introduction.achievement_revision),
    joinedload(Introduction.need_revision),
    joinedload(Introduction.achievement_organisation),
    joinedload(Introduction.need_organisation),
    joinedload(Introduction.broker),
)
_CONTACTS: tuple[ORMOption, ...] = (
    joinedload(Introduction.achievement),
    joinedload(Introduction.need),
    joinedload(Introduction.achievement_agreed_by),
    joinedload(Introduction.need_agreed_by),
)


def find_introduction(introduction_id: uuid.UUID) -> Introduction | None:
    """With both sides, the broker, what it is about and who agreed, in one read."""
    query = select(Introduction).where(Introduction.id == introduction_id).options(*_PARTIES, *_CONTACTS)
    return db.session.scalar(query)


def find_open_introduction(
    achievement: Achievement, need: Need | None, enterprise_id: uuid.UUID
) -> Introduction | None:
    """The open introduction of a pair, whoever asked for it."""
    key = open_key(achievement.id, need.id if need else None, enterprise_id)
    return db.session.scalar(select(Introduction).where(Introduction.open_key == key))


def count_requests(introduction: Introduction, *, since: datetime) -> int:
    """How often the same organisation asked for the same pair after a moment, whatever came of it."""
    query = select(func.count()).where(
        Introduction.requested_by_organisation_id == introduction.requested_by_organisation_id,
        Introduction.achievement_id == introduction.achievement_id,
        Introduction.need_id == introduction.need_id,
        Introduction.need_organisation_id == introduction.need_organisation_id,
        Introduction.created_at > since,
    )
    return db.session.scalar(query) or 0


def pairs_asked_for(organisation_id: uuid.UUID) -> set[tuple[uuid.UUID | None, uuid.UUID]]:
    """Pairs (need, achievement) that this organisation, a side or the broker, has an introduction for or had one."""
    sides = (Introduction.achievement_organisation_id, Introduction.need_organisation_id, Introduction.broker_id)
    query = select(Introduction.need_id, Introduction.achievement_id).where(
        or_(*(side == organisation_id for side in sides))
    )
    return {(need_id, achievement_id) for need_id, achievement_id in db.session.execute(query)}


def list_introductions(actor: Actor, *, ended: bool) -> Select[Any]:
    """Introductions the actor may see, open or ended ones, the newest first."""
    open_now = Introduction.open_key.is_not(None)
    return (
        select(Introduction)
        .where(visible(actor, Can.INTRODUCTION_VIEW), ~open_now if ended else open_now)
        .options(*_PARTIES)
        .order_by(Introduction.created_at.desc(), Introduction.id)
    )


def list_introduced_pairs(actor: Actor) -> list[Introduction]:
    """Introductions that took place, of those the actor may see, the latest first: what deals can start from."""
    query = (
        select(Introduction)
        .where(visible(actor, Can.INTRODUCTION_VIEW), Introduction.introduced_at.is_not(None))
        .options(*_PARTIES)
        .order_by(Introduction.introduced_at.desc(), Introduction.id)
    )
    return list(db.session.scalars(query))


def count_introduced(since: datetime | None = None) -> int:
    """How many introductions took place, at or after `since` if given."""
    query = select(func.count()).select_from(Introduction).where(Introduction.introduced_at.is_not(None))
    if since is not None:
        query = query.where(Introduction.introduced_at >= since)
    return db.session.scalar(query) or 0


def was_introduced_by(broker_id: uuid.UUID, achievement_id: uuid.UUID, enterprise_id: uuid.UUID) -> Introduction | None:
    """The first introduction by which this intermediary brought achievement and enterprise together, if any did."""
    query = (
        select(Introduction)
        .where(
            Introduction.broker_id == broker_id,
            Introduction.achievement_id == achievement_id,
            Introduction.need_organisation_id == enterprise_id,
            Introduction.introduced_at.is_not(None),
        )
        .order_by(Introduction.introduced_at, Introduction.id)
        .limit(1)
    )
    return db.session.scalar(query)


def is_disclosed_by_another(introduction: Introduction, listing: Listing, organisation_id: uuid.UUID) -> bool:
    """Whether this organisation reads the listing's confidential part also by another introduction, still alive."""
    if isinstance(listing, Achievement):
        same = (Introduction.achievement_id == listing.id, Introduction.need_organisation_id == organisation_id)
    else:
        same = (Introduction.need_id == listing.id, Introduction.achievement_organisation_id == organisation_id)
    alive = (Introduction.state == IntroductionState.INTRODUCED) | (Introduction.outcome == Outcome.DEAL)
    query = select(exists().where(*same, alive, Introduction.id != introduction.id))
    return bool(db.session.scalar(query))


def asking_side(actor: Actor, achievement: Achievement, need: Need | None) -> Side:
    """The side on which the actor may ask for this pair to be introduced. Raises NotYourPair, NotPublished.

    The owner of the achievement asks about a need; an enterprise about an achievement, with or without a need of its
    own; a technology manager about an achievement and a need of two others.
    """
    side = _side(actor, achievement, need)
    if side is None or (need is not None and need.organisation_id == achievement.organisation_id):
        raise NotYourPair()
    for listing in (achievement, need):
        if listing is not None and (
            listing.state != ListingState.PUBLISHED or listing.organisation.state == OrganisationState.SUSPENDED
        ):
            raise NotPublished()
    return side


def _side(actor: Actor, achievement: Achievement, need: Need | None) -> Side | None:
    if actor.organisation_id == achievement.organisation_id:
        author = actor.holds(Role.RESEARCHER) and actor.user_id == achievement.author_id
        return Side.ACHIEVEMENT if need is not None and (author or actor.holds(Role.TTO_OFFICER)) else None
    if need is None or need.organisation_id == actor.organisation_id:
        return Side.NEED if actor.holds(*_SEEKERS) else None
    return Side.BROKER if actor.holds(Role.TECHNOLOGY_MANAGER) else None


def list_counterparts(actor: Actor, listing: Listing | None) -> Select[Any]:
    """The actor's own published listings of the other kind, for which it may ask about this one, latest first.

    None for a technology manager, who has none and proposes a pair of two others. Raises NotYourPair for those who
    could have none: an enterprise about a need, a university about an achievement.
    """
    wanted = Role.TECHNOLOGY_MANAGER, *(_SEEKERS if isinstance(listing, Achievement) else _OWNERS)
    if not actor.holds(*wanted):
        raise NotYourPair()
    author_only = actor.holds(Role.RESEARCHER) and not actor.holds(Role.TTO_OFFICER)
    return listings.list_mine(actor, state=ListingState.PUBLISHED, by_me=author_only)


def agreement_is_due(actor: Actor, introduction: Introduction) -> bool:
    """Whether it is now for this actor to agree for a side that has not."""
    side = introduction.side_of(actor.organisation_id)
    return (
        introduction.state == IntroductionState.REQUESTED
        and side is not None
        and side not in introduction.agreed_sides
        and access.may(actor, Can.INTRODUCTION_DECIDE, introduction)
    )


@dataclass(frozen=True, slots=True)
class Moment:
    """One event of an introduction: `phrase` is a catalogue key that names `who` (None: the platform) acted."""

    at: datetime
    phrase: str
    who: Side | None


PHRASES: Mapping[str, str] = MappingProxyType(
    {
        "introduction.requested": N_("%(who)s asked for the introduction and undertook confidentiality."),
        "introduction.proposed": N_("%(who)s proposed the introduction."),
        "introduction.agreed": N_("%(who)s agreed and undertook confidentiality."),
        "introduction.introduced": N_(
            "%(who)s agreed and undertook confidentiality. Both sides were introduced; the confidential parts are open "
            "to the other side."
        ),
        "introduction.declined": N_("%(who)s declined."),
        "introduction.withdrawn": N_("%(who)s withdrew the request."),
        "introduction.concluded": N_("%(who)s recorded the outcome."),
    }
)
"""What to say of each event of the transition table and of the two that begin an introduction."""


def list_history(introduction: Introduction) -> list[Moment]:
    """What happened, oldest first."""
    return [
        Moment(event.at, PHRASES[event.event], introduction.side_of(event.organisation_id))
        for event in audit.list_events(introduction.id)
    ]
